"""JavaScript definitions: frozen tables in one ES module."""

from __future__ import annotations

import json
from typing import Any

from .schema import Schema, easing_segments


def _table(name: str, doc: str, value: Any) -> list[str]:
    body = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    if len(body) > 100 and isinstance(value, dict):
        rows = ",\n".join(
            f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False, separators=(', ', ': '))}"
            for k, v in value.items()
        )
        body = "{\n" + rows + ",\n}"
    return [f"/** {doc} */", f"export const {name} = freeze({body});", ""]


def _fields(fields: list[Schema]) -> list[Schema]:
    return [{k: f[k] for k in ("name", "type", "default") if k in f} for f in fields]


def emit(schema: Schema) -> str:
    """The text of `web/protocol/messages.js`."""
    frame, blob = schema["frame"], schema["blob"]
    messages = {
        str(m["number"]): {
            "name": name,
            "binary": m.get("binary", False),
            "buffers": m.get("buffers", [0, 0]),
            "fields": _fields(m["fields"]),
        }
        for name, m in schema["messages"].items()
    }
    blobs = {
        name: {
            "number": b["number"],
            "dimensions": {d: schema["limits"][limit] for d, limit in b["dimensions"].items()},
            "header": _fields(b["header"]),
            "arrays": [{k: a[k] for k in ("name", "type", "of", "shape") if k in a} for a in b["arrays"]],
        }
        for name, b in schema["blobs"].items()
    }
    lines = [
        "// Generated from protocol/schema.json by protocol/generate.py. Do not edit.",
        "// Definitions of the wire protocol: numbers, limits, message and blob layouts.",
        "",
        "function freeze(value) {",
        "  if (value !== null && typeof value === 'object') {",
        "    for (const item of Object.values(value)) freeze(item);",
        "    Object.freeze(value);",
        "  }",
        "  return value;",
        "}",
        "",
        f"export const PROTOCOL_VERSION = {schema['version']};",
        f"export const SUBPROTOCOL = {json.dumps(schema['subprotocol'])};",
        f"export const TOKEN_SUBPROTOCOL_PREFIX = {json.dumps(schema['token_subprotocol_prefix'])};",
        f"export const HEADER_SIZE = {schema['header']['size']};",
        f"export const FRAME_PREFIX_SIZE = {frame['prefix_size']};",
        f"export const FRAME_MAX_INTEGER = {frame['max_integer']};",
        f"export const BLOB_MAGIC = {json.dumps(blob['magic'])};",
        f"export const BLOB_VERSION = {blob['version']};",
        f"export const BLOB_PREFIX_SIZE = {blob['prefix_size']};",
        "",
        *_table("MessageType", "Message numbers.", {n: m["number"] for n, m in schema["messages"].items()}),
        *_table(
            "ErrorCode",
            "Codes of ERROR and BYE.",
            {n.upper(): e["code"] for n, e in schema["errors"].items()},
        ),
        *_table(
            "Capability",
            "Bits of HELLO and WELCOME.",
            {n: 1 << c["bit"] for n, c in schema["capabilities"].items()},
        ),
        *_table(
            "FrameFlag", "Bits in the header of FRAME.", {n: 1 << f["bit"] for n, f in frame["flags"].items()}
        ),
        *_table(
            "Limits",
            "Bounds that every implementation checks before it allocates.",
            {name.upper(): value for name, value in schema["limits"].items()},
        ),
        *_table(
            "EASINGS",
            "Name -> polynomial (lowest power first) below one half, and from there on.",
            {name: easing_segments(curve) for name, curve in schema["easings"].items()},
        ),
        *_table(
            "STRUCTS", "Name -> fields.", {n: _fields(s["fields"]) for n, s in schema["structs"].items()}
        ),
        *_table("MESSAGES", "Number -> name, raw buffers allowed, fields.", messages),
        *_table(
            "COMMANDS", "Name -> arguments.", {n: _fields(c["fields"]) for n, c in schema["commands"].items()}
        ),
        *_table("BLOBS", "Kind -> dimensions (with their bounds), header fields, arrays.", blobs),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"
