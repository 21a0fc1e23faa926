"""Growing and pruning: what is kept, where children ride, what the optimiser remembers."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.build.density import choose_splits, prunable, select_rows, split


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.floats(0, 1, width=32)), min_size=1, max_size=40),
    st.floats(0, 1, width=32),
)
def test_pruning_never_empties_a_triangle(members: list[tuple[int, float]], threshold: float) -> None:
    parents = torch.tensor([m[0] for m in members])
    opacities = torch.tensor([m[1] for m in members])
    gone = prunable(opacities, parents, threshold)
    assert set(parents[~gone].tolist()) == set(parents.tolist())
    assert not gone[opacities >= threshold].any()
    for triangle in parents.unique():
        mine = parents == triangle
        assert opacities[mine & ~gone].max() == opacities[mine].max()
        # Everything else below the threshold goes: at most one transparent Gaussian stays a triangle.
        assert int((mine & ~gone & (opacities < threshold)).sum()) <= 1


def test_splits_take_the_largest_gradients_among_the_kept() -> None:
    detail = torch.tensor([0.5, 0.0, 3.0, 2.0, 1.0])
    keep = torch.tensor([True, True, False, True, True])
    assert choose_splits(detail, keep, 2).tolist() == [3, 4]
    assert choose_splits(detail, keep, 99).tolist() == [3, 4, 0]
    assert choose_splits(detail, keep, -1).tolist() == []


def rows_and_optimizer() -> tuple[dict[str, torch.Tensor], torch.optim.Adam]:
    generator = torch.Generator().manual_seed(0)
    shapes = {
        "means": (5, 3),
        "quaternions": (5, 4),
        "log_scales": (5, 3),
        "opacity_logits": (5,),
        "z": (5, 4),
    }
    rows: dict[str, torch.Tensor] = {
        name: torch.nn.Parameter(torch.randn(shape, generator=generator)) for name, shape in shapes.items()
    }
    optimizer = torch.optim.Adam([{"params": [p], "name": n} for n, p in rows.items()], lr=0.1)
    sum(p.square().sum() for p in rows.values()).backward()  # type: ignore[union-attr]
    optimizer.step()
    return rows, optimizer


def test_select_rows_keeps_the_optimisers_memory() -> None:
    rows, optimizer = rows_and_optimizer()
    before = {n: optimizer.state[p]["exp_avg_sq"].clone() for n, p in rows.items()}
    fresh = select_rows(rows, optimizer, torch.tensor([4, 0, 0]))
    for name, parameter in fresh.items():
        assert torch.equal(parameter.detach(), rows[name].detach()[[4, 0, 0]])
        assert torch.equal(optimizer.state[parameter]["exp_avg_sq"], before[name][[4, 0, 0]])
    assert {id(p) for g in optimizer.param_groups for p in g["params"]} == {id(p) for p in fresh.values()}
    assert len(optimizer.state) == len(fresh)


def test_children_lie_either_side_along_the_longest_axis() -> None:
    rows, optimizer = rows_and_optimizer()
    with torch.no_grad():
        rows["quaternions"][:] = torch.tensor([1.0, 0, 0, 0])
        rows["log_scales"][3] = torch.tensor([-2.0, 0.0, -3.0])
    keep = torch.tensor([True, False, True, True, True])
    old = {name: p.detach().clone() for name, p in rows.items()}
    fresh, source = split(rows, optimizer, keep, torch.tensor([3]), torch.Generator().manual_seed(0))
    assert source.tolist() == [2, 3, 4, 3] or source.tolist() == [0, 2, 3, 4, 3]
    first, second = [i for i, s in enumerate(source.tolist()) if s == 3]
    offsets = torch.stack([fresh["means"][first], fresh["means"][second]]).detach() - old["means"][3]
    assert torch.allclose(offsets[0], -offsets[1]) and offsets[0].abs().argmax() == 1
    assert torch.allclose(offsets[0, [0, 2]], torch.zeros(2), atol=1e-6)
    shrunk = fresh["log_scales"].detach()[[first, second]]
    assert (shrunk[:, 1] < old["log_scales"][3, 1]).all()
    assert torch.equal(shrunk[:, [0, 2]], old["log_scales"][3, [0, 2]].expand(2, 2))
    assert torch.equal(fresh["z"][second, :3], old["z"][3, :3])
    untouched = source.tolist().index(4)
    assert all(torch.equal(fresh[name][untouched], old[name][4]) for name in fresh)
