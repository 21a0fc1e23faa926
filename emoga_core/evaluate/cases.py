"""One case of the evaluation: a subject's avatar, an emotion, and edits of it that have gone wrong."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.avatars.portrait import portrait_cameras
from emoga_core.captures.studio.sitter import Parameters
from emoga_core.edit.masks import LIPS, MOUTH, OUTSIDE, FacePicture, face_picture
from emoga_core.edit.prompts import PromptReading, read_prompt
from emoga_core.evaluate.benchmark import FRONTAL_WEIGHT, OTHER_WEIGHT, PROMPTS, Layout, Pose
from emoga_core.evaluate.corruption import Corruption, composite, corrupt, plan
from emoga_core.evaluate.people import Person
from emoga_core.evaluate.truth import Still, TruthStudio, capture_camera, true_offset, with_offset
from emoga_core.heads.actions import expression_from_action_units
from emoga_core.heads.regions import triangle_regions
from emoga_core.render import Cameras, rasterize
from emoga_core.render.mesh_raster import rasterize_mesh


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a case in all its versions; pictures (H, W, 3) in [0, 1] over white, masks (H, W).

    Attributes:
        name: "f002_c03". frame: the moment without emotion. frame_id, view_id: its numbers.
        frontal, weight: as of the view in the optimiser.
        truth: of the emotion at full strength. neutral_truth: of the same moment without it.
        neutral: the avatar's picture of it. edit: the pseudo edit, already composited.
        mask: where editing was allowed. skin: bare skin, for the tone.
        face: 1 on the face as it is without or with the true emotion, eyes and mouth included: where scored.
        triangle_ids: (H, W) triangle of the face's skin with the true emotion, -1 elsewhere.
        vertices, neutral_vertices: (V, 3) m with and without the true emotion.
        fault: what is wrong with `edit`.
    """

    name: str
    frame: MotionFrame
    frame_id: int
    view_id: int
    camera: Cameras
    frontal: bool
    weight: float
    truth: Tensor
    neutral_truth: Tensor
    neutral: Tensor
    edit: Tensor
    mask: Tensor
    skin: Tensor
    face: Tensor
    triangle_ids: Tensor
    vertices: Tensor
    neutral_vertices: Tensor
    fault: Corruption


@dataclass(frozen=True, eq=False)
class Case:
    """What one run of the optimiser gets, and what it is compared with.

    Attributes:
        edits: shots that are shown to the optimiser. unseen: shots that are not, at other moments and angles.
        reading: of the prompt. start, start_jaw: expression (E,) and jaw (3,) that the reading asks for.
    """

    subject: str
    emotion: str
    level: str
    avatar: Avatar
    edits: list[Shot]
    unseen: list[Shot]
    reading: PromptReading
    start: Tensor
    start_jaw: Tensor


@dataclass(frozen=True)
class Setup:
    """Which moments, from which angles: of the edits or of the unseen pictures."""

    poses: Sequence[Pose]
    angles: Sequence[tuple[float, float]]
    salt: int

    def faults(self, subject: str, emotion: str, level: str, seed: int) -> list[Corruption]:
        """What goes wrong with every picture, in the order of poses, then angles."""
        case = zlib.crc32(f"{subject} {emotion}".encode())
        return plan(level, len(self.poses) * len(self.angles), case + 2 * seed + self.salt)


def setups(layout: Layout) -> tuple[Setup, Setup]:
    """Pictures that are edited and shown to the optimiser, and pictures that are not."""
    shown = Setup(layout.edit_poses(), layout.edit_angles, 0)
    return shown, Setup(layout.unseen_poses(), layout.unseen_angles, 1)


def needed_stills(avatar: Avatar, person: Person, emotion: str, level: str, seed: int) -> list[Still]:
    """Everything that the studio must render for a case."""
    stills = []
    for setup in setups(person.layout):
        faults = iter(setup.faults(person.name, emotion, level, seed))
        for pose in setup.poses:
            for camera in _cameras(avatar, setup, pose, person.size):
                fault = next(faults)
                offsets = [np.zeros(52), true_offset(emotion)]
                if not fault.neutral:
                    offsets.append(true_offset(emotion, fault.amplitude, fault.skew))
                stills += [_still(pose.parameters, offset, camera) for offset in offsets]
    return stills


def make_case(avatar: Avatar, person: Person, emotion: str, level: str, seed: int = 0) -> Case:
    """Assembles a case; pictures of the truth that are missing are rendered."""
    reading = read_prompt(PROMPTS[emotion])
    start, jaw = expression_from_action_units(avatar.head, reading.action_units)
    studio = person.studio
    with torch.no_grad():
        edits, unseen = (
            _shots(avatar, studio, emotion, setup, person.size, (start, jaw), level, seed)
            for setup in setups(person.layout)
        )
    return Case(person.name, emotion, level, avatar, edits, unseen, reading, start, jaw)


def motion_frame(parameters: Parameters) -> MotionFrame:
    """The avatar's moment for tracked parameters."""
    return MotionFrame(*(torch.as_tensor(np.asarray(a), dtype=torch.float32) for a in parameters))


def draw(avatar: Avatar, vertices: Tensor, sh: Tensor, camera: Cameras) -> Tensor:
    """(H, W, 3) in [0, 1] over white of the avatar on posed vertices."""
    with torch.no_grad():
        return rasterize(avatar.bound(vertices, sh), camera, torch.ones(3))[0][0].clamp(0, 1)


