"""Saving and loading: everything comes back, and whatever is wrong is named."""

import dataclasses
import hashlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoga_core.avatars import (
    AvatarError,
    BundleError,
    DirectSH,
    describe,
    load_avatar,
    read_header,
    remove_motion,
    remove_state,
    rename_state,
    save_avatar,
    save_motion,
    save_state,
)
from emoga_core.errors import EmogaError


@pytest.fixture
def bundle(tmp_path, tiny_avatar):
    path = tmp_path / "tiny.emoga"
    save_avatar(tiny_avatar, path)
    return path


def _files(path):
    return {f.relative_to(path).as_posix(): f.read_bytes() for f in sorted(path.rglob("*")) if f.is_file()}


def _assert_same(a, b):
    for field in ("means", "quaternions", "log_scales", "opacity_logits"):
        assert torch.equal(getattr(a.gaussians, field), getattr(b.gaussians, field))
    assert torch.equal(a.binding.triangles, b.binding.triangles) and torch.equal(a.mask, b.mask)
    assert torch.equal(a.identity, b.identity) and a.provenance == b.provenance and a.name == b.name
    assert list(a.states) == list(b.states) and list(a.motions) == list(b.motions)
    with torch.no_grad():
        for weights in ({}, *({name: 0.7} for name in a.states)):
            assert all(torch.equal(x, y) for x, y in zip(a.blend(weights), b.blend(weights), strict=True))
    for name, state in a.states.items():
        other = b.states[name]
        assert (state.valence, state.arousal, state.provenance) == (
            other.valence, other.arousal, other.provenance
        )  # fmt: skip
    for name, motion in a.motions.items():
        assert motion.fps == b.motions[name].fps
        assert torch.equal(motion.joint_rotations, b.motions[name].joint_rotations)
        assert torch.equal(motion.translation, b.motions[name].translation)


def _alter_header(path, change):
    """Rewrites avatar.json after `change` has altered the parsed table in place."""
    table = json.loads((path / "avatar.json").read_bytes())
    change(table)
    (path / "avatar.json").write_text(json.dumps(table))


def _put(path, name, data):
    """Replaces a file and corrects its size and hash in the header, as a forger would."""
    (path / name).write_bytes(data)
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    _alter_header(path, lambda table: table["files"].update({name: entry}))


def test_round_trip_is_exact(bundle, tiny_avatar, tiny_head):
    _assert_same(load_avatar(bundle, tiny_head), tiny_avatar)


def test_round_trip_with_vertex_offset_and_plain_sh(tmp_path, tiny, tiny_head):
    avatar = tiny.avatar(tiny_head, ())
    look = DirectSH.from_coefficients(torch.randn(160, 9, 3).half().float())
    avatar = dataclasses.replace(avatar, appearance=look, vertex_offset=torch.randn(42, 3) * 0.01)
    avatar.add_state(tiny.state(avatar, "calm", 3))
    save_avatar(avatar, tmp_path / "a.emoga")
    loaded = load_avatar(tmp_path / "a.emoga", tiny_head)
    _assert_same(loaded, avatar)
    assert loaded.vertex_offset is not None and avatar.vertex_offset is not None
    assert torch.equal(loaded.vertex_offset, avatar.vertex_offset)


def test_saving_twice_gives_the_same_bytes(bundle, tiny_head):
    before = _files(bundle)
    save_avatar(load_avatar(bundle, tiny_head), bundle)
    assert _files(bundle) == before
    assert [entry.name for entry in bundle.parent.iterdir()] == ["tiny.emoga"]


def test_latents_are_stored_as_float16(tmp_path, tiny_avatar, tiny_head):
    with torch.no_grad():
        tiny_avatar.appearance.latents[0, 0] = 0.1234567
    save_avatar(tiny_avatar, tmp_path / "a.emoga")
    latents = load_avatar(tmp_path / "a.emoga", tiny_head).appearance.latents
    assert latents[0, 0].item() == torch.tensor(0.1234567).half().item()


def test_numbers_that_cannot_be_stored_are_refused_and_the_old_avatar_stays(bundle, tiny_avatar, tiny_head):
    before = _files(bundle)
    for value in (float("nan"), 1e6):  # 1e6 overflows float16
        with torch.no_grad():
            tiny_avatar.appearance.latents[3, 1] = value
        with pytest.raises(AvatarError, match="latents holds numbers that are not finite"):
            save_avatar(tiny_avatar, bundle)
    assert _files(bundle) == before


