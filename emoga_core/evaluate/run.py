"""Runs an evaluation: captures, avatars, pictures of the truth, then every variant of every case."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from emoga_core.captures.studio import EMOTIONS, find_subject
from emoga_core.evaluate.benchmark import STANDARD, SUBJECTS, Layout
from emoga_core.evaluate.cases import needed_stills
from emoga_core.evaluate.corruption import LEVELS
from emoga_core.evaluate.errors import EvaluateError, EvaluateInterrupted
from emoga_core.evaluate.people import Person
from emoga_core.evaluate.tasks import (
    EDITS,
    GUIDED,
    NEUTRAL,
    PERFECT,
    Task,
    code_hash,
    finished,
    open_worker,
    run_task,
    unfinished,
)
from emoga_core.evaluate.truth import end_pool
from emoga_core.evaluate.variants import VARIANTS, variant
from emoga_core.places import cache_folder

MAIN_LEVEL = "medium"
QUICK_METHODS = tuple(name for name in VARIANTS if name not in ("thesis", "sh"))
EDITORS = ("corrupted", GUIDED)


@dataclass(frozen=True)
class EvaluateOptions:
    """What is evaluated.

    Attributes:
        subjects: names or seeds of studio subjects. emotions: of the studio.
        levels: of the corruption. methods: rows at the level `medium`; at others only `full` is run.
        editor: "corrupted": pseudo edits; "guided": the whole chain from the prompt on as well.
        seed: of the faults and of the optimiser. steps: of the optimiser; None: its own.
        size: pixels. build_steps, gaussians: of the avatars.
        layout: which pictures there are. workers: processes.
        cache: where everything is kept; see `cache_folder`.
    """

    subjects: tuple[str, ...] = SUBJECTS[:6]
    emotions: tuple[str, ...] = tuple(EMOTIONS)
    levels: tuple[str, ...] = ("mild", "medium", "hard")
    methods: tuple[str, ...] = tuple(VARIANTS)
    editor: str = "corrupted"
    seed: int = 0
    steps: int | None = None
    size: int = 256
    build_steps: int = 6000
    gaussians: int = 16_000
    layout: Layout = STANDARD
    workers: int = 1
    cache: Path = field(default_factory=cache_folder)

    def __post_init__(self) -> None:
        for name in self.subjects:
            find_subject(name)
        for what, names, known in (
            ("emotion", self.emotions, EMOTIONS),
            ("level", self.levels, LEVELS),
            ("method", self.methods, VARIANTS),
        ):
            for name in names:
                if name not in known:
                    raise EvaluateError(f"{what} {name!r} is unknown; choose among {', '.join(known)}")
        for what, names in (("subject", self.subjects), ("emotion", self.emotions), ("level", self.levels)):
            if not names:
                raise EvaluateError(f"there is no {what} to evaluate; name at least one")
            if len(set(names)) < len(names):
                raise EvaluateError(f"a {what} is named twice; name each once")
        if self.editor not in EDITORS:
            raise EvaluateError(f"editor {self.editor!r} is unknown; choose among {', '.join(EDITORS)}")
        if not 1 <= self.workers <= 64:
            raise EvaluateError(f"{self.workers} workers: give 1 to 64")

    @staticmethod
    def quick(**changes: Any) -> EvaluateOptions:
        """One subject, two emotions, without what takes longest: the thesis method and a second build."""
        small = {"subjects": SUBJECTS[:1], "emotions": ("happy", "angry"), "methods": QUICK_METHODS}
        return EvaluateOptions(**{**small, **changes})

    def person(self, name: str) -> Person:
        """Where one subject's capture and avatar are."""
        return Person(name, self.cache, self.size, self.build_steps, self.gaussians, layout=self.layout)

    def tasks(self) -> list[Task]:
        """Everything to compute, case by case."""
        result = []
        main = MAIN_LEVEL if MAIN_LEVEL in self.levels else self.levels[0]
        for name in self.subjects:
            for emotion in self.emotions:
                base = Task(self.person(name), emotion, main, NEUTRAL, self.steps, self.seed)
                result.append(base)
                for level in self.levels:
                    methods = self.methods if level == MAIN_LEVEL else ("full",)
                    names = (EDITS, *dict.fromkeys(("full", *methods)))
                    result += [replace(base, level=level, variant=v) for v in names]
                if self.editor == GUIDED:
                    result.append(replace(base, level=GUIDED, variant="full"))
        return sorted(result, key=lambda task: task.variant == "sh")  # another avatar: loaded once


