"""The list of editors: names, licences, sizes; without loading any of them, and without torch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from emoga_core.edit.errors import EditError

DEFAULT_EDITOR = "guided"


@dataclass(frozen=True)
class EditorInfo:
    """An editor, as listed for people.

    Attributes:
        name: as given on the command line.
        title, summary: for people; the summary is one sentence.
        licence: of the weights (or of the editor, when it has none).
        target: "module:class" under `emoga_core.edit.editors`.
        model: the hub id of the default weights; None when it needs none.
        download_gb: size of those weights, from their number of parameters and number type.
        exclude: files of the hub repository that are not needed.
        unused: parts of the pipeline that are not loaded.
        gated: the licence must be accepted on the hub before the download.
    """

    name: str
    title: str
    licence: str
    summary: str
    target: str
    model: str | None = None
    download_gb: float | None = None
    exclude: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    gated: bool = False

    @property
    def needs_weights(self) -> bool:
        """Whether it runs a diffusion model."""
        return self.model is not None


_KONTEXT_LICENCE = "FLUX.1 [dev] Non-Commercial License"
_KONTEXT = "black-forest-labs/FLUX.1-Kontext-dev"
_KLEIN = "black-forest-labs/FLUX.2-klein-4B"
_QWEN = "Qwen/Qwen-Image-Edit"

_LIST = (
    EditorInfo(
        "guided",
        "Guided by the mesh",
        "Apache-2.0 (part of this program)",
        "Moves the picture with the face mesh and paints what emotion does to skin; needs no weights.",
        "guided:GuidedEditor",
    ),
    EditorInfo(
        "folder",
        "Pictures from a folder",
        "that of your pictures",
        "Takes pictures that any other tool has edited, matched by file name.",
        "folder:FolderEditor",
    ),
    EditorInfo(
        "ultraedit",
        "UltraEdit (Stable Diffusion 3)",
        '"other", says its card; derived from Stable Diffusion 3 and bound by Stability AI\'s licence',
        "Instruct-pix2pix on Stable Diffusion 3 that sees the mask; works at 512 x 512.",
        "ultraedit:UltraEditEditor",
        "BleachNick/SD3_UltraEdit_w_mask",
        20.0,
    ),
    EditorInfo(
        "instruct-pix2pix",
        "InstructPix2Pix (Stable Diffusion 1.5)",
        "MIT, derived from Stable Diffusion 1.5",
        "The smallest of the diffusion editors; follows plain instructions at 512 x 512.",
        "instruct_pix2pix:InstructPix2PixEditor",
        "timbrooks/instruct-pix2pix",
        4.3,
        ("safety_checker/*", "*.fp16.*", "*.bin", "instruct-pix2pix*"),
        ("safety_checker", "feature_extractor"),
    ),
    EditorInfo(
        "flux-kontext",
        "FLUX.1 Kontext [dev]",
        _KONTEXT_LICENCE,
        "12 billion parameters; keeps identity well.",
        "flux_kontext:FluxKontextEditor",
        _KONTEXT,
        34.0,
        ("flux1-kontext-dev.safetensors",),
        gated=True,
    ),
    EditorInfo(
        "flux-kontext-inpaint",
        "FLUX.1 Kontext [dev], inside the mask",
        _KONTEXT_LICENCE,
        "As flux-kontext, and redraws only what the mask allows.",
        "flux_kontext:FluxKontextInpaintEditor",
        _KONTEXT,
        34.0,
        ("flux1-kontext-dev.safetensors",),
        gated=True,
    ),
    EditorInfo(
        "flux2-klein",
        "FLUX.2 [klein] 4B",
        "Apache-2.0",
        "4 billion parameters, four steps a picture: the quickest of the large ones.",
        "flux2_klein:Flux2KleinEditor",
        _KLEIN,
        16.0,
        ("flux-2-klein-4b.safetensors",),
    ),
    EditorInfo(
        "flux2-klein-inpaint",
        "FLUX.2 [klein] 4B, inside the mask",
        "Apache-2.0",
        "As flux2-klein, and redraws only what the mask allows.",
        "flux2_klein:Flux2KleinInpaintEditor",
        _KLEIN,
        16.0,
        ("flux-2-klein-4b.safetensors",),
    ),
    EditorInfo(
        "qwen-image-edit",
        "Qwen-Image-Edit",
        "Apache-2.0",
        "20 billion parameters; understands long instructions.",
        "qwen_image_edit:QwenImageEditEditor",
        _QWEN,
        58.0,
        unused=("processor",),
    ),
    EditorInfo(
        "qwen-image-edit-inpaint",
        "Qwen-Image-Edit, inside the mask",
        "Apache-2.0",
        "As qwen-image-edit, and redraws only what the mask allows.",
        "qwen_image_edit:QwenImageEditInpaintEditor",
        _QWEN,
        58.0,
        unused=("processor",),
    ),
)

EDITORS: Mapping[str, EditorInfo] = MappingProxyType({info.name: info for info in _LIST})
"""All editors by name, the default first."""


def editor_names() -> list[str]:
    """The names of all editors, the default first."""
    return list(EDITORS)


def editor_info(name: str) -> EditorInfo:
    """The editor called `name`.

    Raises:
        EditError: there is none; the message lists those there are.
    """
    info = EDITORS.get(name)
    if info is None:
        near = difflib.get_close_matches(name, EDITORS, n=1)
        hint = f" did you mean {near[0]!r}?" if near else ""
        raise EditError(f"no editor is called {name[:60]!r};{hint} there are: {', '.join(EDITORS)}")
    return info
