"""Converts the user's FLAME model file into a `Head`.

Li, Bolkart, Black, Li, Romero: Learning a model of facial shape and expression from 4D scans (2017). The
model is the user's own download under its own licence; nothing of it ships with this product.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from emoga_core.errors import EmogaError
from emoga_core.heads.head import PARENTS, Head
from emoga_core.heads.regions import REGION_NAMES
from emoga_core.heads.unpickle import load, load_npy_object

NUM_IDENTITIES, NUM_EXPRESSIONS = 300, 100
"""Columns 0..299 of `shapedirs` are identity, 300..399 expression."""

_CREDIT = "FLAME (Li et al. 2017), Max Planck Institute for Intelligent Systems, https://flame.is.tue.mpg.de"
VERSIONS: dict[str, tuple[str, bool]] = {
    "2020": ("FLAME licence (non-commercial, no redistribution)", False),
    "2023": ("FLAME licence (non-commercial, no redistribution)", False),
    "2023-open": ("CC-BY-4.0", True),
    "unknown": ("unknown; treat as not redistributable", False),
}
"""Model version: its licence, and whether it may be passed on. Coefficients of different versions do not
mix."""

# Coarse to fine: later names overwrite earlier ones where FLAME's masks overlap.
_MASK_REGIONS = (
    ("boundary", "bust"), ("neck", "neck"), ("scalp", "scalp"), ("face", "face"), ("forehead", "forehead"),
    ("left_eye_region", "left_eye_socket"), ("right_eye_region", "right_eye_socket"), ("nose", "nose"),
    ("lips", "lips"), ("left_ear", "left_ear"), ("right_ear", "right_ear"),
    ("left_eyeball", "left_eyeball"), ("right_eyeball", "right_eyeball"),
)  # fmt: skip


def convert_flame(
    path: str | Path,
    *,
    version: str | None = None,
    landmarks: str | Path | None = None,
    masks: str | Path | None = None,
) -> Head:
    """Reads `generic_model.pkl`, `flame2023.pkl` or `flame2023_Open.pkl` without executing anything in it.

    Args:
        path: the model file.
        version: one of `VERSIONS`; by default told from the file's name.
        landmarks: `landmark_embedding_with_eyes.npy`, or None for a head without landmarks.
        masks: `FLAME_masks.pkl`, or None for a head without regions.
    Raises:
        EmogaError: not such a file; the message names the key, and what was found and expected.
    """
    path = Path(path)
    model = load(path)
    if not isinstance(model, dict):
        raise EmogaError(f"{path}: holds a {type(model).__name__}, expected FLAME's dictionary of arrays")
    version = version or guess_version(path.name)
    if version not in VERSIONS:
        raise EmogaError(f"unknown FLAME version {version!r}; there are {', '.join(VERSIONS)}")
    template = _floats(path, model, "v_template", (None, 3))
    v = len(template)
    shape = _floats(path, model, "shapedirs", (v, 3, NUM_IDENTITIES + NUM_EXPRESSIONS))
    correctives = _floats(path, model, "posedirs", (v, 3, 9 * (len(PARENTS) - 1)))
    regressor = _floats(path, model, "J_regressor", (len(PARENTS), v))
    weights = _floats(path, model, "weights", (v, len(PARENTS)))
    _check_sums(path, "J_regressor", regressor)
    _check_sums(path, "weights", weights)
    _check_parents(path, model)
    triangles = _integers(path, model, "f", (None, 3), v)
    licence, redistributable = VERSIONS[version]
    landmark_triangles, barycentric = _landmarks(landmarks, len(triangles))
    regions = _regions(masks, v)
    return Head(
        name="flame",
        version=version,
        licence=licence,
        credit=_CREDIT,
        redistributable=redistributable,
        template=torch.from_numpy(template),
        triangles=torch.from_numpy(triangles),
        uv=torch.zeros(0, 2),
        uv_triangles=torch.zeros(0, 3, dtype=torch.int64),
        identity_basis=torch.from_numpy(np.ascontiguousarray(shape[:, :, :NUM_IDENTITIES])),
        expression_basis=torch.from_numpy(np.ascontiguousarray(shape[:, :, NUM_IDENTITIES:])),
        joint_regressor=torch.from_numpy(regressor),
        skin_weights=torch.from_numpy(weights),
        parents=PARENTS,
        pose_correctives=torch.from_numpy(correctives),
        regions=torch.from_numpy(regions),
        region_names=REGION_NAMES if len(regions) else (),
        landmark_triangles=torch.from_numpy(landmark_triangles),
        landmark_barycentric=torch.from_numpy(barycentric),
        expression_names=None,
        expression_range=None,
    )


def guess_version(name: str) -> str:
    """FLAME's version from the file names under which it is published."""
    name = name.lower()
    if "2023" in name:
        return "2023-open" if "open" in name else "2023"
    return "2020" if "generic_model" in name or "2020" in name else "unknown"


