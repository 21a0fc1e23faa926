"""The generated definitions belong to the schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from emoga_protocol import messages
from emoga_protocol.fields import parse_type

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "protocol"


@pytest.fixture
def generate(monkeypatch):
    """The generator as a module."""
    monkeypatch.syspath_prepend(str(PROTOCOL))
    import generate

    yield generate
    for name in [name for name in sys.modules if name.split(".")[0] in ("generate", "generator")]:
        del sys.modules[name]


def test_committed_files_are_what_the_schema_generates():
    script = PROTOCOL / "generate.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_drift_is_noticed_and_named(generate, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    targets = {tmp_path / path.name: emit for path, emit in generate.TARGETS.items()}
    monkeypatch.setattr(generate, "TARGETS", targets)
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    capsys.readouterr()
    path = tmp_path / "messages.js"
    path.write_text(path.read_text().replace('"FRAME": 8', '"FRAME": 80'))
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.strip() == "differs from the schema: messages.js"


def test_a_contradictory_schema_is_refused(generate, tmp_path):
    from generator import schema

    definition = json.loads((PROTOCOL / "schema.json").read_text())
    definition["messages"]["PING"]["number"] = 1
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(definition))
    with pytest.raises(ValueError, match="share a number"):
        schema.load(path)
    definition["messages"]["PING"] = {"number": 14, "fields": [{"name": "time", "type": "u65"}]}
    path.write_text(json.dumps(definition))
    with pytest.raises(ValueError, match="u65"):
        schema.load(path)


def test_every_field_type_is_understood():
    groups = [*messages.STRUCTS.values(), *messages.MESSAGES.values(), *messages.COMMANDS.values()]
    scalars = {"u8", "u16", "u32", "u64", "i32", "f32", "f64", "bool", "str", "sha256", "easing", "any"}
    for group in groups:
        for field in group.FIELDS:
            kind = parse_type(field.type)
            while kind.item is not None:
                kind = kind.item
            assert kind.kind in scalars | set(messages.STRUCTS)
