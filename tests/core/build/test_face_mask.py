"""The face mask on the bundled head."""

from __future__ import annotations

from emoga_core.build import face_mask
from emoga_core.heads import bundled_head, triangle_regions


def test_mask_covers_the_face_and_nothing_else() -> None:
    head = bundled_head()
    mask, labels = face_mask(head), triangle_regions(head)

    def values(name: str):
        return mask[labels == head.region_names.index(name)]

    for name in ("nose", "lips", "left_brow", "right_brow"):
        assert values(name).mean() > 0.9, name
    for name in ("neck", "scalp", "bust", "left_ear", "right_ear", "left_eyeball", "tongue", "upper_teeth"):
        assert values(name).max() < 0.5 and values(name).mean() < 0.02, name
    assert mask.min() >= 0 and mask.max() <= 1
    assert ((mask > 0.05) & (mask < 0.95)).sum() > 50, "the border is feathered"
