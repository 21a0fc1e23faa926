"""`baked/` after a change of states: as if everything had been baked anew, without a tensor being loaded."""

from __future__ import annotations

import json

import pytest

from emoga_core.avatars import (
    load_avatar,
    remove_motion,
    remove_state,
    rename_state,
    revert_state,
    save_state,
)
from emoga_protocol.deltas import encode_delta
from emoga_server.baking import bake_avatar, bake_bundle, is_current, splat_table, state_delta
from emoga_server.bench.synthetic_avatar import write_synthetic_bundle
from emoga_server.editing.rebake import rebake
from emoga_server.library import read_baked_state


@pytest.fixture
def bundle(tmp_path):
    return write_synthetic_bundle(tmp_path / "ann.emoga", 500, motion_seconds=0.5)


def _delta(avatar, name):
    return encode_delta(state_delta(avatar, name, splat_table(avatar).sh))


def _assert_as_baked_anew(bundle):
    assert is_current(bundle)
    baked = bake_avatar(load_avatar(bundle))
    index = json.loads((bundle / "baked/index.json").read_text())
    for state, row in zip(baked.info.states, index["states"], strict=True):
        assert (state.name, state.slot, state.blob.sha256) == (
            row["name"],
            row["slot"],
            row["blob"]["sha256"],
        )
        assert read_baked_state(bundle, state.name)[1] == baked.blobs[state.blob.sha256]
    assert index["layout"]["fields"][-1]["count"] == len(index["states"])


def _save(bundle, name, like):
    """Saves the state `like` under another name, as an edit does."""
    from dataclasses import replace

    avatar = load_avatar(bundle)
    state = replace(avatar.states[like], name=name, provenance={"prompt": "words", "editor": "guided"})
    avatar.states[name] = state
    save_state(bundle, state, rebake({name: _delta(avatar, name)}))


def test_saving_renaming_reverting_and_removing_keep_what_was_baked(bundle):
    original = read_baked_state(bundle, "happy")[0].blob
    _save(bundle, "new", "sad")
    _assert_as_baked_anew(bundle)
    assert read_baked_state(bundle, "new")[0].prompt == "words"
    _save(bundle, "happy", "angry")
    _assert_as_baked_anew(bundle)
    assert read_baked_state(bundle, "happy")[0].blob != original
    rename_state(bundle, "happy", "glad", rebake())
    _assert_as_baked_anew(bundle)
    revert_state(bundle, "glad", 1, rebake())
    _assert_as_baked_anew(bundle)
    assert read_baked_state(bundle, "glad")[0].blob == original
    remove_state(bundle, "new", rebake())
    _assert_as_baked_anew(bundle)
    names = {row["name"] for row in json.loads((bundle / "baked/index.json").read_text())["states"]}
    assert names == {"glad", "sad", "angry", "surprised", "disgusted", "fear"}


def test_where_a_delta_is_not_at_hand_everything_is_baked_anew(bundle):
    _save(bundle, "happy", "angry")
    bake_bundle(bundle)
    index = json.loads((bundle / "baked/index.json").read_text())
    del index["deltas"]
    (bundle / "baked/index.json").write_text(json.dumps(index))
    revert_state(bundle, "happy", 1, rebake())
    assert not is_current(bundle)
    bake_bundle(bundle)
    _assert_as_baked_anew(bundle)


def test_other_changes_and_damage_drop_what_was_baked(bundle):
    remove_motion(bundle, "talk")
    assert not is_current(bundle)
    bake_bundle(bundle)
    (bundle / "baked/index.json").write_text("{")
    remove_state(bundle, "sad", rebake())
    assert not (bundle / "baked").exists()
