"""Head shapes by attributes: what MakeHuman's sliders mean in the bundled head's identity coefficients.

A macro target's weight is the product of the interpolated weights of its factors (MakeHuman's scheme), e.g.
`caucasian-female-young` weighs caucasian x female x young. Local targets add up. Both are linear in the
vertices, so each has fixed identity coefficients, and a head is their weighted sum.
"""

from __future__ import annotations

import numpy as np

from emoga_core.errors import EmogaError

AXES: dict[str, tuple[str, ...]] = {
    "ancestry": ("african", "asian", "caucasian"),
    "sex": ("female", "male"),
    "age": ("child", "young", "old"),
    "muscle": ("minmuscle", "averagemuscle", "maxmuscle"),
    "weight": ("minweight", "averageweight", "maxweight"),
    "height": ("minheight", "maxheight"),
    "proportions": ("idealproportions", "uncommonproportions"),
}
AGES = (11.0, 25.0, 90.0)
"""Years at which the age targets `child`, `young`, `old` stand."""

FEMININE: dict[str, float] = {
    "chin-width-incr": -0.75, "chin-bones-incr": -0.85, "chin-jaw-drop-incr": -0.35,
    "chin-height-incr": -0.25,
    "head-fat-incr": -0.12, "head-scale-horiz-incr": -0.12, "nose-point-width-incr": -0.35,
    "nose-width2-incr": -0.25, "nose-nostrils-width-incr": -0.25, "nose-scale-horiz-incr": -0.45,
    "nose-scale-vert-incr": -0.30, "nose-scale-depth-incr": -0.25, "nose-hump-incr": -0.4,
    "nose-point-up": 0.25,
    "nose-flaring-incr": -0.3, "mouth-upperlip-volume-incr": 0.18, "mouth-lowerlip-volume-incr": 0.22,
    "eyebrows-trans-forward": -0.45, "eyebrows-trans-up": 0.25, "forehead-scale-vert-incr": -0.30,
    "neck-scale-horiz-incr": -0.55, "neck-scale-depth-incr": -0.3, "head-age-incr": -0.25,
    "l-eye-scale-incr": 0.40, "r-eye-scale-incr": 0.40, "l-eye-height2-incr": 0.35,
    "r-eye-height2-incr": 0.35,
    "l-cheek-bones-incr": 0.35, "r-cheek-bones-incr": 0.35, "l-cheek-trans-up": 0.3, "r-cheek-trans-up": 0.3,
}  # fmt: skip
"""Local targets that make MakeHuman's broad-jawed female heads look like women."""

HEAVY: dict[str, float] = {"head-fat-incr": 0.8, "l-cheek-volume-incr": 0.5, "r-cheek-volume-incr": 0.5}
"""Local targets per unit of weight above 0.5: MakeHuman's own weight targets stop at the neck."""


def macro_weights(
    factors: np.ndarray,
    *,
    sex: float = 0.5,
    age: float = 35.0,
    ancestry: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3),
    weight: float = 0.5,
    muscle: float = 0.5,
    height: float = 0.5,
    proportions: float = 0.5,
) -> np.ndarray:
    """Weights (M,) of the macro targets.

    Args:
        factors: (M, sum of `AXES` lengths) 1 where a target has that factor.
        sex: 0 female, 1 male.
        age: years, 11 to 90 (clamped).
        ancestry: amounts of (african, asian, caucasian), normalised to sum 1.
        weight, muscle, height: 0 little, 1 much.
        proportions: 0 ideal, 1 uncommon.
    """
    mix = np.array(ancestry, float)
    if mix.shape != (3,) or (mix < 0).any() or mix.sum() <= 0:
        raise EmogaError(f"ancestry {ancestry}: give three amounts (african, asian, caucasian), not all zero")
    values = np.concatenate([
        mix / mix.sum(),
        _interpolate(sex, (0.0, 1.0)),
        _interpolate(age, AGES),
        _interpolate(muscle, (0.0, 0.5, 1.0)),
        _interpolate(weight, (0.0, 0.5, 1.0)),
        _interpolate(height, (0.0, 1.0)),
        _interpolate(proportions, (0.0, 1.0)),
    ])  # fmt: skip
    return np.prod(values * factors + (1 - factors), axis=1)


def _interpolate(x: float, anchors: tuple[float, ...]) -> np.ndarray:
    """Hat functions at `anchors`, evaluated at x clamped to their range."""
    x = float(np.clip(x, anchors[0], anchors[-1]))
    return np.array([np.interp(x, anchors, row) for row in np.eye(len(anchors))])