def _entry(path: Path, model: dict, key: str) -> np.ndarray:
    if key not in model:
        found = ", ".join(sorted(str(k) for k in model)[:12]) or "nothing"
        raise EmogaError(f"{path}: has no {key!r}, so it is not a FLAME model (it has {found})")
    value = model[key]
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise EmogaError(f"{path}: {key} is a {type(value).__name__}, expected an array of numbers")
    return value


def _check_shape(path: Path, key: str, value: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = value.ndim == len(shape) and all(w in (None, n) for n, w in zip(value.shape, shape, strict=True))
    if not fits or not value.size:
        wanted = ", ".join("n" if w is None else str(w) for w in shape)
        raise EmogaError(f"{path}: {key} has shape {value.shape}, expected ({wanted})")


def _floats(path: Path, model: dict, key: str, shape: tuple[int | None, ...]) -> np.ndarray:
    value = _entry(path, model, key)
    _check_shape(path, key, value, shape)
    value = np.ascontiguousarray(value, np.float32)
    if not np.isfinite(value).all():
        raise EmogaError(f"{path}: {key} holds values that are not finite; download the file again")
    return value


def _integers(path: Path, model: dict, key: str, shape: tuple[int | None, ...], limit: int) -> np.ndarray:
    value = _entry(path, model, key)
    _check_shape(path, key, value, shape)
    if value.dtype.kind not in "iu" or value.min() < 0 or value.max() >= limit:
        raise EmogaError(f"{path}: {key} must hold whole numbers from 0 to {limit - 1}")
    return np.ascontiguousarray(value, np.int64)


def _check_sums(path: Path, key: str, rows: np.ndarray) -> None:
    sums = rows.sum(1)
    if np.abs(sums - 1).max() > 1e-2:
        worst = sums[np.abs(sums - 1).argmax()]
        raise EmogaError(f"{path}: rows of {key} must sum to 1, one sums to {worst:.3g}")


def _check_parents(path: Path, model: dict) -> None:
    table = _entry(path, model, "kintree_table")
    _check_shape(path, "kintree_table", table, (2, len(PARENTS)))
    parents = table[0].astype(np.int64)
    if parents[0] < 0 or parents[0] >= 2**31:  # the root's parent is stored as 2^32 - 1
        parents[0] = -1
    if tuple(parents.tolist()) != PARENTS:
        raise EmogaError(f"{path}: joints hang together as {parents.tolist()}, expected {list(PARENTS)}")


def _landmarks(path: str | Path | None, triangle_count: int) -> tuple[np.ndarray, np.ndarray]:
    if path is None:
        return np.zeros(0, np.int64), np.zeros((0, 3), np.float32)
    path = Path(path)
    table = load_npy_object(path)
    if not isinstance(table, dict):
        raise EmogaError(f"{path}: expected a dictionary with full_lmk_faces_idx and full_lmk_bary_coords")
    index = _entry(path, table, "full_lmk_faces_idx")
    index = index.reshape(-1)
    barycentric = _floats(path, table, "full_lmk_bary_coords", (1, None, 3))[0]
    if len(index) < 68 or len(index) != len(barycentric):
        raise EmogaError(
            f"{path}: {len(index)} landmarks and {len(barycentric)} coordinates, expected at least 68"
        )
    index = _integers(path, {"full_lmk_faces_idx": index[:68]}, "full_lmk_faces_idx", (68,), triangle_count)
    return index, np.ascontiguousarray(barycentric[:68])


def _regions(path: str | Path | None, vertex_count: int) -> np.ndarray:
    if path is None:
        return np.zeros(0, np.int64)
    path = Path(path)
    masks = load(path)
    if not isinstance(masks, dict):
        raise EmogaError(f"{path}: holds a {type(masks).__name__}, expected a dictionary of vertex lists")
    # A vertex that no mask names must not be repainted by an edit: it counts as neck.
    labels = np.full(vertex_count, REGION_NAMES.index("neck"), np.int64)
    for mask, region in _MASK_REGIONS:
        ids = _integers(path, masks, mask, (None,), vertex_count)
        labels[ids] = REGION_NAMES.index(region)
    return labels
