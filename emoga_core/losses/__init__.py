"""Losses and metrics: fused L1 + SSIM, patch losses, regularisers, PSNR and SSIM on the subject's matte."""

from emoga_core.losses.metrics import MATTE_DILATION, Score, dilate, psnr, score, ssim
from emoga_core.losses.patches import (
    PatchLoss,
    PyramidPatchLoss,
    VggPatchLoss,
    cut_patches,
    patch_corners,
    sample_patches,
)
from emoga_core.losses.photometric import (
    PreparedTarget,
    l1_ssim,
    l1_ssim_reference,
    prepare_target,
    ssim_map,
    ssim_map_reference,
)
from emoga_core.losses.regularisers import position_loss, scaling_loss
from emoga_core.losses.vgg import Vgg16Features, VggWeightsError, load_vgg16

__all__ = [
    "MATTE_DILATION",
    "PatchLoss",
    "PreparedTarget",
    "PyramidPatchLoss",
    "Score",
    "Vgg16Features",
    "VggPatchLoss",
    "VggWeightsError",
    "cut_patches",
    "dilate",
    "l1_ssim",
    "l1_ssim_reference",
    "load_vgg16",
    "patch_corners",
    "position_loss",
    "prepare_target",
    "psnr",
    "sample_patches",
    "scaling_loss",
    "score",
    "ssim",
    "ssim_map",
    "ssim_map_reference",
]
