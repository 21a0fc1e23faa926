"""Python definitions: enums, constants and one dataclass a struct, message or command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .schema import Schema, Type, class_name, easing_segments, parse_type

PYTHON = {
    "bool": "bool", "any": "Any", "f32": "float", "f64": "float",
    "str": "str", "sha256": "str", "easing": "str",
}  # fmt: skip


def annotation(kind: Type) -> str:
    """The Python annotation of a field type."""
    if kind.kind == "struct":
        text = kind.struct
    elif kind.kind in ("list", "map"):
        assert kind.item is not None
        inner = annotation(kind.item)
        text = f"list[{inner}]" if kind.kind == "list" else f"dict[str, {inner}]"
    else:
        text = PYTHON.get(kind.kind, "int")
    return f"{text} | None" if kind.optional and text != "Any" else text


def _default(value: Any, kind: Type) -> str:
    if isinstance(value, (list, dict)):
        return f"field(default_factory={type(value).__name__})"
    if kind.kind in ("f32", "f64") and value is not None:
        return repr(float(value))
    return _literal(value)


def _literal(value: Any) -> str:
    return '"' + value.replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)


def _field_spec(f: Schema) -> str:
    return f"FieldSpec({_literal(f['name'])}, {_literal(f['type'])}, {'default' not in f})"


def _dataclass(name: str, group: Schema, structs: Schema, constants: list[str]) -> Iterator[str]:
    yield "@dataclass(slots=True, kw_only=True)"
    yield f"class {name}:"
    yield f'    """{group["doc"]}'
    documented = [f for f in group["fields"] if "doc" in f]
    if documented:
        yield ""
        yield from (f"    {f['name']}: {f['doc']}" for f in documented)
        yield '    """'
        yield ""
    else:
        yield '    """'
        yield ""
    yield from (f"    {line}" for line in constants)
    yield "    FIELDS: ClassVar[tuple[FieldSpec, ...]] = ("
    yield from (f"        {_field_spec(f)}," for f in group["fields"])
    yield "    )"
    for f in group["fields"]:
        kind = parse_type(f["type"], structs)
        suffix = "" if "default" not in f else f" = {_default(f['default'], kind)}"
        yield f"    {f['name']}: {annotation(kind)}{suffix}"
    yield ""
    yield ""


def _enum(name: str, base: str, doc: str, members: dict[str, int]) -> Iterator[str]:
    yield f"class {name}({base}):"
    yield f'    """{doc}"""'
    yield ""
    yield from (f"    {member} = {value}" for member, value in members.items())
    yield ""
    yield ""


def _constants(schema: Schema) -> Iterator[str]:
    frame = schema["frame"]
    yield f"PROTOCOL_VERSION = {schema['version']}"
    yield f"SUBPROTOCOL = {_literal(schema['subprotocol'])}"
    yield f"TOKEN_SUBPROTOCOL_PREFIX = {_literal(schema['token_subprotocol_prefix'])}"
    yield f"HEADER_SIZE = {schema['header']['size']}"
    yield f"FRAME_PREFIX_SIZE = {frame['prefix_size']}"
    yield f"FRAME_MAX_INTEGER = {frame['max_integer']}"
    yield f"BLOB_MAGIC = {schema['blob']['magic'].encode()!r}".replace("'", '"')
    yield f"BLOB_VERSION = {schema['blob']['version']}"
    yield f"BLOB_PREFIX_SIZE = {schema['blob']['prefix_size']}"
    yield "# Name -> half of the range that one field's i16 coefficients cover by default."
    yield "FRAME_RANGES: dict[str, float] = {"
    yield from (f"    {_literal(f['name'])}: {f['range']}," for f in frame["fields"])
    yield "}"
    yield "# Name -> polynomial (lowest power first) below one half, and from there on."
    yield "EASINGS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {"
    for name, curve in schema["easings"].items():
        first, second = easing_segments(curve)
        yield f"    {_literal(name)}: ({tuple(first)!r}, {tuple(second)!r}),"
    yield "}"
    yield ""
    yield ""


