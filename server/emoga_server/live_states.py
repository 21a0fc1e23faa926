"""Emotion states that change while everybody watches: onto the stage, to the blob store, to the clients."""

from __future__ import annotations

import dataclasses
from collections import deque

from emoga_protocol.blobs import blob_ref
from emoga_protocol.codec import encode
from emoga_protocol.messages import StateInfo, StatePut
from emoga_server.audience import Audience
from emoga_server.blobs import BlobStore
from emoga_server.stage import Stage

_PREVIEWS_KEPT = 3
"""Blobs of replaced previews that can still be fetched, for clients that were about to."""


class LiveStates:
    """Shows new, changed, renamed and removed states to everybody."""

    def __init__(self, stage: Stage, blobs: BlobStore, audience: Audience) -> None:
        self._stage, self._blobs, self._audience = stage, blobs, audience
        self._previews: deque[str] = deque()

    def commit(self, slot: int, state: StateInfo, delta: bytes) -> None:
        """Shows everybody the final form of a new or changed state of avatar `slot`.

        Args:
            state: its blob is `delta`; slot and revision are set here.
            delta: the delta blob; clients that can take it in the message itself get it so.
        """
        self._blobs.add(delta, state.blob.sha256)
        commit, new = self._stage.commit_state(slot, state)
        self._audience.forget_latest(_key(slot, state))
        if new:
            self._audience.send(self._stage.manifest())
        put = StatePut(avatar=slot, state=commit.state)
        self._audience.send_state(encode(put), encode(put, buffers=[delta]))
        self._audience.send(encode(commit))
        self._drop_previews(0)

    def preview(self, slot: int, state: StateInfo, delta: bytes) -> None:
        """Shows everybody a state that is still being made; slow clients skip some."""
        self._blobs.add(delta, state.blob.sha256)
        new = self._stage.put_state(slot, state)
        if new:
            self._audience.send(self._stage.manifest())
        put = StatePut(avatar=slot, state=state, provisional=True)
        self._audience.send_state(encode(put), encode(put, buffers=[delta]), _key(slot, state))
        self._previews.append(state.blob.sha256)
        self._drop_previews(_PREVIEWS_KEPT)

    def restore(self, slot: int, state: StateInfo) -> None:
        """Puts a state back as it was before previews of it were shown."""
        delta = self._blobs.get(state.blob.sha256)
        if delta is not None:
            self.commit(slot, dataclasses.replace(state), delta)

    def remove(self, slot: int, name: str) -> None:
        """A state is gone."""
        self._audience.forget_latest(_key(slot, self._stage.state(slot, name)))
        self._stage.remove_state(slot, name)
        self._audience.send(self._stage.manifest())
        self._drop_previews(0)

    def rename(self, slot: int, old: str, new: str) -> None:
        """A state has another name."""
        self._stage.rename_state(slot, old, new)
        self._audience.send(self._stage.manifest())

    def _drop_previews(self, keep: int) -> None:
        in_use = self._stage.blobs_in_use()
        while len(self._previews) > keep:
            sha256 = self._previews.popleft()
            if sha256 not in in_use and sha256 not in self._previews:
                self._blobs.discard(sha256)


def state_info(
    name: str, delta: bytes, valence: float, arousal: float, prompt: str, editor: str
) -> StateInfo:
    """A state as clients hear of it; the stage deals slot and revision."""
    return StateInfo(
        slot=0,
        name=name,
        valence=valence,
        arousal=arousal,
        blob=blob_ref("delta", delta),
        prompt=prompt,
        editor=editor,
    )


def _key(slot: int, state: StateInfo) -> str:
    return f"state {slot} {state.name}"
