"""`emoga state history` and `emoga state revert`."""

from __future__ import annotations

import pytest

from emoga_core.avatars import save_avatar, save_state


@pytest.fixture
def bundle(tmp_path, tiny, tiny_avatar):
    path = tmp_path / "tiny.emoga"
    save_avatar(tiny_avatar, path)
    save_state(path, tiny.state(tiny_avatar, "happy", 6))
    return path


def test_versions_are_listed_and_put_in_use_again(bundle, emoga):
    listed = emoga("state", "history", bundle, "happy")[1].splitlines()
    assert [line.split("\t")[0] for line in listed] == ["* 2", "  1"]
    assert "version 1 now" in emoga("state", "revert", bundle, "happy")[1]
    listed = emoga("state", "history", bundle, "happy")[1].splitlines()
    assert [line.split("\t")[0] for line in listed] == ["  2", "* 1"]
    assert "version 2 now" in emoga("state", "revert", bundle, "happy", "--version", 2)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("history", "bored"), "no emotion 'bored'"),
        (("revert", "sad"), "no version of 'sad' before the present one"),
        (("revert", "happy", "--version", 9), "no version 9 of 'happy'; there is 1, 2"),
    ],
)
def test_what_is_not_there_is_one_line(bundle, emoga, arguments, words):
    command, *rest = arguments
    code, _, error = emoga("state", command, bundle, *rest)
    assert code == 1 and words in error and len(error.splitlines()) == 1