@dataclass(frozen=True)
class Step:
    """Where an evaluation stands: of the stage `name`, `done` of `total` are done; `detail` says of what."""

    name: str
    done: int
    total: int
    detail: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation came to: the options, and the result of every task (see `run_task`)."""

    options: EvaluateOptions
    results: dict[Task, dict[str, Any]]
    code: str

    def figure(self, key: str, variant: str, level: str = MAIN_LEVEL) -> dict[tuple[str, str], float]:
        """A figure of every case; cases without it are left out."""
        return {
            task.case: result["figures"][key]
            for task, result in self.results.items()
            if (task.variant, task.level) == (variant, level) and key in result["figures"]
        }


def evaluate_emotions(
    options: EvaluateOptions,
    *,
    progress: Callable[[Step], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Prepares what is missing, runs every task that has no result yet, and gathers all of them.

    Raises:
        EvaluateInterrupted: after `stop`; whatever is finished is kept, and the same options continue.
        EmogaError: a capture, build or optimisation failed.
    """
    for number, name in enumerate(options.subjects):
        _prepare(options, name, number, progress, stop)
    code = code_hash()
    tasks = options.tasks()
    todo = unfinished(tasks, code)
    done = len(tasks) - len(todo)
    progress(Step("optimising", done, len(tasks)))
    for task in _run_all(todo, code, options.workers, stop):
        done += 1
        detail = f"{task.person.name} {task.emotion}, {task.level}: {task.variant}"
        progress(Step("optimising", done, len(tasks), detail))
    results = {task: finished(task, code) for task in tasks}
    missing = [task for task, result in results.items() if result is None]
    if missing:
        raise EvaluateError(f"{missing[0].path(code)}: this result vanished; run the same command again")
    return Evaluation(options, results, code)  # type: ignore[arg-type]


def _prepare(
    options: EvaluateOptions,
    name: str,
    number: int,
    progress: Callable[[Step], None],
    stop: Callable[[], bool],
) -> None:
    """Capture, avatar and pictures of the truth of one subject."""
    who = f"{name} ({number + 1} of {len(options.subjects)})"
    person = options.person(name)

    def tell(stage: str) -> Callable[[int, int], None]:
        def report(done: int, total: int) -> None:
            if stop():
                raise EvaluateInterrupted("interrupted; the same command continues")
            progress(Step(stage, done, total, who))

        return report

    person.prepare_capture(options.workers, tell("capture"))
    person.prepare_avatar(tell("avatar"), stop)
    if any(variant(method).sh_only for method in options.methods):
        replace(person, sh_only=True).prepare_avatar(tell("avatar with SH"), stop)
    avatar = person.avatar()
    levels = [*options.levels, *([PERFECT] if options.editor == GUIDED else [])]
    stills = [
        still
        for emotion in options.emotions
        for level in levels
        for still in needed_stills(avatar, person, emotion, level, options.seed)
    ]
    person.studio.prepare(stills, workers=options.workers, progress=tell("truth"), stop=stop)


def _run_all(tasks: Sequence[Task], code: str, workers: int, stop: Callable[[], bool]) -> Iterator[Task]:
    """Yields tasks as they are finished: here, or by several processes."""

    def check() -> None:
        if stop():
            raise EvaluateInterrupted("interrupted; the same command continues")

    if workers <= 1 or len(tasks) <= 1:
        for task in tasks:
            check()
            run_task(task, code)
            yield task
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(tasks)), context, open_worker, (1,))
    try:
        futures: dict[Future[Any], Task] = {pool.submit(run_task, task, code): task for task in tasks}
        waiting = set(futures)
        while waiting:
            ready, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            check()
            for future in ready:
                future.result()
                yield futures[future]
    except BaseException:
        end_pool(pool)
        raise
    pool.shutdown()
