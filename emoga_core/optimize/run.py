"""Runs an optimisation from start to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor

from emoga_core.avatars import Avatar, EmotionState
from emoga_core.optimize.errors import OptimizeCancelled
from emoga_core.optimize.optimizer import EmotionOptimizer
from emoga_core.optimize.options import OptimizeOptions
from emoga_core.optimize.result import OptimizeProgress, OptimizeResult
from emoga_core.optimize.target import Target

_CHECKPOINT_INTERVAL = 5.0  # seconds


def optimize_emotion(
    avatar: Avatar,
    name: str,
    targets: Sequence[Target],
    options: OptimizeOptions | None = None,
    *,
    start_expression: Tensor | None = None,
    start_jaw: Tensor | None = None,
    prior_expression: Tensor | None = None,
    progress: Callable[[OptimizeProgress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    checkpoint: Path | None = None,
    provisional: Callable[[EmotionState], None] | None = None,
    provisional_interval: float = 0.5,
) -> OptimizeResult:
    """Explains edited pictures by one emotion state; the avatar is not changed.

    Args:
        start_expression, start_jaw, prior_expression: see `EmotionOptimizer`.
        stop: asked before every step.
        checkpoint: file to continue from where it exists, and to write to every few seconds; removed at the
            end.
        provisional: gets the state as it is at the start and then every `provisional_interval` seconds.

    Raises:
        OptimizeError: unusable targets, or the optimisation diverged.
        OptimizeCancelled: after `stop`; what `provisional` got last is the last good state.
    """
    run = EmotionOptimizer(avatar, name, targets, options, start_expression, start_jaw, prior_expression)
    if checkpoint is not None and checkpoint.is_file():
        run.resume(checkpoint)
    shown = saved = time.monotonic()
    if provisional is not None:
        provisional(run.state())
    while not run.done:
        if stop():
            raise OptimizeCancelled(f"state {name}: stopped at step {run.step_number} of {run.steps}")
        progress(run.step())
        now = time.monotonic()
        if provisional is not None and not run.done and now - shown >= provisional_interval:
            provisional(run.state())
            shown = time.monotonic()
        if checkpoint is not None and not run.done and now - saved >= _CHECKPOINT_INTERVAL:
            run.checkpoint(checkpoint)
            saved = time.monotonic()
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return run.result()
