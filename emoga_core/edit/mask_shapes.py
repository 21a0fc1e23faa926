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


def grown(area: np.ndarray, radius: float) -> np.ndarray:
    """The area and what lies within `radius` pixels of it."""
    if not area.any():
        return area
    away = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return away <= radius


def feathered(area: np.ndarray, width: float) -> np.ndarray:
    """A ramp of `width` pixels, one half on the border."""
    if not area.any() or area.all():
        return area.astype(np.float32)
    inside = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    signed = np.where(area, inside - 0.5, 0.5 - outside)
    return np.clip(0.5 + signed / max(width, 1e-6), 0, 1).astype(np.float32)
