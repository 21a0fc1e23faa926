"""How pseudo edits go wrong: the faults of diffusion editors, in fixed strengths.

The numbers were set before any method was tuned and stay: results of different versions compare. A plan says
for every picture of a set what happens to it; the same seed draws the same faults at every level, only
smaller or larger, so that levels are ordered picture by picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emoga_core.evaluate.errors import EvaluateError

Picture = NDArray[np.float32]

AMPLITUDE = 0.25
"""Half range of the emotion's strength from picture to picture, around 1."""
NEUTRAL_SHARE = 0.15
"""Share of pictures in which the editor changes nothing but the look."""
TEETH_SHARE = 0.20
"""Share of pictures that get teeth which are not there."""
TINT = 6.0
"""Root mean square of the change of colour, CIE 1976 Delta-E."""
WARP = 0.01
"""Longest displacement of the smooth warp, of the picture's width."""
NOISE = 0.025
BLUR = 1.0 / 256
"""Standard deviation of the blur, of the picture's width."""
OVERCOOKED_SHARE, OVERCOOKED_AMPLITUDE, OVERCOOKED_GAIN = 0.10, 1.6, 1.35
CROOKED_SHARE, CROOKED_SKEW = 0.10, 0.5
"""Of the hard level alone: too strong and garish; stronger on one side of the face than on the other."""


@dataclass(frozen=True)
class Level:
    """A strength of corruption: `factor` multiplies every number above."""

    name: str
    factor: float
    harsh: bool = False


LEVELS: dict[str, Level] = {
    "perfect": Level("perfect", 0.0),
    "mild": Level("mild", 0.5),
    "medium": Level("medium", 1.0),
    "hard": Level("hard", 2.0, harsh=True),
}


@dataclass(frozen=True)
class Corruption:
    """What happens to one picture.

    Attributes:
        amplitude: strength of the emotion that the picture shows; 0 where it was left neutral.
        skew: the subject's left side shows (1 + skew), the right (1 - skew) times the amplitude.
        gain: factor on contrast and saturation. teeth: whether wrong teeth are painted.
        tint: root mean square Delta-E. warp, blur: pixels of a picture one pixel wide. noise: of [0, 1].
        seed: of the fields.
    """

    amplitude: float
    skew: float
    gain: float
    teeth: bool
    tint: float
    warp: float
    blur: float
    noise: float
    seed: tuple[int, ...]

    @property
    def neutral(self) -> bool:
        """Whether the editor left the expression as it was."""
        return self.amplitude == 0


def level(name: str) -> Level:
    """The level of that name.

    Raises: EvaluateError when there is none.
    """
    if name not in LEVELS:
        raise EvaluateError(f"corruption level {name!r} is unknown; choose among {', '.join(LEVELS)}")
    return LEVELS[name]


def plan(name: str, count: int, seed: int = 0) -> list[Corruption]:
    """What happens to each of `count` pictures at the level `name`."""
    chosen = level(name)
    factor = chosen.factor
    order = np.random.default_rng([seed, 1]).permutation(count)
    neutral = set(order[: round(NEUTRAL_SHARE * factor * count)].tolist())
    # From the other end, so that the sets do not meet.
    rest = order[::-1].tolist()
    harsh = [round(share * count) if chosen.harsh else 0 for share in (OVERCOOKED_SHARE, CROOKED_SHARE)]
    cooked, crooked = set(rest[: harsh[0]]), set(rest[harsh[0] : sum(harsh)])
    toothed = np.random.default_rng([seed, 2]).permutation(count)[: round(TEETH_SHARE * factor * count)]
    teeth = set(toothed.tolist())
    result = []
    for index in range(count):
        draw = np.random.default_rng([seed, 3, index])
        amplitude = 1 + AMPLITUDE * factor * draw.uniform(-1, 1)
        side = 1 if draw.uniform() < 0.5 else -1
        if index in neutral:
            amplitude = 0.0
        elif index in cooked:
            amplitude = OVERCOOKED_AMPLITUDE
        result.append(
            Corruption(
                # Rounded so that pictures of it can be kept under the number.
                amplitude=round(float(amplitude), 3),
                skew=side * CROOKED_SKEW if index in crooked else 0.0,
                gain=OVERCOOKED_GAIN if index in cooked else 1.0,
                teeth=index in teeth,
                tint=TINT * factor,
                warp=WARP * factor,
                blur=BLUR * factor,
                noise=NOISE * factor,
                seed=(seed, 4, index),
            )
        )
    return result


