"""The pieces of an evaluation: each is computed once, kept on disk, and can run in a process of its own."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoga_core.avatars import Avatar, EmotionState
from emoga_core.evaluate.cases import Case, make_case
from emoga_core.evaluate.measure import (
    geometry_of,
    measure_edits,
    measure_neutral,
    measure_pictures,
    measure_state,
    render_state,
)
from emoga_core.evaluate.metrics import correlation
from emoga_core.evaluate.people import Person, source_hash
from emoga_core.evaluate.variants import Outcome, optimise, variant
from emoga_core.files import write_atomic

PERFECT, GUIDED = "perfect", "guided"
EDITS, NEUTRAL = "edits", "neutral"
"""Variants that make nothing: the raw edits themselves, and the avatar without emotion."""


@dataclass(frozen=True)
class Task:
    """One variant of one case.

    Attributes:
        level: of `corruption.LEVELS`, or "guided": edits by the editor of that name instead.
        variant: of `variants.VARIANTS`, "edits" or "neutral".
        steps: of the optimiser; None: its own.
    """

    person: Person
    emotion: str
    level: str
    variant: str
    steps: int | None = None
    seed: int = 0

    @property
    def case(self) -> tuple[str, str]:
        """Subject and emotion."""
        return self.person.name, self.emotion

    @property
    def wearer(self) -> Person:
        """The subject with the avatar that the variant needs."""
        made = self.variant not in (EDITS, NEUTRAL) and variant(self.variant).sh_only
        return replace(self.person, sh_only=made)

    def path(self, code: str) -> Path:
        """Where its result is kept, for code of that hash."""
        wearer = self.wearer
        facts = (code, wearer.avatar_path.name, wearer.layout, self.steps, self.seed)
        digest = hashlib.sha256(repr(facts).encode())
        name = f"{self.person.name}-{self.emotion}-{self.level}-{self.variant}-{digest.hexdigest()[:12]}"
        return self.person.cache / "evaluate" / "results" / f"{name}.json"


def code_hash() -> str:
    """Of everything that decides results: the sources of this package's product."""
    return source_hash(Path(__file__).parents[1])


def finished(task: Task, code: str) -> dict[str, Any] | None:
    """The result of a task that was done before, or None."""
    try:
        return json.loads(task.path(code).read_bytes())
    except (OSError, ValueError):
        return None


def run_task(task: Task, code: str) -> dict[str, Any]:
    """Computes a task, or reads what it came to before.

    Returns: {"figures": name -> number, "report": of the optimiser}, as JSON has it.
    """
    known = finished(task, code)
    if known is not None:
        return known
    begun = time.perf_counter()
    result = _run(task, code)
    result["total_seconds"] = time.perf_counter() - begun
    path = task.path(code)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(result, allow_nan=True).encode(), durable=False)
    return result


def _run(task: Task, code: str) -> dict[str, Any]:
    case = load_case(task)
    if task.variant == EDITS:
        return {"figures": measure_edits(case)}
    if task.variant == NEUTRAL:
        return {"figures": measure_neutral(case)}
    begun = time.perf_counter()
    if task.level == GUIDED:
        outcome = _guided(case, task)
    else:
        outcome = optimise(case, variant(task.variant), task.steps, task.seed)
    seconds = time.perf_counter() - begun
    figures = measure_state(case, outcome.state) | {"seconds": seconds}
    if outcome.amplitudes and task.level != GUIDED:
        true = [shot.fault.amplitude for shot in case.edits]
        figures["amplitude_correlation"] = correlation(outcome.amplitudes, true)
        figures["neutral_weight"] = _neutral_weight(case, outcome)
    if task.variant == "full":
        # The part of the full emotion that geometry carries, beside the run with geometry alone.
        shown = render_state(case.avatar, geometry_of(case.avatar, outcome.state), case.unseen)
        part = measure_pictures(case.unseen, shown, case.avatar.head.num_triangles)
        figures["geometry_part_psnr_db"] = part["psnr_db"]
    save_state(task.path(code).with_suffix(".npz"), outcome.state)
    return {
        "figures": figures,
        "amplitudes": list(outcome.amplitudes),
        "weights": list(outcome.weights),
        "report": outcome.report,
    }


def _neutral_weight(case: Case, outcome: Outcome) -> float:
    """Mean estimated weight of the edits that were left neutral, over that of the others."""
    left = [w for w, shot in zip(outcome.weights, case.edits, strict=True) if shot.fault.neutral]
    others = [w for w, shot in zip(outcome.weights, case.edits, strict=True) if not shot.fault.neutral]
    return float(np.mean(left) / np.mean(others)) if left and others else float("nan")


def _guided(case: Case, task: Task) -> Outcome:
    """The product's whole chain, from the prompt on, with the editor `guided`."""
    from emoga_core.emote import EmotionRequest, make_emotion
    from emoga_core.evaluate.benchmark import PROMPTS

    request = EmotionRequest(
        prompt=PROMPTS[task.emotion],
        name=task.emotion,
        editor=GUIDED,
        views=len(task.person.layout.edit_angles),
        frames=len(task.person.layout.edit_frames),
        size=task.person.size,
        steps=task.steps,
        seed=task.seed,
    )
    made = make_emotion(case.avatar, request)
    return Outcome(made.state, (), (), made.report)


def load_case(task: Task) -> Case:
    """The case of a task; the last one is remembered."""
    level = PERFECT if task.level == GUIDED else task.level
    return _case(task.wearer, task.emotion, level, task.seed)


@functools.lru_cache(maxsize=2)
def _avatar(person: Person) -> Avatar:
    return person.avatar()


@functools.lru_cache(maxsize=1)
def _case(person: Person, emotion: str, level: str, seed: int) -> Case:
    return make_case(_avatar(person), person, emotion, level, seed)


_TENSORS = ("embedding", "latent_indices", "latent_values", "expression", "jaw")


def save_state(path: Path, state: EmotionState) -> None:
    """Keeps an emotion for the contact sheet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    np.savez(
        stream,
        embedding=state.embedding.numpy(),
        latent_indices=state.latent_indices.numpy(),
        latent_values=state.latent_values.numpy(),
        expression=state.expression.numpy(),
        jaw=state.jaw.numpy(),
    )
    write_atomic(path, stream.getvalue(), durable=False)


def load_state(path: Path, name: str) -> EmotionState:
    """What `save_state` kept."""
    with np.load(path, allow_pickle=False) as table:
        embedding, indices, values, expression, jaw = (torch.from_numpy(table[key]) for key in _TENSORS)
    return EmotionState(name, embedding, indices, values, expression, jaw)


def open_worker(threads: int) -> None:
    """Prepares a worker process that shares the machine with others."""
    import numba

    from emoga_core.evaluate.truth import calm_worker

    calm_worker()
    torch.set_num_threads(threads)
    numba.set_num_threads(min(threads, numba.get_num_threads()))


def unfinished(tasks: Iterable[Task], code: str) -> list[Task]:
    """Those whose results are not there yet."""
    return [task for task in tasks if finished(task, code) is None]
