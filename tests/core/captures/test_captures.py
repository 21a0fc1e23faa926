"""Captures on disk: what is written is read back, published exports load, and bad input is named."""

import json
import multiprocessing
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoga_core.captures import (
    CaptureCamera,
    CaptureError,
    CaptureWriter,
    HeadReference,
    default_split,
    read_capture,
    write_png,
)
from emoga_core.errors import EmogaError

HEIGHT, WIDTH = 12, 16
RNG = np.random.default_rng(0)


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


# --- round trip ---


def test_everything_written_is_read_back(capture):
    read = read_capture(capture)
    assert len(read) == 12 and read.camera_indices == (0, 1, 2) and read.timestep_indices == (0, 1, 2, 3)
    assert read.has_masks and read.head is None and (read.emotion or {})["weights"] == {"happy": 1.0}
    cameras = _cameras()
    for frame in read:
        np.testing.assert_allclose(
            frame.camera.world_to_camera, cameras[frame.camera_index].world_to_camera, atol=1e-12
        )
        np.testing.assert_allclose(frame.camera.intrinsics, cameras[0].intrinsics)
        image, mask = frame.image(), frame.mask()
        assert (
            mask is not None and image.dtype == mask.dtype == np.float32 and image.shape == (HEIGHT, WIDTH, 3)
        )
        np.testing.assert_allclose(image, _image(frame.timestep, frame.camera_index), atol=0.5 / 255 + 1e-6)
        np.testing.assert_array_equal(mask, image[..., 0])
    for t in range(4):
        wanted = _parameters(t)
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


def test_one_camera_has_an_empty_val_split(tmp_path):
    _write(tmp_path / "mono", cameras=1).finish()
    table = json.loads((tmp_path / "mono" / "transforms_val.json").read_text())
    assert table["frames"] == [] == table["camera_indices"]
    read = read_capture(tmp_path / "mono")
    assert read.split("val") == () and len(read.split("train", "test")) == 4


def test_head_reference_is_kept_and_compared(tmp_path):
    _write(tmp_path / "seq", head=HeadReference("ball", "ab" * 32)).finish()
    read = read_capture(tmp_path / "seq")
    assert read.head == HeadReference("ball", "ab" * 32)
    head = SimpleNamespace(name="cube", hash="cd" * 32, num_identities=4, num_expressions=5, num_vertices=9)
    with pytest.raises(CaptureError, match=r"'ball'.*'cube'"):
        read.parameters_for(head)
    head.hash = "ab" * 32
    assert read.parameters_for(head).expression.shape == (4, 5)


# --- writing ---


def test_writing_resumes(tmp_path):
    path = tmp_path / "seq"
    writer = CaptureWriter(path, _cameras(), 2)
    writer.begin({"seed": 1})
    writer.write_picture(0, 0, _image(0, 0), _image(0, 0)[..., 0])
    with pytest.raises(CaptureError, match="not written yet"):
        writer.finish()
    with pytest.raises(CaptureError, match="transforms_train"):
        read_capture(path)
    again = CaptureWriter(path, _cameras(), 2)
    again.begin({"seed": 1})
    assert again.has_picture(0, 0) and not again.has_picture(0, 1) and not again.has_parameters(0)
    with pytest.raises(CaptureError, match="begun with other settings"):
        again.begin({"seed": 2})


def test_a_folder_with_other_things_is_not_written_to(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(CaptureError, match="not empty"):
        CaptureWriter(tmp_path, _cameras(), 1).begin({})
    with pytest.raises(CaptureError, match="is a file"):
        CaptureWriter(tmp_path / "letters.txt", _cameras(), 1).begin({})


def _write_one(writer, t):
    writer.write_parameters(t, **_parameters(t))
    for c in range(len(writer.cameras)):
        writer.write_picture(t, c, _image(t, c), _image(t, c)[..., 0])


def test_several_processes_write_one_capture(tmp_path):
    writer = CaptureWriter(tmp_path / "seq", _cameras(), 4)
    writer.begin({})
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_one, args=(writer, t)) for t in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    writer.finish()
    assert len(read_capture(tmp_path / "seq")) == 12
    assert not [f for f in (tmp_path / "seq").rglob("*") if ".tmp-" in f.name]


def test_impossible_contents_are_refused(tmp_path):
    writer = CaptureWriter(tmp_path / "seq", _cameras(), 1)
    writer.begin({})
    image = _image(0, 0)
    with pytest.raises(CaptureError, match="camera 0 is"):
        writer.write_picture(0, 0, image[:5], image[..., 0])
    with pytest.raises(CaptureError, match="not finite"):
        writer.write_picture(0, 0, image * np.nan, image[..., 0])
    with pytest.raises(CaptureError, match="not finite"):
        writer.write_parameters(0, **{**_parameters(0), "expression": [np.inf]})
    with pytest.raises(CaptureError, match="plain file name"):
        writer.write_extra("../x.json", {})