# --- edits on disk ---


def test_save_state_adds_and_replaces_without_touching_others(bundle, tiny, tiny_avatar, tiny_head):
    before = _files(bundle)
    save_state(bundle, tiny.state(tiny_avatar, "angry", 5))
    save_state(bundle, tiny.state(tiny_avatar, "happy", 6))
    after = _files(bundle)
    assert {name for name in after if after[name] != before.get(name)} == {
        "avatar.json", "states/angry.safetensors", "states/happy.safetensors",
        "states/history/happy.1.safetensors",
    }  # fmt: skip
    assert after["states/history/happy.1.safetensors"] == before["states/happy.safetensors"]
    loaded = load_avatar(bundle, tiny_head)
    assert list(loaded.states) == ["happy", "sad", "angry"]
    assert torch.equal(loaded.states["happy"].embedding, tiny.state(tiny_avatar, "happy", 6).embedding)


def test_remove_and_rename(bundle, tiny_avatar, tiny_head):
    rename_state(bundle, "happy", "joy")
    assert (bundle / "states/joy.safetensors").exists() and not (bundle / "states/happy.safetensors").exists()
    assert torch.equal(load_avatar(bundle, tiny_head).states["joy"].jaw, tiny_avatar.states["happy"].jaw)
    remove_state(bundle, "sad")
    remove_motion(bundle, "nod")
    loaded = load_avatar(bundle, tiny_head)
    assert list(loaded.states) == ["joy"] and not loaded.motions


def test_edits_that_make_no_sense_change_nothing(bundle, tiny, tiny_avatar):
    before = _files(bundle)
    stranger = tiny.avatar(tiny.head(expressions=6), ("odd",))
    attempts = [
        (lambda: remove_state(bundle, "bored"), "no emotion 'bored'"),
        (lambda: remove_motion(bundle, "jump"), "no motion 'jump'; this avatar has: nod"),
        (lambda: rename_state(bundle, "happy", "sad"), "already an emotion 'sad'"),
        (lambda: rename_state(bundle, "happy", "../x"), "not allowed"),
        (lambda: save_state(bundle, stranger.states["odd"]), "another avatar"),
        (lambda: save_motion(bundle, stranger.motions["nod"]), "6 expression coefficients"),
    ]
    for attempt, message in attempts:
        with pytest.raises(EmogaError, match=message):
            attempt()
    assert _files(bundle) == before


def test_baked_files_stay_while_the_content_is_the_same(bundle, tiny, tiny_avatar, tiny_head):
    (bundle / "baked").mkdir()
    (bundle / "baked" / "index.json").write_text("{}")
    (bundle / "baked" / ".index.json.tmp-1234").write_text("half")
    changed = load_avatar(bundle, tiny_head)
    changed.provenance["note"] = "only words"
    save_avatar(changed, bundle, preview=b"png")
    assert [f.name for f in (bundle / "baked").iterdir()] == ["index.json"]
    assert (bundle / "preview.png").read_bytes() == b"png"
    save_state(bundle, tiny.state(tiny_avatar, "happy", 8))
    assert not (bundle / "baked").exists()
    assert (bundle / "preview.png").exists(), "the neutral face is the same"
    with torch.no_grad():
        changed.gaussians.means += 0.01
    save_avatar(changed, bundle)
    assert not (bundle / "preview.png").exists()


def test_content_key_depends_on_content_only(bundle, tiny, tiny_avatar):
    key = read_header(bundle).content_key
    tiny_avatar.provenance = {"other": 1}
    save_avatar(tiny_avatar, bundle)
    assert read_header(bundle).content_key == key
    tiny_avatar.add_state(dataclasses.replace(tiny_avatar.states["sad"], valence=-0.9))
    save_avatar(tiny_avatar, bundle)
    assert read_header(bundle).content_key != key


# --- what is refused ---


def test_another_head_is_refused_and_both_are_named(bundle, tiny, tiny_head):
    other = dataclasses.replace(tiny.head(seed=1), name="cube")
    with pytest.raises(BundleError, match=f"'ball'.*{tiny_head.hash[:12]}.*'cube'.*{other.hash[:12]}"):
        load_avatar(bundle, other)
    with pytest.raises(BundleError, match=r"'ball'.*not the bundled one"):
        load_avatar(bundle)


