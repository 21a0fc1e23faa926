"""Paint coordinates: exact on the bundled head, near enough on others, none without landmarks."""

from __future__ import annotations

import numpy as np
import torch

from emoga_core.edit.guided.rest import (
    bare_skin,
    paint_coordinates,
    paintable_skin,
    smooth_skin,
    turning_skin,
)
from emoga_core.heads import REGION_NAMES, bundled_detail


def region(head, name: str) -> np.ndarray:
    return head.regions.eq(REGION_NAMES.index(name)).numpy()


def test_the_bundled_head_is_painted_in_its_own_coordinates(kofi):
    np.testing.assert_array_equal(paint_coordinates(kofi.head), bundled_detail().base_positions)


def test_another_head_is_laid_over_it_by_landmarks(statistical):
    found = paint_coordinates(statistical.head)
    assert found is not None
    face = paintable_skin(statistical.head) > 0
    known = np.isfinite(found.sum(1))
    assert known[face].mean() > 0.95
    assert not known[region(statistical.head, "bust")].any()
    away = np.linalg.norm(found - bundled_detail().base_positions, axis=1)[face & known]
    assert away.mean() < 0.003 and np.quantile(away, 0.95) < 0.008  # metres


def test_no_coordinates_without_landmarks(bare):
    assert paint_coordinates(bare.head) is None


def test_weights_are_where_they_belong(kofi):
    head = kofi.head
    lips, cheeks, balls = region(head, "lips"), region(head, "face"), region(head, "left_eyeball")
    assert (paintable_skin(head)[lips] == 1).all() and (bare_skin(head)[lips] == 0).all()
    assert (paintable_skin(head)[balls] == 0).all()
    turning = turning_skin(head, head.template)
    assert (turning[region(head, "left_eye_socket")] == 0).all() and turning[cheeks].mean() > 0.7
    smooth = smooth_skin(head, head.template)
    assert smooth[lips].max() == 0 and smooth[cheeks].mean() > 0.5
    assert torch.tensor(smooth).isfinite().all()
