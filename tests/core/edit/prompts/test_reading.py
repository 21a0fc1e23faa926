"""Readings: bounds, determinism, descriptions, names; whatever the text."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.avatars.names import check_name
from emoga_core.edit.prompts import SUGGESTIONS, PromptError, PromptReading, read_prompt, suggest_name
from emoga_core.edit.prompts.features import ACTIONS, PARTS
from emoga_core.edit.prompts.recipes import RECIPES
from emoga_core.edit.prompts.synonyms import SYNONYMS
from emoga_core.edit.prompts.vocabulary import base_form, corrected, vocabulary
from emoga_core.edit.prompts.words import ADJECTIVES, ADVERBS, REAL_WORDS
from emoga_core.facs import ACTION_UNIT_NAMES

_WORDS = [
    *(" ".join(phrase) for phrase in SYNONYMS),
    *(name.strip() for names in (*PARTS.values(), *ACTIONS.values()) for name in names.split(",")),
    *ADVERBS, *ADJECTIVES, "not", "no", "without", "but", "and", ",", "with", "or", "left", "one", "a", "the",
]  # fmt: skip
sentences = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=9).map(" ".join)


def check(reading: PromptReading) -> None:
    assert all(unit in ACTION_UNIT_NAMES for unit in reading.action_units)
    assert all(0 < amount <= 1 for amount in reading.action_units.values())
    assert list(reading.action_units) == sorted(reading.action_units)
    assert reading.damped <= set(ACTION_UNIT_NAMES) and not reading.damped & set(reading.action_units)
    assert -1 <= reading.valence <= 1 and -1 <= reading.arousal <= 1
    assert check_name(suggest_name(reading)) and "\n" not in reading.describe()


@given(st.text(min_size=1, max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused_with_a_reason(text):
    try:
        reading = read_prompt(text)
    except PromptError as error:
        assert "prompt" in str(error)
        return
    check(reading)
    assert read_prompt(text) == reading


@given(sentences)
@settings(max_examples=120, deadline=None)
def test_any_sentence_of_known_words_is_read(text):
    text = text[:500]
    reading = read_prompt(text)
    check(reading)
    assert read_prompt(text) == reading


@given(sentences, st.sampled_from([p for p in _WORDS if len(p) > 2]))
@settings(max_examples=120, deadline=None)
def test_a_negation_never_raises_a_unit(text, phrase):
    free = read_prompt(text[:400]).action_units
    held = read_prompt(f"{text[:400]}. Without {phrase}").action_units
    assert all(amount <= free.get(unit, 0) + 1e-9 for unit, amount in held.items())


@given(st.sampled_from(sorted(RECIPES)), st.sampled_from(["not", "no", "without", "don't look"]))
def test_a_negated_word_alone_moves_nothing(name, negation):
    assert not read_prompt(f"{negation} {name}").action_units


@given(sentences, st.floats(0, 3))
@settings(max_examples=60, deadline=None)
def test_scaling(text, intensity):
    reading = read_prompt(text[:500])
    scaled = reading.scaled(intensity)
    check(scaled)
    assert reading.scaled(1) == reading
    for unit, amount in scaled.action_units.items():
        assert amount == pytest.approx(min(1, reading.action_units[unit] * intensity))


@pytest.mark.parametrize("intensity", [-0.1, float("nan"), float("inf")])
def test_scaling_by_nonsense_is_refused(intensity):
    with pytest.raises(PromptError, match="intensity"):
        read_prompt("happy").scaled(intensity)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "empty"), ("  \n\t ", "empty"), ("a" * 501, "501 characters"), ("happy\x00", "U\\+0000"),
        ("happy\x1b[0m", "U\\+001B"), ("sad \ud800", "U\\+D800"), (None, "NoneType"), (3, "int"),
    ],
)  # fmt: skip
def test_unusable_prompts_are_refused(text, message):
    with pytest.raises(PromptError, match=message) as caught:
        read_prompt(text)
    assert "\n" not in str(caught.value)


def test_white_space_is_tidied():
    assert read_prompt("  a\n subtle\t smile ").text == "a subtle smile"


def test_description_names_units():
    text = read_prompt("AU6 0.4, AU12 0.5").describe()
    assert text == "read as: AU 6 0.4 (cheek raiser), AU 12 0.5 (lip corner puller)"
    many = read_prompt("happy but surprised")
    assert many.describe().count("AU ") == 8 and f"{len(many.action_units) - 8} weaker" in many.describe()
    assert "AU R2" in read_prompt("one eyebrow raised").describe()
    assert "not understood: banana" in read_prompt("smiling banana").describe()


def test_words_say_what_they_did():
    words = dict(read_prompt("a subtle smile with raised eyebrows, not angry").words)
    assert words["subtle"].startswith("intensity") and words["smile"] == "expression: smile"
    assert words["raised eyebrows"] == "brow: raise" and words["not"] == "negation"


def test_readings_travel_to_workers():
    reading = read_prompt("happy but surprised, no teeth, banana")
    assert pickle.loads(pickle.dumps(reading)) == reading
    with pytest.raises(TypeError):
        reading.action_units[12] = 0.0  # type: ignore[index]


@pytest.mark.parametrize(
    "prompt, name",
    [
        ("a subtle, tired smile", "subtle-tired-smile"),
        ("Make the person angry", "angry"),
        ("neutral", "neutral-face"),
        ("怒った顔", "emotion"),
        ("pirate", "pirate"),
        ("con", "con-face"),
        ("x" * 300, "x" * 48),
    ],
)
def test_names(prompt, name):
    assert suggest_name(prompt) == check_name(name)


def test_suggestions_are_fully_understood_and_differ():
    assert 8 <= len(SUGGESTIONS) <= 12
    readings = [read_prompt(text) for text in SUGGESTIONS]
    assert all(len(r.action_units) >= 2 and not r.unknown and not r.notes for r in readings)
    assert len({suggest_name(r) for r in readings}) == len(SUGGESTIONS)


def test_vocabulary_is_sound():
    assert all(name in RECIPES for name, _ in SYNONYMS.values())
    used = {name for name, _ in SYNONYMS.values()}
    assert used == set(RECIPES)
    for recipe in RECIPES.values():
        assert all(unit in ACTION_UNIT_NAMES and 0 < a <= 1 for unit, a in recipe.units.items())
    assert len(vocabulary()) > 900


@pytest.mark.parametrize(
    "word, meant",
    [("suprised", "surprised"), ("hapy", "happy"), ("agnry", "angry"), ("dissapointed", "disappointed"),
     ("eyebrws", "eyebrow"), ("lottery", None), ("banana", None), ("glasses", None)],
)  # fmt: skip
def test_spelling(word, meant):
    found = corrected(word)
    assert found == meant or (meant and found and base_form(found) == meant)


def test_real_words_are_not_corrected():
    assert all(corrected(word) is None for word in REAL_WORDS)
    unknown = ["scarf", "lottery", "hungry", "angel", "simile", "marry", "bread", "pirate"]
    assert [corrected(word) for word in unknown] == [None] * len(unknown)


def test_needs_no_numerical_library():
    code = """if True:
        import sys, emoga_core.edit.prompts as prompts
        prompts.read_prompt('a subtle smile')
        print(sorted(sys.modules))
    """
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"'torch'", "'numpy'", "'cv2'", "'numba'"} & set(loaded.strip("[]\n").split(", "))


def test_the_same_in_every_process():
    code = """if True:
        from emoga_core.edit.prompts import SUGGESTIONS, read_prompt
        print([(read_prompt(text).describe(), read_prompt(text).words) for text in SUGGESTIONS])
    """
    outs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outs) == 1 and outs.pop().count("read as") == len(SUGGESTIONS)
