"""The rows of the table: the optimiser in full, with parts of it left out, and what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from emoga_core.avatars import EmotionState
from emoga_core.edit.skin_tone import harmonise
from emoga_core.evaluate.cases import Case
from emoga_core.evaluate.errors import EvaluateError
from emoga_core.optimize import OptimizeOptions, Target, optimize_emotion


@dataclass(frozen=True)
class Variant:
    """One way to make an emotion from the edits of a case.

    Attributes:
        title: for people. options: what differs from the defaults of `OptimizeOptions`.
        tone: harmonise the skin's tone first. prior: give the optimiser the reading of the prompt, as start
            and as prior. sh_only: on an avatar with plain SH colours.
    """

    title: str
    options: Mapping[str, Any] = field(default_factory=dict)
    tone: bool = True
    prior: bool = True
    sh_only: bool = False


VARIANTS: dict[str, Variant] = {
    "full": Variant("full"),
    "geometry": Variant("geometry only", {"texture": False}),
    "texture": Variant("texture only", {"geometry": False}),
    "no_weights": Variant("no estimated weights", {"weights": False}),
    "no_amplitudes": Variant("no amplitudes", {"amplitudes": False}),
    "no_calibration": Variant("no calibration", {"calibration": False}),
    "no_sharpness": Variant("no estimated blur", {"sharpness": False}),
    "no_tone": Variant("no skin-tone matching", tone=False),
    "no_prior": Variant("no prior", {"prior": False}, prior=False),
    "sh": Variant("SH instead of Colour MLP", sh_only=True),
    "thesis": Variant("thesis method", {"method": "thesis"}, tone=False, prior=False),
}
"""`geometry` stands in for EMOTE, which moves geometry alone. The thesis matches no tones and reads no
prompt."""


@dataclass(frozen=True)
class Outcome:
    """An emotion that a variant made.

    Attributes:
        amplitudes: estimated strength of each edit, in the order of `Case.edits`. report: of the optimiser.
    """

    state: EmotionState
    amplitudes: tuple[float, ...]
    weights: tuple[float, ...]
    report: dict[str, Any]


def variant(name: str) -> Variant:
    """The variant of that name.

    Raises: EvaluateError when there is none.
    """
    if name not in VARIANTS:
        raise EvaluateError(f"method {name!r} is unknown; choose among {', '.join(VARIANTS)}")
    return VARIANTS[name]


def toned_edits(case: Case) -> list[torch.Tensor]:
    """The edits of a case with the skin's tone harmonised to their consensus."""
    columns = [(s.edit.numpy(), s.neutral.numpy(), s.skin.numpy(), s.mask.numpy()) for s in case.edits]
    images, neutrals, skins, masks = zip(*columns, strict=True)
    views = [shot.view_id for shot in case.edits]
    toned = harmonise(images, neutrals, skins, towards="consensus", where=masks, groups=views)
    return [torch.from_numpy(image) for image in toned]


def targets_of(case: Case, tone: bool) -> list[Target]:
    """What the optimiser is shown."""
    edits = toned_edits(case) if tone else [shot.edit for shot in case.edits]
    return [
        Target(
            frame=shot.frame,
            camera=shot.camera,
            image=image,
            neutral=shot.neutral,
            mask=shot.mask,
            frontal=shot.frontal,
            weight=shot.weight,
            frame_id=shot.frame_id,
            view_id=shot.view_id,
        )
        for shot, image in zip(case.edits, edits, strict=True)
    ]


def optimise(case: Case, chosen: Variant, steps: int | None, seed: int) -> Outcome:
    """Runs the optimiser on the edits of a case.

    Args:
        steps: None: as many as the method takes by itself.
    """
    options = OptimizeOptions(**{"steps": steps, "seed": seed, **chosen.options})
    told = (case.start, case.start_jaw, case.start) if chosen.prior else (None, None, None)
    result = optimize_emotion(
        case.avatar,
        case.emotion,
        targets_of(case, chosen.tone),
        options,
        start_expression=told[0],
        start_jaw=told[1],
        prior_expression=told[2],
    )
    return Outcome(result.state, result.amplitudes, result.weights, result.report)
