"""Baking: from an avatar's tensors to the blobs in a bundle, and when it has to be done again."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from emoga_core.avatars import save_avatar
from emoga_core.avatars.motion import MotionFrame
from emoga_core.errors import EmogaError
from emoga_protocol.codec import decode, struct_from_map
from emoga_protocol.deltas import decode_delta
from emoga_protocol.frames import Frame, FrameEncoder, check_layout, decode_frame
from emoga_protocol.heads import decode_head
from emoga_protocol.messages import AvatarInfo
from emoga_protocol.reference import skin, world_splats
from emoga_protocol.splats import decode_splats
from emoga_server import baking
from emoga_server.baking import bake_avatar, bake_bundle, is_current


def blobs_of(baked):
    info, blobs = baked.info, baked.blobs
    head = decode_head(blobs[info.head_blob.sha256])
    table = decode_splats(blobs[info.splats_blob.sha256])
    return head, table, [decode_delta(blobs[state.blob.sha256]) for state in info.states]


def wire_frame(avatar, info, motion_frame: MotionFrame, weights: dict[str, float]) -> Frame:
    """A frame of the avatar, through the bytes of FRAME."""
    frame = Frame(
        seq=0,
        time=0,
        avatar=0,
        translation=motion_frame.translation.numpy(),
        joints=motion_frame.joint_rotations.numpy(),
        expression=motion_frame.expression.numpy(),
        weights=np.array([weights.get(state.name, 0.0) for state in info.states]),
    )
    return decode_frame(decode(FrameEncoder(info.layout).encode(frame)), info.layout)


@pytest.mark.parametrize("weights", [{}, {"happy": 1.0}, {"sad": 0.5}], ids=["neutral", "happy", "half_sad"])
def test_clients_see_the_avatar(tiny_avatar, weights):
    baked = bake_avatar(tiny_avatar)
    head, table, deltas = blobs_of(baked)
    moment = tiny_avatar.motions["nod"].frame(2)
    with torch.no_grad():
        exact = tiny_avatar.splats(moment, weights)
        vertices = tiny_avatar.pose(moment, weights).numpy()
    got = world_splats(head, table, deltas, wire_frame(tiny_avatar, baked.info, moment, weights))
    size = float(np.ptp(vertices, axis=0).max())
    assert np.abs(got.means - exact.means.numpy()).max() < 2e-3 * size
    unit = torch.nn.functional.normalize(exact.quaternions, dim=1).numpy()
    assert np.degrees(2 * np.arccos(np.abs((unit * got.quaternions).sum(1)).clip(0, 1))).max() < 1.5
    np.testing.assert_allclose(np.log(got.scales), exact.log_scales.numpy(), atol=0.02)
    np.testing.assert_allclose(got.opacities, exact.opacity_logits.sigmoid().numpy(), atol=0.003)
    if set(weights.values()) <= {
        1.0
    }:  # between, linear SH blending is the clients' approximation of the network
        error = 0.2821 * np.abs(got.sh - exact.sh.numpy()).mean()
        assert error < 0.01


def test_the_rig_is_the_head_with_its_identity(tiny_avatar):
    head, _, _ = blobs_of(bake_avatar(tiny_avatar))
    moment = tiny_avatar.motions["nod"].frame(1)
    wire = skin(head, moment.expression.numpy(), moment.joint_rotations.numpy(), moment.translation.numpy())
    np.testing.assert_allclose(wire, tiny_avatar.pose(moment).detach().numpy(), atol=5e-5)


def test_manifest_entry(tiny_avatar):
    info = bake_avatar(tiny_avatar).info
    head = tiny_avatar.head
    assert [state.name for state in info.states] == ["happy", "sad"]
    assert [state.slot for state in info.states] == [0, 1]
    assert info.states[1].valence == 0.25 and info.states[1].arousal == -0.5
    assert (info.head.hash, info.head.licence, info.head.redistributable) == (head.hash, "CC0-1.0", True)
    assert (info.counts.splats, info.counts.triangles) == (len(tiny_avatar.gaussians), head.num_triangles)
    assert (info.motions[0].name, info.motions[0].frames) == ("nod", 5)
    assert check_layout(info.layout) == 3 + 15 + head.num_expressions + 2


def test_motions_never_saturate(tiny_avatar):
    tiny_avatar.motions["nod"].translation[0, 0] = 50.0
    info = bake_avatar(tiny_avatar).info
    encoder = FrameEncoder(info.layout)
    for index in range(5):
        moment = tiny_avatar.motions["nod"].frame(index)
        frame = wire_frame(tiny_avatar, info, moment, {"happy": 1.0})
        encoder.encode(frame)
        assert frame.translation == pytest.approx(moment.translation.numpy(), abs=2e-3)
    assert encoder.saturated == 0


def test_values_that_cannot_be_sent(tiny_avatar):
    with torch.no_grad():
        tiny_avatar.gaussians.means[3, 1] = float("inf")
    with pytest.raises(EmogaError, match="positions of splat 3 is not finite"):
        bake_avatar(tiny_avatar)


@pytest.fixture
def bundle(tiny_avatar, tmp_path, monkeypatch):
    """The tiny avatar on disk; bundles of its head load without the bundled one."""
    path = tmp_path / "tiny.emoga"
    save_avatar(tiny_avatar, path)
    from emoga_core import avatars

    monkeypatch.setattr(avatars, "load_avatar", lambda p, head=None: load_with(p, tiny_avatar.head))
    return path


def load_with(path, head):
    from emoga_core.avatars.bundle import load_avatar

    return load_avatar(path, head)


def test_bundle(bundle):
    assert not is_current(bundle)
    stages = []
    bake_bundle(bundle, progress=lambda stage, done: stages.append(done))
    assert is_current(bundle)
    assert stages == sorted(stages) and stages[-1] == 1.0
    index = json.loads((bundle / "baked/index.json").read_text())
    info = struct_from_map(AvatarInfo, index)
    refs = [info.head_blob, info.splats_blob, *(state.blob for state in info.states)]
    assert {p.name for p in (bundle / "baked").iterdir()} == {"index.json", *(ref.sha256 for ref in refs)}
    for ref in refs:
        assert (bundle / "baked" / ref.sha256).stat().st_size == ref.size


def test_baking_again_only_when_needed(bundle, tiny_avatar, tiny):
    bake_bundle(bundle)
    index = bundle / "baked/index.json"
    before = index.stat().st_mtime_ns
    bake_bundle(bundle)
    assert index.stat().st_mtime_ns == before
    tiny_avatar.add_state(tiny.state(tiny_avatar, "angry", 7))
    save_avatar(tiny_avatar, bundle)
    assert not is_current(bundle)
    bake_bundle(bundle)
    assert is_current(bundle)
    assert [state["name"] for state in json.loads(index.read_text())["states"]] == ["happy", "sad", "angry"]


def test_lost_and_damaged_parts_are_noticed(bundle):
    bake_bundle(bundle)
    index = bundle / "baked/index.json"
    blob = next(path for path in (bundle / "baked").iterdir() if path != index)
    whole = blob.read_bytes()
    blob.write_bytes(whole[:-1])
    assert not is_current(bundle)
    bake_bundle(bundle)
    assert blob.read_bytes() == whole
    index.write_text(index.read_text()[:-20])
    assert not is_current(bundle)
    bake_bundle(bundle)
    assert is_current(bundle)
    (bundle / "baked/leftover").write_bytes(b"x")
    index.unlink()
    bake_bundle(bundle)
    assert not (bundle / "baked/leftover").exists()


def test_another_baker_bakes_again(bundle, monkeypatch):
    bake_bundle(bundle)
    monkeypatch.setattr(baking, "BAKE_VERSION", baking.BAKE_VERSION + 1)
    assert not is_current(bundle)


def test_a_change_meanwhile_is_not_missed(bundle, tiny_avatar, tiny, monkeypatch):
    """Somebody saves the avatar while it is being baked: what is written belongs to the new one."""
    bake, rounds = baking.bake_avatar, []

    def slow_bake(avatar, progress=None):
        rounds.append(list(avatar.states))
        result = bake(avatar, progress)
        if len(rounds) == 1:
            tiny_avatar.add_state(tiny.state(tiny_avatar, "angry", 7))
            save_avatar(tiny_avatar, bundle)
        return result

    monkeypatch.setattr(baking, "bake_avatar", slow_bake)
    bake_bundle(bundle)
    assert rounds == [["happy", "sad"], ["happy", "sad", "angry"]]
    assert len(json.loads((bundle / "baked/index.json").read_text())["states"]) == 3


def test_not_a_bundle(tmp_path):
    with pytest.raises(EmogaError, match=r"nothing\.emoga"):
        bake_bundle(tmp_path / "nothing.emoga")


def test_looking_needs_no_tensors():
    script = (
        "import sys, emoga_server.baking; print([m for m in ('torch', 'numba', 'cv2') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