def corrupt(image: Picture, fault: Corruption, mouth: NDArray[np.floating] | None = None) -> Picture:
    """The picture (H, W, 3) in [0, 1] with everything but its expression gone wrong.

    Args:
        mouth: (H, W), above 0.5 on lips and mouth: where wrong teeth go. Without it none are painted.
    """
    draw = np.random.default_rng(fault.seed)
    height, width = image.shape[:2]
    picture = np.asarray(image, np.float32)
    teeth, tint, warp, noise = (np.random.default_rng(s) for s in draw.integers(0, 2**63, 4))
    if fault.teeth and mouth is not None:
        picture = _paint_teeth(picture, mouth, teeth)
    if fault.gain != 1:
        picture = _overcook(picture, fault.gain)
    picture = _tint(picture, fault.tint, tint)
    picture = _warp(picture, fault.warp * width, warp)
    if fault.blur > 0:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), fault.blur * width), np.float32)
    speckle = noise.normal(0, 1, (height, width, 3)).astype(np.float32)
    return np.clip(picture + np.float32(fault.noise) * speckle, 0, 1).astype(np.float32)


def composite(image: Picture, neutral: Picture, mask: NDArray[np.floating]) -> Picture:
    """`image` inside the mask (H, W) in [0, 1], `neutral` outside; bit-equal to it where the mask is 0."""
    share = np.asarray(mask, np.float32)[..., None]
    return np.where(share > 0, share * image + (1 - share) * neutral, neutral).astype(np.float32)


def _smooth(draw: np.random.Generator, cells: int, channels: int, height: int, width: int) -> Picture:
    """A random field (H, W, channels) of about unit variance, `cells` waves across."""
    coarse = draw.normal(0, 1, (cells, cells, channels)).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, np.float32).reshape(height, width, channels)


def _tint(image: Picture, strength: float, draw: np.random.Generator) -> Picture:
    """Adds a constant and a slowly varying change in Lab whose root mean square is `strength`."""
    if strength <= 0:
        return image
    height, width = image.shape[:2]
    shift = 0.7 * draw.normal(0, 1, 3).astype(np.float32) + _smooth(draw, 3, 3, height, width)
    shift *= strength / np.sqrt((shift**2).sum(-1).mean())
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB) + shift.astype(np.float32)
    lab[..., 0] = lab[..., 0].clip(0, 100)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.float32).clip(0, 1)


def _warp(image: Picture, longest: float, draw: np.random.Generator) -> Picture:
    """Moves pixels smoothly, by at most `longest` pixels."""
    if longest <= 0:
        return image
    height, width = image.shape[:2]
    move = _smooth(draw, 6, 2, height, width)
    move *= longest / np.sqrt((move**2).sum(-1).max())
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    places = columns + move[..., 0], rows + move[..., 1]
    moved = cv2.remap(image, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _overcook(image: Picture, gain: float) -> Picture:
    """More contrast and saturation than any face has."""
    middle = np.float32(0.45)
    grey = image.mean(-1, keepdims=True)
    return np.clip(middle + gain * (grey - middle) + gain**2 * (image - grey), 0, 1)


def _paint_teeth(image: Picture, mouth: NDArray[np.floating], draw: np.random.Generator) -> Picture:
    """An uneven row of teeth across the mouth, wherever its lips are."""
    inside = np.argwhere(mouth > 0.5)
    if len(inside) < 12:
        return image
    centre = inside.mean(0)
    values, axes = np.linalg.eigh(np.cov((inside - centre).T))
    along, across = axes[:, 1], axes[:, 0]
    along, across = along * np.sign(along[1] or 1), across * np.sign(across[0] or 1)
    long, short = 2 * np.sqrt(np.maximum(values[::-1], 0.25))  # half axes of an ellipse of that spread
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float64)
    offset = np.stack([rows, columns], -1) - centre
    u, v = offset @ along / (0.72 * long), offset @ across / (0.42 * short)
    count = int(draw.integers(6, 9))
    edges = np.concatenate([[-1.0], np.sort(draw.uniform(-1, 1, count - 1)) * 0.5, [1.0]])
    edges = 0.5 * edges + 0.5 * np.linspace(-1, 1, count + 1)
    tooth = np.clip(np.searchsorted(edges, u) - 1, 0, count - 1)
    shade = draw.uniform(0.68, 0.92, count)[tooth]
    lift = draw.uniform(-0.35, 0.35, count)[tooth]
    gap = np.minimum(np.abs(u - edges[tooth]), np.abs(u - edges[tooth + 1])) * 0.72 * long
    shade = shade * (0.55 + 0.45 * np.clip(gap / 0.8, 0, 1))
    # The row narrows to its ends; edges are a pixel soft.
    reach = np.sqrt(np.clip(1 - u**2, 0, 1))
    cover = np.clip((reach - np.abs(v - lift)) * 0.42 * short + 0.5, 0, 1) * (np.abs(u) < 1)
    colour = shade[..., None] * np.array([1.0, 0.96, 0.88])
    share = (0.9 * cover)[..., None]
    return ((1 - share) * image + share * colour).astype(np.float32)
