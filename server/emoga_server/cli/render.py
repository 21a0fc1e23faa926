"""`emoga render`: a picture of an avatar."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `emoga render`."""

    @app.command()
    def render(
        avatar: Annotated[Path, typer.Argument(help="Avatar bundle (NAME.emoga).")],
        out: Annotated[Path, typer.Option("-o", "--out", help="PNG to write.")],
        emotion: Annotated[
            str, typer.Option(help="Mixture of emotions; none is neutral.", metavar="NAME=WEIGHT,...")
        ] = "",
        camera: Annotated[
            str, typer.Option(help="Degrees around the head and upwards.", metavar="AZIMUTH,ELEVATION")
        ] = "0,0",
        motion: Annotated[
            str | None, typer.Option(help="Motion that gives the pose.", metavar="NAME")
        ] = None,
        frame: Annotated[int, typer.Option(min=0, help="Frame of the motion; it repeats after its end.")] = 0,
        size: Annotated[int, typer.Option(min=16, max=4096, help="Pixels of the square picture.")] = 512,
        head: Annotated[
            Path | None, typer.Option(help="Head file, for avatars on another head than the bundled one.")
        ] = None,
    ) -> None:
        """Draw an avatar with a mixture of emotions."""
        from emoga_core.avatars.blending import parse_weights
        from emoga_core.avatars.bundle import load_avatar
        from emoga_core.avatars.portrait import portrait_cameras, render_avatar
        from emoga_core.captures.images import write_png
        from emoga_core.errors import EmogaError

        if out.suffix.lower() != ".png":
            raise EmogaError(f"{out}: pictures are written as PNG; give -o {out.with_suffix('.png').name}")
        weights = parse_weights(emotion)
        azimuth, elevation = _angles(camera)
        loaded = load_avatar(avatar, _load_head(head))
        pose = _motion_frame(loaded, motion, frame)
        cameras = portrait_cameras(loaded, azimuth, elevation, size, pose)
        write_png(out, render_avatar(loaded, cameras, weights, pose)[0].cpu())
        print(out)


def _angles(text: str) -> tuple[float, float]:
    """Two angles in degrees -> radians."""
    import math

    from emoga_core.errors import EmogaError

    try:
        azimuth, elevation = (float(part) for part in text.split(","))
        if not (abs(azimuth) <= 360 and abs(elevation) <= 85):
            raise ValueError
    except ValueError:
        raise EmogaError(
            f"--camera {text!r}: write AZIMUTH,ELEVATION in degrees, within -360..360 and -85..85, as 30,10"
        ) from None
    return math.radians(azimuth), math.radians(elevation)


def _load_head(path: Path | None):
    if path is None:
        return None
    from emoga_core.heads import load_head

    return load_head(path)


def _motion_frame(avatar, name: str | None, index: int):
    """The frame of a motion of the avatar, the rest pose without a name."""
    from emoga_core.errors import EmogaError

    if name is None:
        return avatar.rest_frame()
    if name not in avatar.motions:
        known = ", ".join(avatar.motions) or "none"
        raise EmogaError(f"there is no motion {name!r}; this avatar has: {known}")
    return avatar.motions[name].frame(index)
