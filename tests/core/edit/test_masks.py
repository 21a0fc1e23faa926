"""What the masks of the bundled avatar cover, by points on its mesh."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from emoga_core.avatars import MotionFrame
from emoga_core.edit.errors import EditError
from emoga_core.edit.face_classes import MOUTH, face_classes, mask_note
from emoga_core.edit.framing import face_box, face_cameras, pixels_per_metre
from emoga_core.edit.mask_shapes import FEATHER
from emoga_core.edit.masks import OUTLINE, edit_mask, face_picture, skin_mask
from emoga_core.edit.views import moved_vertices
from emoga_core.heads import vertices_in
from emoga_core.render import rasterize_mesh

SIZE = 256
ANGLES = [(0.0, 0.0), (0.5, 0.1), (-0.75, -0.1)]
BLACK = ("left_ear", "right_ear", "scalp", "neck", "bust")


def open_mouth(kofi) -> MotionFrame:
    expression = torch.zeros(52)
    names = kofi.head.expression_names
    expression[names.index("jawOpen")] = 0.3
    for side in ("Left", "Right"):
        expression[[names.index("mouthUpperUp" + side), names.index("mouthLowerDown" + side)]] = 0.6
    return MotionFrame(expression, torch.zeros(5, 3), torch.zeros(3))


def seen(kofi, vertices, camera, rows):
    """Pixels (P, 2) of the vertices `rows` that no other part hides."""
    drawn = kofi.head.triangles[face_classes(kofi.head).drawn]
    depth = rasterize_mesh(vertices, drawn, camera).depth[0]
    pixels, depths = camera.project(vertices[rows])
    x, y = pixels[0].long().unbind(1)
    inside = (x >= 0) & (y >= 0) & (x < SIZE) & (y < SIZE)
    x, y, depths = x[inside], y[inside], depths[0][inside]
    visible = (depths - depth[y, x]).abs() < 0.0015
    return torch.stack([x, y], 1)[visible], inside.nonzero()[:, 0][visible]


def values(mask, pixels):
    return mask[pixels[:, 1], pixels[:, 0]]


@pytest.fixture(scope="module")
def scene(kofi):
    frame = open_mouth(kofi)
    cameras = face_cameras(kofi, frame, ANGLES, SIZE)
    return frame, kofi.pose(frame), cameras


def in_names(kofi, *names):
    return vertices_in(kofi.head, names).nonzero()[:, 0]


@pytest.mark.parametrize("view", range(len(ANGLES)))
def test_hard_masks_are_white_on_the_face_and_black_on_eyes_hair_ears_and_neck(kofi, scene, view):
    _, vertices, cameras = scene
    mask = edit_mask(kofi, vertices, cameras[view], kind="hard")
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    for names in (("nose",), ("left_brow", "right_brow"), ("lips",), ("left_eye_socket", "right_eye_socket")):
        pixels, _ = seen(kofi, vertices, cameras[view], in_names(kofi, *names))
        assert len(pixels) > 8 and values(mask, pixels).mean() > 0.85, names
    balls, _ = seen(kofi, vertices, cameras[view], in_names(kofi, "left_eyeball", "right_eyeball"))
    assert len(balls) > 8 and values(mask, balls).mean() < 0.25  # some lie on the rim of the lids
    rows = in_names(kofi, *BLACK)
    pixels, _ = seen(kofi, vertices, cameras[view], rows[face_classes(kofi.head).weights[rows] < 0.2])
    assert len(pixels) > 100 and values(mask, pixels).mean() < 0.01


def test_the_soft_mask_adds_the_eyes_and_keeps_hair_ears_and_neck_black(kofi, scene):
    _, vertices, cameras = scene
    hard = edit_mask(kofi, vertices, cameras[0], kind="hard")
    soft = edit_mask(kofi, vertices, cameras[0], kind="soft")
    balls, _ = seen(kofi, vertices, cameras[0], in_names(kofi, "left_eyeball", "right_eyeball"))
    assert values(soft, balls).min() > 0.99
    rows = in_names(kofi, *BLACK)
    pixels, _ = seen(kofi, vertices, cameras[0], rows[face_classes(kofi.head).weights[rows] < 0.2])
    assert values(soft, pixels).mean() < 0.01
    face_pixels = face_box(kofi).face_height * pixels_per_metre(kofi, cameras[0], vertices)
    edge = ((soft > 0) & (soft < 1)).sum()
    outline = (
        torch.diff((soft > 0.5).int(), dim=0).abs().sum() + torch.diff((soft > 0.5).int(), dim=1).abs().sum()
    )
    assert 0.4 < float(edge / outline) / (FEATHER * face_pixels) < 1.6
    assert float((soft - hard).clamp(max=0).abs().max()) <= 0.75  # feathering reaches inwards, not through


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_the_mouth_between_parted_lips_may_be_edited(kofi, scene, kind):
    frame, vertices, cameras = scene
    labels = face_picture(kofi, frame, cameras[0]).labels
    assert (labels == MOUTH).sum() > 100
    mask = edit_mask(kofi, vertices, cameras[0], kind=kind)
    assert float(mask[torch.from_numpy(labels == MOUTH)].min()) == 1.0
    teeth, _ = seen(kofi, vertices, cameras[0], in_names(kofi, "upper_teeth"))
    assert len(teeth) > 5 and float(values(mask, teeth).min()) == 1.0


def test_masks_of_different_views_agree_on_the_points_they_share(kofi, scene):
    _, vertices, cameras = scene
    rows = torch.arange(0, kofi.head.num_vertices)
    known = {}
    for view in range(len(ANGLES)):
        pixels, which = seen(kofi, vertices, cameras[view], rows)
        mask = edit_mask(kofi, vertices, cameras[view], kind="hard")
        around = torch.nn.functional.avg_pool2d(mask[None], 3, 1, 1)[0]
        clear = values((around - mask).abs() < 1e-6, pixels)  # a point on a border may round to either side
        pixels, which = pixels[clear], which[clear]
        known[view] = dict(zip(which.tolist(), values(mask, pixels).tolist(), strict=True))
    for other in (1, 2):
        shared = known[0].keys() & known[other].keys()
        same = sum(known[0][k] == known[other][k] for k in shared)
        assert len(shared) > 400 and same / len(shared) > 0.99


def test_reach_covers_the_face_where_it_will_be(kofi, scene):
    frame, vertices, cameras = scene
    expression = torch.zeros(52)
    expression[kofi.head.expression_names.index("jawOpen")] = 0.5
    target = moved_vertices(kofi, frame, expression, torch.tensor([0.05, 0.0, 0.0]))
    for kind in ("hard", "soft"):
        now = edit_mask(kofi, vertices, cameras[1], kind=kind)
        both = edit_mask(kofi, vertices, cameras[1], kind=kind, reach=target)
        assert bool((both >= now - 1e-6).all())
        rows = in_names(kofi, "lips", "face")
        pixels, _ = seen(kofi, target, cameras[1], rows[face_classes(kofi.head).weights[rows] > 0.8])
        assert values(both, pixels).mean() > 0.98
        assert values(now, pixels).mean() < values(both, pixels).mean() - 0.01


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_strip_of_background_joins_along_the_face_but_not_along_hair_and_ears(kofi, scene, kind):
    _, vertices, cameras = scene
    camera = cameras[1]  # from the left: the outline of the right cheek is free, that of the left ear is ears
    mask = edit_mask(kofi, vertices, camera, kind=kind)
    shown = rasterize_mesh(vertices, kofi.head.triangles[face_classes(kofi.head).drawn], camera).mask[0]
    width = OUTLINE * face_box(kofi).face_height * pixels_per_metre(kofi, camera, vertices)
    mouth = int(seen(kofi, vertices, camera, in_names(kofi, "lips"))[0][:, 1].float().mean())
    columns = shown[mouth].nonzero()[:, 0]
    left, right = int(columns[0]), int(columns[-1])
    assert 2 <= width < 6
    assert bool((mask[mouth, left - int(width) : left] == 1).all())
    assert float(mask[mouth, : left - int(width) - 2].max()) == 0
    assert float(mask[mouth, right:].max()) == 0  # behind the jaw there is neck
    top = int(shown.any(1).nonzero()[0, 0])
    assert float(mask[: top + 5].max()) == 0  # above the head there is hair


def test_skin_is_bare_skin_only(kofi, scene):
    _, vertices, cameras = scene
    skin = skin_mask(kofi, vertices, cameras[0])
    hard = edit_mask(kofi, vertices, cameras[0])
    assert bool((skin <= hard).all()) and 0.4 < float(skin.sum() / hard.sum()) < 0.9
    lips, _ = seen(kofi, vertices, cameras[0], in_names(kofi, "lips"))
    assert values(skin, lips).mean() < 0.15


def test_hair_that_hangs_over_the_face_stays_black(kofi):
    frame = kofi.rest_frame()
    vertices = kofi.pose(frame)
    camera = face_cameras(kofi, frame, [(0.0, 0.0)], SIZE)
    before = edit_mask(kofi, frame, camera)
    scalp = face_classes(kofi.head).hair[kofi.binding.triangles].nonzero()[:, 0][::10]
    frames = kofi.frames(vertices)
    triangles = kofi.binding.triangles[scalp]
    # A fringe: big opaque Gaussians from the forehead up to the hair, one centimetre in front of the face.
    spread = torch.rand(len(scalp), 2, generator=torch.Generator().manual_seed(0)) - 0.5
    brow = vertices[vertices_in(kofi.head, ("forehead",))].mean(0)
    world = torch.stack([brow[0] + 0.05 * spread[:, 0], brow[1] + 0.08 * (spread[:, 1] + 0.5)], 1)
    world = torch.cat([world, torch.full((len(scalp), 1), float(vertices[:, 2].max()) + 0.01)], 1)
    means, log_scales = kofi.gaussians.means.clone(), kofi.gaussians.log_scales.clone()
    opacity = kofi.gaussians.opacity_logits.clone()
    away = (world - frames.centers[triangles]) / frames.scales[triangles][:, None]
    means[scalp] = torch.einsum("nij,ni->nj", frames.rotations[triangles], away)
    log_scales[scalp] = (torch.tensor(0.003) / frames.scales[triangles]).log()[:, None]
    opacity[scalp] = 6.0
    moved = dataclasses.replace(kofi.gaussians, means=means, log_scales=log_scales, opacity_logits=opacity)
    fringed = dataclasses.replace(kofi, gaussians=moved)
    after = edit_mask(fringed, frame, camera)
    pixel = camera.project((world.mean(0) - torch.tensor([0.0, 0.02, 0.0]))[None])[0][0, 0].long()
    x, y = int(pixel[0]), int(pixel[1])
    assert before[y - 3 : y + 4, x - 3 : x + 4].min() == 1
    assert after[y - 3 : y + 4, x - 3 : x + 4].max() == 0
    assert after[150:, :].equal(before[150:, :])


def test_heads_without_regions_get_a_guess_and_say_so(kofi):
    head = dataclasses.replace(kofi.head, regions=torch.zeros(0, dtype=torch.int64), region_names=())
    bare = dataclasses.replace(
        head, landmark_triangles=torch.zeros(0, dtype=torch.int64), landmark_barycentric=torch.zeros(0, 3)
    )
    assert mask_note(kofi.head) == ""
    frame = open_mouth(kofi)
    vertices = kofi.pose(frame)
    for guess, words in ((head, "landmarks"), (bare, "neither regions nor landmarks")):
        assert words in mask_note(guess)
        avatar = dataclasses.replace(kofi, head=guess)
        camera = face_cameras(avatar, frame, [(0.0, 0.0)], SIZE)
        mask = edit_mask(avatar, frame, camera)
        truth = edit_mask(kofi, frame, camera)
        overlap = float((mask * truth).sum() / ((mask + truth) > 0).sum())
        assert overlap > 0.75, (words, overlap)
        balls, _ = seen(kofi, vertices, camera, in_names(kofi, "left_eyeball", "right_eyeball"))
        assert values(mask, balls).mean() < 0.25


def test_an_unknown_kind_is_refused(kofi, scene):
    with pytest.raises(EditError, match="hard and soft"):
        edit_mask(kofi, scene[1], scene[2][0], kind="blurry")  # type: ignore[arg-type]
