"""A small avatar, an emotion that it truly has, and edited pictures of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest
import torch

from emoga_core.avatars import Avatar, EmotionState, MotionFrame, render_avatar
from emoga_core.optimize import Target
from emoga_core.render import Cameras

EXPRESSION = torch.tensor([0.7, 0.0, 0.5, 0.0])
SIZE = 48

MakeTargets = Callable[..., list[Target]]


@pytest.fixture
def ball(tiny) -> Avatar:
    """160 opaque Gaussians, two emotions."""
    avatar = tiny.avatar(tiny.head())
    gaussians = dataclasses.replace(avatar.gaussians, opacity_logits=torch.full((160,), 2.0))
    # What emotions move most is not the subject here: expressions of about a centimetre are.
    return dataclasses.replace(avatar, gaussians=gaussians)


@pytest.fixture
def truth(ball: Avatar) -> EmotionState:
    """The emotion that the pictures show."""
    start = ball.neutral_state("truth")
    generator = torch.Generator().manual_seed(5)
    values = torch.randn(start.latent_values.shape, generator=generator) * 0.15
    return dataclasses.replace(start, expression=EXPRESSION, latent_values=values.half())


@pytest.fixture
def make_targets(ball: Avatar, truth: EmotionState) -> MakeTargets:
    """Makes pictures of the truth at the given amplitudes, three views a frame, the first one frontal."""

    def make(amplitudes: Sequence[float] = (1.0,) * 6, colour: bool = True) -> list[Target]:
        result = []
        frames = [MotionFrame(0.1 * k * torch.ones(4), torch.zeros(5, 3), torch.zeros(3)) for k in range(4)]
        state = truth if colour else dataclasses.replace(truth, latent_values=0 * truth.latent_values)
        for number, amplitude in enumerate(amplitudes):
            frame_id, view_id = divmod(number, 3)
            camera = Cameras.orbit(
                0.5 * (view_id % 3) * (-1) ** view_id, distance=0.7, width=SIZE, height=SIZE
            )
            neutral = render_avatar(ball, camera, None, frames[frame_id % 4])[0]
            scaled = dataclasses.replace(
                state,
                expression=amplitude * state.expression,
                latent_values=(amplitude * state.latent_values.float()).half(),
            )
            trial = dataclasses.replace(ball, states={"truth": scaled})
            image = render_avatar(trial, camera, {"truth": 1.0}, frames[frame_id % 4])[0]
            result.append(
                Target(
                    frames[frame_id % 4],
                    camera,
                    image,
                    neutral,
                    torch.ones(SIZE, SIZE),
                    frontal=view_id == 0,
                    frame_id=frame_id,
                    view_id=view_id,
                )
            )
        return result

    return make
