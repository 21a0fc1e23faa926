"""Shapes of the tables in the generated definitions."""

from __future__ import annotations

from typing import NamedTuple


class FieldSpec(NamedTuple):
    """One field of a message: its name, its type as written in the schema, whether it must be there."""

    name: str
    type: str
    required: bool


class ArraySpec(NamedTuple):
    """One array of a blob. `of` names the dimension that decides the width of an `index` type."""

    name: str
    type: str
    of: str
    shape: tuple[str | int, ...]


class BlobSpec(NamedTuple):
    """Layout of a blob kind. `dimensions`: name -> largest value allowed."""

    name: str
    number: int
    dimensions: dict[str, int]
    header: tuple[FieldSpec, ...]
    arrays: tuple[ArraySpec, ...]
