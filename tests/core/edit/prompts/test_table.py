"""What prompts must and must not move: a table of sentences as people write them."""

from __future__ import annotations

import pytest

from emoga_core.edit.prompts import read_prompt

TABLE: list[tuple[str, set[int], set[int]]] = [
    # the prompts with which diffusion editors are driven
    ("What if the person had a subtle smiling face?", {6, 12}, {15, 4, 26}),
    ("Make the person angry", {4, 7, 24}, {12, 1}),
    ("What if the person had a very sad face?", {1, 4, 15}, {12, 2}),
    (
        "What if the person had surprised face with wide open eyes and raised eyebrows?",
        {1, 2, 5, 26},
        {4, 12},
    ),
    # emotion words, synonyms, forms and spellings
    ("happy", {6, 12, 25}, {4, 15}),
    ("Joyful!", {6, 12}, {15}),
    ("she smiles happily", {6, 12}, {15}),
    ("gloomy and melancholic", {1, 15}, {12}),
    ("furious", {4, 9, 24}, {12}),
    ("angrily", {4}, {12}),
    ("suprised", {1, 2, 5, 26}, {4}),
    ("dissapointed", {1, 15, 17}, {12}),
    ("sceptical", {104, 202}, {12}),
    ("terrified", {1, 4, 5, 20}, {12}),
    ("disgusted", {9, 10}, {12}),
    ("contempt", {212, 214}, {1}),
    ("worried", {1, 4}, {12, 26}),
    ("concerned frown", {1, 4}, {12}),
    ("tired", {41}, {5, 12}),
    ("bored", {41}, {5, 12}),
    ("shy", {12, 64}, {5, 26}),
    ("in pain", {4, 6, 7, 10}, {2}),
    ("crying", {1, 15}, {12}),
    ("laughing out loud", {6, 12, 25, 26}, {15}),
    ("neutral face", set(), {1, 4, 12, 15}),
    # mixtures and contradictions
    ("happy but surprised", {1, 2, 5, 6, 12, 26}, {15, 22}),
    ("half sad, half angry", {1, 4, 15}, {12}),
    ("bittersweet", {1, 12}, {15}),
    ("happy and sad", {1, 12}, {15}),
    ("a subtle, tired smile", {6, 12, 41}, {15, 5}),
    ("an evil grin", {4, 12}, {15}),
    ("sad eyes and a smile", {1, 12}, {15, 17}),
    # phrases about parts of the face
    ("raised eyebrows", {1, 2}, {4, 5}),
    ("lower the eyebrows and raise the cheeks", {4, 6}, {1, 2}),
    ("eyes wide open", {5}, {26, 43}),
    ("closed eyes", {43}, {5}),
    ("eyes closed mouth open", {43, 26}, {5}),
    ("corners of the mouth down", {15}, {12}),
    ("the corners of her mouth are pulled up", {12}, {15}),
    ("open mouth", {25, 26}, {24}),
    ("eyes and mouth wide open", {5, 27}, {43}),
    ("furrowed brow", {4}, {1, 2}),
    ("brows drawn together and lips pressed", {4, 24}, {25, 12}),
    ("showing teeth", {10, 16, 25}, {24}),
    ("squinting", {44}, {5}),
    ("wrinkled nose", {9}, {12}),
    ("jaw dropped", {26}, {24}),
    ("tight lips", {23}, {25}),
    ("wide-eyed and open-mouthed", {5, 26}, {43}),
    ("one eyebrow raised", {202}, {1, 2, 102}),
    ("raise the left eyebrow", {102}, {2, 202}),
    ("a wink", {46}, {43}),
    ("looking away", {61}, {64}),
    ("smug, one eyebrow raised", {12, 202}, {15, 102}),
    ("angry with an open mouth", {4, 26}, {23, 24}),
    ("calm, eyes closed", {12, 43}, {41}),
    ("AU6 + AU12", {6, 12}, {1}),
    # negation
    ("no brow raise", set(), {1, 2}),
    ("surprised, no brow raise", {5, 26}, {1, 2}),
    ("without smiling", set(), {12}),
    ("happy without smiling", {6}, {12, 25, 10}),
    ("happy, no teeth", {6, 12}, {10, 16, 25, 26}),
    ("not angry", set(), {4}),
    ("don't raise the eyebrows", set(), {1, 2}),
    ("not happy but smiling", {12}, {15}),
    ("surprised but not scared", {1, 2, 5}, {20}),
    ("no smile or frown", set(), {4, 12, 15}),
    ("neither happy nor sad", set(), {1, 6, 12, 15}),
    ("can't stop smiling", {12}, {15}),
    ("unsmiling, stern", {4}, {12}),
    ("happy, the eyebrows should not move", {12}, {1, 2, 4}),
    ("angry, keep the brows still", {7, 24}, {2, 4}),
    ("not with the eyes, a smile", {12}, {6}),
    ("do not alter the hair or ears", set(), {1, 12}),
    ("🙂", {12}, {15}),
]


