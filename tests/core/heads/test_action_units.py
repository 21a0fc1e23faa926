"""Action units name ARKit actions that exist and move the face as FACS says."""

from __future__ import annotations

import pytest
import torch

from emoga_core.errors import EmogaError
from emoga_core.facs import ACTION_UNIT_NAMES, LEFT, RIGHT, SIDED, TEXT_ACTION_UNITS, unit_label
from emoga_core.heads import ACTION_UNITS, ARKIT_INDEX, ARKIT_NAMES, arkit_from_action_units
from emoga_core.heads.arkit import mirrored

ONE_WAY = {46, 61, 62}


def test_table_is_complete_and_symmetric():
    assert TEXT_ACTION_UNITS == (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 23, 24, 25, 26, 45)
    assert set(TEXT_ACTION_UNITS) < set(ACTION_UNITS)
    assert set(ACTION_UNIT_NAMES) == set(ACTION_UNITS)
    for unit, actions in ACTION_UNITS.items():
        assert actions and all(name in ARKIT_INDEX and 0 < amount <= 1 for name, amount in actions.items())
        if unit < LEFT and unit not in ONE_WAY:
            assert all(actions[mirrored(name)] == amount for name, amount in actions.items())


def test_sides_are_mirror_images_and_together_the_whole():
    for unit in SIDED:
        left, right = ACTION_UNITS[LEFT + unit], ACTION_UNITS[RIGHT + unit]
        assert {mirrored(name): amount for name, amount in left.items()} == right
        assert left | right == ACTION_UNITS[unit]
    assert unit_label(112) == "L12" and unit_label(204) == "R4" and unit_label(12) == "12"


def test_eyes_turn_to_the_subjects_own_left():
    assert set(ACTION_UNITS[61]) == {"eyeLookOutLeft", "eyeLookInRight"}
    assert {mirrored(name) for name in ACTION_UNITS[61]} == set(ACTION_UNITS[62])


def test_arkit_names():
    assert len(ARKIT_NAMES) == len(set(ARKIT_NAMES)) == 52
    assert list(ARKIT_NAMES) == sorted(ARKIT_NAMES, key=str.lower)
    assert all(mirrored(mirrored(n)) == n and mirrored(n) in ARKIT_INDEX for n in ARKIT_NAMES)


def test_intensities_add_up_and_stay_in_range():
    smile = arkit_from_action_units({6: 0.5, 12: 1.0})
    assert smile[ARKIT_INDEX["mouthSmileLeft"]] == 1.0 and smile[ARKIT_INDEX["cheekSquintRight"]] == 0.5
    assert torch.count_nonzero(smile) == 4
    pressed = arkit_from_action_units({23: 1.0, 24: 1.0})
    assert pressed.max() == 1.0 and pressed.min() == 0.0
    assert not arkit_from_action_units({}).any()
    with pytest.raises(EmogaError, match="action unit 3 is not in the table"):
        arkit_from_action_units({3: 1.0})
