"""When geometry moves, when colour does, and how fast, in fractions of a run: short runs keep its shape."""

from __future__ import annotations

from dataclasses import dataclass

from emoga_core.optimize.options import OptimizeOptions


@dataclass(frozen=True)
class Phase:
    """What one step does: factors on the rates of expression and jaw, and of latents and embedding."""

    geometry: float
    colour: float


def phase(options: OptimizeOptions, progress: float) -> Phase:
    """The phase at `progress` in [0, 1).

    Geometry alone during the warm-up, at its full rate; then cycles of geometry alone and of both, with the
    geometry at `later_geometry` of its rate. After the warm-up all rates decay exponentially to `decay`.
    The thesis moves both from the start, and then alternates between geometry alone and both, a cycle each.
    """
    if options.method == "thesis":
        return _thesis(options, progress)
    warming = progress < options.warm_up
    if warming:
        # Without geometry there is nothing to wait for.
        return Phase(1.0, 0.0) if options.geometry else Phase(0.0, 1.0)
    late = (progress - options.warm_up) / (1 - options.warm_up)
    decay = options.decay**late
    alone = ((progress - options.warm_up) / options.cycle) % 1 < options.geometry_share
    geometry = decay * options.later_geometry if options.geometry else 0.0
    if options.geometry and not options.texture:
        geometry = decay
    colour = decay if options.texture and not (alone and options.geometry) else 0.0
    return Phase(geometry, colour)


def _thesis(options: OptimizeOptions, progress: float) -> Phase:
    late = (progress - options.warm_up) / max(1e-9, 1 - options.warm_up)
    decay = options.decay ** max(0.0, late)
    turn = int((progress - options.warm_up) / options.cycle + 1e-6)
    alone = late >= 0 and turn % 2 == 0 and options.geometry
    return Phase(decay if options.geometry else 0.0, decay if options.texture and not alone else 0.0)
