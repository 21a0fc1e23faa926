"""C# 8 definitions (netstandard2.1, no engine references): enums, constants, a class for each message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from .schema import Schema, Type, class_name, easing_segments, parse_type

CSHARP = {
    "u8": "byte", "u16": "ushort", "u32": "uint", "u64": "ulong", "i32": "int",
    "f32": "float", "f64": "double", "bool": "bool", "any": "object",
    "str": "string", "sha256": "string", "easing": "string",
}  # fmt: skip
REFERENCES = ("string", "object")


def type_name(kind: Type) -> str:
    """The C# type of a field."""
    if kind.kind in ("list", "map"):
        assert kind.item is not None
        inner = type_name(kind.item)
        return f"{inner}[]" if kind.kind == "list" else f"Dictionary<string, {inner}>"
    if kind.kind == "struct":
        return kind.struct
    name = CSHARP[kind.kind]
    return f"{name}?" if kind.optional and name not in REFERENCES else name


def _initializer(value: Any, kind: Type) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        assert kind.item is not None
        return f" = new {type_name(kind.item)}[0]"
    if isinstance(value, dict):
        return f" = new {type_name(kind)}()"
    if isinstance(value, str):
        return f' = "{value}"'
    if isinstance(value, bool):
        return f" = {str(value).lower()}"
    return f" = {value}f" if kind.kind == "f32" else f" = {value}"


def _summary(text: str, indent: str) -> str:
    return f"{indent}/// <summary>{escape(text)}</summary>"


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _class(name: str, group: Schema, structs: Schema, constants: list[str]) -> Iterator[str]:
    yield _summary(group["doc"], "    ")
    yield f"    public sealed class {name}"
    yield "    {"
    yield from (f"        {line}" for line in constants)
    for f in group["fields"]:
        kind = parse_type(f["type"], structs)
        if "doc" in f:
            yield _summary(f["doc"], "        ")
        yield f"        public {type_name(kind)} {_pascal(f['name'])}{_initializer(f.get('default'), kind)};"
    yield "    }"
    yield ""


def _enum(
    name: str, base: str, doc: str, members: dict[str, tuple[int, str]], flags: bool = False
) -> Iterator[str]:
    yield _summary(doc, "    ")
    if flags:
        yield "    [Flags]"
    yield f"    public enum {name} : {base}"
    yield "    {"
    if flags:
        yield "        None = 0,"
    for member, (value, text) in members.items():
        yield _summary(text, "        ")
        yield f"        {member} = {value},"
    yield "    }"
    yield ""


def _easings(schema: Schema) -> Iterator[str]:
    yield _summary(
        "Easing curves: polynomials, lowest power first, below one half and from there on.", "    "
    )
    yield "    public static class Easings"
    yield "    {"
    pair = "<string, (double[] First, double[] Second)>"
    yield f"        public static readonly IReadOnlyDictionary{pair} Curves ="
    yield f"            new Dictionary{pair}"
    yield "            {"
    for name, curve in schema["easings"].items():
        first, second = (", ".join(f"{c:g}" for c in segment) for segment in easing_segments(curve))
        yield f'                ["{name}"] = (new double[] {{ {first} }}, new double[] {{ {second} }}),'
    yield "            };"
    yield "    }"
    yield ""


def _blobs(schema: Schema) -> Iterator[str]:
    yield _summary(
        "One array of a blob: its element type and its shape (numbers or names of dimensions).", "    "
    )
    yield "    public readonly struct BlobArray"
    yield "    {"
    yield "        public readonly string Name, Type, IndexOf;"
    yield "        public readonly string[] Shape;"
    yield "        public BlobArray(string name, string type, string indexOf, params string[] shape)"
    yield "        {"
    yield "            Name = name; Type = type; IndexOf = indexOf; Shape = shape;"
    yield "        }"
    yield "    }"
    yield ""
    for name, blob in schema["blobs"].items():
        yield _summary(blob["doc"], "    ")
        yield f"    public static class {_pascal(name)}Blob"
        yield "    {"
        yield f'        public const string Kind = "{name}";'
        yield f"        public const byte Number = {blob['number']};"
        yield "        public static readonly IReadOnlyDictionary<string, uint> Limits ="
        yield "            new Dictionary<string, uint>"
        yield "        {"
        yield from (
            f'            ["{d}"] = {schema["limits"][limit]},' for d, limit in blob["dimensions"].items()
        )
        yield "        };"
        yield "        public static readonly BlobArray[] Arrays ="
        yield "        {"
        for a in blob["arrays"]:
            shape = ", ".join(f'"{d}"' for d in a["shape"])
            yield f'            new BlobArray("{a["name"]}", "{a["type"]}", "{a.get("of", "")}", {shape}),'
        yield "        };"
        yield "    }"
        yield ""


def emit(schema: Schema) -> str:
    """The text of `Runtime/Core/Messages.g.cs`."""
    structs, frame, blob = schema["structs"], schema["frame"], schema["blob"]
    lines = [
        "// Generated from protocol/schema.json by protocol/generate.py. Do not edit.",
        "#nullable disable",
        "using System;",
        "using System.Collections.Generic;",
        "",
        "namespace Emoga.Protocol",
        "{",
        _summary("Numbers that fix the layout of messages and blobs.", "    "),
        "    public static class Wire",
        "    {",
        f"        public const byte Version = {schema['version']};",
        f'        public const string Subprotocol = "{schema["subprotocol"]}";',
        f'        public const string TokenSubprotocolPrefix = "{schema["token_subprotocol_prefix"]}";',
        f"        public const int HeaderSize = {schema['header']['size']};",
        f"        public const int FramePrefixSize = {frame['prefix_size']};",
        f"        public const int FrameMaxInteger = {frame['max_integer']};",
        f'        public const string BlobMagic = "{blob["magic"]}";',
        f"        public const byte BlobVersion = {blob['version']};",
        f"        public const int BlobPrefixSize = {blob['prefix_size']};",
        "    }",
        "",
        _summary("Bounds that every implementation checks before it allocates.", "    "),
        "    public static class Limits",
        "    {",
        *(f"        public const int {_pascal(name)} = {value};" for name, value in schema["limits"].items()),
        "    }",
        "",
    ]
    numbers = {class_name(n): (m["number"], m["doc"]) for n, m in schema["messages"].items()}
    lines += _enum("MessageType", "byte", "Message numbers.", numbers)
    errors = {class_name(n): (e["code"], e["doc"]) for n, e in schema["errors"].items()}
    lines += _enum("ErrorCode", "ushort", "Codes of ERROR and BYE.", errors)
    bits = {class_name(n): (1 << c["bit"], c["doc"]) for n, c in schema["capabilities"].items()}
    lines += _enum("Capabilities", "uint", "Bits of HELLO and WELCOME.", bits, flags=True)
    bits = {class_name(n): (1 << f["bit"], f["doc"]) for n, f in frame["flags"].items()}
    lines += _enum("FrameFlags", "ushort", "Bits in the header of FRAME.", bits, flags=True)
    lines += _easings(schema)
    for name, group in structs.items():
        lines += _class(name, group, structs, [])
    for name, group in schema["messages"].items():
        constant = f"public const MessageType Type = MessageType.{class_name(name)};"
        lines += _class(class_name(name) + "Message", group, structs, [constant])
    for name, group in schema["commands"].items():
        constant = f'public const string CommandName = "{name}";'
        lines += _class(class_name(name) + "Command", group, structs, [constant])
    lines += _blobs(schema)
    if not lines[-1]:
        lines.pop()
    return "\n".join([*lines, "}", ""])
