"""An emotion optimised on CUDA is the one that the CPU finds, up to rounding."""

import pytest
import torch

from emoga_core.emote import EmotionRequest, make_emotion
from emoga_server.bench.synthetic_avatar import synthetic_avatar

pytestmark = pytest.mark.gpu

if not torch.cuda.is_available():
    pytest.skip("needs a CUDA device", allow_module_level=True)
pytest.importorskip("gsplat")


def test_cuda_and_cpu_agree():
    avatar = synthetic_avatar("ann", 5000)
    request = EmotionRequest("very happy", views=3, frames=1, size=128, steps=60)
    here, there = (make_emotion(avatar, request, device=device).state for device in ("cpu", "cuda"))
    assert there.expression.device.type == "cpu"
    assert float((here.expression - there.expression).norm() / here.expression.norm()) < 0.05
