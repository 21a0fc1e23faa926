"""Region labels and landmarks of the bundled head, in the coordinates of `base.obj` (metres)."""

from __future__ import annotations

import numpy as np

from emoga_core.heads.regions import REGION_NAMES

MASKS = ("lips", "eyelids", "ears", "inside-mouth", "face")
"""Texture-space masks of MakeHuman that are kept."""
MASK_BLUR = (1.2, 2.0, 4.0, 1.0, 8.0)
"""Their softening (standard deviation in px of the 2048 px originals)."""

# iBUG 300-W order, as vertices of base.obj; picked by geometry, checked on pictures.
LANDMARK_VERTICES = (
    5745, 859, 866, 912, 895, 742, 922, 5292, 5296, 11898, 7624, 7462, 7597, 7614, 7571, 7564, 12342,
    232, 231, 222, 223, 208, 6983, 6997, 6996, 7004, 7005, 133, 5063, 291, 297, 5135, 314, 317, 7077, 11749,
    1062, 1055, 1073, 63, 1070, 1068, 6847, 7765, 7747, 7753, 7760, 7762,
    527, 447, 457, 455, 7216, 7207, 7272, 7130, 7241, 5337, 486, 370,
    529, 470, 474, 7226, 7274, 7236, 493, 481,
)  # fmt: skip


def sample_mask(mask: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear value of a texture-space mask (H, W) at uv (n,2), v upwards."""
    height, width = mask.shape
    x = np.clip(uv[:, 0] * width - 0.5, 0, width - 1.001)
    y = np.clip((1 - uv[:, 1]) * height - 0.5, 0, height - 1.001)
    i, j = x.astype(int), y.astype(int)
    a, b = x - i, y - j
    top = mask[j, i] * (1 - a) + mask[j, i + 1] * a
    return top * (1 - b) + (mask[j + 1, i] * (1 - a) + mask[j + 1, i + 1] * a) * b


def mirror_vertices(p: np.ndarray) -> np.ndarray:
    """For each of the points (n,3) the one closest to its mirror image in x = 0: (n,)."""
    image = p * (-1, 1, 1)
    return np.concatenate([
        ((block[:, None] - p) ** 2).sum(2).argmin(1) for block in np.array_split(image, max(1, len(p) // 500))
    ])  # fmt: skip


def brow_coordinates(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Along (0 inner end, 1 outer end) and across (m, up) the eyebrow for points p (n,3)."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    along = (x - 0.0105) / 0.0425
    centre = (
        0.7458 + 0.0072 * np.sin(np.clip(along, 0, 1.1) * 2.1) - 0.012 * np.clip(along - 0.55, 0, 1) ** 1.2
    )
    return along, y - centre


def above_hairline(p: np.ndarray) -> np.ndarray:
    """Height (m) above the hairline for points p (n,3); negative is bare skin."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    front = 0.8065 - 4.6 * np.clip(x, 0, 0.058) ** 2 - 0.30 * np.clip(x - 0.058, 0, 1)
    temple = np.interp(z, [0.055, 0.075, 0.10], [0.722, 0.775, 0.795])
    back = np.interp(z, [-0.07, -0.02, 0.02, 0.04, 0.055], [0.660, 0.675, 0.70, 0.735, 0.722])
    return y - np.where(z > 0.055, np.where(z > 0.10, front, temple), back)


def skin_regions(p: np.ndarray, masks: dict[str, np.ndarray], eyes: np.ndarray) -> np.ndarray:
    """Label of each skin vertex.

    Args:
        p: (n,3) positions.
        masks: per-vertex values (n,) of `MASKS`.
        eyes: (2,3) centres of the left and the right eyeball.
    """
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    left = p[:, 0] >= 0
    label = np.full(len(p), REGION_NAMES.index("face"))

    def paint(where: np.ndarray, name: str, right: str | None = None) -> None:
        label[where] = np.where(left[where], REGION_NAMES.index(name), REGION_NAMES.index(right or name))

    jaw_line = np.interp(z, [-0.07, 0.0, 0.045, 0.085, 0.125], [0.655, 0.662, 0.652, 0.628, 0.604])
    along, across = brow_coordinates(p)
    front = z > 0.075
    paint(front & (across > 0) & (y > 0.745), "forehead")
    nose_width = np.interp(y, [0.672, 0.690, 0.715, 0.738], [0.021, 0.023, 0.016, 0.010])
    paint(front & (x < nose_width) & (y > 0.673) & (y < 0.742), "nose")
    paint(front & (np.abs(across) < 0.0065) & (along > -0.08) & (along < 1.08), "left_brow", "right_brow")
    paint(above_hairline(p) > 0, "scalp")
    paint((y < jaw_line) & (above_hairline(p) < 0.012), "neck")
    paint((z < 0.035) & (y < 0.70) & (above_hairline(p) <= 0), "neck")
    paint(y < 0.575 - 0.10 * np.clip(z - 0.03, 0, 1), "bust")
    paint(masks["ears"] > 0.35, "left_ear", "right_ear")
    centre = np.where(left[:, None], eyes[0], eyes[1])
    offset = (p - centre) / (0.0235, 0.0125, 0.022)
    near = ((offset**2).sum(1) < 1) & (p[:, 2] > 0.10) & (np.abs(p[:, 0]) > 0.0125)
    paint(near | (masks["eyelids"] > 0.4), "left_eye_socket", "right_eye_socket")
    paint(masks["lips"] > 0.5, "lips")
    paint(masks["inside-mouth"] > 0.5, "mouth_interior")
    return label
