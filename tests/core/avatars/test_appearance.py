"""Colour models: the efficient form against the formula, the coloured start, densification."""

import pytest
import torch

from emoga_core.avatars import AvatarError, ColorMLP, DirectSH
from emoga_core.avatars.appearance import SH_C0


def _mlp(count: int = 20, degree: int = 2) -> ColorMLP:
    return ColorMLP.create(count, 7, degree, 11, generator=torch.Generator().manual_seed(0)).double()


def test_sh_follows_the_formula_for_each_gaussian():
    model, generator = _mlp(), torch.Generator().manual_seed(1)
    offset, embedding = (
        torch.randn(20, 7, generator=generator).double(),
        torch.randn(32, generator=generator).double(),
    )
    mask = torch.rand(20, generator=generator).double()
    got = model.sh(offset, embedding, mask)
    weight = torch.cat([model.weight_latent, model.weight_embedding], 1)
    for i in range(20):
        z = model.z[i] + mask[i] * offset[i]
        e = model.neutral_embedding + mask[i] * (embedding - model.neutral_embedding)
        hidden = torch.relu(weight @ torch.cat([z, e]) + model.bias)
        torch.testing.assert_close(got[i].reshape(-1), model.weight_out @ hidden + model.bias_out)


@pytest.mark.parametrize(
    "model", [_mlp(), DirectSH.create(20, 2, torch.rand(20, 3)).double()], ids=["mlp", "sh"]
)
def test_rows_are_rows_of_the_whole(model):
    rows = torch.tensor([3, 11, 12])
    offset, mask = torch.randn(20, model.latent_size).double(), torch.rand(20).double()
    embedding = torch.randn(32).double()
    whole = model.sh(offset, embedding, mask)
    torch.testing.assert_close(model.sh(offset[rows], embedding, mask[rows], rows), whole[rows])


@pytest.mark.parametrize("kind", [ColorMLP, DirectSH])
def test_start_with_colours_shows_them(kind):
    colors = torch.rand(50, 3, generator=torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(3)
    if kind is ColorMLP:
        model = ColorMLP.create(50, 32, 1, 64, colors=colors, generator=generator)
    else:
        model = DirectSH.create(50, 1, colors)
    shown = model.sh()[:, 0] * SH_C0 + 0.5
    assert (shown - colors).abs().max() < 0.05
    assert model.sh()[:, 1:].abs().max() < 0.2


def test_the_same_seed_gives_the_same_start():
    first, second = (ColorMLP.create(5, generator=torch.Generator().manual_seed(9)) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_coloured_start_learns():
    generator = torch.Generator().manual_seed(0)
    model = ColorMLP.create(30, 8, 1, 32, colors=torch.rand(30, 3, generator=generator), generator=generator)
    target = torch.randn(30, 4, 3, generator=generator)
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    losses = []
    for _ in range(300):
        loss = (model.sh() - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_mask_zero_keeps_neutral_bit_for_bit():
    model = ColorMLP.create(20, 7, 1, generator=torch.Generator().manual_seed(4))
    mask = torch.zeros(20)
    mask[5] = 1
    changed = model.sh(torch.randn(20, 7), torch.randn(32), mask)
    same = (changed == model.sh()).flatten(1).all(1)
    assert same.sum() == 19 and not same[5]


@pytest.mark.parametrize("model", [_mlp(), DirectSH.create(20, 1, torch.rand(20, 3))], ids=["mlp", "sh"])
def test_resample_repeats_and_drops(model):
    before, index = model.sh().detach(), torch.tensor([19, 0, 0, 7])
    model.resample(index)
    assert model.count == 4
    torch.testing.assert_close(model.sh(), before[index])
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_direct_sh_offsets_add_to_coefficients():
    sh = torch.randn(6, 4, 3)
    model = DirectSH.from_coefficients(sh)
    assert torch.equal(model.sh(), sh) and model.latent_size == 12
    offset = torch.randn(6, 12)
    torch.testing.assert_close(
        model.sh(offset, torch.randn(32), torch.full((6,), 0.5)), sh + 0.5 * offset.view(6, 4, 3)
    )


def test_impossible_models_are_refused():
    with pytest.raises(AvatarError, match="SH degree 4"):
        ColorMLP(3, sh_degree=4)
    with pytest.raises(AvatarError, match="5 SH coefficients"):
        DirectSH.from_coefficients(torch.zeros(3, 5, 3))
    with pytest.raises(AvatarError, match="colours have shape"):
        ColorMLP.create(3, colors=torch.zeros(4, 3))