@pytest.mark.parametrize("prompt, present, absent", TABLE, ids=[row[0] for row in TABLE])
def test_units(prompt, present, absent):
    reading = read_prompt(prompt)
    found = set(reading.action_units)
    assert present <= found, f"missing {present - found}"
    assert not absent & found, f"too much {absent & found}"
    assert not reading.unknown or "hair" in reading.unknown


@pytest.mark.parametrize(
    "prompt, damped",
    [
        ("no brow raise", {1, 2}),
        ("without smiling", {12}),
        ("happy, no teeth", {10, 16, 25}),
        ("not angry", {4}),
        ("no smile or frown", {12, 4, 15}),
        ("keep the mouth closed without opening the mouth", {26}),
    ],
)
def test_negations_are_reported(prompt, damped):
    reading = read_prompt(prompt)
    assert damped <= reading.damped
    assert not reading.damped & set(reading.action_units)
    assert "without AU" in reading.describe()


LADDERS: list[tuple[int, list[str]]] = [
    (12, ["a hint of a smile", "a subtle smile", "a small smile", "a smile", "a big smile"]),
    (1, ["a bit sad", "somewhat sad", "fairly sad", "sad"]),
    (25, ["slightly happy", "happy", "very happy", "extremely happy"]),
    (12, ["a very subtle smile", "a subtle smile", "a smile"]),
    (2, ["slightly raised eyebrows", "raised eyebrows"]),
    (12, ["smile a little", "smile"]),
    (12, ["smile, but keep it subtle", "smile"]),
    (12, ["30% happy", "60% happy", "happy"]),
    (9, ["less disgusted", "disgusted"]),
]


@pytest.mark.parametrize("unit, prompts", LADDERS, ids=[row[1][0] for row in LADDERS])
def test_intensity_words_grade(unit, prompts):
    amounts = [read_prompt(prompt).action_units[unit] for prompt in prompts]
    assert amounts == sorted(amounts) and len(set(amounts)) == len(amounts), amounts


def test_intensity_goes_to_the_right_word():
    units = read_prompt("slightly raised eyebrows and a very big smile").action_units
    assert units[2] < 0.5 and units[12] > 0.75
    units = read_prompt("very surprised, with a subtle smile").action_units
    assert units[2] == 1.0 and units[12] < 0.5
    units = read_prompt("a subtle, tired smile").action_units
    assert units[12] < 0.5 and units[41] < 0.4
    sad, angry = read_prompt("slightly sad, very angry").action_units, read_prompt("angry").action_units
    assert sad[4] == angry[4] == 1.0 and sad[1] < 0.5


@pytest.mark.parametrize(
    "prompt, unknown",
    [
        ("the person's face", ()),
        ("make him look happy please", ()),
        ("blue hair and a smile", ("blue", "hair")),
        ("make her look like a pirate, smiling", ("pirate",)),
        ("怒った顔", ("怒った顔",)),
        ("très wütend", ("très", "wütend")),
        ("head tilted down, sad", ("head", "tilted", "down")),
        ("AU 99 and a smile", ("AU 99",)),
    ],
)
def test_unknown_words_are_reported(prompt, unknown):
    assert read_prompt(prompt).unknown == unknown


@pytest.mark.parametrize("text", ["怒った顔", "lorem ipsum dolor", "12345", "?!", "the person's face"])
def test_meaningless_prompts_read_as_nothing(text):
    reading = read_prompt(text)
    assert not reading.action_units and not reading.damped
    assert (reading.valence, reading.arousal) == (0, 0)
    assert reading.describe().startswith("read as: no facial action")


def test_contradictions_are_said():
    assert any("12" in note and "15" in note for note in read_prompt("happy and sad").notes)
    assert any("12" in note for note in read_prompt("not happy but smiling").notes)
    assert not read_prompt("happy but surprised, no fear").unknown
    assert not read_prompt("happy").notes and not read_prompt("a subtle, tired smile").notes


@pytest.mark.parametrize(
    "prompt, valence, arousal",
    [
        ("happy", 1, 1), ("serene", 1, -1), ("sad", -1, -1), ("furious", -1, 1), ("tired", -1, -1),
        ("surprised", 1, 1), ("raised eyebrows", 0, 0), ("neutral", 0, 0),
    ],
)  # fmt: skip
def test_feelings_lie_in_their_quadrant(prompt, valence, arousal):
    reading = read_prompt(prompt)
    for found, sign in ((reading.valence, valence), (reading.arousal, arousal)):
        assert (found > 0.05) - (found < -0.05) == sign


def test_mixed_feelings_lie_between():
    happy, sad, both = (read_prompt(p).valence for p in ("happy", "sad", "happy and sad"))
    assert sad < both < happy
    assert 0 < read_prompt("slightly happy").valence < happy
