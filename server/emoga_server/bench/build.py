"""`emoga bench build`: how good an avatar becomes, how fast, and what the Colour MLP is worth.

The first named subject, 16 cameras x 24 frames at 256x256; cameras 3 and 14 and frames 18-23 are held out.
The capture is rendered once into the cache folder (minutes).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from emoga_core.places import cache_folder
from emoga_server.bench import Row

if TYPE_CHECKING:
    from emoga_core.build import BuildReport

CAMERAS, FRAMES, SIZE = 16, 24, 256
HOLDOUT_CAMERAS, HOLDOUT_FRAMES = (3, 14), tuple(range(18, 24))
UNSEEN = "cameras and frames"


def run() -> list[Row]:
    """Builds with the Colour MLP and with plain SH for the same number of steps, kernels warm."""
    capture = _capture()
    _build(capture, steps=20)
    _build(capture, steps=20, sh_only=True)
    report, seconds = _build(capture)
    plain, plain_seconds = _build(capture, sh_only=True)
    unseen = report.mean(UNSEEN)
    rows = [
        Row("heldout_psnr_db", unseen.psnr, "dB", ">= 30", plain.mean(UNSEEN).psnr),
        Row("heldout_whole_db", unseen.whole_psnr, "dB", ">= 35", plain.mean(UNSEEN).whole_psnr),
        Row("seconds", seconds, "s", "<= 180", plain_seconds, plain_seconds / seconds),
        # Both held-out cameras stand to the side, at 28 degrees and 40 degrees.
        Row("mlp_minus_sh_db", unseen.psnr - plain.mean(UNSEEN).psnr, "dB", ">= -0.2"),
    ]
    for group, label in (("cameras", "unseen_cameras"), ("frames", "unseen_frames")):
        mlp, sh = report.mean(group), plain.mean(group)
        rows.append(Row(f"{label}_psnr_db", mlp.psnr, "dB", "", sh.psnr))
        rows.append(Row(f"{label}_mlp_minus_sh_db", mlp.psnr - sh.psnr, "dB"))
    worst = min(s.score.psnr for s in report.shots if s.group == UNSEEN)
    rows.append(Row("worst_unseen_psnr_db", worst, "dB"))
    rows.append(Row("gaussians", report.gaussians, ""))
    return rows


def _build(capture: Path, steps: int = 9000, sh_only: bool = False) -> tuple[BuildReport, float]:
    """Report of a build, and the seconds from pictures on disk to the finished avatar, scoring left out."""
    from emoga_core.build import BuildOptions, BuildProgress, build_avatar
    from emoga_core.captures import read_capture
    from emoga_core.heads import bundled_head

    scoring = 0.0

    def note(progress: BuildProgress) -> None:
        nonlocal scoring
        if progress.phase == "scoring":
            scoring = time.monotonic()

    options = BuildOptions(
        steps=steps, sh_only=sh_only, holdout_cameras=HOLDOUT_CAMERAS, holdout_frames=HOLDOUT_FRAMES
    )
    begun = time.monotonic()
    result = build_avatar(read_capture(capture), bundled_head(), options, progress=note)
    return result.report, scoring - begun


def _capture() -> Path:
    """The capture in the cache folder, rendered (or continued) when it is not there."""
    from emoga_core.captures.studio import SUBJECTS, Settings, default_workers, synthesise
    from emoga_core.heads import bundled_head

    subject = next(iter(SUBJECTS))
    name = f"{subject}-{CAMERAS}x{FRAMES}-{SIZE}-{bundled_head().hash[:12]}"
    path = cache_folder() / "captures" / name
    if not (path / "transforms.json").exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        settings = Settings(subject, {}, CAMERAS, FRAMES, SIZE, 0)
        synthesise(path, settings, workers=default_workers())
    return path
