"""Loads `schema.json` and checks what the emitters rely on."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

SCALARS = ("u8", "u16", "u32", "u64", "i32", "f32", "f64", "bool", "str", "sha256", "easing", "any")
ARRAY_TYPES = ("u8", "i8", "u16", "i16", "u32", "i32", "f32", "index")

Schema = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Type:
    """A parsed field type: `list<T>`, `map<T>`, a scalar or a struct, each perhaps optional (`?`)."""

    kind: str  # "list", "map", "struct", or a scalar's name
    item: Type | None = None
    struct: str = ""
    optional: bool = False


def parse_type(text: str, structs: Any) -> Type:
    """Parses a type such as `list<StateInfo>?`. Raises ValueError for an unknown name."""
    optional = text.endswith("?")
    text = text.removesuffix("?")
    generic = re.fullmatch(r"(list|map)<(.+)>", text)
    if generic:
        return Type(generic[1], item=parse_type(generic[2], structs), optional=optional)
    if text in SCALARS:
        return Type(text, optional=optional)
    if text in structs:
        return Type("struct", struct=text, optional=optional)
    raise ValueError(f"schema.json: unknown type {text!r}")


def class_name(name: str) -> str:
    """`BLOB_GET` or `set_weights` as a class is called: `BlobGet`, `SetWeights`."""
    return "".join(part.capitalize() for part in name.lower().split("_"))


def load(path: Path) -> Schema:
    """Reads the schema. Raises ValueError where it contradicts itself."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    structs = schema["structs"]
    groups = [*structs.values(), *schema["messages"].values(), *schema["commands"].values()]
    for group in groups + [{"fields": blob["header"]} for blob in schema["blobs"].values()]:
        names = [field["name"] for field in group["fields"]]
        if len(set(names)) != len(names):
            raise ValueError(f"schema.json: a field appears twice in {names}")
        for field in group["fields"]:
            parse_type(field["type"], structs)
    numbers = [message["number"] for message in schema["messages"].values()]
    if len(set(numbers)) != len(numbers):
        raise ValueError("schema.json: two messages share a number")
    for name, blob in schema["blobs"].items():
        for array in blob["arrays"]:
            unknown = [d for d in array["shape"] if isinstance(d, str) and d not in blob["dimensions"]]
            if unknown or array["type"] not in ARRAY_TYPES:
                raise ValueError(
                    f"schema.json: array {array['name']} of blob {name}: {unknown or array['type']}"
                )
    return schema


def easing_segments(curve: Schema) -> tuple[list[float], list[float]]:
    """Polynomial coefficients (lowest power first) below one half and from there on."""
    first = [float(c) for c in curve["first"]]
    return first, [float(c) for c in curve.get("second", first)]
