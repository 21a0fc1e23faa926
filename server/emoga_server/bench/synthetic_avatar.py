"""An avatar made of nothing but the bundled head: flat splats on its triangles, painted by region.

No capture and no training, so benchmarks and tests have an avatar of any number of splats in a second.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from emoga_core.avatars import Avatar, Binding, DirectSH, EmotionState, LocalGaussians, Motion, save_avatar
from emoga_core.heads import Head, bundled_head
from emoga_protocol.reference import triangle_frames
from emoga_server.baking import bake_bundle

SH_C0, SH_C1 = 0.28209479177387814, 0.4886025119029199

COLORS = {
    "lips": (0.66, 0.36, 0.36),
    "left_brow": (0.70, 0.51, 0.42),
    "right_brow": (0.70, 0.51, 0.42),
    "scalp": (0.21, 0.15, 0.12),
    "bust": (0.27, 0.30, 0.36),
    "mouth_interior": (0.42, 0.17, 0.18),
    "tongue": (0.70, 0.38, 0.38),
    "upper_teeth": (0.90, 0.87, 0.80),
    "lower_teeth": (0.88, 0.85, 0.78),
    "upper_gums": (0.66, 0.36, 0.36),
    "lower_gums": (0.64, 0.34, 0.34),
    "lashes": (0.13, 0.10, 0.09),
    "left_eyeball": (0.90, 0.89, 0.88),
    "right_eyeball": (0.90, 0.89, 0.88),
}
SKIN = (0.80, 0.60, 0.50)
DENSITY = {
    "left_eyeball": 5.0,
    "right_eyeball": 5.0,
    "lips": 3.0,
    "left_brow": 2.0,
    "right_brow": 2.0,
    "bust": 0.4,
    "scalp": 0.6,
    "left_eye_socket": 2.5,
    "right_eye_socket": 2.5,
    "lashes": 0.4,
}
EMOTIONS: dict[str, tuple[float, float, dict[str, float], tuple[float, float, float]]] = {
    # valence, arousal, actions of both sides ("+" alone: no side), what the skin's colour gains
    "happy": (
        0.85,
        0.4,
        {"mouthSmile": 0.85, "cheekSquint": 0.7, "eyeSquint": 0.3, "mouthUpperUp": 0.2},
        (0.06, 0.0, 0.0),
    ),
    "sad": (
        -0.65,
        -0.5,
        {"browInnerUp+": 0.85, "mouthFrown": 0.75, "mouthShrugLower+": 0.4, "eyeBlink": 0.2},
        (-0.03, -0.01, 0.02),
    ),
    "angry": (
        -0.7,
        0.55,
        {"browDown": 0.95, "noseSneer": 0.6, "mouthPress": 0.6, "eyeSquint": 0.4},
        (0.12, -0.04, -0.05),
    ),
    "surprised": (
        0.2,
        0.8,
        {"browInnerUp+": 0.8, "browOuterUp": 0.9, "eyeWide": 0.8, "jawOpen+": 0.45},
        (0.01, 0, 0),
    ),
    "disgusted": (
        -0.8,
        0.08,
        {"noseSneer": 0.9, "mouthUpperUp": 0.5, "browDown": 0.4, "eyeSquint": 0.5},
        (-0.04, 0.02, -0.03),
    ),
    "fear": (
        -0.45,
        0.85,
        {"browInnerUp+": 0.9, "eyeWide": 0.7, "mouthStretch": 0.6, "jawOpen+": 0.2},
        (-0.03, -0.02, 0.0),
    ),
}


def write_synthetic_bundle(
    path: Path, splats: int = 12_000, seed: int = 0, motion_seconds: float = 6.0
) -> Path:
    """Writes `path` (NAME.emoga), baked, and returns it.

    Args:
        splats: how many; a few thousand cover the head.
    """
    save_avatar(synthetic_avatar(path.stem, splats, seed, motion_seconds), path)
    bake_bundle(path)
    return path


def synthetic_avatar(name: str, splats: int, seed: int = 0, motion_seconds: float = 6.0) -> Avatar:
    """The bundled head of mean identity with `splats` Gaussians, six emotions and the motion `talk`."""
    head = bundled_head()
    gaussians, parent, sh, skin = _splats(head, splats, np.random.default_rng(seed))
    avatar = Avatar(
        name=name,
        head=head,
        identity=torch.zeros(head.num_identities),
        gaussians=gaussians,
        binding=Binding(torch.from_numpy(parent)),
        appearance=DirectSH.from_coefficients(torch.from_numpy(sh)),
        mask=torch.from_numpy(skin.astype(np.float32)),
        provenance={"made by": "painting the bundled head by region"},
    )
    for state_name, (valence, arousal, actions, tint) in EMOTIONS.items():
        avatar.add_state(_state(avatar, state_name, valence, arousal, actions, tint))
    avatar.add_motion(_motion(head, motion_seconds))
    return avatar


def _splats(
    head: Head, count: int, rng: np.random.Generator
) -> tuple[LocalGaussians, np.ndarray, np.ndarray, np.ndarray]:
    """Gaussians, their triangles (N,), SH (N,4,3), and which of them (N,) are skin of the face."""
    template, triangles = head.template.numpy().astype(np.float64), head.triangles.numpy()
    corners = template[triangles]  # (F,3,3)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(cross, axis=1) / 2
    regions = np.array(head.region_names)[head.regions.numpy()[triangles[:, 0]]]
    density = area * np.array([DENSITY.get(region, 1.0) for region in regions])
    # every triangle in proportion, without the clumps of independent draws
    cumulative = np.cumsum(density) / density.sum()
    parent = np.searchsorted(cumulative, (np.arange(count) + 0.5) / count)
    u, v = rng.random((2, count))
    flip = u + v > 1
    u, v = np.where(flip, 1 - u, u), np.where(flip, 1 - v, v)
    own = corners[parent]
    world = own[:, 0] + u[:, None] * (own[:, 1] - own[:, 0]) + v[:, None] * (own[:, 2] - own[:, 0])
    centers, rotations, scales = triangle_frames(template, triangles)
    local = np.einsum("nji,nj->ni", rotations[parent], world - centers[parent]) / scales[parent, None]
    spacing = np.sqrt(area[parent] / np.maximum(density[parent] / density.sum() * count, 1e-9))
    sigma = np.stack([spacing * 0.76, spacing * 0.12, spacing * 0.76], axis=1) / scales[parent, None]
    angles = rng.uniform(0, np.pi, count)
    normals = cross[parent] / np.maximum(np.linalg.norm(cross[parent], axis=1, keepdims=True), 1e-12)
    colors, skin = _paint(regions[parent], world, normals, head.joint_regressor.numpy() @ template)
    sh = np.zeros((count, 4, 3), np.float32)
    sh[:, 0] = (colors - 0.5) / SH_C0
    # a little sheen towards the key light: colour depends on the view direction
    sh[:, 2] = 0.10 * normals[:, 2:3] / SH_C1 * -0.5
    quaternions = np.stack([np.cos(angles / 2), 0 * angles, np.sin(angles / 2), 0 * angles], axis=1)
    opacities = np.where(regions[parent] == "lashes", 0.4, rng.uniform(0.85, 0.99, count))

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.float32))

    gaussians = LocalGaussians(
        tensor(local),
        tensor(quaternions),
        tensor(np.log(np.clip(sigma, 1e-3, 3))),
        tensor(np.log(opacities / (1 - opacities))),
    )
    return gaussians, parent.astype(np.int64), sh, skin


def _paint(
    regions: np.ndarray, world: np.ndarray, normals: np.ndarray, joints: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    albedo = np.array([COLORS.get(region, SKIN) for region in regions])
    for joint, region in ((3, "left_eyeball"), (4, "right_eyeball")):
        eye = regions == region
        if eye.any():
            offset = world[eye] - joints[joint]
            off_axis = np.linalg.norm(offset[:, :2], axis=1) / np.linalg.norm(offset, axis=1).max()
            forward = offset[:, 2] > 0
            albedo[np.flatnonzero(eye)[forward & (off_axis < 0.50)]] = (0.25, 0.38, 0.45)
            albedo[np.flatnonzero(eye)[forward & (off_axis < 0.22)]] = (0.04, 0.04, 0.05)
    key = np.clip(normals @ np.array([-0.38, 0.56, 0.73]), 0, 1)
    light = 0.52 + 0.50 * key + 0.10 * normals[:, 1]
    inside = np.isin(
        regions, ["mouth_interior", "tongue", "upper_gums", "lower_gums", "upper_teeth", "lower_teeth"]
    )
    light = np.where(inside, 0.75, light)
    skin = ~np.isin(regions, [*COLORS]) | (regions == "lips")
    return np.clip(albedo * light[:, None], 0.01, 1.0), skin


def _state(
    avatar: Avatar,
    name: str,
    valence: float,
    arousal: float,
    actions: dict[str, float],
    tint: tuple[float, ...],
) -> EmotionState:
    names = list(avatar.head.expression_names or ())
    expression = torch.zeros(avatar.head.num_expressions)
    for action, amount in actions.items():
        for column in [action[:-1]] if action.endswith("+") else [f"{action}Left", f"{action}Right"]:
            expression[names.index(column)] = amount
    rows = avatar.mask.gt(0).nonzero().squeeze(1)
    latents = torch.zeros(len(rows), avatar.appearance.latent_size)
    latents[:, :3] = torch.tensor(tint) / SH_C0
    return EmotionState(
        name,
        avatar.appearance.neutral_embedding.clone(),
        rows,
        latents.half(),
        expression,
        torch.zeros(3),
        valence,
        arousal,
    )


def _motion(head: Head, seconds: float) -> Motion:
    """Head turns and a jaw as if speaking; the ends meet."""
    fps = 30.0
    count = max(2, round(seconds * fps))
    t = torch.linspace(0, 2 * np.pi, count + 1)[:-1]
    names = list(head.expression_names or ())
    expression = torch.zeros(count, head.num_expressions)
    expression[:, names.index("jawOpen")] = (
        0.16 * (0.5 - 0.5 * torch.cos(9 * t)) * (0.6 + 0.4 * torch.sin(2 * t))
    )
    expression[:, names.index("mouthFunnel")] = 0.25 * (0.5 - 0.5 * torch.cos(5 * t))
    joints = torch.zeros(count, 5, 3)
    joints[:, 1, 1] = 0.16 * torch.sin(t)
    joints[:, 1, 0] = 0.05 * torch.sin(2 * t + 0.5)
    joints[:, 0, 2] = 0.02 * torch.sin(t + 1.0)
    return Motion("talk", fps, expression, joints, torch.zeros(count, 3))
