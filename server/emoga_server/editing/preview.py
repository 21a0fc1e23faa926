"""What everybody sees of an edit that runs: the face as it stands; all as it was if nothing comes of it."""

from __future__ import annotations

import asyncio
import dataclasses

from emoga_server.editing.edit_job import Preview
from emoga_server.editing.orders import Order
from emoga_server.live_states import LiveStates, state_info
from emoga_server.stage import Stage, clock

FADE = 0.4
"""Seconds in which weights go back after an edit that failed or was cancelled."""
_RISE = 0.6


class LivePreview:
    """The state of one order while it is made.

    Args:
        stage, live: where it is shown.
        order: what is made.
    """

    def __init__(self, stage: Stage, live: LiveStates, order: Order) -> None:
        self._stage, self._live, self._order = stage, live, order
        self._actor = stage.actors[order.avatar]
        old = next((s for s in self._actor.info.states if s.name == order.state), None)
        self._old = dataclasses.replace(old) if old else None
        self._weights: dict[str, float] | None = None
        self.touched = False
        """Whether somebody has set weights meanwhile: then they are left alone."""

    def show(self, preview: Preview) -> None:
        """Everybody sees the face as it stands; with the first one the weights turn to it."""
        delta = _take(preview)
        self._live.preview(self._order.avatar, self._info(preview, delta), delta)
        if self._weights is None:
            director = self._actor.director
            self._weights = director.targets
            if not self.touched:
                director.set_weights({self._order.state: 1.0}, clock(), _RISE, exclusive=True)

    def commit(self, preview: Preview) -> None:
        """It is final."""
        delta = _take(preview)
        self._live.commit(self._order.avatar, self._info(preview, delta), delta)
        if self._weights is None and not self.touched:
            self._actor.director.set_weights({self._order.state: 1.0}, clock(), _RISE, exclusive=True)

    async def undo(self) -> None:
        """Nothing came of it: the state is what it was before, or gone, and so are the weights."""
        if self._weights is None:
            return
        director, name = self._actor.director, self._order.state
        if not self.touched:
            director.set_weights(self._weights | ({name: 0.0} if self._old is None else {}), clock(), FADE)
        elif self._old is None:
            director.set_weights({name: 0.0}, clock(), FADE)
        if self._old is not None:
            self._live.restore(self._order.avatar, self._old)
            return
        if self._stage.current is self._actor:
            await asyncio.sleep(FADE)
        self._live.remove(self._order.avatar, name)

    def _info(self, preview: Preview, delta: bytes):
        request = self._order.job.request
        return state_info(
            self._order.state,
            delta,
            preview.valence,
            preview.arousal,
            self._order.prompt,
            request["editor"],
        )


def _take(preview: Preview) -> bytes:
    return preview.blob.take()["delta"].tobytes()
