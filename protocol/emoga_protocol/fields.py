"""Field types of the schema: parsing their names, checking values in both directions."""

from __future__ import annotations

import functools
import math
import re
from typing import Any, NamedTuple

from emoga_protocol.errors import ProtocolError
from emoga_protocol.messages import EASINGS, STRUCTS, Limits
from emoga_protocol.spec import FieldSpec

_INTEGERS = {
    "u8": (0, 2**8),
    "u16": (0, 2**16),
    "u32": (0, 2**32),
    "u64": (0, 2**53),
    "i32": (-(2**31), 2**31),
}
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FieldType(NamedTuple):
    """`kind` is "list", "map", "struct" or a scalar's name."""

    kind: str
    item: FieldType | None
    optional: bool


@functools.cache
def parse_type(text: str) -> FieldType:
    """Parses a schema type such as `list<StateInfo>?`."""
    optional = text.endswith("?")
    text = text.removesuffix("?")
    if match := re.fullmatch(r"(list|map)<(.+)>", text):
        return FieldType(match[1], parse_type(match[2]), optional)
    return FieldType(text, None, optional)


def to_wire(value: Any, kind: FieldType, where: str) -> Any:
    """The msgpack-ready form of a field's value; raises ProtocolError where it does not fit its type."""
    if value is not None and kind.kind in STRUCTS:
        if not isinstance(value, STRUCTS[kind.kind]):
            raise ProtocolError(f"{where}: expected {kind.kind}, got {type(value).__name__}")
        return struct_to_wire(value, where)
    return _checked(value, kind, where, to_wire)


def from_wire(value: Any, kind: FieldType, where: str) -> Any:
    """The Python value of a decoded field; raises ProtocolError where it does not fit its type."""
    if value is not None and kind.kind in STRUCTS:
        return struct_from_wire(STRUCTS[kind.kind], value, where)
    return _checked(value, kind, where, from_wire)


def struct_to_wire(value: Any, where: str) -> dict[str, Any]:
    """The map of a generated dataclass. Fields that are None are written as nil."""
    fields: tuple[FieldSpec, ...] = value.FIELDS
    return {
        name: to_wire(getattr(value, name), parse_type(kind), f"{where}.{name}") for name, kind, _ in fields
    }


def struct_from_wire(cls: Any, value: Any, where: str) -> Any:
    """Builds a generated dataclass from a map. Unknown keys are ignored: later fields break nothing."""
    if not isinstance(value, dict):
        raise ProtocolError(f"{where}: expected a map, got {_name(value)}")
    arguments = {}
    fields: tuple[FieldSpec, ...] = cls.FIELDS
    for name, kind, required in fields:
        if name in value:
            arguments[name] = from_wire(value[name], parse_type(kind), f"{where}.{name}")
        elif required:
            raise ProtocolError(f"{where}: field {name!r} is missing")
    return cls(**arguments)


def check_depth(value: Any, where: str, depth: int = 0) -> None:
    """Raises ProtocolError for a tree that is nested too deeply or holds what is not JSON-like."""
    if depth > Limits.MAX_DEPTH:
        raise ProtocolError(f"{where}: nested more than {Limits.MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ProtocolError(f"{where}: map keys must be strings")
            check_depth(item, where, depth + 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_depth(item, where, depth + 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ProtocolError(f"{where}: {value} is not a finite number")
    elif not (value is None or isinstance(value, (bool, int, str))):
        raise ProtocolError(f"{where}: values of type {_name(value)} are not allowed")


def _checked(value: Any, kind: FieldType, where: str, convert: Any) -> Any:
    if value is None and (kind.optional or kind.kind == "any"):
        return None
    name = kind.kind
    if name in _INTEGERS:
        low, high = _INTEGERS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value < high:
            raise ProtocolError(f"{where}: expected {name}, got {_show(value)}")
        return int(value)
    if name in ("f32", "f64"):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
            raise ProtocolError(f"{where}: expected a finite number, got {_show(value)}")
        return float(value)
    if name == "bool":
        if not isinstance(value, bool):
            raise ProtocolError(f"{where}: expected true or false, got {_show(value)}")
        return value
    if name == "list":
        if not isinstance(value, (list, tuple)) or len(value) > Limits.MAX_ITEMS:
            raise ProtocolError(f"{where}: expected a list of at most {Limits.MAX_ITEMS}, got {_show(value)}")
        return [convert(item, kind.item, f"{where}[{i}]") for i, item in enumerate(value)]
    if name == "map":
        if not isinstance(value, dict) or len(value) > Limits.MAX_ITEMS:
            raise ProtocolError(f"{where}: expected a map of at most {Limits.MAX_ITEMS}, got {_show(value)}")
        if not all(isinstance(key, str) for key in value):
            raise ProtocolError(f"{where}: map keys must be strings")
        return {key: convert(item, kind.item, f"{where}[{key!r}]") for key, item in value.items()}
    if name == "any":
        check_depth(value, where)
        return value
    return _checked_text(value, name, where)


def _checked_text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str):
        raise ProtocolError(f"{where}: expected text, got {_show(value)}")
    if name == "sha256" and not _SHA256.fullmatch(value):
        raise ProtocolError(f"{where}: expected 64 lower-case hex digits, got {_show(value)}")
    if name == "easing" and value not in EASINGS:
        raise ProtocolError(f"{where}: unknown easing {_show(value)}; known: {', '.join(EASINGS)}")
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond the range of float
        return False


def _name(value: Any) -> str:
    return type(value).__name__


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
