"""PSNR and SSIM, on the whole picture or on the subject's matte dilated by four pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from emoga_core.losses.photometric import ssim_map

MATTE_DILATION = 4
"""Pixels by which a subject's matte grows before it is scored, so that fringes count."""


@dataclass(frozen=True)
class Score:
    """Quality of one picture: dB and SSIM on the subject and on the whole picture."""

    psnr: float
    ssim: float
    whole_psnr: float
    whole_ssim: float


def psnr(
    image: Tensor,  # (H,W,3)
    target: Tensor,  # (H,W,3)
    mask: Tensor | None = None,  # (H,W), pixels > 0.5 count
) -> float:
    """10 log10(1 / mean squared error) in dB over the mask; infinity when equal, nan for an empty mask."""
    square = (image - target).square_().sum(-1)
    error = float((square if mask is None else square[mask > 0.5]).mean(dtype=torch.float64)) / 3
    return math.inf if error == 0 else -10 * math.log10(error)


def ssim(
    image: Tensor,  # (H,W,3)
    target: Tensor,  # (H,W,3)
    mask: Tensor | None = None,  # (H,W), pixels > 0.5 count
) -> float:
    """Mean structural similarity (11x11 Gaussian window) over the mask."""
    values = ssim_map(image, target)
    return float((values if mask is None else values[mask > 0.5]).mean())


def dilate(
    matte: Tensor,  # (H,W) in [0,1]
    pixels: int = MATTE_DILATION,
) -> Tensor:
    """Pixels within `pixels` of the subject (matte > 0.5): (H,W) float32 of zeros and ones, same device."""
    subject = (matte.detach().cpu().numpy() > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return torch.from_numpy(cv2.dilate(subject, disc).astype(np.float32)).to(matte.device)


def score(
    image: Tensor,  # (H,W,3)
    target: Tensor,  # (H,W,3)
    matte: Tensor,  # (H,W)
) -> Score:
    """PSNR and SSIM on the dilated matte and on the whole picture; the image is clamped to [0,1] first."""
    image = image.detach().clamp(0, 1)
    near = dilate(matte)
    similarity = ssim_map(image, target)
    return Score(
        psnr=psnr(image, target, near),
        ssim=float(similarity[near > 0.5].mean()),
        whole_psnr=psnr(image, target),
        whole_ssim=float(similarity.mean()),
    )
