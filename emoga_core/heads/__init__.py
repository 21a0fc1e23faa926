"""Parametric heads: the bundled one and the user's FLAME."""

from emoga_core.heads.action_units import ACTION_UNITS, arkit_from_action_units
from emoga_core.heads.actions import expression_from_action_units
from emoga_core.heads.arkit import ARKIT_INDEX, ARKIT_NAMES
from emoga_core.heads.bundled import (
    NAMED_IDENTITIES,
    BundledDetail,
    bundled_detail,
    bundled_head,
    identity_from_attributes,
    local_shape_names,
    named_identity,
    sample_identity,
)
from emoga_core.heads.flame import convert_flame
from emoga_core.heads.head import JOINT_NAMES, PARENTS, Head
from emoga_core.heads.io import load_head, save_head
from emoga_core.heads.landmarks import landmarks
from emoga_core.heads.regions import FACE_SKIN, REGION_NAMES, triangle_regions, vertices_in

__all__ = [
    "ACTION_UNITS",
    "ARKIT_INDEX",
    "ARKIT_NAMES",
    "FACE_SKIN",
    "JOINT_NAMES",
    "NAMED_IDENTITIES",
    "PARENTS",
    "REGION_NAMES",
    "BundledDetail",
    "Head",
    "arkit_from_action_units",
    "bundled_detail",
    "bundled_head",
    "convert_flame",
    "expression_from_action_units",
    "identity_from_attributes",
    "landmarks",
    "load_head",
    "local_shape_names",
    "named_identity",
    "sample_identity",
    "save_head",
    "triangle_regions",
    "vertices_in",
]
