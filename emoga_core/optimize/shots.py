"""Targets made ready for many steps: cropped to the face, with only the Gaussians that the crop needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from emoga_core.avatars import Avatar, TriangleFrames, bind, triangle_frames
from emoga_core.avatars.appearance import SH_C0
from emoga_core.avatars.avatar import LocalGaussians
from emoga_core.avatars.drawing import draw
from emoga_core.losses import PreparedTarget, prepare_target
from emoga_core.optimize.errors import OptimizeError
from emoga_core.optimize.posing import LinearPose
from emoga_core.optimize.target import Target
from emoga_core.render import Cameras

_MARGIN = 8  # pixels around the mask
_SMALLEST = 16  # pixels
_ROOM = 0.02  # picture widths over focal length by which something may move into the crop
_MOVED = 1e-4  # metres per unit: what moves less stays where it is
_DEEP = 0.015  # metres behind the surface: what lies deeper stays hidden
_FAINT = 0.02  # pixels: who covers less of a picture is not missed
_AROUND = 3  # pixels around a point in which the deepest surface counts
_NEAR = 0.012  # metres around what moves: it may come to light


@dataclass(frozen=True)
class Shot:
    """One target, ready.

    Attributes:
        target: as given. camera: of the crop.
        edited: (h,w,3), cropped; goal: the same with its statistics. neutral: (h,w,3); mask: (h,w), cropped.
        rows: (M,) the Gaussians that are drawn; local: their shapes; parents: (M,) triangle in the moment's
        list of triangles. sh: (M,K,3) neutral colours.
        coloured: (M,) where each Gaussian stands in the table of colour changes; its last row is "never".
        changing: (C,) those of the M that are not "never".
        coverage: (M,) pixels that each Gaussian covers in the neutral crop.
        moment: the pose, shared by the targets of one frame.
    """

    target: Target
    camera: Cameras
    edited: Tensor
    goal: PreparedTarget
    neutral: Tensor
    mask: Tensor
    rows: Tensor
    local: LocalGaussians
    parents: Tensor
    sh: Tensor
    coloured: Tensor
    changing: Tensor
    coverage: Tensor
    moment: Moment

    def draw(self, expression: Tensor, jaw: Tensor, sh: Tensor) -> Tensor:
        """(h,w,3) over white; expression (E,) whole and clamped, sh (M,K,3)."""
        frames = self.moment.frames(expression, jaw)
        return draw(self.local, self.parents, sh, frames, self.camera).image


@dataclass(frozen=True)
class Moment:
    """One frame of the motion. triangles: (T,3) into the rows of `pose`."""

    pose: LinearPose
    triangles: Tensor

    def frames(self, expression: Tensor, jaw: Tensor) -> TriangleFrames:
        """The T triangle frames."""
        return triangle_frames(self.pose(expression, jaw), self.triangles)


def prepare_shots(
    avatar: Avatar, targets: Sequence[Target], with_jaw: bool, colour_rows: Tensor
) -> list[Shot]:
    """Crops and culls all targets.

    Args:
        colour_rows: (R,) Gaussians that may change colour, increasing.
    """
    with torch.no_grad():
        sh = avatar.appearance.sh().detach()
    changing = _changing(avatar)
    place = torch.full((len(avatar.gaussians),), len(colour_rows), device=sh.device)
    place[colour_rows] = torch.arange(len(colour_rows), device=sh.device)
    groups: dict[int, list[int]] = {}
    for number, target in enumerate(targets):
        groups.setdefault(_moment_of(targets, target), []).append(number)
    shots: dict[int, Shot] = {}
    for members in groups.values():
        frame = targets[members[0]].frame
        with torch.no_grad():
            expression = avatar.clamp_expression(frame.expression.to(sh.device))
            joints, shift = frame.joint_rotations.to(sh.device), frame.translation.to(sh.device)
            vertices = avatar.vertices(expression[None], joints[None], shift[None])[0]
        crops = {n: _crop(targets[n], sh.device) for n in members}
        drawn = {n: _drawn(avatar, vertices, crops[n], changing) for n in members}
        used = torch.cat([avatar.binding.triangles[rows] for rows, _ in drawn.values()]).unique()
        corners, triangles = avatar.head.triangles[used].unique(return_inverse=True)
        moment = Moment(LinearPose(avatar, frame, corners, with_jaw), triangles)
        for n in members:
            (rows, coverage), target, camera = drawn[n], targets[n], crops[n]
            top, left = _corner(target, camera)
            window = slice(top, top + camera.height), slice(left, left + camera.width)
            edited = target.image.to(sh.device).float()[window].contiguous()
            shots[n] = Shot(
                target, camera, edited, prepare_target(edited),
                target.neutral.to(sh.device).float()[window].contiguous(),
                target.mask.to(sh.device).float()[window].contiguous(),
                rows, avatar.gaussians[rows],
                torch.searchsorted(used, avatar.binding.triangles[rows]),
                sh[rows].contiguous(), place[rows], torch.where(place[rows] < len(colour_rows))[0],
                coverage,
                moment,
            )  # fmt: skip
    return [shots[n] for n in range(len(targets))]


def _moment_of(targets: Sequence[Target], target: Target) -> int:
    """Number of the first target that shows the same moment."""
    for number, other in enumerate(targets):
        a, b = target.frame, other.frame
        if a is b or all(torch.equal(getattr(a, k), getattr(b, k)) for k in vars(a)):
            return number
    raise AssertionError("a target equals itself")


def _crop(target: Target, device: torch.device) -> Cameras:
    rows, columns = torch.where(target.mask > 0.02)
    camera = target.camera.to(device)
    box = []
    for place, size in ((rows, camera.height), (columns, camera.width)):
        low = max(0, int(place.min()) - _MARGIN)
        high = min(size, int(place.max()) + 1 + _MARGIN)
        low = max(0, min(low, size - _SMALLEST))
        box.append((low, max(high, low + _SMALLEST) - low))
    (top, height), (left, width) = box
    return camera.crop(left, top, width, height)


def _corner(target: Target, crop: Cameras) -> tuple[int, int]:
    """(top, left) of the crop in the picture."""
    shift = target.camera.intrinsics[0, :2, 2].cpu() - crop.intrinsics[0, :2, 2].cpu()
    return round(float(shift[1])), round(float(shift[0]))


def _changing(avatar: Avatar) -> Tensor:
    """(N,) bool: Gaussians on what expressions move, or so close to it that they may come to light."""
    head = avatar.head
    triangles = head.triangles[avatar.binding.triangles]
    moved = head.expression_basis.norm(dim=1).amax(1) > _MOVED  # (V,)
    moved |= head.skin_weights[:, 2] > 0.01
    cells = (head.template / _NEAR).floor().long()
    around = torch.cartesian_prod(*[torch.arange(-1, 2, device=cells.device)] * 3)
    busy = (cells[moved][:, None] + around).flatten(0, 1)
    low = torch.minimum(busy.amin(0), cells.amin(0))
    span = torch.maximum(busy.amax(0), cells.amax(0)) - low + 1

    def key(cell: Tensor) -> Tensor:
        c = cell - low
        return (c[:, 0] * span[1] + c[:, 1]) * span[2] + c[:, 2]

    near = moved | torch.isin(key(cells), key(busy).unique())
    return near[triangles].any(1)


def _drawn(avatar: Avatar, vertices: Tensor, camera: Cameras, changing: Tensor) -> tuple[Tensor, Tensor]:
    """(M,) Gaussians that the crop shows now or may show later, and the pixels that each covers. Later: those
    that move or lie near what moves, and are not far behind the surface."""
    frames = avatar.frames(vertices)
    with torch.no_grad():
        means, _, scales = bind(avatar.gaussians, avatar.binding.triangles, frames)
        pixels, depths = camera.project(means)
    depth = depths[0]
    # A picture of depths: one constant coefficient a channel. Its gradient is what each Gaussian covers.
    most = depth.amax().clamp_min(1e-6)
    grey = ((depth / most - 0.5) / SH_C0)[:, None, None].expand(-1, 1, 3).contiguous().requires_grad_()
    image = draw(avatar.gaussians, avatar.binding.triangles, grey, frames, camera).image
    image.sum().backward()
    if grey.grad is None or not bool(image.isfinite().all()):
        raise OptimizeError("the avatar cannot be drawn in one of the targets' views; check its camera")
    coverage = grey.grad[:, 0].sum(1) / (3 * SH_C0)
    shown = coverage > _FAINT
    surface = (image.detach()[..., 0] * most)[None, None]
    far = functional.max_pool2d(surface, 2 * _AROUND + 1, 1, _AROUND)[0, 0]
    focal = camera.intrinsics[0, 0, 0]
    reach = 4 * focal * scales.amax(1) / depth.clamp_min(1e-3) + _ROOM * focal
    size = pixels.new_tensor([camera.width, camera.height])
    inside = ((pixels[0] > -reach[:, None]) & (pixels[0] < size + reach[:, None])).all(1)
    x, y = pixels[0].nan_to_num().floor().long().clamp(min=0).minimum((size - 1).long()).unbind(1)
    later = changing & inside & (depth > 0) & (depth < far[y, x] + _DEEP)
    rows = torch.where(shown | later)[0]
    return rows, coverage[rows]
