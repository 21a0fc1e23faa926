"""Writes the Python, JavaScript and C# definitions of the wire protocol from `schema.json`.

python protocol/generate.py           writes the three files
python protocol/generate.py --check   exits 1, naming the files, where one differs from what it would write
"""

from __future__ import annotations

import sys
from pathlib import Path

from generator import csharp, javascript, python, schema

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {
    ROOT / "protocol/emoga_protocol/messages.py": python.emit,
    ROOT / "server/emoga_server/web/protocol/messages.js": javascript.emit,
    ROOT / "unity_client/Runtime/Core/Messages.g.cs": csharp.emit,
}


def main(arguments: list[str]) -> int:
    """Writes or checks every target; returns the exit status."""
    if arguments not in ([], ["--check"]):
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    definition = schema.load(Path(__file__).with_name("schema.json"))
    stale = []
    for path, emit in TARGETS.items():
        text = emit(definition)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    for path in stale:
        print(f"{'differs from the schema' if arguments else 'wrote'}: {path}")
    return 1 if stale and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