def _still(pose: Parameters, offset: np.ndarray, camera: Cameras) -> Still:
    return Still(with_offset(pose, offset), capture_camera(camera))


def _cameras(avatar: Avatar, setup: Setup, pose: Pose, size: int) -> list[Cameras]:
    azimuths, elevations = ([math.radians(a) for a in column] for column in zip(*setup.angles, strict=True))
    cameras = portrait_cameras(avatar, azimuths, elevations, size, motion_frame(pose.parameters))
    return [cameras[i] for i in range(len(cameras))]


def _shots(
    avatar: Avatar,
    studio: TruthStudio,
    emotion: str,
    setup: Setup,
    size: int,
    start: tuple[Tensor, Tensor],
    level: str,
    seed: int,
) -> list[Shot]:
    faults = iter(setup.faults(studio.subject, emotion, level, seed))
    sh = avatar.blended_sh({})
    shots = []
    for frame_id, pose in enumerate(setup.poses):
        for view_id, camera in enumerate(_cameras(avatar, setup, pose, size)):
            scene = _Scene(avatar, studio, emotion, pose.parameters, camera, start, sh)
            frontal = setup.angles[view_id] == (0.0, 0.0)
            shots.append(scene.shot(frame_id, view_id, frontal, next(faults)))
    return shots


class _Scene:
    """One moment from one camera."""

    def __init__(
        self,
        avatar: Avatar,
        studio: TruthStudio,
        emotion: str,
        pose: Parameters,
        camera: Cameras,
        start: tuple[Tensor, Tensor],
        sh: Tensor,
    ) -> None:
        self.avatar, self.studio, self.emotion, self.pose, self.camera = avatar, studio, emotion, pose, camera
        self.frame = motion_frame(pose)
        self.neutral_vertices = avatar.pose(self.frame)
        self.vertices = avatar.pose(motion_frame(with_offset(pose, true_offset(emotion))))
        self.neutral = draw(avatar, self.neutral_vertices, sh, camera)
        expression = avatar.clamp_expression(self.frame.expression + start[0])
        joints = self.frame.joint_rotations.clone()
        joints[2] += start[1]
        self.expected = avatar.pose(MotionFrame(expression, joints, self.frame.translation))

    def shot(self, frame_id: int, view_id: int, frontal: bool, fault: Corruption) -> Shot:
        # Where editing is allowed follows from what is known before: the reading of the prompt.
        allowed = face_picture(self.avatar, self.neutral_vertices, self.camera, reach=self.expected)
        scored = face_picture(self.avatar, self.neutral_vertices, self.camera, reach=self.vertices)
        mask = allowed.soft() if frontal else allowed.hard()
        assert scored.target is not None
        face = ((scored.labels != OUTSIDE) | (scored.target != OUTSIDE)).astype(np.float32)
        return Shot(
            name=f"f{frame_id:03d}_c{view_id:02d}",
            frame=self.frame,
            frame_id=frame_id,
            view_id=view_id,
            camera=self.camera,
            frontal=frontal,
            weight=FRONTAL_WEIGHT if frontal else OTHER_WEIGHT,
            truth=torch.from_numpy(self._picture(true_offset(self.emotion))),
            neutral_truth=torch.from_numpy(self._picture(np.zeros(52))),
            neutral=self.neutral,
            edit=torch.from_numpy(self._edit(fault, mask.numpy(), scored)),
            mask=mask,
            skin=allowed.skin(),
            face=torch.from_numpy(face),
            triangle_ids=self._triangles(),
            vertices=self.vertices,
            neutral_vertices=self.neutral_vertices,
            fault=fault,
        )

    def _picture(self, offset: np.ndarray) -> np.ndarray:
        return self.studio.picture(_still(self.pose, offset, self.camera))

    def _edit(self, fault: Corruption, mask: np.ndarray, face: FacePicture) -> np.ndarray:
        neutral = self.neutral.numpy()
        if fault.neutral or face.target is None:
            picture, labels = neutral, face.labels
        else:
            picture = self._picture(true_offset(self.emotion, fault.amplitude, fault.skew))
            labels = face.target
        mouth = np.isin(labels, (LIPS, MOUTH)).astype(np.float32)
        return composite(corrupt(picture, fault, mouth), neutral, mask)

    def _triangles(self) -> Tensor:
        head = self.avatar.head
        ids = rasterize_mesh(self.vertices, head.triangles, self.camera).triangle_ids[0].long()
        skin = skin_triangles(self.avatar)
        return torch.where((ids >= 0) & skin[ids.clamp(min=0)], ids, -1)


def skin_triangles(avatar: Avatar) -> Tensor:
    """(F,) bool: triangles of the face's skin."""
    from emoga_core.heads import FACE_SKIN

    head = avatar.head
    labels = [head.region_names.index(name) for name in FACE_SKIN]
    return torch.isin(triangle_regions(head), torch.tensor(labels))


def face_vertices(avatar: Avatar) -> Tensor:
    """(V,) bool: vertices of the face's skin, on which geometry is scored."""
    from emoga_core.heads import FACE_SKIN
    from emoga_core.heads.regions import vertices_in

    return vertices_in(avatar.head, FACE_SKIN)