# --- published exports ---


def _real_export(root, vertices=5143):
    """Files as VHAP writes them for a FLAME head: 300 + 100 coefficients, static offsets, float64 jaw."""
    for folder in ("images", "fg_masks", "flame_param"):
        (root / folder).mkdir(parents=True)
    frames = []
    for t in range(3):
        arrays = {
            "translation": RNG.normal(size=(1, 3)), "rotation": RNG.normal(size=(1, 3)),
            "neck_pose": np.zeros((1, 3)), "jaw_pose": RNG.normal(size=(1, 3)), "eyes_pose": np.zeros((1, 6)),
            "shape": RNG.normal(size=300), "expr": RNG.normal(size=(1, 100)),
            "static_offset": RNG.normal(size=(1, vertices, 3)) * 1e-3,
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


@pytest.mark.parametrize("vertices", [5143, 5023])
def test_a_flame_export_loads_for_heads_with_and_without_teeth(tmp_path, vertices):
    frames = _real_export(tmp_path / "seq", vertices)
    for split in ("train", "val", "test"):
        _put_json(tmp_path / "seq" / f"transforms_{split}.json", [] if split == "val" else frames[:4])
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


def test_a_smaller_head_is_refused_and_a_larger_one_filled_with_zeros(tmp_path):
    _write(tmp_path / "seq").finish()
    read = read_capture(tmp_path / "seq")
    head = SimpleNamespace(name="h", hash="x", num_identities=9, num_expressions=7, num_vertices=8)
    sized = read.parameters_for(head)
    assert sized.identity.tolist() == [0, 1, 2, 3, 0, 0, 0, 0, 0]
    assert not sized.expression[:, 5:].any() and sized.expression[:, :5].any()
    head.num_expressions = 4
    with pytest.raises(CaptureError, match="5 expression coefficients and the head only 4"):
        read.parameters_for(head)


def test_a_union_of_two_sequences(tmp_path):
    union = tmp_path / "UNION"
    union.mkdir()
    frames = []
    for number, name in enumerate(("EMO-1", "EXP-2")):
        for frame in _real_export(tmp_path / name):
            for key in ("timestep_index_original", "timestep_id"):
                del frame[key]
            for key in ("file_path", "fg_mask_path", "flame_param_path"):
                frame[key] = f"../{name}/{frame[key]}"
            frames.append({**frame, "timestep_index": frame["timestep_index"] + 3 * number})
    _put_json(union / "transforms_train.json", frames[:6])
    _put_json(union / "transforms_val.json", [])
    _put_json(union / "transforms_test.json", frames[6:])
    read = read_capture(union)
    assert read.timestep_indices == tuple(range(6)) and len(read.split("test")) == 6
    assert read.frames[-1].image_path == tmp_path / "EXP-2" / "images" / "00002_01.png"
    with np.load(tmp_path / "EXP-2" / "flame_param" / "00002.npz") as last:
        np.testing.assert_array_equal(read.parameters.expression[5], last["expr"][0])


def test_a_union_of_which_only_some_timesteps_are_listed(tmp_path):
    frames = _real_export(tmp_path / "seq")
    _put_json(tmp_path / "seq" / "transforms_train.json", frames[4:])
    read = read_capture(tmp_path / "seq")
    assert read.timestep_indices == (2,) and {frame.timestep for frame in read} == {0}


def test_missing_optional_keys_follow_from_others(tmp_path):
    frames = _real_export(tmp_path / "seq")
    for frame in frames:
        for key in ("camera_index", "camera_id", "fg_mask_path", "cx", "cy", "fl_y", "fl_x", "w", "h"):
            del frame[key]
    (tmp_path / "seq" / "transforms.json").write_text(json.dumps({"frames": frames}))
    read = read_capture(tmp_path / "seq")
    frame = read.frames[1]
    assert frame.camera_index == 1 and frame.camera_id == "1" and frame.mask() is None and not read.has_masks
    assert {f.split for f in read} == {"train"} and (frame.camera.width, frame.camera.height) == (16, 12)
    np.testing.assert_allclose(frame.camera.intrinsics, [[30, 0, 8], [0, 30, 6], [0, 0, 1]])


# --- bad input ---


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
    ],
)
def test_bad_parameters_are_named(capture, change, message):
    _parameter_file(capture, **change)
    with pytest.raises(CaptureError, match=f"00001.npz: {message}"):
        read_capture(capture)


def test_a_bad_static_offset_is_named(tmp_path):
    _write(tmp_path / "seq", static_offset=np.zeros((7, 3))).finish()
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


def test_a_moved_capture_still_reads(capture, tmp_path):
    shutil.move(capture, tmp_path / "elsewhere")
    assert len(read_capture(tmp_path / "elsewhere")) == 12
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert read_capture(tmp_path / "deep" / "link").frames[0].image().shape == (HEIGHT, WIDTH, 3)
