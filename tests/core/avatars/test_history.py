"""Earlier versions of emotions: kept on change, put in use again, bounded, and never in anybody's way."""

import json

import pytest
import torch

from emoga_core.avatars import (
    AvatarError,
    BundleError,
    list_versions,
    load_avatar,
    read_header,
    remove_state,
    rename_state,
    revert_state,
    save_avatar,
    save_state,
)
from emoga_core.avatars.bundle_edit import MOST_STATES
from emoga_core.avatars.versions import MOST_VERSIONS


@pytest.fixture
def bundle(tmp_path, tiny_avatar):
    path = tmp_path / "tiny.emoga"
    save_avatar(tiny_avatar, path)
    return path


def _versions(path, name):
    return [(v.state.version, v.current) for v in list_versions(path, name)]


def _jaw(path, head, name):
    return load_avatar(path, head).states[name].jaw


def test_a_replaced_state_is_kept_and_comes_back_exactly(bundle, tiny, tiny_avatar, tiny_head):
    second, third = tiny.state(tiny_avatar, "happy", 6), tiny.state(tiny_avatar, "happy", 7)
    save_state(bundle, second)
    save_state(bundle, third)
    assert _versions(bundle, "happy") == [(3, True), (2, False), (1, False)]
    assert list_versions(bundle, "happy")[0].state.saved > 1_600_000_000
    assert revert_state(bundle, "happy", 1).version == 1
    assert torch.equal(_jaw(bundle, tiny_head, "happy"), tiny_avatar.states["happy"].jaw)
    assert _versions(bundle, "happy") == [(3, False), (2, False), (1, True)]
    revert_state(bundle, "happy", 3)  # and forward again
    assert torch.equal(_jaw(bundle, tiny_head, "happy"), third.jaw)
    assert revert_state(bundle, "happy").version == 2
    assert load_avatar(bundle, tiny_head).states["happy"].provenance == second.provenance
    save_state(bundle, tiny.state(tiny_avatar, "happy", 8))
    assert _versions(bundle, "happy") == [(4, True), (3, False), (2, False), (1, False)]
    assert _versions(bundle, "sad") == [(1, True)]


def test_the_history_is_bounded(bundle, tiny, tiny_avatar):
    for seed in range(10, 22):
        save_state(bundle, tiny.state(tiny_avatar, "sad", seed))
    versions = _versions(bundle, "sad")
    assert versions[0] == (13, True) and [v for v, _ in versions[1:]] == list(
        range(12, 12 - MOST_VERSIONS, -1)
    )
    kept = {f.name for f in (bundle / "states/history").iterdir()}
    assert kept == {f"sad.{v}.safetensors" for v, current in versions if not current}


def test_history_follows_a_new_name_and_goes_with_its_state(bundle, tiny, tiny_avatar, tiny_head):
    save_state(bundle, tiny.state(tiny_avatar, "happy", 6))
    rename_state(bundle, "happy", "joy")
    assert _versions(bundle, "joy") == [(2, True), (1, False)]
    revert_state(bundle, "joy", 1)
    assert torch.equal(_jaw(bundle, tiny_head, "joy"), tiny_avatar.states["happy"].jaw)
    remove_state(bundle, "joy")
    assert not (bundle / "states/history").exists() and read_header(bundle).history == ()


def test_saving_the_whole_avatar_keeps_history_unless_it_is_another_avatar(
    bundle, tiny, tiny_avatar, tiny_head
):
    save_state(bundle, tiny.state(tiny_avatar, "happy", 6))
    save_avatar(load_avatar(bundle, tiny_head), bundle)
    assert _versions(bundle, "happy") == [(2, True), (1, False)]
    save_avatar(tiny.avatar(tiny_head, seed=3), bundle)
    assert _versions(bundle, "happy") == [(1, True)] and not (bundle / "states/history").exists()


def test_history_does_not_make_what_was_baked_stale(bundle, tiny, tiny_avatar):
    state = tiny_avatar.states["happy"]
    key = read_header(bundle).content_key
    save_state(bundle, tiny.state(tiny_avatar, "happy", 6))
    save_state(bundle, state)
    assert _versions(bundle, "happy") == [(3, True), (2, False), (1, False)]
    assert read_header(bundle).content_key == key


def test_bundles_without_history_fields_are_read(bundle, tiny, tiny_avatar):
    header = json.loads((bundle / "avatar.json").read_text())
    del header["history"]
    for state in header["states"]:
        del state["version"], state["saved"]
    (bundle / "avatar.json").write_text(json.dumps(header))
    save_state(bundle, tiny.state(tiny_avatar, "happy", 6))
    assert _versions(bundle, "happy") == [(2, True), (1, False)]


def test_what_cannot_be_reverted_is_said_and_changes_nothing(bundle, tiny, tiny_avatar):
    with pytest.raises(AvatarError, match="no version of 'happy' before"):
        revert_state(bundle, "happy")
    save_state(bundle, tiny.state(tiny_avatar, "happy", 6))
    with pytest.raises(AvatarError, match=r"no version 7 of 'happy'; there is 1, 2"):
        revert_state(bundle, "happy", 7)
    with pytest.raises(AvatarError, match="no emotion 'bored'"):
        revert_state(bundle, "bored")
    file = bundle / "states/history/happy.1.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BundleError, match=r"happy\.1\.safetensors: altered"):
        revert_state(bundle, "happy", 1)
    file.unlink()
    save_state(bundle, tiny.state(tiny_avatar, "happy", 8))  # a lost version is no obstacle
    assert _versions(bundle, "happy") == [(3, True), (2, False)]


def test_there_is_a_most_of_emotions(bundle, tiny, tiny_avatar, tiny_head):
    avatar = tiny.avatar(tiny_head, tuple(f"e{n}" for n in range(MOST_STATES)))
    save_avatar(avatar, bundle)
    with pytest.raises(AvatarError, match="at most 256 emotions; remove one first"):
        save_state(bundle, tiny.state(tiny_avatar, "one-more", 6))
    save_state(bundle, tiny.state(avatar, "e7", 6))
