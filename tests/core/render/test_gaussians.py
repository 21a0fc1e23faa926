import pytest
import torch

from emoga_core.errors import EmogaError
from emoga_core.render import Gaussians


def some(count: int, coefficients: int = 4) -> Gaussians:
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator)

    return Gaussians(
        random(count, 3), random(count, 4), random(count, 3), random(count), random(count, coefficients, 3)
    )


def test_degree_follows_the_number_of_coefficients():
    assert [some(2, k).sh_degree for k in (1, 4, 9, 16)] == [0, 1, 2, 3]


def test_scales_and_opacities_undo_their_storage():
    gaussians = some(5)
    assert torch.allclose(gaussians.scales.log(), gaussians.log_scales, atol=1e-6)
    assert torch.allclose(torch.logit(gaussians.opacities), gaussians.opacity_logits, atol=1e-5)


def test_selecting_and_joining_are_inverse():
    gaussians = some(7)
    joined = Gaussians.cat([gaussians[:3], gaussians[torch.tensor([3, 4, 5, 6])]])
    assert torch.equal(joined.means, gaussians.means)
    assert torch.equal(joined.sh, gaussians.sh)
    assert len(gaussians[gaussians.means[:, 0] > 0]) == int((gaussians.means[:, 0] > 0).sum())


@pytest.mark.parametrize(
    ("field", "shape"),
    [
        ("means", (3, 2)),
        ("quaternions", (3, 3)),
        ("opacity_logits", (3, 1)),
        ("sh", (3, 5, 3)),
        ("sh", (2, 4, 3)),
    ],
)
def test_wrong_shapes_are_named(field: str, shape: tuple[int, ...]):
    arguments = {
        "means": torch.zeros(3, 3),
        "quaternions": torch.zeros(3, 4),
        "log_scales": torch.zeros(3, 3),
        "opacity_logits": torch.zeros(3),
        "sh": torch.zeros(3, 4, 3),
        field: torch.zeros(shape),
    }
    with pytest.raises(EmogaError, match=field):
        Gaussians(**arguments)
