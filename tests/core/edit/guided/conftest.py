"""Requests for pictures of the bundled avatar, and a head of another form made from its own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import pytest
import torch

from emoga_core.avatars import Avatar, MotionFrame, portrait_cameras, render_avatar
from emoga_core.edit.editors.base import EditGeometry, EditRequest
from emoga_core.edit.masks import edit_mask
from emoga_core.edit.prompts import PromptReading, read_prompt
from emoga_core.edit.views import moved_vertices
from emoga_core.heads import expression_from_action_units

SIZE = 192


@pytest.fixture(scope="session")
def talking(kofi) -> MotionFrame:
    """A moment of speech with bared teeth."""
    return kofi.motions["talk"].frame(20)


@pytest.fixture(scope="session")
def make_request(kofi) -> Callable[..., EditRequest]:
    """An edit request of the bundled avatar, or of another."""

    def make(
        prompt: str | PromptReading,
        frame: MotionFrame | None = None,
        azimuth: float = 0.0,
        *,
        avatar: Avatar = kofi,
        size: int = SIZE,
        intensity: float = 1.0,
        **changes,
    ) -> EditRequest:
        reading = read_prompt(prompt) if isinstance(prompt, str) else prompt
        frame = avatar.rest_frame() if frame is None else frame
        camera = portrait_cameras(avatar, math.radians(azimuth), 0.0, size, frame)
        image = render_avatar(avatar, camera, frame=frame)[0].numpy()
        units = reading.scaled(intensity).action_units
        reach = moved_vertices(avatar, frame, *expression_from_action_units(avatar.head, units))
        mask = edit_mask(avatar, frame, camera, kind="soft" if azimuth == 0 else "hard", reach=reach).numpy()
        geometry = EditGeometry(avatar, frame, camera, reading, intensity)
        request = EditRequest(image, mask, reading.text, geometry=geometry, name="f000_c00")
        return dataclasses.replace(request, **changes)

    return make


@pytest.fixture(scope="session")
def statistical(kofi) -> Avatar:
    """The bundled avatar on a head of FLAME's form: other size, nameless mixtures of actions, no range."""
    head, generator = kofi.head, torch.Generator().manual_seed(0)
    mixing = torch.linalg.qr(torch.randn(head.num_expressions, head.num_expressions, generator=generator))[0]
    other = dataclasses.replace(
        head,
        name="statistical",
        template=head.template * 1.1,
        expression_basis=head.expression_basis @ mixing,
        expression_names=None,
        expression_range=None,
    )
    return dataclasses.replace(kofi, head=other, states={}, motions={})


@pytest.fixture(scope="session")
def bare(kofi) -> Avatar:
    """The bundled avatar on a head that nothing but its shape is known of: no landmarks, no regions."""
    none = torch.zeros(0, dtype=torch.int64)
    head = dataclasses.replace(
        kofi.head, name="bare", template=kofi.head.template * 1.001, landmark_triangles=none,
        landmark_barycentric=torch.zeros(0, 3), regions=none,
    )  # fmt: skip
    return dataclasses.replace(kofi, head=head, states={}, motions={})
