"""What a prompt was understood to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from emoga_core.edit.prompts.errors import PromptError
from emoga_core.facs import ACTION_UNIT_NAMES, unit_label

_NAMED = 8


@dataclass(frozen=True)
class PromptReading:
    """A prompt as Action Units.

    Attributes:
        text: the prompt, with its white space tidied.
        action_units: unit -> activation in (0, 1], in order of the units; numbers as in `emoga_core.facs`
            (100 + n and 200 + n: left or right side alone).
        damped: units that the text negates ("no brow raise"); none of them is in `action_units`.
        unknown: words that mean nothing to this reader, as they were written, in order.
        words: (words of the prompt, what they did), in order; for people.
        valence, arousal: in [-1, 1] (Russell's circumplex); (0, 0) when no emotion is named.
        notes: contradictions and how they were settled; for people.
    """

    text: str
    action_units: Mapping[int, float]
    damped: frozenset[int] = frozenset()
    unknown: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    valence: float = 0.0
    arousal: float = 0.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ordered = {unit: float(self.action_units[unit]) for unit in sorted(self.action_units)}
        object.__setattr__(self, "action_units", MappingProxyType(ordered))

    def describe(self) -> str:
        """One line for people: "read as: AU 6 0.4 (cheek raiser), AU 12 0.5 (lip corner puller)".

        Of many units the strongest eight are named.
        """
        strongest = sorted(self.action_units, key=lambda unit: -self.action_units[unit])[:_NAMED]
        units = [
            f"AU {unit_label(unit)} {amount:.2g} ({ACTION_UNIT_NAMES[unit]})"
            for unit, amount in self.action_units.items()
            if unit in strongest
        ]
        if weaker := len(self.action_units) - len(strongest):
            units.append(f"{weaker} weaker")
        parts = ["read as: " + ", ".join(units) if units else "read as: no facial action"]
        if self.damped:
            parts.append("without AU " + ", ".join(unit_label(unit) for unit in sorted(self.damped)))
        if self.unknown:
            parts.append("not understood: " + ", ".join(self.unknown))
        return "; ".join([*parts, *self.notes])

    def scaled(self, intensity: float) -> PromptReading:
        """The same reading with activations times `intensity` >= 0, limited to 1; valence and arousal too."""
        if not 0 <= intensity < float("inf"):
            raise PromptError(f"intensity {intensity} is not a finite number from 0 up")
        units = {unit: min(1.0, amount * intensity) for unit, amount in self.action_units.items()}
        return replace(
            self,
            action_units={unit: amount for unit, amount in units.items() if amount > 0},
            valence=max(-1.0, min(1.0, self.valence * intensity)),
            arousal=max(-1.0, min(1.0, self.arousal * intensity)),
        )

    def __reduce__(self) -> tuple:
        # A read-only view cannot be pickled; workers are sent readings.
        return type(self), (
            self.text, dict(self.action_units), self.damped, self.unknown, self.words, self.valence,
            self.arousal, self.notes,
        )  # fmt: skip
