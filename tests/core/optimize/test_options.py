"""Options and schedules."""

from __future__ import annotations

import math

import pytest

from emoga_core.optimize import OptimizeError, OptimizeOptions
from emoga_core.optimize.schedule import phase


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "magic"}, "method 'magic' is unknown; choose from: emoga, thesis"),
        ({"steps": 0}, "steps is 0"),
        ({"batch": -1}, "batch is -1"),
        ({"geometry": False, "texture": False}, "both off"),
        ({"cycle": 0.0}, "fractions"),
        ({"rate_latents": math.nan}, "finite numbers"),
        ({"patch_weight": -0.1}, "negative"),
    ],
)
def test_refuses(change, message: str) -> None:
    with pytest.raises(OptimizeError, match=message):
        OptimizeOptions(**change)


def test_the_thesis_brings_its_own_recipe() -> None:
    options = OptimizeOptions(method="thesis").settled(20)
    assert (options.steps, options.batch) == (800, 20)
    assert (options.rate_expression, options.rate_latents, options.rate_network) == (5e-3, 1e-4, 1e-4)
    assert not (options.weights or options.amplitudes or options.calibration or options.prior)


def test_a_batch_is_no_larger_than_the_targets() -> None:
    assert OptimizeOptions(batch=50).settled(3).batch == 3


def test_geometry_moves_alone_first_then_slower() -> None:
    options = OptimizeOptions(warm_up=0.2)
    assert (phase(options, 0.0).geometry, phase(options, 0.19).colour) == (1.0, 0.0)
    later = phase(options, 0.2 + 0.9 * options.cycle)
    assert later.colour > 0.9
    assert later.geometry == pytest.approx(later.colour * options.later_geometry)
    end = phase(options, 1 - 0.1 * options.cycle)
    assert end.colour == pytest.approx(options.decay, rel=0.05)


def test_ablations_hold_still() -> None:
    places = [k / 50 for k in range(50)]
    assert all(phase(OptimizeOptions(texture=False), p).colour == 0 for p in places)
    assert all(phase(OptimizeOptions(geometry=False), p).geometry == 0 for p in places)
    assert phase(OptimizeOptions(geometry=False), 0.0).colour == 1.0
    # Geometry alone needs no slower rate: no texture competes with it.
    assert phase(OptimizeOptions(texture=False, warm_up=0.2), 0.2).geometry == 1.0


def test_the_thesis_alternates_cycles() -> None:
    options = OptimizeOptions(method="thesis")
    epochs = [phase(options, (k + 0.5) / 800) for k in range(800)]
    assert all(e.colour > 0 for e in epochs[:150])
    assert all(e.colour == 0 for e in epochs[150:175])
    assert all(e.colour > 0 for e in epochs[175:200])
    assert all(e.colour == 0 for e in epochs[200:225])
    assert epochs[-1].geometry == pytest.approx(0.1, rel=0.01)
