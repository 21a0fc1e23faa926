"""Reading captures: published exports load, and bad input is named."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoga_core.captures import (
    CaptureError,
    read_capture,
    write_png,
)
from emoga_core.errors import EmogaError


@pytest.mark.parametrize("vertices", [5143, 5023])
def test_a_flame_export_loads_for_heads_with_and_without_teeth(tmp_path, vertices, lab):
    frames = lab.real_export(tmp_path / "seq", vertices)
    for split in ("train", "val", "test"):
        lab.put_json(tmp_path / "seq" / f"transforms_{split}.json", [] if split == "val" else frames[:4])
    read = read_capture(tmp_path / "seq")
    assert read.frames[0].camera_id == "222630" and "FLAME" in read.head_description
    tracked = read.parameters.static_offset
    assert tracked is not None and tracked.shape == (vertices, 3)
    with np.load(tmp_path / "seq" / "flame_param" / "00000.npz") as first:
        np.testing.assert_array_equal(read.parameters.identity, first["shape"])
        np.testing.assert_array_equal(
            read.parameters.joint_rotations[0].reshape(-1)[6:9], first["jaw_pose"][0]
        )
    for wanted in (5143, 5023):
        head = SimpleNamespace(
            name="FLAME", hash="x", num_identities=300, num_expressions=100, num_vertices=wanted
        )
        offset = read.parameters_for(head).static_offset
        assert offset is not None and offset.shape == (wanted, 3)
        np.testing.assert_array_equal(offset[:5023], tracked[:5023])
    head.num_vertices = 6000
    with pytest.raises(CaptureError, match="static_offset has"):
        read.parameters_for(head)


def test_a_smaller_head_is_refused_and_a_larger_one_filled_with_zeros(tmp_path, lab):
    lab.write(tmp_path / "seq").finish()
    read = read_capture(tmp_path / "seq")
    head = SimpleNamespace(name="h", hash="x", num_identities=9, num_expressions=7, num_vertices=8)
    sized = read.parameters_for(head)
    assert sized.identity.tolist() == [0, 1, 2, 3, 0, 0, 0, 0, 0]
    assert not sized.expression[:, 5:].any() and sized.expression[:, :5].any()
    head.num_expressions = 4
    with pytest.raises(CaptureError, match="5 expression coefficients and the head only 4"):
        read.parameters_for(head)


def test_a_union_of_two_sequences(tmp_path, lab):
    union = tmp_path / "UNION"
    union.mkdir()
    frames = []
    for number, name in enumerate(("EMO-1", "EXP-2")):
        for frame in lab.real_export(tmp_path / name):
            for key in ("timestep_index_original", "timestep_id"):
                del frame[key]
            for key in ("file_path", "fg_mask_path", "flame_param_path"):
                frame[key] = f"../{name}/{frame[key]}"
            frames.append({**frame, "timestep_index": frame["timestep_index"] + 3 * number})
    lab.put_json(union / "transforms_train.json", frames[:6])
    lab.put_json(union / "transforms_val.json", [])
    lab.put_json(union / "transforms_test.json", frames[6:])
    read = read_capture(union)
    assert read.timestep_indices == tuple(range(6)) and len(read.split("test")) == 6
    assert read.frames[-1].image_path == tmp_path / "EXP-2" / "images" / "00002_01.png"
    with np.load(tmp_path / "EXP-2" / "flame_param" / "00002.npz") as last:
        np.testing.assert_array_equal(read.parameters.expression[5], last["expr"][0])


def test_a_union_of_which_only_some_timesteps_are_listed(tmp_path, lab):
    frames = lab.real_export(tmp_path / "seq")
    lab.put_json(tmp_path / "seq" / "transforms_train.json", frames[4:])
    read = read_capture(tmp_path / "seq")
    assert read.timestep_indices == (2,) and {frame.timestep for frame in read} == {0}


def test_missing_optional_keys_follow_from_others(tmp_path, lab):
    frames = lab.real_export(tmp_path / "seq")
    for frame in frames:
        for key in ("camera_index", "camera_id", "fg_mask_path", "cx", "cy", "fl_y", "fl_x", "w", "h"):
            del frame[key]
    (tmp_path / "seq" / "transforms.json").write_text(json.dumps({"frames": frames}))
    read = read_capture(tmp_path / "seq")
    frame = read.frames[1]
    assert frame.camera_index == 1 and frame.camera_id == "1" and frame.mask() is None and not read.has_masks
    assert {f.split for f in read} == {"train"} and (frame.camera.width, frame.camera.height) == (16, 12)
    np.testing.assert_allclose(frame.camera.intrinsics, [[30, 0, 8], [0, 30, 6], [0, 0, 1]])


def _edit(path, change, name="transforms_train.json"):
    table = json.loads((path / name).read_text())
    change(table)
    (path / name).write_text(json.dumps(table))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update(file_path="../../../etc/passwd"), "leads outside"),
        (lambda f: f.update(flame_param_path="/etc/passwd"), "leads outside"),
        (lambda f: f.update(file_path="..\\..\\x.png"), "leads outside"),
        (lambda f: f.pop("file_path"), "file_path is missing"),
        (lambda f: f.pop("flame_param_path"), "flame_param_path is missing"),
        (lambda f: f.pop("timestep_index"), "timestep_index must be"),
        (lambda f: f.update(timestep_index=-1), "timestep_index must be"),
        (lambda f: f.update(camera_index="front"), "camera_index is 'front'"),
        (lambda f: f.update(fl_x=float("nan")), "fl_x"),
        (lambda f: f.update(fl_x=-3), "must be positive"),
        (lambda f: f.update(w=1e8), "must be positive"),
        (lambda f: f.update(transform_matrix=[[1, 2], [3, 4]]), "4 x 4"),
        (lambda f: f.update(transform_matrix="up"), "transform_matrix"),
        (lambda f: f["transform_matrix"][0].__setitem__(0, 7), "not a rotation"),
        (lambda f: f["transform_matrix"][1].__setitem__(3, float("inf")), "finite"),
        (lambda f: f.update(file_path="images/none.png"), "images/none.png: this picture is missing"),
        (lambda f: f.update(flame_param_path="flame_param/9.npz"), "9.npz: this file is missing"),
    ],
)
def test_bad_frames_are_named(capture, change, message):
    _edit(capture, lambda table: change(table["frames"][0]))
    with pytest.raises(CaptureError, match=message):
        read_capture(capture)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"frames": 3}', '{"frames": [3]}', "\x00", '{"frames": []}']
)
def test_bad_json_is_named(capture, text):
    for split in ("val", "test"):
        (capture / f"transforms_{split}.json").unlink()
    (capture / "transforms_train.json").write_text(text)
    with pytest.raises(CaptureError, match="transforms"):
        read_capture(capture)


@pytest.mark.parametrize("folder", ["images", "fg_masks"])
def test_missing_pictures_are_counted(capture, folder):
    for name in ("00000_00.png", "00001_02.png"):
        (capture / folder / name).unlink()
    with pytest.raises(
        CaptureError, match=rf"{folder}/00000_00\.png: this picture is missing \(and 1 more\)"
    ):
        read_capture(capture)


@pytest.mark.parametrize("folder", ["images", "fg_masks"])
def test_damaged_pictures_are_named_when_they_are_loaded(capture, folder):
    read = read_capture(capture)
    frame, path = read.frames[0], capture / folder / "00000_00.png"
    load = frame.image if folder == "images" else frame.mask
    data = path.read_bytes()
    for bad in (data[: len(data) // 2], data[:20], b"", b"hello"):
        path.write_bytes(bad)
        with pytest.raises(CaptureError, match=rf"{folder}/00000_00\.png: not a picture, or damaged"):
            load()
    write_png(path, np.zeros((4, 4, 3)))
    with pytest.raises(CaptureError, match=r"4x4 pixels, but transforms.*16x12"):
        load()
    path.unlink()
    with pytest.raises(CaptureError, match="this picture is missing"):
        load()


def _parameter_file(capture, **change):
    path = capture / "flame_param" / "00001.npz"
    with np.load(path) as old:
        arrays = {**{key: old[key] for key in old.files}, **change}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expr": None}, "lacks expr"),
        ({"expr": np.zeros((1, 6), np.float32)}, "6 expression coefficients, but 00000.npz has 5"),
        ({"expr": np.full((1, 5), np.nan)}, "expr holds numbers that are not finite"),
        ({"jaw_pose": np.zeros((2, 3))}, "jaw_pose has shape \\(2, 3\\)"),
        ({"eyes_pose": np.zeros((1, 3))}, "eyes_pose has shape"),
        ({"translation": np.array([["a", "b", "c"]])}, "translation is of type"),
        ({"rotation": np.array([[{}, {}, {}]], object)}, "damaged, or no npz of numbers"),
        ({"translation": np.array([[0, 1e30, 0]])}, "translation holds 1e\\+30, far beyond any head"),
        ({"expr": np.full((1, 5), 1e300)}, "expr holds 1e\\+300, far beyond any head"),
    ],
)
def test_bad_parameters_are_named(capture, change, message):
    _parameter_file(capture, **change)
    with pytest.raises(CaptureError, match=f"00001.npz: {message}"):
        read_capture(capture)


def test_a_file_that_is_no_archive_is_not_recommended_for_unpickling(capture):
    (capture / "flame_param" / "00001.npz").write_text("hello")
    with pytest.raises(CaptureError, match=r"00001\.npz: damaged, or no npz") as caught:
        read_capture(capture)
    assert "load" not in str(caught.value) and "copy or export it again" in str(caught.value)


def test_a_bad_static_offset_is_named(tmp_path, lab):
    lab.write(tmp_path / "seq", static_offset=np.zeros((7, 3))).finish()
    path = tmp_path / "seq" / "flame_param" / "00000.npz"
    with np.load(path) as old:
        arrays = {**{key: old[key] for key in old.files}, "static_offset": np.zeros((1, 7, 2))}
    np.savez(path, **arrays)
    with pytest.raises(CaptureError, match="static_offset has shape"):
        read_capture(tmp_path / "seq")


def test_what_is_no_capture(tmp_path):
    with pytest.raises(CaptureError, match="no such folder"):
        read_capture(tmp_path / "none")
    with pytest.raises(CaptureError, match="neither transforms_train"):
        read_capture(tmp_path)


FUZZ = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(
    data=st.data(),
    name=st.sampled_from(
        ["transforms_train.json", "flame_param/00000.npz", "images/00000_00.png", "emotion.json"]
    ),
)
def test_any_bytes_may_be_wrong(capture, data, name):
    path = capture / name
    original = path.read_bytes()
    start = data.draw(st.integers(0, len(original) - 1))
    length = data.draw(st.integers(0, 30))
    path.write_bytes(original[:start] + data.draw(st.binary(max_size=20)) + original[start + length :])
    try:
        for frame in read_capture(capture).frames[:1]:
            frame.image()
            frame.mask()
    except EmogaError as error:
        assert str(capture.parent) in str(error)
    finally:
        path.write_bytes(original)


def test_a_moved_capture_still_reads(capture, tmp_path, lab):
    shutil.move(capture, tmp_path / "elsewhere")
    assert len(read_capture(tmp_path / "elsewhere")) == 12
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert read_capture(tmp_path / "deep" / "link").frames[0].image().shape == (*lab.size, 3)
