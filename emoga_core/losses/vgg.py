"""The convolutional part of VGG16 (Simonyan and Zisserman 2015), with weights from the user's disk.

Weights are read in the layout that torchvision publishes (`features.0.weight` ...), without torchvision.
"""

from __future__ import annotations

import pickle
import warnings
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from emoga_core.errors import EmogaError

_BLOCKS = ((0, 2), (5, 7), (10, 12, 14))
"""Indices of the convolutions in torchvision's `features`, up to the third pooling."""

_WIDTHS = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256))


class VggWeightsError(EmogaError):
    """The file with the VGG16 weights cannot be used."""


class Vgg16Features(nn.Module):
    """Activations after relu1_2, relu2_2 and relu3_3 of images (B,3,H,W) in [0,1], H and W at least 4."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths)) for widths in _WIDTHS
        )
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, images: Tensor) -> list[Tensor]:
        x = (images - self.mean) / self.deviation
        taps = []
        for i, block in enumerate(self.blocks):
            if i:
                x = nn.functional.max_pool2d(x, 2)
            for convolution in block:  # type: ignore[attr-defined]
                x = torch.relu(convolution(x))
            taps.append(x)
        return taps


def load_vgg16(path: Path | str) -> Vgg16Features:
    """Reads weights (safetensors, or a torch file opened with `weights_only`), frozen.

    Raises: VggWeightsError when the file is missing, unreadable or not VGG16.
    """
    path = Path(path)
    if not path.is_file():
        raise VggWeightsError(f"{path}: no such file; give the VGG16 weights or leave --vgg-weights out")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about the pickle's version: it loads, or raises below
                state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # PyTorch's own message advises to run what is in the file
        raise VggWeightsError(
            f"{path}: no file of weights, damaged, or more than weights in it; download the weights again"
        ) from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, LookupError, TypeError, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise VggWeightsError(
            f"{path}: cannot be read as weights ({reason}); download the weights again"
        ) from error
    if not isinstance(state, dict):
        raise VggWeightsError(f"{path}: holds no table of weights; expected torchvision's VGG16 layout")
    network = Vgg16Features()
    with torch.no_grad():
        for block, indices in zip(network.blocks, _BLOCKS, strict=True):
            for convolution, index in zip(block, indices, strict=True):  # type: ignore[call-overload]
                for kind in ("weight", "bias"):
                    name = f"features.{index}.{kind}"
                    own = getattr(convolution, kind)
                    value = state.get(name)
                    if not isinstance(value, Tensor) or value.shape != own.shape:
                        shape = tuple(value.shape) if isinstance(value, Tensor) else "missing"
                        raise VggWeightsError(
                            f"{path}: {name} is {shape}, VGG16 in torchvision's layout has {tuple(own.shape)}"
                        )
                    own.copy_(value)
    return network.requires_grad_(False).eval()
