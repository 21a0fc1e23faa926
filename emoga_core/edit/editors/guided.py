"""The default editor: moves the picture with the face mesh. Needs no weights and no network, and is exact
about geometry; see `emoga_core.edit.guided.picture` for what comes from where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np

from emoga_core.edit.editors.base import (
    Capabilities,
    CheckedEditor,
    EditGeometry,
    EditorOptions,
    EditRequest,
    Picture,
    ProgressCallback,
    Step,
    never,
    no_progress,
)
from emoga_core.edit.editors.registry import EditorInfo
from emoga_core.edit.errors import EditError
from emoga_core.edit.guided.picture import draw_face
from emoga_core.edit.guided.pose import has_arkit
from emoga_core.edit.guided.rest import paint_coordinates
from emoga_core.edit.guided.scene import Moment, Scene
from emoga_core.edit.prompts import PromptReading

_DIFFUSION = "ultraedit"


class GuidedEditor(CheckedEditor):
    """Reads the prompt as action units, poses the mesh, redraws the picture. Deterministic: no seed."""

    name = "guided"
    capabilities = Capabilities(
        native_mask=True, needs_geometry=True, deterministic=True, licence="Apache-2.0 (part of this program)"
    )

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._moments: dict[tuple[int, int, float], tuple[EditGeometry, Moment]] = {}

    @classmethod
    def make(cls, info: EditorInfo, options: EditorOptions) -> Self:
        """Made by name. It works at the size given, on the avatar's own device.

        Raises:
            EditError: a model or a folder is given, which it has no use for.
        """
        if options.model is not None:
            raise EditError(f"{info.name}: has no weights; leave the model out, or choose another editor")
        if options.folder is not None:
            raise EditError(f"{info.name}: reads no folder; choose the editor 'folder' for that")
        return cls()

    def edit(
        self,
        requests: Sequence[EditRequest],
        *,
        progress: ProgressCallback = no_progress,
        stop: Callable[[], bool] = never,
    ) -> list[Picture]:
        """See `CheckedEditor.edit`; work that the views of a frame share is done once."""
        try:
            return super().edit(requests, progress=progress, stop=stop)
        finally:
            self._scene, self._moments = None, {}  # avatars are mutable: nothing is kept beyond one edit

    def check(self, request: EditRequest) -> None:
        """Also refuses a prompt of which not a word was understood."""
        super().check(request)
        assert request.geometry is not None
        reading = request.geometry.reading
        if not reading.action_units and not reading.damped and reading.unknown:
            raise EditError(not_understood(reading))
        camera, shape = request.geometry.camera, request.image.shape[:2]
        if len(camera) != 1 or (camera.height, camera.width) != shape:
            raise EditError(
                f"{self.name}: {len(camera)} cameras of {camera.height} x {camera.width} pixels given for a "
                f"picture of {shape[0]} x {shape[1]}; expected one of its size"
            )

    def unsupported(self, request: EditRequest) -> list[str]:
        """Also tells what a head lacks, and words that were not understood."""
        notes = super().unsupported(request)
        if request.geometry is None:
            return notes
        head, reading = request.geometry.avatar.head, request.geometry.reading
        if paint_coordinates(head) is None:
            notes.append(
                f"{self.name} paints no wrinkles or blush on head {head.name}: it has no landmarks to place "
                "them by (convert it with --landmarks FILE)"
            )
        if reading.damped and not has_arkit(head):
            notes.append(f"{self.name} cannot damp single actions of head {head.name}: ignored")
        if reading.unknown and (reading.action_units or reading.damped):
            notes.append(f"{self.name} did not understand: {', '.join(reading.unknown)}")
        return notes

    def draw(self, request: EditRequest, step: Step) -> np.ndarray:
        """The picture with the face that its prompt asks for."""
        geometry = request.geometry
        assert geometry is not None
        drawn = draw_face(self._moment(geometry), request.image, request.mask, geometry.camera)
        step(1, 1)
        return drawn

    def _moment(self, geometry: EditGeometry) -> Moment:
        if self._scene is None or self._scene.avatar is not geometry.avatar:
            self._scene, self._moments = Scene(geometry.avatar), {}
        key = (id(geometry.frame), id(geometry.reading), geometry.intensity)
        if key not in self._moments:
            # The geometry is kept with it: an id means something only while its object lives.
            moment = self._scene.moment(geometry.frame, geometry.reading, geometry.intensity)
            self._moments[key] = (geometry, moment)
        return self._moments[key][1]


def not_understood(reading: PromptReading) -> str:
    """One line for a prompt that says nothing to this editor."""
    words = ", ".join(repr(word) for word in reading.unknown[:8])
    return (
        f"no word of the prompt names a feeling or a movement of the face (not understood: {words}); say it "
        "with one, such as 'a subtle smile' or 'raised eyebrows', or let a diffusion editor read it "
        f"(--editor {_DIFFUSION})"
    )
