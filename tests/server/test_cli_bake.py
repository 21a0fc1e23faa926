"""`emoga bake`."""

from __future__ import annotations

from typer.testing import CliRunner

from emoga_core.avatars import save_avatar
from emoga_core.errors import EmogaError
from emoga_core.heads import save_head
from emoga_server.baking import is_current
from emoga_server.cli import make_app


def bake(*arguments):
    return CliRunner().invoke(make_app(), ["bake", *map(str, arguments)])


def test_an_avatar_on_its_own_head_is_baked_once(tiny_avatar, tmp_path):
    path, head = tmp_path / "tiny.emoga", tmp_path / "head.safetensors"
    save_avatar(tiny_avatar, path)
    save_head(tiny_avatar.head, head)
    done = bake(path, "--head", head)
    assert done.exit_code == 0 and "baked" in done.output
    assert is_current(path)
    assert "ready to serve" in bake(path).output


def test_without_its_head_it_says_which_option_helps(tiny_avatar, tmp_path):
    path = tmp_path / "tiny.emoga"
    save_avatar(tiny_avatar, path)
    done = bake(path)
    assert isinstance(done.exception, EmogaError) and "--head" in str(done.exception)


def test_no_avatar_there(tmp_path):
    assert isinstance(bake(tmp_path / "none.emoga").exception, EmogaError)
