"""Growing and feathering areas of pixels."""

from __future__ import annotations

import cv2
import numpy as np

GROWN_LIPS, FEATHER = 0.03, 0.015
"""Shares of the height of the face."""


def softened(face: np.ndarray, lips: np.ndarray, face_pixels: float) -> np.ndarray:
    """(H, W) float32 soft mask of areas (H, W) bool: `face` joined with the grown `lips`, feathered.

    Args:
        face_pixels: height of the face.
    """
    return feathered(face | grown(lips, GROWN_LIPS * face_pixels), FEATHER * face_pixels)


def distance_to(area: np.ndarray) -> np.ndarray:
    """(H, W) pixels to the nearest one of `area` (H, W) bool, 0 within; very far without any."""
    if not area.any():
        return np.full(area.shape, np.inf, np.float32)
    return cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def grown(area: np.ndarray, radius: float) -> np.ndarray:
    """The area and what lies within `radius` pixels of it."""
    return distance_to(area) <= radius


def feathered(area: np.ndarray, width: float) -> np.ndarray:
    """A ramp of `width` pixels, one half on the border."""
    if not area.any() or area.all():
        return area.astype(np.float32)
    signed = np.where(area, distance_to(~area) - 0.5, 0.5 - distance_to(area))
    return np.clip(0.5 + signed / max(width, 1e-6), 0, 1).astype(np.float32)


def enclosed(area: np.ndarray, rim: np.ndarray) -> np.ndarray:
    """(H, W) bool: the connected pieces of `area` whose neighbours mostly belong to `rim` and that do not
    reach the edge of the picture."""
    count, piece = cv2.connectedComponents(area.astype(np.uint8), connectivity=4)
    found = np.zeros_like(area)
    if not rim.any():
        return found
    edge = set(np.concatenate([piece[0], piece[-1], piece[:, 0], piece[:, -1]]).tolist())
    for number in range(1, count):
        if number in edge:
            continue
        here = piece == number
        around = cv2.dilate(here.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~here
        if rim[around].mean() > 0.5:
            found |= here
    return found


def touching(area: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(H, W) bool: the connected pieces of `area` (H, W) bool that `other` overlaps or borders on."""
    piece = np.asarray(cv2.connectedComponents(area.astype(np.uint8), connectivity=8)[1], np.int64)
    near = cv2.dilate(other.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return area & np.isin(piece, np.unique(piece[near & area]))


def specks(area: np.ndarray, smallest: float) -> np.ndarray:
    """(H, W) bool: the connected pieces of `area` (H, W) bool with fewer than `smallest` pixels."""
    piece = np.asarray(cv2.connectedComponents(area.astype(np.uint8), connectivity=4)[1], np.int64)
    return area & (np.bincount(piece.ravel()) < smallest)[piece]
