"""The Python rasteriser's picture of a baked avatar, from the very bytes that clients decode."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoga_core.losses.metrics import dilate, psnr
from emoga_core.render import Cameras, Gaussians, rasterize
from emoga_protocol.deltas import decode_delta
from emoga_protocol.frames import Frame
from emoga_protocol.heads import decode_head
from emoga_protocol.reference import world_splats
from emoga_protocol.splats import decode_splats


@dataclass(frozen=True)
class View:
    """An instant and a camera.

    Args:
        expression: (E,); joints: (J, 3); translation: (3,); weights: (K,) by state slot.
        world_to_camera: (4, 4); focal length in pixels; the picture is square with `size` pixels a side.
    """

    expression: np.ndarray
    joints: np.ndarray
    translation: np.ndarray
    weights: np.ndarray
    world_to_camera: np.ndarray
    focal: float
    size: int
    background: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def request(self) -> dict[str, Any]:
        """The same for `Viewer.still`."""
        return {
            "worldToCamera": self.world_to_camera.ravel().tolist(),
            "fx": self.focal,
            "fy": self.focal,
            "cx": self.size / 2,
            "cy": self.size / 2,
            "width": self.size,
            "height": self.size,
            "background": list(self.background),
            "pose": {
                name: getattr(self, name).ravel().tolist()
                for name in ("expression", "joints", "translation", "weights")
            },
        }


class Reference:
    """A baked bundle, decoded as clients decode it."""

    def __init__(self, bundle: Path) -> None:
        baked = bundle / "baked"
        self.index = json.loads((baked / "index.json").read_text())

        def blob(ref: dict[str, Any]) -> bytes:
            return (baked / ref["sha256"]).read_bytes()

        self.rig = decode_head(blob(self.index["head_blob"]))
        self.table = decode_splats(blob(self.index["splats_blob"]))
        self.deltas = [decode_delta(blob(state["blob"])) for state in self.index["states"]]

    def slot(self, state: str) -> int:
        """The weight slot of a state."""
        return next(entry["slot"] for entry in self.index["states"] if entry["name"] == state)

    def view(
        self, yaw: float, weights: Mapping[str, float] | None = None, distance: float = 0.9, size: int = 512
    ) -> View:
        """A view that fills the picture with the head: turned, talking a little, with emotion weights.

        Args:
            yaw: of the camera about the head, radians.
        """
        neck, top = self.rig.rest_joints[1], self.rig.template[:, 1].max()
        target = np.array([0.0, (neck[1] + top) / 2, neck[2] + 0.02])
        focal = float(0.68 * size * distance / (top - neck[1]))
        eye = target + distance * np.array([np.sin(yaw), 0.08, np.cos(yaw)])
        forward = (target - eye) / np.linalg.norm(target - eye)
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(forward, right), forward])
        world_to_camera = np.eye(4)
        world_to_camera[:3, :3], world_to_camera[:3, 3] = rotation, -rotation @ eye
        joints = np.zeros((len(self.rig.parents), 3))
        joints[1] = 0.06, 0.15, -0.03
        expression = np.zeros(len(self.rig.expression_basis))
        expression[: min(24, len(expression))] = 0.1
        values = np.zeros(len(self.deltas))
        for name, weight in (weights or {}).items():
            values[self.slot(name)] = weight
        return View(
            expression, joints, np.array([0.004, -0.003, 0.002]), values, world_to_camera, focal, size
        )

    def picture(self, view: View) -> tuple[torch.Tensor, torch.Tensor]:
        """(H, W, 3) colours clamped to [0, 1], and the matte (H, W)."""
        frame = Frame(
            seq=0,
            time=0,
            avatar=0,
            translation=view.translation,
            joints=view.joints,
            expression=view.expression,
            weights=view.weights,
        )
        splats = world_splats(self.rig, self.table, self.deltas, frame)

        def tensor(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array, np.float32))

        opacities = torch.from_numpy(splats.opacities).clamp(1e-6, 1 - 1e-6)
        gaussians = Gaussians(
            tensor(splats.means),
            tensor(splats.quaternions),
            tensor(np.log(splats.scales)),
            torch.logit(opacities).float(),
            tensor(splats.sh),
        )
        intrinsics = np.array([[view.focal, 0, view.size / 2], [0, view.focal, view.size / 2], [0, 0, 1]])
        cameras = Cameras(tensor(view.world_to_camera)[None], tensor(intrinsics)[None], view.size, view.size)
        with torch.inference_mode():
            colors, alphas, _ = rasterize(gaussians, cameras, torch.tensor(view.background))
        return colors[0].clamp(0, 1), alphas[0, ..., 0]

    def psnr(self, view: View, image: np.ndarray) -> float:
        """dB between `image` (H, W, 3) and this picture, on the matte dilated by 4 pixels."""
        colors, matte = self.picture(view)
        return psnr(torch.from_numpy(image), colors.clone(), dilate(matte))
