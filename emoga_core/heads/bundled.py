"""The head that ships with the product: MakeHuman's CC0 head with 52 ARKit actions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.heads.arkit import ARKIT_NAMES
from emoga_core.heads.attributes import FEMININE, HEAVY, macro_weights
from emoga_core.heads.head import PARENTS, Head
from emoga_core.heads.packing.quantise import unpack_int16

PACK_PATH = Path(__file__).parent / "data" / "bundled_head.npz"


@dataclass(frozen=True)
class BundledDetail:
    """What the bundled head knows beyond `Head`: material for finer surfaces built on its vertices.

    Vertices are sorted by part; those of a part are contiguous. Parts `skin`, `tongue`, `*_lashes` are pure
    quad meshes, `*_eye` have a cap of triangles (quads whose last corner repeats), `*_teeth` are strips of
    42 columns (14 teeth, three columns each) by 9 rows from the gum in front round the biting edge to the
    gum behind.
    """

    quads: np.ndarray  # (Q,4) int64
    quad_uv: np.ndarray  # (Q,4) int64 into Head.uv
    quad_parts: np.ndarray  # (Q,) int64 into part_names
    vertex_parts: np.ndarray  # (V,) int64 into part_names
    part_names: tuple[str, ...]
    masks: dict[str, np.ndarray]  # soft masks (V,) in [0,1]: lips, eyelids, ears, inside-mouth, face
    base_positions: np.ndarray  # (V,3) float32 m: MakeHuman's base mesh, the frame of rest-pose painting
    base_joints: np.ndarray  # (5,3) float32 m in the same frame

    def vertices_of(self, *parts: str) -> np.ndarray:
        """Vertex ids of the named parts."""
        wanted = [self.part_names.index(p) for p in parts]
        return np.flatnonzero(np.isin(self.vertex_parts, wanted))


@cache
def _arrays() -> dict[str, np.ndarray]:
    try:
        with np.load(PACK_PATH, allow_pickle=False) as pack:
            return {name: pack[name] for name in pack.files}
    except (OSError, ValueError) as error:
        raise EmogaError(
            f"{PACK_PATH}: the bundled head is missing or damaged ({error}); reinstall"
        ) from None


@cache
def bundled_head() -> Head:
    """The bundled head; loaded once, on the CPU."""
    a = _arrays()
    about = json.loads(a["provenance"].tobytes())

    def floats(x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x, np.float32))

    def ids(name: str) -> Tensor:
        return torch.from_numpy(a[name].astype(np.int64))

    return Head(
        name=about["name"],
        version=about["version"],
        licence=about["licence"],
        credit=about["credit"],
        redistributable=True,
        template=floats(unpack_int16(a, "template")),
        triangles=ids("triangles"),
        uv=floats(a["uv"]),
        uv_triangles=ids("uv_triangles"),
        identity_basis=floats(np.moveaxis(unpack_int16(a, "identity"), 0, 2)),
        expression_basis=floats(np.moveaxis(unpack_int16(a, "expression"), 0, 2)),
        joint_regressor=floats(a["joint_regressor"]),
        skin_weights=floats(a["skin_weights"]),
        parents=PARENTS,
        pose_correctives=None,
        regions=ids("regions"),
        region_names=tuple(a["region_names"].tolist()),
        landmark_triangles=ids("landmark_triangles"),
        landmark_barycentric=floats(a["landmark_barycentric"]),
        expression_names=ARKIT_NAMES,
        expression_range=(0.0, 1.0),
    )


@cache
def bundled_detail() -> BundledDetail:
    """Quads, parts, soft masks and painting coordinates of the bundled head."""
    a = _arrays()
    return BundledDetail(
        quads=a["quads"].astype(np.int64),
        quad_uv=a["quad_uv"].astype(np.int64),
        quad_parts=a["quad_parts"].astype(np.int64),
        vertex_parts=a["vertex_parts"].astype(np.int64),
        part_names=tuple(a["part_names"].tolist()),
        masks={
            n: m.astype(np.float32) / 255 for n, m in zip(a["mask_names"].tolist(), a["masks"], strict=True)
        },
        base_positions=a["base"],
        base_joints=a["base_joints"],
    )


def local_shape_names() -> tuple[str, ...]:
    """Names of the local face shapes that `identity_from_attributes` takes."""
    return tuple(n for n in _arrays()["local_names"].tolist() if not n.startswith("-"))


def identity_from_attributes(
    *,
    sex: float = 0.5,
    age: float = 35.0,
    ancestry: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3),
    weight: float = 0.5,
    muscle: float = 0.5,
    height: float = 0.5,
    proportions: float = 0.5,
    local: dict[str, float] | None = None,
) -> Tensor:
    """Identity coefficients (S,) float32 of a head with the given attributes.

    Args:
        sex: 0 female to 1 male.
        age: years (the shapes cover 17 to 80 well).
        ancestry: amounts of (african, asian, caucasian).
        weight, muscle, height, proportions: 0 to 1.
        local: amounts, about -1 to 1, of local face shapes (`local_shape_names`).
    Raises:
        EmogaError: an unknown local shape, or an ancestry that is not three amounts.
    """
    a = _arrays()
    weights = macro_weights(
        a["macro_factors"], sex=sex, age=age, ancestry=ancestry, weight=weight, muscle=muscle, height=height,
        proportions=proportions,
    )  # fmt: skip
    names = {name: i for i, name in enumerate(a["local_names"].tolist())}
    total = a["attribute_origin"].astype(np.float64) + weights @ a["macro_coefficients"].astype(np.float64)
    amounts = {name: amount * (weight - 0.5) for name, amount in HEAVY.items()}
    for name, amount in (local or {}).items():
        amounts[name] = amounts.get(name, 0.0) + amount
    for name, amount in amounts.items():
        if name not in names or name.startswith("-"):
            raise EmogaError(
                f"unknown face shape {name!r}; local_shape_names() lists those the bundled head has"
            )
        row = a["local_coefficients"][names[name if amount >= 0 else "-" + name]].astype(np.float64)
        total += abs(amount) * row
    return torch.from_numpy(total.astype(np.float32))


def feminine(amount: float = 1.0, **changes: float) -> dict[str, float]:
    """Local shapes of a woman's face, scaled by `amount`; `changes` (with _ for -) override single ones."""
    shapes = {name: amount * value for name, value in FEMININE.items()}
    shapes.update({name.replace("_", "-"): value for name, value in changes.items()})
    return shapes