def _blobs(schema: Schema) -> Iterator[str]:
    yield "BLOBS: dict[str, BlobSpec] = {"
    for name, blob in schema["blobs"].items():
        yield f"    {_literal(name)}: BlobSpec("
        yield f"        name={_literal(name)},"
        yield f"        number={blob['number']},"
        yield "        dimensions={"
        yield from (
            f"            {_literal(d)}: {schema['limits'][limit]},"
            for d, limit in blob["dimensions"].items()
        )
        yield "        },"
        yield "        header=("
        yield from (f"            {_field_spec(f)}," for f in blob["header"])
        yield "        ),"
        yield "        arrays=("
        for array in blob["arrays"]:
            shape = ", ".join(_literal(d) for d in array["shape"]) + ("," if len(array["shape"]) == 1 else "")
            texts = ", ".join(_literal(array.get(key, "")) for key in ("name", "type", "of"))
            yield f"            ArraySpec({texts}, ({shape})),"
        yield "        ),"
        yield "    ),"
    yield "}"


def emit(schema: Schema) -> str:
    """The text of `emoga_protocol/messages.py`."""
    structs, messages, commands = schema["structs"], schema["messages"], schema["commands"]
    upper = {name.upper(): error["code"] for name, error in schema["errors"].items()}
    flags = {name: 1 << flag["bit"] for name, flag in schema["frame"]["flags"].items()}
    capabilities = {name: 1 << flag["bit"] for name, flag in schema["capabilities"].items()}
    lines = [
        "# Generated from protocol/schema.json by protocol/generate.py. Do not edit.",
        "# ruff: noqa: E501",
        "# fmt: off",
        '"""Definitions of the wire protocol: numbers, limits, message and blob layouts."""',
        "",
        "from __future__ import annotations",
        "",
        "from dataclasses import dataclass, field",
        "from enum import IntEnum, IntFlag",
        "from typing import Any, ClassVar",
        "",
        "from emoga_protocol.spec import ArraySpec, BlobSpec, FieldSpec",
        "",
        *_constants(schema),
        *_enum("MessageType", "IntEnum", "Message numbers.", {n: m["number"] for n, m in messages.items()}),
        *_enum("ErrorCode", "IntEnum", "Codes of ERROR and BYE.", upper),
        *_enum("Capability", "IntFlag", "Bits of HELLO and WELCOME.", capabilities),
        *_enum("FrameFlag", "IntFlag", "Bits in the header of FRAME.", flags),
        "class Limits:",
        '    """Bounds that every implementation checks before it allocates."""',
        "",
        *(f"    {name.upper()} = {value}" for name, value in schema["limits"].items()),
        "",
        "",
    ]
    for name, group in structs.items():
        lines += _dataclass(name, group, structs, [])
    for name, group in messages.items():
        low, high = group.get("buffers", (0, 0))
        constants = [
            f"TYPE: ClassVar[MessageType] = MessageType.{name}",
            f"BUFFERS: ClassVar[tuple[int, int]] = ({low}, {high})",
        ]
        lines += _dataclass(class_name(name), group, structs, constants)
    for name, group in commands.items():
        constants = [f"NAME: ClassVar[str] = {_literal(name)}"]
        lines += _dataclass(class_name(name) + "Command", group, structs, constants)
    lines.append("STRUCTS: dict[str, type] = {")
    lines += [f"    {_literal(name)}: {name}," for name in structs]
    lines += ["}", "", "MESSAGES: dict[int, type] = {"]
    lines += [f"    {m['number']}: {class_name(name)}," for name, m in messages.items()]
    lines += ["}", "", "COMMANDS: dict[str, type] = {"]
    lines += [f"    {_literal(name)}: {class_name(name)}Command," for name in commands]
    lines += ["}", "", *_blobs(schema), ""]
    return "\n".join(lines)
