"""What every image editor takes, gives and promises, and the checks that hold all of them to it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.errors import EmogaError

if TYPE_CHECKING:
    from emoga_core.avatars import Avatar, MotionFrame
    from emoga_core.edit.editors.registry import EditorInfo
    from emoga_core.edit.prompts import PromptReading
    from emoga_core.render import Cameras

Picture = NDArray[np.float32]
"""(H, W, 3) float32 in [0, 1], sRGB."""

MAX_STEPS = 1000
MAX_SEED = 2**32 - 1


@dataclass(frozen=True)
class EditGeometry:
    """The scene behind a picture, for editors that draw from the mesh rather than from pixels alone.

    Attributes:
        avatar, frame, camera: what the picture shows, from where (C = 1).
        reading: what the prompt asks of the face.
        intensity: how much of it; 1 is what the words say.
    """

    avatar: Avatar
    frame: MotionFrame
    camera: Cameras
    reading: PromptReading
    intensity: float = 1.0


@dataclass(frozen=True)
class EditRequest:
    """One picture to edit. A knob left at None takes the editor's own default.

    Attributes:
        image: (H, W, 3) float32 in [0, 1].
        mask: (H, W) float32 in [0, 1]; 1 = may change, 0 = stays bit for bit.
        prompt: the wish, in words; negative: what must not appear.
        seed: of the noise, 0 .. 2^32 - 1; the same request and seed give the same picture.
        text_guidance, image_guidance: how closely to follow the words, and the given picture.
        strength: (0, 1], how far the picture is noised before it is redrawn.
        steps: denoising steps.
        geometry: only for editors whose capabilities say `needs_geometry`.
        name: of the view ("f003_c02"), for messages and for editors that match by name.
    """

    image: Picture
    mask: NDArray[np.float32]
    prompt: str
    negative: str = ""
    seed: int = 0
    text_guidance: float | None = None
    image_guidance: float | None = None
    strength: float | None = None
    steps: int | None = None
    geometry: EditGeometry | None = None
    name: str = ""

    def check(self) -> None:
        """Raises EditError when the request makes no sense for any editor."""
        where = f"view {self.name!r}: " if self.name else ""
        image, mask = self.image, self.mask
        if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise EditError(f"{where}the picture has shape {image.shape}, expected (height, width, 3)")
        if mask.shape != image.shape[:2]:
            raise EditError(f"{where}the mask has shape {mask.shape}, its picture {image.shape[:2]}")
        for what, array in (("picture", image), ("mask", mask)):
            if array.dtype != np.float32:
                raise EditError(f"{where}the {what} has type {array.dtype}, expected float32")
            if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
                raise EditError(f"{where}the {what} has values outside 0..1")
        if not self.prompt.strip():
            raise EditError(f"{where}the prompt is empty: say what the face should look like")
        if not 0 <= self.seed <= MAX_SEED:
            raise EditError(f"{where}seed {self.seed} is outside 0..{MAX_SEED}")
        for what, value in (("text", self.text_guidance), ("image", self.image_guidance)):
            if value is not None and not (math.isfinite(value) and 0 <= value <= 100):
                raise EditError(f"{where}{what} guidance {value} is outside 0..100")
        if self.strength is not None and not 0 < self.strength <= 1:
            raise EditError(f"{where}strength {self.strength} is outside 0..1 (0 excluded)")
        if self.steps is not None and not 1 <= self.steps <= MAX_STEPS:
            raise EditError(f"{where}{self.steps} steps: use 1 to {MAX_STEPS}")


@dataclass(frozen=True)
class EditorOptions:
    """How to set an editor up; see `make_editor`."""

    model: str | None = None
    device: str | None = None
    dtype: str | None = None
    offload: str = "none"
    size: int | None = None
    folder: Path | None = None


@dataclass(frozen=True)
class SizePolicy:
    """The picture sizes that an editor works at; other sizes are resized to it and back.

    Attributes:
        side: works at an area of about side x side pixels; None = at the size given.
        multiple: both sides are rounded to a multiple of this; least: no side gets shorter than this.
    """

    side: int | None = None
    multiple: int = 1
    least: int = 1

    def fit(self, height: int, width: int) -> tuple[int, int]:
        """The (height, width) to work at: same aspect ratio, up to rounding."""
        scale = 1.0 if self.side is None else self.side / math.sqrt(height * width)
        step = self.multiple
        least = math.ceil(self.least / step) * step

        def rounded(length: int) -> int:
            return max(least, round(length * scale / step) * step)

        return rounded(height), rounded(width)


@dataclass(frozen=True)
class Capabilities:
    """What an editor can honour.

    Attributes:
        native_mask: it sees the mask itself (every editor's result is composited with it anyway).
        image_guidance, negative, strength, steps: it has that knob.
        text_scale_name: its own name for the text guidance; None when it has none.
        needs_true_cfg: a negative prompt costs it a second pass and `true_cfg_scale` > 1.
        size_policy: the sizes it works at.
        multi_image: it could take further reference pictures.
        needs_geometry: its requests must carry `geometry`.
        deterministic: the same request gives the same picture on the same machine.
        licence: of its weights, in words.
        download_gb: of its weights; None when there are none.
    """

    native_mask: bool = False
    image_guidance: bool = False
    negative: bool = False
    strength: bool = False
    steps: bool = False
    text_scale_name: str | None = None
    needs_true_cfg: bool = False
    size_policy: SizePolicy = SizePolicy()
    multi_image: bool = False
    needs_geometry: bool = False
    deterministic: bool = True
    licence: str = ""
    download_gb: float | None = None


@dataclass(frozen=True)
class EditProgress:
    """Where an edit stands.

    Attributes:
        index, count: the picture at work (from 0) of how many.
        step, steps: of this picture.
        picture: the finished picture of `index`, once; else None.
    """

    index: int
    count: int
    step: int
    steps: int
    picture: Picture | None = None

    @property
    def fraction(self) -> float:
        """Of all pictures, in [0, 1]."""
        within = 1.0 if self.picture is not None else min(self.step / max(self.steps, 1), 1.0)
        return (self.index + within) / self.count


ProgressCallback = Callable[[EditProgress], None]
Step = Callable[[int, int], None]
"""Called with (steps done, steps in all); raises EditCancelled when the edit shall stop."""


def no_progress(_: EditProgress) -> None:
    """Ignores progress."""


def never() -> bool:
    """Does not stop."""
    return False


class Editor(Protocol):
    """Anything that edits pictures as `CheckedEditor` does."""

    name: str

    @property
    def capabilities(self) -> Capabilities: ...

    def edit(
        self,
        requests: Sequence[EditRequest],
        *,
        progress: ProgressCallback = no_progress,
        stop: Callable[[], bool] = never,
    ) -> list[Picture]: ...

    def unsupported(self, request: EditRequest) -> list[str]: ...


class CheckedEditor(ABC):
    """Base of all editors: they draw, this class checks, composites, reports and stops.

    An editor implements `draw` alone. Whatever it returns, callers of `edit` get finite pictures of the
    size they gave, equal bit for bit to the input where the mask is 0; whatever it raises, they get an
    `EmogaError` that names the editor and the picture.
    """

    name: str
    capabilities: Capabilities

    @classmethod
    def make(cls, info: EditorInfo, options: EditorOptions) -> Self:
        """Sets the editor up. This one is for editors that need neither weights nor a folder.

        Raises:
            EditError: an option that the editor has no use for.
        """
        for what, given in (("model", options.model), ("folder", options.folder), ("size", options.size)):
            if given is not None:
                raise EditError(f"the editor {info.name!r} takes no {what}; leave it out")
        return cls()

    def prepare(self, requests: Sequence[EditRequest]) -> None:  # noqa: B027 (most need nothing)
        """Looks at all requests before the first is drawn; raises EditError when some cannot be."""

    @abstractmethod
    def draw(self, request: EditRequest, step: Step) -> NDArray[np.floating]:
        """Returns the edited picture (H, W, 3), of the size given, about 0..1; masking is not its affair.

        Args:
            request: already checked; its mask allows some change.
            step: to be called after each piece of work; it raises EditCancelled, which must pass through.
        """

    def edit(
        self,
        requests: Sequence[EditRequest],
        *,
        progress: ProgressCallback = no_progress,
        stop: Callable[[], bool] = never,
    ) -> list[Picture]:
        """Edits pictures, one after the other.

        Args:
            progress: called at every step and with every finished picture, in order.
            stop: asked before every picture and at every step.
        Returns:
            One picture per request, of its size.
        Raises:
            EditError: a request or a result that cannot be used, or the editor's own failure.
            EditCancelled: `stop` said so.
        """
        count = len(requests)
        for request in requests:
            self.check(request)
        self.prepare(requests)
        pictures: list[Picture] = []
        for index, request in enumerate(requests):
            last = (0, 1)

            def step(done: int, steps: int, index: int = index) -> None:
                nonlocal last
                last = (done, steps)
                if stop():
                    raise EditCancelled(
                        f"cancelled at picture {index + 1} of {count}, step {done} of {steps}"
                    )
                progress(EditProgress(index, count, done, steps))

            step(0, 1)
            label = f"{self.name}: picture {index + 1} of {count}"
            label += f" ({request.name})" if request.name else ""
            picture = self._picture(request, step, label)
            pictures.append(picture)
            progress(EditProgress(index, count, last[1], last[1], picture))
        return pictures

    def check(self, request: EditRequest) -> None:
        """Raises EditError when this editor cannot work on `request` at all."""
        request.check()
        if self.capabilities.needs_geometry and request.geometry is None:
            raise EditError(f"{self.name}: needs the avatar behind each picture, not the picture alone")

    def unsupported(self, request: EditRequest) -> list[str]:
        """The knobs that are set in `request` and that this editor does not have, in words."""
        can = self.capabilities
        knobs = [
            ("a negative prompt", bool(request.negative.strip()), can.negative),
            ("text guidance", request.text_guidance is not None, can.text_scale_name is not None),
            ("image guidance", request.image_guidance is not None, can.image_guidance),
            ("strength", request.strength is not None, can.strength),
            ("a number of steps", request.steps is not None, can.steps),
        ]
        return [f"{self.name} has no use for {what}: ignored" for what, given, used in knobs if given > used]

    def _picture(self, request: EditRequest, step: Step, label: str) -> Picture:
        if not request.mask.any():
            return request.image.copy()  # nothing may change: no need to ask
        exhausted = ""
        try:
            drawn = self.draw(request, step)
        except EmogaError:
            raise
        except Exception as error:
            if not out_of_memory(error):
                text = " ".join(str(error).split())[:300]
                raise EditError(f"{label} failed: {type(error).__name__}: {text}") from error
            exhausted = f"{label} ran out of memory; lower the editor's working size, {SAVE_MEMORY}"
        if exhausted:  # raised outside the handler, which would keep the tensors of the failed run alive
            raise EditError(exhausted)
        return composite(request, drawn, label)


def composite(request: EditRequest, drawn: NDArray[np.floating], label: str) -> Picture:
    """`mask * drawn + (1 - mask) * image`, exact where the mask is 0 or 1.

    Raises:
        EditError: `drawn` has another size than the input, or values that are not finite.
    """
    drawn = np.asarray(drawn)
    if drawn.shape != request.image.shape:
        raise EditError(
            f"{label}: the editor returned a picture of shape {drawn.shape}, expected {request.image.shape}"
        )
    if not np.isfinite(drawn).all():
        raise EditError(
            f"{label}: the editor returned values that are not numbers; try another seed, or a wider number"
            " type (float32 or bfloat16 instead of float16)"
        )
    mask = request.mask[..., None]
    edited = np.clip(drawn, 0.0, 1.0).astype(np.float32)
    # Written so that an editor that changes nothing gives the input back bit for bit.
    mixed = np.clip(request.image + mask * (edited - request.image), 0.0, 1.0)
    return np.where(mask == 0.0, request.image, np.where(mask == 1.0, edited, mixed)).astype(np.float32)


SAVE_MEMORY = (
    "use a smaller number type (bfloat16), or turn on offloading (model; sequential needs the least memory)"
)
_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate memory")


def out_of_memory(error: BaseException) -> bool:
    """Whether the machine or the GPU had no memory left."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _NO_MEMORY)
