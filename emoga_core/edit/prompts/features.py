"""Parts of the face, what can be done to them, and the Action Units of that."""

from __future__ import annotations

from emoga_core.edit.prompts.recipes import Recipe

PARTS: dict[str, str] = {
    "brow": "brow, eyebrow, forehead",
    "inner brow": "inner brow, inner eyebrow, inner corner of brow, inner corner of eyebrow, middle of brow",
    "outer brow": "outer brow, outer eyebrow",
    "eye": "eye, pupil",
    "lid": "lid, eyelid, upper lid, upper eyelid, eyelash",
    "lower lid": "lower lid, lower eyelid",
    "gaze": "gaze, glance, look, eyesight",
    "mouth": "mouth",
    "lip": "lip",
    "upper lip": "upper lip, top lip",
    "lower lip": "lower lip, bottom lip, underlip",
    "corner": "corner of mouth, mouth corner, lip corner, corner of lip, corner",
    "jaw": "jaw",
    "chin": "chin",
    "cheek": "cheek",
    "nose": "nose, nostril, nose bridge",
    "teeth": "teeth, tooth, fang",
    "tongue": "tongue",
    "dimple": "dimple",
    "elsewhere": "head, neck, hair, ear, shoulder, skin, beard, hand, body, background, arm, clothes, shirt",
}
"""Part -> its names. "elsewhere" is what no Action Unit moves: it keeps actions from the parts beside it."""

ACTIONS: dict[str, str] = {
    "raise": "raise, raised, lift, lifted, up, upward, upwards, upturned, high, hike, elevated, raising, "
    "rise",
    "lower": "lower, lowered, down, downward, downwards, downturned, low, droopy, droop, sag, drooping, "
    "sagging",
    "furrow": "furrow, furrowed, knit, knitted, together, crease, creased, contracted, pinched, "
    "scrunch up, bunched, scrunched, scrunch, crinkle, crinkled, crinkling",
    "arch": "arch, arched, cocked, quirk, quirked, curved",
    "slant": "slanted, oblique, tilted, sloped",
    "open": "open, opened, opening, agape, ajar, gape, gaping",
    "gape": "wide open, open wide, opened wide, wide agape, opened widely, widely opened",
    "wide": "wide, widened, widen, widening, big, huge, large, bulging, bulge, popping, enlarged, round, "
    "widely",
    "close": "close, closed, closing, shut, sealed",
    "half": "half closed, half open, half shut, partly closed, hooded, heavy, half lidded, "
    "slightly closed, sleepy",
    "narrow": "narrow, narrowed, narrowing, slit, small",
    "tight": "tight, tighten, tightened, tense, tensed, strained, thin, stiff, rigid",
    "press": "press, pressed, pressing, compressed, pinch together",
    "part": "part, parted, parting, separated, apart, ajar lips",
    "pucker": "pucker, puckered, purse, pursed",
    "stretch": "stretch, stretched, stretching, pull back, pulled back, drawn back, back, sideways",
    "show": "show, showing, bare, bared, baring, exposed, exposing, visible, revealed, revealing, "
    "reveal, shown, flash",
    "clench": "clench, clenched, grit, gritted, set, grind, gritting, clenching, locked",
    "wrinkle": "wrinkle, wrinkled, wrinkling, wrinkly",
    "flare": "flare, flared, flaring",
    "puff": "puff, puffed, puffy, inflated, blow up, blown up, full of air, puff out, puffed out",
    "suck": "suck in, sucked in, roll in, rolled in, tucked, suck",
    "curl": "curl, curled",
    "forward": "forward, thrust, jutting, jut, protruding, stick out, sticking out, stuck out, out, "
    "push out, pushed out, protrude",
    "drop": "drop, dropped, dropping, fall, fell, fallen, slack, hang, hanging, slackened",
    "tremble": "tremble, trembling, quiver, quivering, wobble, wobbling, shaking",
    "bite": "bite, biting, bitten",
    "relax": "relax, relaxed, soften, softened, smooth, unwrinkled, neutral",
    "twist": "twist, twisted, crooked, lopsided",
    "away": "away, aside, elsewhere, sidelong, side, off",
    "ahead": "straight, ahead, camera, viewer, forwards, front",
    "left": "left, leftward, leftwards",
    "right": "right, rightward, rightwards",
    "move": "pull, pulled, draw, drawn, turn, turned, turning, pulling, push, pushed, move, moved, "
    "moving, drawing",
    "still": "still, unchanged, motionless, frozen, immobile",
    "any": "movement, motion, action, activity",
}
"""Action -> its words. "move" says nothing without a direction; "any" is for negations."""

