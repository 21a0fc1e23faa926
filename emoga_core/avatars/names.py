"""Names of emotion states and motions: they are also file names and travel over the wire."""

from __future__ import annotations

import re
import unicodedata

from emoga_core.avatars.errors import AvatarError

MAX_LENGTH = 48
NEUTRAL = "neutral"
"""The origin: what an avatar shows when every weight is zero. No state may have this name."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
# File names that Windows keeps for devices.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{n}" for kind in ("com", "lpt") for n in range(10))}


def check_name(name: object, what: str = "state") -> str:
    """Returns `name` when it is allowed.

    Allowed: 1 to 48 lower-case letters a-z, digits, inner hyphens and underscores; not "neutral".

    Raises:
        AvatarError: otherwise.
    """
    valid = isinstance(name, str) and len(name) <= MAX_LENGTH and _NAME.fullmatch(name) is not None
    if not isinstance(name, str) or not valid or name in _DEVICES:
        raise AvatarError(
            f"{what} name {str(name)[:60]!r} is not allowed; "
            f"use up to {MAX_LENGTH} letters a-z, digits, '-' and '_'"
        )
    if name == NEUTRAL:
        raise AvatarError(f"a {what} cannot be called 'neutral': neutral is what shows when no emotion does")
    return name


def name_from_text(text: str, what: str = "state") -> str:
    """A name made of free text: "Très surprised!" -> "tres-surprised".

    Raises:
        AvatarError: nothing usable is left.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return check_name(re.sub(r"[^a-z0-9_]+", "-", plain)[:MAX_LENGTH].strip("-_"), what)
