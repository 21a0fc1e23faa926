"""The installed version of the product."""

from __future__ import annotations

from importlib import metadata


def _installed() -> str:
    try:
        return metadata.version("emoga")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "0"


VERSION = _installed()