_GAZE = (61, 62, 63, 64)
_TEETH = (10, 16, 25)
_OPENERS = (25, 26, 27)
_PRESS = (23, 24, 28)
_LIDS = (41, 43, 44, 45, 46)

_STILL_MOUTH = (12, 14, 15, 17, 18, 20, 22, 112, 114, 212, 214, *_TEETH, *_OPENERS, *_PRESS)

_TABLE: dict[tuple[str, str], tuple[dict[int, float], tuple[int, ...]]] = {
    ("brow", "raise"): ({1: 0.85, 2: 0.9}, (4, 104, 204)),
    ("brow", "arch"): ({1: 0.35, 2: 0.9}, (4,)),
    ("brow", "lower"): ({4: 0.9}, (1, 2, 102, 202)),
    ("brow", "furrow"): ({4: 0.9}, (2,)),
    ("brow", "wrinkle"): ({4: 0.8}, ()),
    ("brow", "slant"): ({1: 0.9, 4: 0.2}, (2,)),
    ("brow", "tight"): ({4: 0.6}, ()),
    ("brow", "relax"): ({}, (1, 2, 4, 102, 104, 202, 204)),
    ("brow", "any"): ({}, (1, 2, 4, 102, 104, 202, 204)),
    ("brow", "still"): ({}, (1, 2, 4, 102, 104, 202, 204)),
    ("inner brow", "raise"): ({1: 0.95}, ()),
    ("inner brow", "slant"): ({1: 0.9}, ()),
    ("inner brow", "lower"): ({4: 0.8}, (1,)),
    ("inner brow", "furrow"): ({4: 0.9}, ()),
    ("outer brow", "raise"): ({2: 0.95}, ()),
    ("outer brow", "arch"): ({2: 0.95}, ()),
    ("outer brow", "lower"): ({4: 0.5}, (2,)),
    ("eye", "open"): ({5: 0.4}, _LIDS),
    ("eye", "gape"): ({5: 0.95}, _LIDS),
    ("eye", "wide"): ({5: 0.95}, _LIDS),
    ("eye", "close"): ({43: 1.0}, (5, 41, 44, *_GAZE)),
    ("eye", "half"): ({41: 1.0}, (5,)),
    ("eye", "lower"): ({41: 0.3, 64: 0.75}, (5,)),
    ("eye", "narrow"): ({7: 0.85, 41: 0.2}, (5,)),
    ("eye", "tight"): ({7: 0.8, 43: 0.6}, (5,)),
    ("eye", "furrow"): ({6: 0.7, 7: 0.5}, (5,)),
    ("eye", "wrinkle"): ({6: 0.7}, ()),
    ("eye", "raise"): ({63: 0.8}, (64,)),
    ("eye", "left"): ({61: 0.8}, (62,)),
    ("eye", "right"): ({62: 0.8}, (61,)),
    ("eye", "away"): ({61: 0.7}, ()),
    ("eye", "ahead"): ({}, _GAZE),
    ("eye", "relax"): ({}, (5, 7, 44)),
    ("eye", "any"): ({}, (5, 7, *_LIDS, *_GAZE)),
    ("eye", "still"): ({}, (5, 6, 7, *_LIDS, *_GAZE)),
    ("lid", "raise"): ({5: 0.85}, (41, 43)),
    ("lid", "wide"): ({5: 0.85}, (41, 43)),
    ("lid", "open"): ({5: 0.4}, (41, 43)),
    ("lid", "lower"): ({41: 0.9}, (5,)),
    ("lid", "drop"): ({41: 0.9}, (5,)),
    ("lid", "half"): ({41: 1.0}, (5,)),
    ("lid", "close"): ({43: 1.0}, (5, 41)),
    ("lid", "tight"): ({7: 0.85}, ()),
    ("lower lid", "raise"): ({7: 0.85}, ()),
    ("lower lid", "tight"): ({7: 0.85}, ()),
    ("gaze", "raise"): ({63: 0.8}, (64,)),
    ("gaze", "lower"): ({41: 0.3, 64: 0.8}, (63, 5)),
    ("gaze", "drop"): ({41: 0.3, 64: 0.8}, (63, 5)),
    ("gaze", "left"): ({61: 0.8}, (62,)),
    ("gaze", "right"): ({62: 0.8}, (61,)),
    ("gaze", "away"): ({61: 0.75}, ()),
    ("gaze", "ahead"): ({}, _GAZE),
    ("mouth", "open"): ({25: 0.35, 26: 0.9}, _PRESS),
    ("mouth", "part"): ({25: 0.7, 26: 0.3}, _PRESS),
    ("mouth", "gape"): ({25: 0.4, 27: 0.85}, _PRESS),
    ("mouth", "drop"): ({26: 1.0, 27: 0.1}, _PRESS),
    ("mouth", "wide"): ({20: 0.4, 25: 0.4, 26: 0.6}, _PRESS),
    ("mouth", "close"): ({24: 0.15}, (*_TEETH, *_OPENERS, 22)),
    ("mouth", "raise"): ({12: 0.65}, (15,)),
    ("mouth", "lower"): ({15: 0.9}, (12, 112, 212)),
    ("mouth", "tight"): ({23: 0.5, 24: 0.6}, _OPENERS),
    ("mouth", "press"): ({24: 0.95}, (*_OPENERS, *_TEETH)),
    ("mouth", "pucker"): ({18: 0.85}, (25, 27)),
    ("mouth", "stretch"): ({20: 0.9}, ()),
    ("mouth", "twist"): ({212: 0.3, 214: 0.7}, ()),
    ("mouth", "relax"): ({}, (*_PRESS, 15, 17, 20)),
    ("mouth", "any"): ({}, _STILL_MOUTH),
    ("mouth", "still"): ({}, _STILL_MOUTH),
    ("lip", "press"): ({24: 0.95}, (*_OPENERS, *_TEETH)),
    ("lip", "furrow"): ({24: 0.8}, _OPENERS),
    ("lip", "tight"): ({23: 0.7, 24: 0.45}, (*_OPENERS, *_TEETH)),
    ("lip", "clench"): ({23: 0.6, 24: 0.6}, _OPENERS),
    ("lip", "narrow"): ({23: 0.8}, _OPENERS),
    ("lip", "close"): ({24: 0.15}, (*_TEETH, *_OPENERS, 22)),
    ("lip", "part"): ({25: 0.8, 26: 0.15}, _PRESS),
    ("lip", "open"): ({25: 0.8, 26: 0.3}, _PRESS),
    ("lip", "gape"): ({25: 0.8, 26: 0.8}, _PRESS),
    ("lip", "pucker"): ({18: 0.9}, ()),
    ("lip", "forward"): ({17: 0.4, 18: 0.4, 22: 0.4}, ()),
    ("lip", "stretch"): ({20: 0.9}, ()),
    ("lip", "suck"): ({28: 0.9}, _TEETH),
    ("lip", "bite"): ({26: 0.12, 28: 0.45}, ()),
    ("lip", "curl"): ({9: 0.25, 10: 0.8}, ()),
    ("lip", "raise"): ({10: 0.8}, ()),
    ("lip", "lower"): ({15: 0.5, 16: 0.4}, ()),
    ("lip", "tremble"): ({15: 0.3, 17: 0.65}, ()),
    ("lip", "relax"): ({}, (*_PRESS, 18, 20)),
    ("upper lip", "raise"): ({10: 0.9}, ()),
    ("upper lip", "curl"): ({9: 0.2, 10: 0.9}, ()),
    ("upper lip", "tight"): ({23: 0.7, 24: 0.3}, (10, 25)),
    ("lower lip", "lower"): ({16: 0.85, 25: 0.2}, ()),
    ("lower lip", "drop"): ({16: 0.85, 25: 0.2}, ()),
    ("lower lip", "raise"): ({17: 0.8}, ()),
    ("lower lip", "forward"): ({17: 0.9, 22: 0.2}, ()),
    ("lower lip", "tremble"): ({15: 0.25, 17: 0.7}, ()),
    ("lower lip", "bite"): ({26: 0.12, 28: 0.45}, ()),
    ("corner", "raise"): ({12: 0.75}, (15,)),
    ("corner", "lower"): ({15: 0.95}, (12, 112, 212)),
    ("corner", "drop"): ({15: 0.95}, (12, 112, 212)),
    ("corner", "stretch"): ({14: 0.4, 20: 0.8}, ()),
    ("corner", "tight"): ({14: 0.8}, ()),
    ("corner", "move"): ({12: 0.6}, ()),
    ("jaw", "drop"): ({25: 0.2, 26: 1.0, 27: 0.3}, _PRESS),
    ("jaw", "lower"): ({25: 0.2, 26: 1.0}, _PRESS),
    ("jaw", "open"): ({25: 0.2, 26: 1.0}, _PRESS),
    ("jaw", "gape"): ({25: 0.3, 27: 0.9}, _PRESS),
    ("jaw", "clench"): ({17: 0.25, 23: 0.3, 24: 0.5}, (26, 27)),
    ("jaw", "tight"): ({17: 0.25, 23: 0.3, 24: 0.45}, (26, 27)),
    ("jaw", "close"): ({}, (26, 27)),
    ("jaw", "forward"): ({29: 0.95}, ()),
    ("jaw", "relax"): ({25: 0.15, 26: 0.25}, _PRESS),
    ("chin", "raise"): ({17: 0.9}, ()),
    ("chin", "wrinkle"): ({17: 0.85}, ()),
    ("chin", "tremble"): ({15: 0.2, 17: 0.75}, ()),
    ("chin", "forward"): ({29: 0.9}, ()),
    ("cheek", "raise"): ({6: 0.9}, ()),
    ("cheek", "puff"): ({34: 1.0}, ()),
    ("cheek", "wrinkle"): ({6: 0.8}, ()),
    ("nose", "wrinkle"): ({9: 0.95}, ()),
    ("nose", "furrow"): ({9: 0.95}, ()),
    ("nose", "flare"): ({9: 0.4}, ()),
    ("nose", "raise"): ({9: 0.6, 10: 0.3}, ()),
    ("teeth", "show"): ({10: 0.6, 16: 0.6, 25: 0.4}, _PRESS),
    ("teeth", "clench"): ({10: 0.5, 16: 0.6, 20: 0.4, 25: 0.4}, (26, 27, *_PRESS)),
    ("tongue", "forward"): ({19: 0.95}, ()),
    ("tongue", "show"): ({19: 0.6}, ()),
    ("dimple", "show"): ({14: 0.9}, ()),
}  # fmt: skip

