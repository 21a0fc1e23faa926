"""The people who sit for the studio: two by name, any number by seed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from emoga_core.heads import NAMED_IDENTITIES, identity_from_attributes
from emoga_core.heads.attributes import FEMININE

from ..errors import CaptureError
from .looks import HairStyle, Look


@dataclass(frozen=True)
class Subject:
    """Identity attributes (see `identity_from_attributes`), look, and the seed of hair and brows."""

    name: str
    attributes: dict[str, Any]
    look: Look
    seed: int = 0

    def identity(self) -> np.ndarray:
        """Identity coefficients (S,) float32."""
        return identity_from_attributes(**self.attributes).numpy()


def _feminine(strength: float, **changes: float) -> dict[str, float]:
    """Local shapes of a woman's face; keywords with _ for - replace entries."""
    table = {name: value * strength for name, value in FEMININE.items()}
    return table | {name.replace("_", "-"): value for name, value in changes.items()}


SUBJECTS: dict[str, Subject] = {
    "kofi": Subject(
        "kofi",
        dict(NAMED_IDENTITIES["kofi"]),
        Look(skin=(0.21, 0.105, 0.065), lips=(0.20, 0.085, 0.070), hair=(0.012, 0.010, 0.009),
             iris=(0.07, 0.035, 0.018), style=HairStyle.CROP, age=0.3, brows=0.85, stubble=0.45),
        seed=1,
    ),
    "elena": Subject(
        "elena",
        {"sex": 0.0, "age": 26.0, "ancestry": (0.03, 0.25, 0.72), "weight": 0.45, "muscle": 0.42,
         "local": _feminine(1.0, l_eye_height2_incr=0.08, r_eye_height2_incr=0.08, l_eye_scale_incr=0.32,
                            r_eye_scale_incr=0.32, nose_hump_incr=-0.6, mouth_scale_horiz_incr=0.10,
                            l_ear_scale_incr=-0.3, r_ear_scale_incr=-0.3)},
        Look(skin=(0.50, 0.310, 0.230), lips=(0.41, 0.150, 0.135), hair=(0.070, 0.030, 0.015),
             iris=(0.12, 0.165, 0.16), style=HairStyle.PIXIE, age=0.10, femininity=1.0, brows=0.8,
             makeup=0.30,
             freckles=0.6),
        seed=2,
    ),
}  # fmt: skip

_SKINS = (
    ((0.52, 0.325, 0.245), (0.42, 0.16, 0.145)),
    ((0.48, 0.300, 0.215), (0.40, 0.17, 0.145)),
    ((0.40, 0.235, 0.155), (0.34, 0.14, 0.115)),
    ((0.30, 0.165, 0.105), (0.27, 0.11, 0.090)),
    ((0.21, 0.105, 0.065), (0.20, 0.085, 0.070)),
)
_HAIRS = (
    (0.012, 0.010, 0.009),
    (0.030, 0.018, 0.011),
    (0.095, 0.045, 0.022),
    (0.22, 0.13, 0.065),
    (0.17, 0.055, 0.02),
)
_GREY = (0.34, 0.33, 0.32)
_IRISES = (
    (0.06, 0.030, 0.016),
    (0.10, 0.055, 0.025),
    (0.14, 0.20, 0.12),
    (0.15, 0.23, 0.29),
    (0.20, 0.22, 0.22),
)


def subject_of_seed(seed: int) -> Subject:
    """A random adult: everything is drawn from the seed, within believable limits."""
    rng = np.random.default_rng([seed, 7])
    woman = bool(rng.uniform() < 0.5)
    age = float(rng.uniform(19, 74))
    ancestry = rng.dirichlet([0.45, 0.45, 0.45])
    tone = float(np.clip(ancestry @ [3.6, 1.0, 0.5] + rng.normal(0, 0.35), 0, len(_SKINS) - 1))
    low = min(int(tone), len(_SKINS) - 2)
    skin, lips = (
        np.array(a) + (np.array(b) - np.array(a)) * (tone - low)
        for a, b in zip(_SKINS[low], _SKINS[low + 1], strict=True)
    )
    fair = ancestry[2] > 0.55 and tone < 1.5
    hair = np.array(_HAIRS[int(rng.integers(1, len(_HAIRS)) if fair else rng.integers(0, 2))])
    grey = float(np.clip((age - 45) / 25 + rng.normal(0, 0.2), 0, 1))
    hair = hair + (np.array(_GREY) - hair) * grey
    iris = _IRISES[int(rng.integers(1, len(_IRISES)) if fair else rng.integers(0, 2))]
    curly = ancestry[0] > 0.5
    if woman:
        style = (
            HairStyle.CURLS
            if curly and rng.uniform() < 0.6
            else (HairStyle.BUN, HairStyle.PIXIE)[rng.integers(2)]
        )
    else:
        style = HairStyle.CROP if curly or rng.uniform() < 0.35 else HairStyle.SHORT
    local = _feminine(float(rng.uniform(0.9, 1.25))) if woman else {}
    for name in ("l-eye-height2-incr", "r-eye-height2-incr"):
        local[name] = 0.25 * local.get(name, 0.0)
    for name in (
        "nose-width2-incr",
        "nose-hump-incr",
        "mouth-scale-horiz-incr",
        "chin-height-incr",
        "nose-trans-up",
    ):
        local[name] = local.get(name, 0.0) + float(rng.normal(0, 0.25))
    attributes = {
        "sex": 0.0 if woman else 0.95, "age": age, "ancestry": tuple(float(a) for a in ancestry),
        "weight": float(rng.uniform(0.35, 0.65)), "muscle": float(rng.uniform(0.35, 0.65)), "local": local,
    }  # fmt: skip
    look = Look(
        skin=_colour(skin), lips=_colour(lips), hair=_colour(hair), iris=iris, style=style,
        age=float(np.clip((age - 20) / 60, 0, 1)), femininity=1.0 if woman else 0.0,
        brows=float(rng.uniform(0.75, 1.05)), stubble=0.0 if woman else float(rng.uniform(0, 0.5)),
        makeup=float(rng.uniform(0, 0.45)) if woman else 0.0, freckles=float(rng.uniform(0, 0.8)) if fair
        else 0.0,
    )  # fmt: skip
    return Subject(str(seed), attributes, look, seed)


def _colour(rgb: np.ndarray) -> tuple[float, float, float]:
    return float(rgb[0]), float(rgb[1]), float(rgb[2])


def find_subject(name: str) -> Subject:
    """A named subject, or the random one of a whole number.

    Raises:
        CaptureError: neither.
    """
    if name in SUBJECTS:
        return SUBJECTS[name]
    if re.fullmatch(r"\d{1,9}", name):
        return subject_of_seed(int(name))
    raise CaptureError(
        f"unknown subject {name!r}: choose among {', '.join(SUBJECTS)}, or give a number as seed"
    )
