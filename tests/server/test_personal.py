"""The user's copy of the bundled avatar: made once, up to date while untouched, else never overwritten."""

from __future__ import annotations

import shutil

import pytest

from emoga_core.avatars import read_header, remove_state
from emoga_server import personal
from emoga_server.baking import is_current
from emoga_server.errors import ServerError


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A package with one avatar, and an empty home."""
    from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

    (tmp_path / "package").mkdir()
    path = write_synthetic_bundle(tmp_path / "package/ann.emoga", 300, motion_seconds=0.5)
    monkeypatch.setattr(personal, "bundled_avatars", lambda: [path])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return path


def _files(path):
    return {f.relative_to(path).as_posix(): f.read_bytes() for f in path.rglob("*") if f.is_file()}


def _names(path):
    return [state.name for state in read_header(path).states]


def test_the_copy_is_what_is_edited(shipped, tmp_path):
    lines = []
    (copy,) = personal.personal_avatars(lines.append)
    assert copy == tmp_path / "home/emoga/avatars/ann.emoga" and str(copy) in lines[0]
    assert is_current(copy)
    before = _files(shipped)
    remove_state(copy, "sad")
    assert _files(shipped) == before
    assert personal.personal_avatars(lines.append) == [copy] and "sad" not in _names(copy)


def test_an_untouched_copy_follows_the_package_and_a_changed_one_stays(shipped):
    lines = []
    (copy,) = personal.personal_avatars(lines.append)
    remove_state(shipped, "sad")
    personal.personal_avatars(lines.append)
    assert "sad" not in _names(copy) and [p.name for p in copy.parent.iterdir()] == ["ann.emoga"]
    remove_state(copy, "happy")
    remove_state(shipped, "angry")
    lines.clear()
    personal.personal_avatars(lines.append)
    assert "angry" in _names(copy) and "happy" not in _names(copy)
    assert "--fresh" in lines[0]
    lines.clear()
    personal.personal_avatars(lines.append, fresh=True)
    assert _names(copy) == _names(shipped)
    (aside,) = [p for p in copy.parent.iterdir() if p != copy]
    assert "happy" not in _names(aside) and str(aside) in lines[0]


def test_a_damaged_copy_is_put_aside_by_fresh(shipped):
    (copy,) = personal.personal_avatars(lambda line: None)
    (copy / "avatar.json").unlink()
    (again,) = personal.personal_avatars(lambda line: None, fresh=True)
    assert _names(again) == _names(shipped)


def test_where_nothing_can_be_written_it_says_so(shipped, tmp_path):
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    (tmp_path / "home").write_text("a file")
    with pytest.raises(ServerError, match=r"ann\.emoga: your copy .* XDG_DATA_HOME"):
        personal.personal_avatars(lambda line: None)