def test_a_newer_format_is_neither_read_nor_overwritten(bundle, tiny_avatar):
    _alter_header(bundle, lambda table: table.update(format_version=2))
    before = _files(bundle)
    for attempt in (lambda: read_header(bundle), lambda: save_avatar(tiny_avatar, bundle)):
        with pytest.raises(BundleError, match="update emoga"):
            attempt()
    assert _files(bundle) == before


@pytest.mark.parametrize("name", ["avatar.safetensors", "states/sad.safetensors", "motions/nod.npz"])
def test_missing_short_and_altered_files_are_named(bundle, tiny_head, name):
    data = (bundle / name).read_bytes()
    (bundle / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(BundleError, match=f"{name}: cut short"):
        load_avatar(bundle, tiny_head)
    (bundle / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(BundleError, match=f"{name}: altered"):
        load_avatar(bundle, tiny_head)
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"{name}: this file of the avatar is missing"):
        load_avatar(bundle, tiny_head)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["states"][0].update(name="../../evil"),
        lambda t: t["states"][0].update(file="../evil.safetensors"),
        lambda t: t["motions"][0].update(file="/etc/passwd"),
        lambda t: t["files"].update({"../../x": {"bytes": 1, "sha256": "0" * 64}}),
        lambda t: t["states"].append(t["states"][0]),
        lambda t: t["states"][0].update(valence=7),
        lambda t: t["counts"].update(gaussians=10**12),
        lambda t: t["counts"].update(gaussians=159),
        lambda t: t["counts"].update(latents=7),
        lambda t: t["counts"].update(expressions=5),
        lambda t: t["states"][1].update(changed=1),
        lambda t: t["motions"][0].update(frames=6),
        lambda t: t["motions"][0].update(fps=0),
        lambda t: t["appearance"].update(kind="magic"),
        lambda t: t["appearance"].update(sh_degree=2),
        lambda t: t["head"].update(hash="xyz"),
        lambda t: t.update(has_vertex_offset=True),
        lambda t: t.update(format="zip"),
        lambda t: t.pop("head"),
        lambda t: t.update(provenance=[1]),
    ],
)
def test_headers_that_lie_are_refused(bundle, tiny_head, change):
    _alter_header(bundle, change)
    with pytest.raises(BundleError):
        load_avatar(bundle, tiny_head)


def test_tensors_that_lie_are_refused(bundle, tiny_head):
    from safetensors.torch import load, save

    name = "avatar.safetensors"
    good = load((bundle / name).read_bytes())
    lies = {
        "nan": {"means": good["means"] * torch.nan},
        "triangle out of range": {"triangles": good["triangles"] + 80},
        "mask above one": {"mask": good["mask"] + 1},
        "float64": {"identity": good["identity"].double()},
        "too much": {"extra": torch.zeros(1)},
    }
    for lie in lies.values():
        _put(bundle, name, save({**good, **lie}))
        with pytest.raises(BundleError, match="restore"):
            load_avatar(bundle, tiny_head)
    _put(bundle, name, save({key: value for key, value in good.items() if key != "mask"}))
    with pytest.raises(BundleError, match="mask"):
        load_avatar(bundle, tiny_head)


def test_pickled_motions_are_refused(bundle, tiny_head):
    buffer = io.BytesIO()
    np.savez(buffer, expression=np.array([{"a": 1}], object), joint_rotations=0, translation=0)
    _put(bundle, "motions/nod.npz", buffer.getvalue())
    with pytest.raises(BundleError, match=r"nod\.npz: damaged"):
        load_avatar(bundle, tiny_head)


@pytest.mark.parametrize("kind", ["nothing", "file", "folder"])
def test_what_is_no_avatar(tmp_path, tiny_avatar, kind):
    path = tmp_path / "x.emoga"
    if kind == "file":
        path.write_text("hello")
    elif kind == "folder":
        path.mkdir()
        (path / "thesis.doc").write_text("years of work")
    with pytest.raises(BundleError, match=r"NAME\.emoga"):
        load_avatar(path)
    if kind != "nothing":
        with pytest.raises(BundleError, match="give another name"):
            save_avatar(tiny_avatar, path)
        assert path.is_file() or (path / "thesis.doc").read_text() == "years of work"


def test_folder_that_does_not_exist(tmp_path, tiny_avatar):
    with pytest.raises(BundleError, match="does not exist; make it first"):
        save_avatar(tiny_avatar, tmp_path / "no" / "x.emoga")


