"""Follows an edit as a client does, and finds out when the face on its screen had changed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from emoga_core.avatars import Avatar, load_avatar
from emoga_core.avatars.portrait import portrait_cameras
from emoga_core.edit.masks import OUTSIDE, face_picture
from emoga_core.render import Gaussians, rasterize
from emoga_protocol.deltas import Delta, decode_delta
from emoga_protocol.frames import Frame
from emoga_protocol.heads import decode_head
from emoga_protocol.messages import JobProgress, StateCommit, StatePut, Status
from emoga_protocol.reference import world_splats
from emoga_protocol.splats import decode_splats
from emoga_server.client import Client
from emoga_server.errors import ServerError

SIZE = 256
CHANGED_SHARE, CHANGED_BY = 0.02, 4 / 255
"""A face has changed when this share of its pixels differs by more than this in some channel."""
_PATIENCE = 900.0
_AFTERWARDS = 1.5
"""Seconds."""


@dataclass
class Watch:
    """What arrived of one edit, in seconds since it was asked for.

    Attributes:
        puts: delta blobs of the state as they came. weights: of the state in the frames.
        finished: when the state was committed.
    """

    slot: int = -1
    puts: list[tuple[float, bytes]] = field(default_factory=list)
    weights: list[tuple[float, float]] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    finished: float = 0.0


async def watch_edit(client: Client, prompt: str, state: str, **options: Any) -> Watch:
    """Asks for an edit and follows it to its end; options as of `Client.edit`.

    Raises: ServerError when it failed; CommandFailed when it was refused.
    """
    watch = Watch()
    client.log.clear()
    begun, seen = time.monotonic(), 0
    started = await client.edit(prompt, state, **options)

    def note() -> bool:
        nonlocal seen
        now = time.monotonic() - begun
        log = list(client.log)
        for envelope in log[seen:]:
            message = envelope.message
            if isinstance(message, StatePut) and message.state.name == started.state:
                watch.slot = message.state.slot
                watch.puts.append((now, bytes(envelope.buffers[0]) if envelope.buffers else b""))
            elif isinstance(message, StateCommit) and message.state.name == started.state:
                watch.finished = now
            elif isinstance(message, JobProgress) and message.job == started.job:
                watch.stages.setdefault(message.stage, now)
                if message.stage in ("failed", "cancelled"):
                    raise ServerError(f"the edit {message.stage}: {message.message}")
        seen = len(log)
        if watch.slot >= 0 and client.frames and watch.slot < len(client.frames[-1].weights):
            watch.weights.append((now, float(client.frames[-1].weights[watch.slot])))
        return watch.finished > 0

    await client.until(note, _PATIENCE)
    # The weight may still rise to what the face will stay at.
    over = time.monotonic() + _AFTERWARDS
    await client.until(lambda: note() and time.monotonic() > over, _PATIENCE)
    return watch


class Screen:
    """Draws what a client has received with the Python rasteriser: the rest pose from the front.

    Args:
        avatar: the one that is streamed, for the camera and the place of its face.
        head, splats: blobs.
    """

    def __init__(self, avatar: Avatar, head: bytes, splats: bytes) -> None:
        self.rig, self.table = decode_head(head), decode_splats(splats)
        self.camera = portrait_cameras(avatar, size=SIZE)
        labels = face_picture(avatar, avatar.rest_frame(), self.camera).labels
        self.face = torch.from_numpy(labels != OUTSIDE)
        self.before = self.picture(None, 0.0)

    def picture(self, delta: Delta | None, weight: float) -> torch.Tensor:
        """(H, W, 3) in [0, 1] with one state at a weight."""
        rest = Frame(
            seq=0,
            time=0,
            avatar=0,
            translation=np.zeros(3),
            joints=np.zeros((len(self.rig.parents), 3)),
            expression=np.zeros(len(self.rig.expression_basis)),
            weights=np.array([weight]),
        )
        world = world_splats(self.rig, self.table, [delta], rest)
        opacities = np.clip(world.opacities, 1e-6, 1 - 1e-6)
        arrays = (
            world.means,
            world.quaternions,
            np.log(np.maximum(world.scales, 1e-12)),
            np.log(opacities / (1 - opacities)),
            world.sh,
        )
        splats = Gaussians(*(torch.tensor(array, dtype=torch.float32) for array in arrays))
        with torch.no_grad():
            return rasterize(splats, self.camera, torch.ones(3))[0][0].clamp(0, 1)

    def changed(self, delta: Delta, weight: float) -> bool:
        """Whether the face differs visibly from the neutral one."""
        difference = (self.picture(delta, weight) - self.before).abs().amax(-1)[self.face]
        return float((difference > CHANGED_BY).double().mean()) >= CHANGED_SHARE

    def first_change(self, watch: Watch) -> float:
        """Seconds from the request until the face had changed.

        Raises: ServerError when it never did.
        """
        for number, (arrived, blob) in enumerate(watch.puts):
            until = watch.puts[number + 1][0] if number + 1 < len(watch.puts) else float("inf")
            shown = [(t, w) for t, w in watch.weights if arrived <= t < until and w > 0]
            if not blob or not shown:
                continue
            delta = decode_delta(blob)
            if not self.changed(delta, shown[-1][1]):
                continue
            low, high = 0, len(shown) - 1  # weights of a new state only rise
            while low < high:
                middle = (low + high) // 2
                low, high = (low, middle) if self.changed(delta, shown[middle][1]) else (middle + 1, high)
            return shown[low][0]
        highest = max((weight for _, weight in watch.weights), default=0.0)
        raise ServerError(
            f"the face never changed visibly while it was edited: {len(watch.puts)} states came, "
            f"the highest weight was {highest:.2f}"
        )


async def open_screen(client: Client, bundle: str) -> Screen:
    """Fetches what a client needs to draw the streamed avatar."""
    await client.until(lambda: client.has(Status), _PATIENCE)
    head = await client.blob(client.avatar.head_blob.sha256)
    splats = await client.blob(client.avatar.splats_blob.sha256)
    return Screen(load_avatar(bundle), head, splats)