NAMED_IDENTITIES: dict[str, dict] = {
    "anna": dict(sex=0.0, age=27, ancestry=(0.0, 0.1, 0.9), weight=0.40, muscle=0.30, local=feminine(
        1.25, head_scale_horiz_incr=-0.28, l_cheek_volume_incr=-0.25, r_cheek_volume_incr=-0.25,
        nose_trans_up=0.25)),
    "kofi": dict(sex=0.95, age=32, ancestry=(1.0, 0.0, 0.0), weight=0.50, muscle=0.60,
                 local={"chin-width-incr": 0.2}),
    "mei": dict(sex=0.0, age=24, ancestry=(0.0, 1.0, 0.0), weight=0.42, muscle=0.40, local=feminine(
        0.9, l_eye_height2_incr=0.6, r_eye_height2_incr=0.6)),
    "walter": dict(sex=0.95, age=76, ancestry=(0.0, 0.0, 1.0), weight=0.60, muscle=0.50, local={
        "head-age-incr": 0.5, "nose-scale-vert-incr": 0.2, "l-ear-scale-incr": 0.3, "r-ear-scale-incr": 0.3}),
    "amara": dict(sex=0.0, age=43, ancestry=(0.6, 0.1, 0.3), weight=0.58, muscle=0.40, local=feminine(0.9)),
    "kenji": dict(sex=0.92, age=24, ancestry=(0.0, 0.85, 0.15), weight=0.45, muscle=0.55),
}  # fmt: skip
"""Attributes of the people that have names."""


def named_identity(name: str) -> Tensor:
    """Identity coefficients (S,) of one of `NAMED_IDENTITIES`."""
    if name not in NAMED_IDENTITIES:
        raise EmogaError(f"no identity is called {name!r}; there are {', '.join(NAMED_IDENTITIES)}")
    return identity_from_attributes(**NAMED_IDENTITIES[name])


def sample_identity(
    seed: int | torch.Generator,
    *,
    sex: float | None = None,
    age: float | None = None,
    ancestry: tuple[float, float, float] | None = None,
    variety: float = 0.18,
) -> Tensor:
    """Identity coefficients (S,) of a random adult.

    Args:
        seed: an integer, or a generator that is advanced.
        sex, age, ancestry: fixed where given (see `identity_from_attributes`), else random.
        variety: standard deviation of the local face shapes.
    """
    generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    drawn_sex = 0.05 if uniform(0, 1) < 0.5 else 0.95
    drawn_age, exponents = uniform(18, 78), -torch.rand(3, generator=generator).clamp_min(1e-9).log()
    weight, muscle = uniform(0.25, 0.8), uniform(0.3, 0.75)
    mix = (exponents**2 / (exponents**2).sum()).tolist()
    chosen_sex = drawn_sex if sex is None else sex
    local = feminine(1 - chosen_sex) if chosen_sex < 0.5 else {}
    for name in local_shape_names():
        amount = variety * float(torch.randn((), generator=generator))
        mirror = "l-" + name[2:] if name.startswith("r-") else None
        if mirror is not None and mirror in local:  # faces are nearly symmetric; l- comes before r-
            continue
        local[name] = local.get(name, 0.0) + amount
        if name.startswith("l-"):
            local["r-" + name[2:]] = local[name]
    limited = {n: max(-1.0, min(1.0, v)) for n, v in local.items() if n in set(local_shape_names())}
    return identity_from_attributes(
        sex=chosen_sex, age=drawn_age if age is None else age, weight=weight, muscle=muscle,
        ancestry=(mix[0], mix[1], mix[2]) if ancestry is None else ancestry, local=limited,
    )  # fmt: skip
