"""Captures that are written: layout, splits, resuming; all of it is read back."""

import json
import multiprocessing
from types import SimpleNamespace

import numpy as np
import pytest

from emoga_core.captures import (
    CaptureCamera,
    CaptureError,
    CaptureWriter,
    HeadReference,
    default_split,
    read_capture,
)


def test_everything_written_is_read_back(capture, lab):
    read = read_capture(capture)
    assert len(read) == 12 and read.camera_indices == (0, 1, 2) and read.timestep_indices == (0, 1, 2, 3)
    assert read.has_masks and read.head is None and (read.emotion or {})["weights"] == {"happy": 1.0}
    cameras = lab.cameras()
    for frame in read:
        np.testing.assert_allclose(
            frame.camera.world_to_camera, cameras[frame.camera_index].world_to_camera, atol=1e-12
        )
        np.testing.assert_allclose(frame.camera.intrinsics, cameras[0].intrinsics)
        image, mask = frame.image(), frame.mask()
        assert mask is not None and image.dtype == mask.dtype == np.float32 and image.shape == (*lab.size, 3)
        np.testing.assert_allclose(
            image, lab.image(frame.timestep, frame.camera_index), atol=0.5 / 255 + 1e-6
        )
        np.testing.assert_array_equal(mask, image[..., 0])
    for t in range(4):
        wanted = lab.parameters(t)
        for key in ("translation", "joint_rotations", "expression"):
            np.testing.assert_allclose(getattr(read.parameters, key)[t], wanted[key], rtol=1e-6)
    np.testing.assert_array_equal(read.parameters.identity, np.arange(4))


def test_files_are_those_of_a_vhap_export(capture):
    table = json.loads((capture / "transforms_train.json").read_text())
    assert set(table["frames"][0]) == {
        "timestep_index", "timestep_index_original", "timestep_id", "camera_index", "camera_id", "cx", "cy",
        "fl_x", "fl_y", "h", "w", "camera_angle_x", "camera_angle_y", "transform_matrix", "file_path",
        "fg_mask_path", "flame_param_path",
    }  # fmt: skip
    assert table["frames"][0]["file_path"] == "images/00000_00.png"
    with np.load(capture / "flame_param" / "00001.npz") as one:
        shapes = {key: one[key].shape for key in one.files}
    assert shapes == {
        "translation": (1, 3), "rotation": (1, 3), "neck_pose": (1, 3), "jaw_pose": (1, 3),
        "eyes_pose": (1, 6), "shape": (4,), "expr": (1, 5),
    }  # fmt: skip
    with np.load(capture / "canonical_flame_param.npz") as canonical:
        assert canonical["jaw_pose"].tolist() == [[0.3, 0, 0]] and canonical["expr"].shape == (1, 5)


def test_opengl_axes_of_a_camera_in_front():
    # A camera at z = 1 that looks back at the origin with y up is the identity in OpenGL axes.
    pose = np.eye(4)
    pose[2, 3] = 1
    camera = CaptureCamera.from_opengl(pose, np.eye(3), 4, 4)
    seen = camera.world_to_camera @ [0.1, 0.2, 0, 1]
    np.testing.assert_allclose(seen[:3], [0.1, -0.2, 1])  # to the right, up (y down), one metre away
    np.testing.assert_allclose(camera.center, [0, 0, 1])
    np.testing.assert_allclose(camera.camera_to_world_opengl, pose)


def test_split_is_vhaps():
    splits = default_split(10, 16)
    assert [row[0] for row in splits] == ["train"] * 7 + ["test"] * 3
    assert splits[0][8] == "val" and splits[9][8] == "test" and splits[0].count("val") == 1
    assert default_split(3, 4)[0] == ["train", "train", "train", "val"]
    assert default_split(3, 1)[0] == ["train"]


def test_one_camera_has_an_empty_val_split(tmp_path, lab):
    lab.write(tmp_path / "mono", cameras=1).finish()
    table = json.loads((tmp_path / "mono" / "transforms_val.json").read_text())
    assert table["frames"] == [] == table["camera_indices"]
    read = read_capture(tmp_path / "mono")
    assert read.split("val") == () and len(read.split("train", "test")) == 4


def test_head_reference_is_kept_and_compared(tmp_path, lab):
    lab.write(tmp_path / "seq", head=HeadReference("ball", "ab" * 32)).finish()
    read = read_capture(tmp_path / "seq")
    assert read.head == HeadReference("ball", "ab" * 32)
    head = SimpleNamespace(name="cube", hash="cd" * 32, num_identities=4, num_expressions=5, num_vertices=9)
    with pytest.raises(CaptureError, match=r"'ball'.*'cube'"):
        read.parameters_for(head)
    head.hash = "ab" * 32
    assert read.parameters_for(head).expression.shape == (4, 5)


def test_writing_resumes(tmp_path, lab):
    path = tmp_path / "seq"
    writer = CaptureWriter(path, lab.cameras(), 2)
    writer.begin({"seed": 1})
    writer.write_picture(0, 0, lab.image(0, 0), lab.image(0, 0)[..., 0])
    with pytest.raises(CaptureError, match="not written yet"):
        writer.finish()
    with pytest.raises(CaptureError, match="transforms_train"):
        read_capture(path)
    again = CaptureWriter(path, lab.cameras(), 2)
    again.begin({"seed": 1})
    assert again.has_picture(0, 0) and not again.has_picture(0, 1) and not again.has_parameters(0)
    with pytest.raises(CaptureError, match="begun with other settings"):
        again.begin({"seed": 2})


def test_a_folder_with_other_things_is_not_written_to(tmp_path, lab):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(CaptureError, match="not empty"):
        CaptureWriter(tmp_path, lab.cameras(), 1).begin({})
    with pytest.raises(CaptureError, match="is a file"):
        CaptureWriter(tmp_path / "letters.txt", lab.cameras(), 1).begin({})


def _write_one(writer, t, lab):
    writer.write_parameters(t, **lab.parameters(t))
    for c in range(len(writer.cameras)):
        writer.write_picture(t, c, lab.image(t, c), lab.image(t, c)[..., 0])


def test_several_processes_write_one_capture(tmp_path, lab):
    writer = CaptureWriter(tmp_path / "seq", lab.cameras(), 4)
    writer.begin({})
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_one, args=(writer, t, lab)) for t in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    writer.finish()
    assert len(read_capture(tmp_path / "seq")) == 12
    assert not [f for f in (tmp_path / "seq").rglob("*") if ".tmp-" in f.name]


def test_impossible_contents_are_refused(tmp_path, lab):
    writer = CaptureWriter(tmp_path / "seq", lab.cameras(), 1)
    writer.begin({})
    image = lab.image(0, 0)
    with pytest.raises(CaptureError, match="camera 0 is"):
        writer.write_picture(0, 0, image[:5], image[..., 0])
    with pytest.raises(CaptureError, match="not finite"):
        writer.write_picture(0, 0, image * np.nan, image[..., 0])
    with pytest.raises(CaptureError, match="not finite"):
        writer.write_parameters(0, **{**lab.parameters(0), "expression": [np.inf]})
    with pytest.raises(CaptureError, match="plain file name"):
        writer.write_extra("../x.json", {})
