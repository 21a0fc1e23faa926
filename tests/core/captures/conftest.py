"""Small captures to write and read."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from emoga_core.captures import CaptureCamera, CaptureWriter, write_png

HEIGHT, WIDTH = 12, 16


def _look_at(eye):
    """OpenCV world-to-camera of a camera at `eye` that looks at the origin."""
    forward = -np.asarray(eye, float) / np.linalg.norm(eye)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, -rotation @ eye
    return matrix


def _cameras(count=3):
    intrinsics = np.array([[30.0, 0, 8.5], [0, 31.0, 5.5], [0, 0, 1]])
    eyes = [(np.sin(a), 0.2 * a, np.cos(a)) for a in np.linspace(-1, 1, count)]
    return [CaptureCamera(_look_at(eye), intrinsics, WIDTH, HEIGHT) for eye in eyes]


def _parameters(t, expressions=5, identities=4):
    rng = np.random.default_rng(t)
    return {
        "translation": rng.normal(size=3),
        "joint_rotations": rng.normal(size=(5, 3)),
        "expression": rng.normal(size=expressions),
        "identity": np.arange(identities, dtype=float),
    }


def _image(t, c):
    return np.random.default_rng([t, c]).random((HEIGHT, WIDTH, 3)).round(2)


def _write(path, timesteps=4, cameras=3, head=None, **extra):
    writer = CaptureWriter(path, _cameras(cameras), timesteps, head=head)
    writer.begin({"seed": 1})
    for t in range(timesteps):
        writer.write_parameters(t, **_parameters(t), **extra)
        for c in range(cameras):
            writer.write_picture(t, c, _image(t, c), _image(t, c)[..., 0])
    return writer


@pytest.fixture
def capture(tmp_path):
    path = tmp_path / "seq"
    writer = _write(path)
    writer.write_extra("emotion.json", {"weights": {"happy": 1.0}, "seed": 3, "subject": "kofi"})
    writer.finish()
    return path


def _real_export(root, vertices=5143):
    """Files as VHAP writes them for a FLAME head: 300 + 100 coefficients, static offsets, float64 jaw."""
    for folder in ("images", "fg_masks", "flame_param"):
        (root / folder).mkdir(parents=True)
    frames, rng = [], np.random.default_rng(0)
    for t in range(3):
        arrays = {
            "translation": rng.normal(size=(1, 3)), "rotation": rng.normal(size=(1, 3)),
            "neck_pose": np.zeros((1, 3)), "jaw_pose": rng.normal(size=(1, 3)), "eyes_pose": np.zeros((1, 6)),
            "shape": rng.normal(size=300), "expr": rng.normal(size=(1, 100)),
            "static_offset": rng.normal(size=(1, vertices, 3)) * 1e-3,
            "dynamic_offset": np.zeros((1, vertices, 3)),
        }  # fmt: skip
        np.savez(
            root / "flame_param" / f"{t:05d}.npz", **{k: v.astype(np.float32) for k, v in arrays.items()}
        )
        for c in range(2):
            name = f"{t:05d}_{c:02d}.png"
            write_png(root / "images" / name, _image(t, c))
            write_png(root / "fg_masks" / name, _image(t, c)[..., 0])
            frames.append({
                "timestep_index": t, "timestep_index_original": t, "timestep_id": f"{t:05d}",
                "camera_index": c, "camera_id": f"22263{c}", **_cameras(2)[c].to_json(),
                "file_path": f"images/{name}", "fg_mask_path": f"fg_masks/{name}",
                "flame_param_path": f"flame_param/{t:05d}.npz",
            })  # fmt: skip
    return frames


def _put_json(path, frames):
    path.write_text(
        json.dumps({"frames": frames, "cx": 8, "cy": 6, "fl_x": 30, "fl_y": 30, "h": 12, "w": 16})
    )


@pytest.fixture(scope="session")
def lab():
    """The makers above."""
    return SimpleNamespace(
        size=(HEIGHT, WIDTH),
        cameras=_cameras,
        parameters=_parameters,
        image=_image,
        write=_write,
        real_export=_real_export,
        put_json=_put_json,
    )