def test_foreign_files_in_the_bundle_survive_a_save(bundle, tiny_avatar):
    (bundle / "notes.txt").write_text("mine")
    (bundle / "extra").mkdir()
    (bundle / "extra" / "a.txt").write_text("too")
    save_avatar(tiny_avatar, bundle)
    remove_state(bundle, "sad")
    assert (bundle / "notes.txt").read_text() == "mine" and (bundle / "extra" / "a.txt").read_text() == "too"


def test_saving_through_a_symbolic_link_replaces_what_it_points_to(tmp_path, bundle, tiny_avatar, tiny_head):
    link = tmp_path / "link.emoga"
    link.symlink_to(bundle, target_is_directory=True)
    del tiny_avatar.states["sad"]
    save_avatar(tiny_avatar, link)
    assert link.is_symlink() and list(load_avatar(bundle, tiny_head).states) == ["happy"]


# --- random damage ---

FUZZ = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def _load_or_refuse(path, head):
    try:
        load_avatar(path, head)
    except EmogaError as error:
        assert "\n" not in str(error)[:-1] or len(str(error)) < 2000


@FUZZ
@given(data=st.data())
def test_any_byte_of_the_header_may_be_wrong(bundle, tiny_head, data):
    original = (bundle / "avatar.json").read_bytes()
    start = data.draw(st.integers(0, len(original) - 1))
    stop = data.draw(st.integers(start, min(len(original), start + 40)))
    changed = original[:start] + data.draw(st.binary(max_size=20)) + original[stop:]
    (bundle / "avatar.json").write_bytes(changed)
    try:
        _load_or_refuse(bundle, tiny_head)
    finally:
        (bundle / "avatar.json").write_bytes(original)


@FUZZ
@given(data=st.data())
def test_any_value_of_the_header_may_be_wrong(bundle, tiny_head, data):
    original = (bundle / "avatar.json").read_bytes()
    table = json.loads(original)
    place = table
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    (bundle / "avatar.json").write_text(json.dumps(table))
    try:
        _load_or_refuse(bundle, tiny_head)
    finally:
        (bundle / "avatar.json").write_bytes(original)


@FUZZ
@given(
    data=st.data(), name=st.sampled_from(["avatar.safetensors", "states/sad.safetensors", "motions/nod.npz"])
)
def test_any_byte_of_the_tensors_may_be_forged(bundle, tiny_head, data, name):
    header, original = (bundle / "avatar.json").read_bytes(), (bundle / name).read_bytes()
    end = data.draw(st.sampled_from([16, 700, len(original)]))
    start = data.draw(st.integers(0, min(end, len(original)) - 1))
    piece = data.draw(st.binary(min_size=1, max_size=12))
    _put(bundle, name, original[:start] + piece + original[start + len(piece) :])
    try:
        _load_or_refuse(bundle, tiny_head)
    finally:
        (bundle / "avatar.json").write_bytes(header)
        (bundle / name).write_bytes(original)


# --- description ---


def test_describe_reads_no_tensors_and_imports_no_torch(bundle):
    for file in (bundle / "avatar.safetensors", *(bundle / "states").iterdir()):
        file.write_bytes(bytes(file.stat().st_size))  # not looked into
    code = (
        "import sys, json; from emoga_core.avatars import describe; print(json.dumps(describe(sys.argv[1])));"
        "assert not {'torch', 'numpy', 'numba'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle)], capture_output=True, text=True, check=True
    )
    facts = json.loads(done.stdout)
    assert facts["name"] == "Tiny" and facts["head"]["licence"] == "CC0-1.0"
    assert [state["name"] for state in facts["states"]] == ["happy", "sad"]
    assert facts["counts"]["gaussians"] == 160 and facts["motions"][0]["frames"] == 5


def test_describe_says_when_a_file_is_not_whole(bundle):
    state = bundle / "states" / "sad.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"sad\.safetensors: cut short; restore"):
        describe(bundle)
    state.unlink()
    with pytest.raises(BundleError, match=r"sad\.safetensors: missing; restore"):
        describe(bundle)


def test_describe_counts_bytes(bundle):
    facts = describe(bundle)
    assert facts["bytes"]["total"] == sum(len(data) for data in _files(bundle).values())
    assert facts["states"][0]["bytes"] == (bundle / "states/happy.safetensors").stat().st_size
