"""Orders for edits: a client's wish, checked before anything is done about it, and the line they wait in."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from emoga_core.avatars.bundle_edit import MOST_STATES
from emoga_core.avatars.names import check_name
from emoga_core.edit.editors.registry import EDITORS
from emoga_core.edit.editors.weights import readiness
from emoga_core.edit.prompts import read_prompt, suggest_name
from emoga_core.emote import MAX_FRAMES, MAX_INTENSITY, MAX_VIEWS
from emoga_core.errors import EmogaError
from emoga_protocol.messages import EditCommand, ErrorCode
from emoga_server.director import CommandError
from emoga_server.editing.edit_job import EditJob
from emoga_server.editing.options import EditOptions
from emoga_server.stage import Actor

_MOST_NEGATIVE = 500


@dataclass(eq=False)
class Order:
    """An edit that was accepted.

    Attributes:
        number: of the job. avatar: slot. state: name.
        client: who asked; only compared.
        stage: what JOB_PROGRESS says last.
        unwanted: set once somebody has cancelled it.
    """

    number: int
    avatar: int
    state: str
    prompt: str
    reading: str
    job: EditJob
    client: object = field(repr=False)
    stage: str = "queued"
    unwanted: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Line:
    """Accepted orders in the order of their numbers; the first one is being worked on.

    Args:
        options: how long the line may become.
    """

    def __init__(self, options: EditOptions) -> None:
        self._options = options
        self._orders: deque[Order] = deque()

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self):
        return iter(tuple(self._orders))

    @property
    def first(self) -> Order | None:
        """The order that is worked on."""
        return self._orders[0] if self._orders else None

    def find(self, number: int) -> Order:
        """The order of that number. Raises CommandError where it has ended or never was."""
        for order in self._orders:
            if order.number == number:
                return order
        known = ", ".join(str(order.number) for order in self._orders) or "none"
        raise CommandError(ErrorCode.NOT_FOUND, f"no job {number} waits or runs; there is {known}")

    def check_free(self, avatar: int, state: str) -> None:
        """Raises CommandError where a state has an edit that waits or runs."""
        for order in self._orders:
            if (order.avatar, order.state) == (avatar, state):
                words = f"{state!r} has an edit already (job {order.number}); wait for it or cancel it"
                raise CommandError(ErrorCode.BUSY, words)

    def check_room(self, actor: Actor, state: str, client: object) -> None:
        """Raises CommandError where one more order of this client, for this state, is too many."""
        self.check_free(actor.info.slot, state)
        if sum(order.client is client for order in self._orders) >= self._options.per_client:
            words = f"you have {self._options.per_client} edits in the queue; wait for one or cancel it"
            raise CommandError(ErrorCode.BUSY, words)
        if len(self._orders) >= self._options.queued:
            raise CommandError(ErrorCode.BUSY, f"the queue is full ({len(self._orders)} edits); try later")
        coming = {order.state for order in self._orders if order.avatar == actor.info.slot}
        if len({s.name for s in actor.info.states} | coming | {state}) > MOST_STATES:
            words = f"{actor.info.name} has {MOST_STATES} emotions, the most there can be; delete one first"
            raise CommandError(ErrorCode.INVALID_ARGUMENT, words)
        actor.check_slots(coming | {state})

    def add(self, order: Order) -> int:
        """Appends an order; returns how many are before it."""
        self._orders.append(order)
        return len(self._orders) - 1

    def remove(self, order: Order) -> None:
        """The order has ended."""
        self._orders.remove(order)


def make_order(command: EditCommand, actor: Actor, options: EditOptions, client: object) -> Order:
    """An order of what `command` asks for, still without a number.

    Looks at the disk for the editor's weights, so it is not for the event loop.

    Raises:
        CommandError: a prompt, name, number or editor that cannot be used.
    """
    _check_numbers(command)
    editor = command.editor or options.editor
    model = options.model if editor == options.editor else None
    try:
        reading = read_prompt(command.prompt)
        state = check_name(command.state or suggest_name(reading))
    except EmogaError as error:
        raise CommandError(ErrorCode.INVALID_ARGUMENT, str(error)) from None
    if editor not in EDITORS:
        words = f"no editor is called {editor[:60]!r}; there are: {', '.join(EDITORS)}"
        raise CommandError(ErrorCode.NOT_FOUND, words)
    ready = readiness(editor, model=model, folder=options.folder)
    if not ready.ready:
        raise CommandError(ErrorCode.UNSUPPORTED, ready.note)
    request: dict[str, Any] = {
        "prompt": reading.text,
        "name": state,
        "editor": editor,
        "model": model,
        "folder": options.folder if editor == "folder" else None,
        "intensity": command.intensity,
        "seed": command.seed,
        "negative": command.negative,
        "size": options.size,
        "steps": options.steps,
    }
    request |= _chosen(views=command.views or options.views, frames=command.frames or options.frames)
    head = str(options.head) if options.head else None
    return Order(
        number=0,
        avatar=actor.info.slot,
        state=state,
        prompt=reading.text,
        reading=reading.describe(),
        job=EditJob(str(actor.path), request, head, options.placement),
        client=client,
    )


def _check_numbers(command: EditCommand) -> None:
    if not (math.isfinite(command.intensity) and 0 < command.intensity <= MAX_INTENSITY):
        words = f"intensity is {command.intensity:g}; give a number above 0, up to {MAX_INTENSITY:g}"
        raise CommandError(ErrorCode.INVALID_ARGUMENT, words)
    for what, value, most in (("views", command.views, MAX_VIEWS), ("frames", command.frames, MAX_FRAMES)):
        if value is not None and not 1 <= value <= most:
            raise CommandError(ErrorCode.INVALID_ARGUMENT, f"{what} is {value}; give 1 to {most}")
    if len(command.negative) > _MOST_NEGATIVE:
        words = f"the negative prompt has {len(command.negative)} characters; give {_MOST_NEGATIVE} at most"
        raise CommandError(ErrorCode.INVALID_ARGUMENT, words)


def _chosen(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
