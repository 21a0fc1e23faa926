"""Atomic writes: whole or not at all, errors that name the file, and what killed writers leave."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from emoga_core import files
from emoga_core.files import remove_temporaries, temporary_sibling, write_atomic


def test_a_full_disk_names_the_file_and_keeps_the_old_one(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "a.bin"
    write_atomic(path, b"old")

    def full(temporary: Path, data: bytes) -> None:
        temporary.write_bytes(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_synced", full)
    with pytest.raises(OSError) as caught:
        write_atomic(path, b"new")
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"] and path.read_bytes() == b"old"


@pytest.mark.parametrize("durable", [True, False])
def test_an_impossible_place_names_the_file(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "nowhere" / "a.bin"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomic(path, b"new", durable=durable)
    assert str(caught.value).endswith(repr(str(path)))


def test_leftovers_of_killed_writers_go(tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin"):
        temporary_sibling(tmp_path / name).write_bytes(b"half")
    (tmp_path / ".hidden").write_bytes(b"not ours")
    (tmp_path / "a.bin").write_bytes(b"whole")
    remove_temporaries(tmp_path, "a.bin")
    left = {p.name for p in tmp_path.iterdir()}
    assert len(left) == 3 and {"a.bin", ".hidden"} < left and any(n.startswith(".b.bin.tmp-") for n in left)
    remove_temporaries(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"a.bin", ".hidden"}
