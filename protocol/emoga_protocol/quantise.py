"""Quantisers: uniform ranges, level tables for skewed values, smallest-three rotations, sparse masks."""

from __future__ import annotations

import numpy as np

from emoga_protocol.errors import ProtocolError

_ROOT_HALF = np.sqrt(0.5)
_ROTATION_STEPS = 1023
# For each dropped component, the wxyz indices of the three that are sent.
_KEPT = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])


def quantise_uniform(values: np.ndarray, bits: int) -> tuple[np.ndarray, list[float], list[float]]:
    """Quantises columns uniformly between their smallest and largest value.

    Args:
        values: (N, C) finite.
        bits: 8 or 16.

    Returns:
        integers (N, C), minimum and step of each column: value ~ minimum + integer * step.
    """
    top = 2**bits - 1
    low = np.asarray(values.min(axis=0) if len(values) else np.zeros(values.shape[1]))
    high = values.max(axis=0) if len(values) else low
    # Rounded to float32 first, as any reader may do.
    low = low.astype(np.float32).astype(np.float64)
    step = np.maximum(((high - low) / top).astype(np.float32).astype(np.float64), 1e-12)
    integers = np.clip(np.rint((values - low) / step), 0, top)
    return integers.astype(np.uint8 if bits == 8 else np.uint16), low.tolist(), step.tolist()


def dequantise_uniform(integers: np.ndarray, minimum: list[float], step: list[float]) -> np.ndarray:
    """Inverse of `quantise_uniform`: (N, C) float32."""
    if len(minimum) != integers.shape[1] or len(step) != integers.shape[1]:
        raise ProtocolError(f"{len(minimum)} minima and {len(step)} steps for {integers.shape[1]} columns")
    values = np.array(minimum) + integers * np.array(step)
    if values.size and np.abs(values).max() > np.finfo(np.float32).max:
        raise ProtocolError(f"a range from {minimum} by {step} leaves float32")
    return values.astype(np.float32)


def fit_levels(values: np.ndarray, weights: np.ndarray | None = None, count: int = 256) -> np.ndarray:
    """A table of `count` ascending levels for scalar quantisation of `values` (N,).

    The density of levels follows the cube root of the values' density, which minimises the squared error
    (Panter and Dite, 1951), with a floor that bounds the error of outliers; Lloyd's iterations follow.

    Args:
        weights: (N,) how much each value's error matters.

    Returns:
        (count,) float32.
    """
    if len(values) == 0:
        return np.zeros(count, np.float32)
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        return np.full(count, np.float32(low))
    bins = 4096
    histogram, edges = np.histogram(values, bins, (low, high), weights=weights)
    density = np.convolve(histogram / histogram.sum(), np.full(9, 1 / 9), mode="same")
    density = np.cbrt(density)
    density = density / density.sum() + 0.25 / bins
    cumulative = np.concatenate([[0.0], np.cumsum(density)])
    levels = np.interp(np.linspace(0, cumulative[-1], count), cumulative, edges)
    centers = (edges[:-1] + edges[1:]) / 2
    mass, moment = np.cumsum(histogram), np.cumsum(histogram * centers)
    mass, moment = np.concatenate([[0.0], mass]), np.concatenate([[0.0], moment])
    for _ in range(8):
        borders = np.searchsorted(centers, (levels[1:] + levels[:-1]) / 2)
        borders = np.concatenate([[0], borders, [bins]])
        cell = mass[borders[1:]] - mass[borders[:-1]]
        mean = (moment[borders[1:]] - moment[borders[:-1]]) / np.maximum(cell, 1e-300)
        levels = np.where(cell > 0, mean, levels)
    return np.maximum.accumulate(levels).astype(np.float32)


def nearest_level(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Index of the nearest of the ascending `levels` for each value, u8."""
    middles = (levels[1:].astype(np.float64) + levels[:-1]) / 2
    return np.searchsorted(middles, values).astype(np.uint8)


def pack_rotations(quaternions: np.ndarray) -> np.ndarray:
    """Smallest-three encoding of rotations.

    Args:
        quaternions: (N, 4) wxyz, of any length but zero (a zero becomes the identity).

    Returns:
        (N,) u32: two bits of the largest component's index, then ten bits for each of the others.
    """
    q = np.asarray(quaternions, np.float64)
    norms = np.linalg.norm(q, axis=1, keepdims=True)
    q = np.where(norms > 1e-20, q / np.maximum(norms, 1e-20), [1.0, 0.0, 0.0, 0.0])
    largest = np.abs(q).argmax(axis=1)
    rows = np.arange(len(q))
    q = q * np.where(q[rows, largest] < 0, -1.0, 1.0)[:, None]
    kept = q[rows[:, None], _KEPT[largest]]
    steps = np.rint((kept / _ROOT_HALF + 1) / 2 * _ROTATION_STEPS).clip(0, _ROTATION_STEPS)
    a, b, c = steps.astype(np.uint32).T
    return (largest.astype(np.uint32) << 30) | (a << 20) | (b << 10) | c


def unpack_rotations(packed: np.ndarray) -> np.ndarray:
    """Inverse of `pack_rotations`: unit quaternions (N, 4) wxyz float32."""
    largest = (packed >> 30).astype(np.intp)
    steps = np.stack([(packed >> shift) & 1023 for shift in (20, 10, 0)], axis=1).astype(np.float64)
    kept = (steps / _ROTATION_STEPS * 2 - 1) * _ROOT_HALF
    q = np.empty((len(packed), 4))
    rows = np.arange(len(packed))
    q[rows[:, None], _KEPT[largest]] = kept
    q[rows, largest] = np.sqrt(np.maximum(1 - (kept**2).sum(axis=1), 0))
    return (q / np.linalg.norm(q, axis=1, keepdims=True)).astype(np.float32)


def pack_mask(mask: np.ndarray) -> np.ndarray:
    """Booleans (..., N) as bytes (..., ceil(N / 8)), least significant bit first."""
    return np.packbits(mask, axis=-1, bitorder="little")


def unpack_mask(packed: np.ndarray, count: int, where: str) -> np.ndarray:
    """Inverse of `pack_mask`. Raises ProtocolError where bits beyond `count` are set or bytes are missing."""
    if packed.shape[-1] != (count + 7) // 8:
        raise ProtocolError(f"{where}: a mask of {packed.shape[-1]} bytes for {count} entries")
    bits = np.unpackbits(packed, axis=-1, bitorder="little")
    if bits[..., count:].any():
        raise ProtocolError(f"{where}: bits beyond the last entry are set")
    return bits[..., :count].astype(bool)


def pack_nibbles(values: np.ndarray) -> np.ndarray:
    """Integers -8..7 of shape (M, R) as bytes (M, ceil(R / 2)): two's complement, low nibble first."""
    rows, columns = values.shape
    padded = np.zeros((rows, columns + columns % 2), np.uint8)
    padded[:, :columns] = values.astype(np.int8).view(np.uint8) & 15
    return padded[:, 0::2] | padded[:, 1::2] << 4


def unpack_nibbles(packed: np.ndarray, columns: int) -> np.ndarray:
    """Inverse of `pack_nibbles`: (M, columns) i8."""
    both = np.stack([packed & 15, packed >> 4], axis=2).reshape(len(packed), 2 * packed.shape[1])[:, :columns]
    return ((both ^ 8).astype(np.int8) - 8).astype(np.int8)
