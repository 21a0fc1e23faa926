"""The bundled head is a sane human head, and its actions do what their names say."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emoga_core.errors import EmogaError
from emoga_core.heads import (
    ARKIT_INDEX,
    ARKIT_NAMES,
    FACE_SKIN,
    NAMED_IDENTITIES,
    REGION_NAMES,
    bundled_detail,
    bundled_head,
    identity_from_attributes,
    landmarks,
    local_shape_names,
    named_identity,
    sample_identity,
    triangle_regions,
    vertices_in,
)
from emoga_core.heads.arkit import mirrored
from emoga_core.heads.bundled import PACK_PATH
from emoga_core.heads.landmarks import GROUPS, MIRROR

HEAD = bundled_head()


def face(identity=None, **actions: float) -> torch.Tensor:
    """Rest vertices (V,3) with the given actions; a name without a side means both sides."""
    expression = torch.zeros(1, HEAD.num_expressions)
    for name, value in actions.items():
        for full in (name, name + "Left", name + "Right"):
            if full in ARKIT_INDEX:
                expression[0, ARKIT_INDEX[full]] = value
    assert expression.any() or not actions
    identity = torch.zeros(HEAD.num_identities) if identity is None else identity
    return HEAD.rest(identity[None], expression)[0][0]


def points(vertices: torch.Tensor) -> np.ndarray:
    return landmarks(HEAD, vertices).numpy()


def test_size_licence_and_basics():
    assert PACK_PATH.stat().st_size < 3.5e6
    assert HEAD.redistributable and HEAD.licence == "CC0-1.0"
    assert HEAD.expression_names == ARKIT_NAMES and HEAD.expression_range == (0.0, 1.0)
    height = HEAD.template[:, 1].max() - points(HEAD.template)[8, 1]
    assert 0.19 < height < 0.27  # metres from chin to crown of an adult
    torch.testing.assert_close(HEAD.skin_weights.sum(1), torch.ones(HEAD.num_vertices))
    torch.testing.assert_close(HEAD.joint_regressor.sum(1), torch.ones(5), atol=1e-4, rtol=0)
    assert (HEAD.uv_triangles.min() >= 0) and int(HEAD.uv_triangles.max()) < len(HEAD.uv)


def test_no_triangle_is_degenerate():
    corners = HEAD.template[HEAD.triangles]
    doubled = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).norm(dim=1)
    assert doubled.min() > 1e-9


def test_skin_faces_outwards():
    """The volume enclosed by a surface whose normals point outwards is positive."""
    skin = vertices_in(HEAD, (*FACE_SKIN, "scalp", "neck", "left_ear", "right_ear"))
    corners = HEAD.template[HEAD.triangles[skin[HEAD.triangles].all(1)]]
    assert torch.linalg.det(corners).sum() / 6 > 0.002
    for eye in ("left_eye", "right_eye"):
        ids = torch.from_numpy(bundled_detail().vertices_of(eye))
        inside = torch.isin(HEAD.triangles, ids).all(1)
        corners = HEAD.template[HEAD.triangles[inside]]
        centre = HEAD.template[ids].mean(0)
        normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert ((corners.mean(1) - centre) * normal).sum(1).min() > 0


def test_joints_lie_where_they_should_and_ignore_expression():
    joints = (HEAD.joint_regressor @ HEAD.template).numpy()
    root, neck, jaw, left, right = joints
    assert root[1] < neck[1] < jaw[1] < left[1]
    assert left[0] > 0.025 and right[0] < -0.025 and abs(left[0] + right[0]) < 1e-3
    moved = torch.einsum("jv,vde->jde", HEAD.joint_regressor, HEAD.expression_basis)
    assert moved.abs().max() < 1e-5


def test_eyeballs_turn_but_never_shear():
    detail = bundled_detail()
    eyes = torch.from_numpy(detail.vertices_of("left_eye", "right_eye"))
    assert not HEAD.expression_basis[eyes].any()
    rotations = torch.zeros(1, 5, 3)
    rotations[0, 3:] = torch.tensor([0.2, 0.4, 0.0])
    still = (torch.zeros(1, HEAD.num_identities), torch.zeros(1, 52))
    posed = HEAD.pose(*still, rotations, torch.zeros(1, 3))[0]
    for name, joint in (("left_eye", 3), ("right_eye", 4)):
        ids = torch.from_numpy(detail.vertices_of(name))
        centre = HEAD.joint_regressor[joint] @ HEAD.template
        before, after = HEAD.template[ids] - centre, posed[ids] - centre
        torch.testing.assert_close(before.norm(dim=1), after.norm(dim=1), atol=1e-6, rtol=0)
        pupil = after[before[:, 2].argmax()]
        assert pupil[0] > 0.003 and pupil[1] < -0.001  # towards +x and down


def test_left_and_right_actions_mirror_each_other():
    template = HEAD.template.numpy().astype(np.float64)
    skin = bundled_detail().vertices_of("skin")
    base = bundled_detail().base_positions[skin]
    image = np.array([np.linalg.norm(base - p * (-1, 1, 1), axis=1).argmin() for p in base[::40]])
    assert len(template) == HEAD.num_vertices
    for name in ("mouthSmileLeft", "browDownLeft", "eyeBlinkLeft", "cheekSquintLeft", "noseSneerLeft"):
        a = HEAD.expression_basis[skin, :, ARKIT_INDEX[name]].numpy()[::40]
        b = HEAD.expression_basis[skin, :, ARKIT_INDEX[mirrored(name)]].numpy()[image]
        assert np.abs(a - b * (-1, 1, 1)).max() < 1e-3, name


def test_jaw_opens_the_mouth_and_takes_teeth_and_tongue_along():
    closed, opened = points(face()), points(face(jawOpen=1.0))
    assert (closed[62, 1] - closed[66, 1]) < 0.004
    assert (opened[62, 1] - opened[66, 1]) > 0.020
    detail = bundled_detail()
    drop = (face(jawOpen=1.0) - face()).numpy()
    assert drop[detail.vertices_of("lower_teeth"), 1].mean() < -0.015
    assert np.abs(drop[detail.vertices_of("upper_teeth")]).max() == 0


@pytest.mark.parametrize(
    ("action", "point", "axis", "at_least"),
    [
        ("browInnerUp", 21, 1, 0.004), ("browOuterUp", 18, 1, 0.003), ("browDown", 20, 1, -0.003),
        ("mouthSmile", 54, 1, 0.004), ("mouthFrown", 48, 1, -0.003), ("mouthStretch", 54, 0, 0.003),
        ("eyeWide", 37, 1, 0.001), ("mouthUpperUp", 51, 1, 0.002), ("mouthPucker", 54, 0, -0.003),
        ("jawForward", 8, 2, 0.002), ("noseSneer", 35, 1, 0.001), ("jawLeft", 8, 0, 0.002),
    ],
)  # fmt: skip
def test_actions_move_their_landmark(action, point, axis, at_least):
    moved = points(face(**{action: 1.0}))[point, axis] - points(face())[point, axis]
    assert moved * np.sign(at_least) > abs(at_least)


@pytest.mark.parametrize("who", [None, *NAMED_IDENTITIES])
def test_blink_closes_the_lids(who):
    identity = None if who is None else named_identity(who)
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        opened, closed = points(face(identity)), points(face(identity, eyeBlink=1.0))
        gap = opened[upper, 1] - opened[lower, 1]
        assert gap > 0.004
        assert closed[upper, 1] - closed[lower, 1] < 0.25 * gap


def test_landmarks_are_ordered_and_symmetric():
    p = points(HEAD.template)
    assert p[17:, 2].min() > 0.03  # every point of the face itself is in front
    assert (np.diff(p[GROUPS["jaw"], 0]) > 0).all()  # from the subject's right ear to the left one
    assert p[8, 1] == p[:, 1].min()
    assert np.abs(p - p[list(MIRROR)] * (-1, 1, 1)).max() < 0.004
    assert (np.diff(p[27:31, 1]) < 0).all() and p[30, 2] == p[:, 2].max()  # down the nose to its tip
    assert p[36, 0] < p[39, 0] < p[42, 0] < p[45, 0]
    assert p[19, 1] > p[37, 1] > p[41, 1] > p[30, 1] > p[51, 1] > p[57, 1] > p[8, 1]
    assert (p[49:54, 1] > p[[59, 58, 57, 56, 55], 1]).all() and p[61:64, 1].min() >= p[65:68, 1].max() - 1e-3
    assert sorted(MIRROR) == list(range(68)) and sorted(i for g in GROUPS.values() for i in g) == list(
        range(68)
    )


def test_every_region_is_used_and_where_it_belongs():
    labels = HEAD.regions
    assert HEAD.region_names == REGION_NAMES and set(labels.tolist()) == set(range(len(REGION_NAMES)))

    def middle(name):
        return HEAD.template[vertices_in(HEAD, [name])].mean(0)

    assert (
        middle("forehead")[1]
        > middle("left_brow")[1]
        > middle("nose")[1]
        > middle("lips")[1]
        > middle("neck")[1]
    )
    assert middle("left_brow")[0] > 0 > middle("right_brow")[0] and middle("left_ear")[0] > 0.06
    assert middle("nose")[2] > middle("face")[2] > middle("scalp")[2]
    assert (
        middle("upper_gums")[1]
        > middle("upper_teeth")[1]
        > middle("lower_teeth")[1]
        > middle("lower_gums")[1]
    )
    assert triangle_regions(HEAD).shape == (HEAD.num_triangles,)
    with pytest.raises(EmogaError, match="no region 'elbow'"):
        vertices_in(HEAD, ["elbow"])


def test_teeth_stay_behind_closed_lips():
    detail = bundled_detail()
    teeth = face()[torch.from_numpy(detail.vertices_of("upper_teeth", "lower_teeth"))]
    lips = points(face())[[51, 57]]
    assert teeth[:, 2].max() < lips[:, 2].min()


def test_detail_describes_the_same_mesh():
    detail = bundled_detail()
    assert set(np.unique(detail.quads)) == set(range(HEAD.num_vertices))
    assert (np.diff(detail.vertex_parts) >= 0).all()
    assert (detail.vertex_parts[detail.quads] == detail.quad_parts[:, None]).all()
    repeated = sum(len(set(q)) == 3 for q in detail.quads.tolist())
    assert HEAD.num_triangles == 2 * len(detail.quads) - repeated
    assert detail.base_positions.shape == (HEAD.num_vertices, 3)
    assert all(
        m.shape == (HEAD.num_vertices,) and m.min() >= 0 and m.max() <= 1 for m in detail.masks.values()
    )


def test_attributes_shape_the_head_as_they_say():
    def size(**attributes):
        return points(face(identity_from_attributes(**attributes)))

    man, woman = size(sex=1.0), size(sex=0.0)
    assert man[12, 0] - man[4, 0] > woman[12, 0] - woman[4, 0]
    wide, slim = size(weight=1.0), size(weight=0.0)
    assert wide[12, 0] - wide[4, 0] > slim[12, 0] - slim[4, 0] + 0.002
    long_nose = size(local={"nose-scale-vert-incr": 1.0})
    short_nose = size(local={"nose-scale-vert-incr": -1.0})
    assert long_nose[27, 1] - long_nose[33, 1] > short_nose[27, 1] - short_nose[33, 1] + 0.003
    assert "nose-scale-vert-incr" in local_shape_names()
    with pytest.raises(EmogaError, match="unknown face shape 'horn'"):
        identity_from_attributes(local={"horn": 1.0})
    with pytest.raises(EmogaError, match="three amounts"):
        identity_from_attributes(ancestry=(0, 0, 0))
    with pytest.raises(EmogaError, match="no identity is called"):
        named_identity("nobody")


def test_sampled_identities_are_reproducible_plausible_and_distinct():
    assert torch.equal(sample_identity(7), sample_identity(7))
    generator = torch.Generator().manual_seed(7)
    first, second = sample_identity(generator), sample_identity(generator)
    assert torch.equal(first, sample_identity(7)) and not torch.equal(first, second)
    many = torch.stack([sample_identity(seed) for seed in range(40)])
    assert 0.3 < many[:, :20].std() < 2.0 and many.abs().max() < 8
    vertices = HEAD.rest(many, torch.zeros(1, 52))[0]
    spread = (vertices - vertices.mean(0)).norm(dim=2).mean()
    assert 0.002 < spread < 0.02  # people differ by millimetres
    old = sample_identity(7, age=75.0, sex=1.0)
    assert not torch.equal(old, first)