DEFAULT_ACTION: dict[str, str] = {"teeth": "show", "tongue": "show", "dimple": "show"}
"""What a part means that is named without an action ("a smile with teeth")."""

_NEGATED: dict[tuple[str, str], tuple[tuple[int, ...], tuple[int, ...]]] = {
    ("teeth", "show"): ((10, 16, 25), (26, 27)),
    ("mouth", "open"): ((25, 26, 27), (10, 16)),
    ("brow", "raise"): ((1, 2, 102, 202), ()),
    ("eye", "close"): ((43, 45), (41,)),
}
"""(core, collateral) of negations where the strong units of the recipe are not the whole of it."""

_ALL_OF: dict[str, tuple[int, ...]] = {
    "brow": (1, 2, 4, 102, 104, 202, 204),
    "eye": (5, 6, 7, *_LIDS, *_GAZE),
    "lid": (5, 7, *_LIDS),
    "gaze": _GAZE,
    "mouth": _STILL_MOUTH,
    "lip": _STILL_MOUTH,
    "jaw": (26, 27, 29),
    "cheek": (6, 34),
    "nose": (9,),
    "chin": (17,),
}


_EYES = frozenset((1, 2, 4, 5, 6, 7, *_LIDS, *_GAZE))
_MOUTH = frozenset((*range(10, 30), 34))
REGIONS: dict[str, frozenset[int]] = {
    "brow": frozenset((1, 2, 4)), "eye": _EYES, "lid": _EYES, "gaze": _EYES, "mouth": _MOUTH, "lip": _MOUTH,
    "corner": _MOUTH, "nose": frozenset((9,)), "cheek": frozenset((6, 34)),
}  # fmt: skip
"""Part -> the units that a feeling shows there ("sad eyes")."""


def feature(part: str, action: str) -> Recipe | None:
    """What an action does to a part; None when it means nothing there."""
    row = _TABLE.get((part, action))
    if row is None:
        return None
    core, collateral = _NEGATED.get((part, action), ((), ()))
    return Recipe(f"{part}: {action}", "feature", row[0], excludes=row[1], core=core, collateral=collateral)


def whole(part: str) -> Recipe | None:
    """For a negated part without an action ("do not alter the eyes"): all that can move there."""
    units = _ALL_OF.get(part)
    return Recipe(f"{part}: any movement", "feature", {}, core=units) if units else None
