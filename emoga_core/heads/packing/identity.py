"""Principal components of a population of head shapes drawn from MakeHuman's sliders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoga_core.heads.attributes import AXES, FEMININE, macro_weights
from emoga_core.heads.packing.assemble import Cage
from emoga_core.heads.packing.makehuman import Wheel

SAMPLES = 1600


@dataclass(frozen=True)
class IdentitySpace:
    """Mean shape, components, and where every slider lies in the space of the components."""

    mean: np.ndarray  # (V,3) m
    basis: np.ndarray  # (S,V,3) m per standard deviation
    origin: np.ndarray  # (S,) coefficients of the shape with all sliders at zero
    macro_factors: np.ndarray  # (M, factors) 0/1
    macro_coefficients: np.ndarray  # (M,S)
    local_names: tuple[str, ...]
    local_coefficients: np.ndarray  # (L,S)
    sample_joints: np.ndarray  # (n,5,3) m
    sample_positions: np.ndarray  # (n,V,3) m
    residual: np.ndarray  # (n,) rms of what the components leave, m


def population(
    rng: np.random.Generator, count: int, local_names: tuple[str, ...]
) -> list[tuple[dict, np.ndarray]]:
    """Random adults: slider attributes, and amounts of the local targets (L,)."""
    index = {name: i for i, name in enumerate(local_names)}
    pairs = [n for n in local_names if not n.startswith("-")]
    people = []
    for _ in range(count):
        sex = float(np.clip(rng.choice([0.04, 0.95]) + rng.normal(0, 0.08), 0, 1))
        attributes = {
            "sex": sex, "age": float(rng.uniform(17, 80)), "ancestry": tuple(rng.dirichlet([0.5] * 3)),
            "weight": float(rng.uniform(0.2, 0.85)), "muscle": float(rng.uniform(0.25, 0.8)),
            "height": float(rng.uniform(0.35, 0.65)), "proportions": float(rng.uniform(0.3, 0.8)),
        }  # fmt: skip
        amount = {}
        for name in pairs:
            mirror = "r" + name[1:] if name.startswith("l-") else None
            amount[name] = rng.normal(0, 0.30) if name not in amount else amount[name]
            if mirror in index:
                amount[mirror] = amount[name]
            amount[name] += rng.normal(0, 0.03)
        feminine = rng.uniform(0.3, 1.3) * (1 - sex)
        for name, value in FEMININE.items():
            amount[name] += feminine * value
        row = np.zeros(len(local_names))
        for name, value in amount.items():
            row[index[name if value >= 0 else "-" + name]] = min(abs(value), 1.5)
        people.append((attributes, row))
    return people


def identity_space(
    wheel: Wheel, cage: Cage, body_count: int, components: int, seed: int = 0
) -> IdentitySpace:
    """Principal components (area-blind, face-weighted) of `SAMPLES` random adults."""
    factors, macro = wheel.macro_targets(body_count)
    known = {f for axis in AXES.values() for f in axis}
    keep = [i for i, f in enumerate(factors) if set(f) <= known]
    flat = [f for axis in AXES.values() for f in axis]
    table = np.array([[f in factors[i] for f in flat] for i in keep], float)
    names, local = wheel.local_targets(body_count)
    deltas = np.concatenate([macro[keep], local])
    motion = cage.joint_motion(deltas)
    # Sliders for height move the whole head: hold the middle between the eyes and the jaw joint still.
    shift = 0.25 * motion[:, 3] + 0.25 * motion[:, 4] + 0.5 * motion[:, 2]
    shapes = (cage.carry(deltas) - shift[:, None]).reshape(len(deltas), -1)
    motion = motion - shift[:, None]
    people = population(np.random.default_rng(seed), SAMPLES, tuple(names))
    amounts = np.stack([np.concatenate([macro_weights(table, **a), row]) for a, row in people])
    weights = _vertex_weights(cage)
    mean_amount = amounts.mean(0)
    samples = (amounts - mean_amount) @ shapes
    weighted = samples * weights
    values, vectors = np.linalg.eigh(weighted @ weighted.T / SAMPLES)
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    # A component in metres per standard deviation is the population's mean of shape times score.
    vectors = vectors * np.where(vectors[np.abs(vectors).argmax(0), np.arange(components)] < 0, -1, 1)
    basis = (vectors.T @ samples) / np.sqrt(SAMPLES)
    weighted_basis = basis * weights
    solve = np.linalg.solve(weighted_basis @ weighted_basis.T, weighted_basis * weights)
    coefficients = shapes @ solve.T
    rest = samples - (samples @ solve.T) @ basis
    residual = np.sqrt((rest.reshape(SAMPLES, -1, 3) ** 2).sum(2).mean(1))
    mean = cage.positions + (mean_amount @ shapes).reshape(-1, 3)
    return IdentitySpace(
        mean,
        basis.reshape(components, -1, 3),
        -(mean_amount @ coefficients),
        table,
        coefficients[: len(keep)],
        tuple(names),
        coefficients[len(keep) :],
        cage.joints + np.einsum("nk,kjd->njd", amounts, motion),
        cage.positions + (amounts @ shapes).reshape(SAMPLES, -1, 3),
        residual,
    )


def _vertex_weights(cage: Cage) -> np.ndarray:
    """The face counts twice, the bust half: (3V,)."""
    y, z = cage.positions[:, 1], cage.positions[:, 2]
    weight = np.where((y > 0.60) & (z > 0.05), 2.0, 1.0) * np.where(y < 0.575, 0.5, 1.0)
    return np.repeat(weight, 3)
