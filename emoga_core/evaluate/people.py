"""The subjects: their neutral captures and the avatars built from them, made once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emoga_core.avatars import Avatar, load_avatar, save_avatar
from emoga_core.build import BuildInterrupted, BuildOptions, build_avatar
from emoga_core.captures import read_capture
from emoga_core.captures.studio import Settings, synthesise
from emoga_core.evaluate.benchmark import CAPTURE_SEED, STANDARD, Layout
from emoga_core.evaluate.errors import EvaluateInterrupted
from emoga_core.evaluate.truth import TruthStudio
from emoga_core.heads import bundled_head


@dataclass(frozen=True)
class Person:
    """One subject of the evaluation, and where everything about them is kept.

    Attributes:
        name: of the studio's subject. size: pixels of all pictures.
        steps, gaussians: of the avatar's build. sh_only: build it without the Colour MLP.
        cache: see `cache_folder`. layout: which pictures there are.
    """

    name: str
    cache: Path
    size: int = 256
    steps: int = 6000
    gaussians: int = 16_000
    sh_only: bool = False
    layout: Layout = STANDARD

    @property
    def capture_path(self) -> Path:
        """The neutral capture's folder."""
        shape = f"{self.layout.cameras}x{self.layout.frames}-{self.size}"
        return self.cache / "captures" / f"{self.name}-{shape}-{bundled_head().hash[:12]}"

    @property
    def avatar_path(self) -> Path:
        """The avatar's bundle; another one when the build or its code changes."""
        digest = hashlib.sha256(self._options().fingerprint().encode())
        digest.update(source_hash(Path(__file__).parents[1] / "build").encode())
        digest.update(self.capture_path.name.encode())
        return self.cache / "evaluate" / "avatars" / f"{self.name}-{digest.hexdigest()[:12]}.emoga"

    @property
    def studio(self) -> TruthStudio:
        """Where pictures of the truth come from."""
        return TruthStudio(self.name, self.cache / "evaluate" / "truth" / self.name)

    def prepare_capture(self, workers: int, progress: Callable[[int, int], None]) -> None:
        """Renders the neutral capture, or what is missing of it; `progress` as of `synthesise`."""
        if (self.capture_path / "transforms.json").exists():
            return
        self.capture_path.parent.mkdir(parents=True, exist_ok=True)
        layout = self.layout
        settings = Settings(self.name, {}, layout.cameras, layout.frames, self.size, CAPTURE_SEED)
        synthesise(self.capture_path, settings, workers=workers, progress=progress)

    def prepare_avatar(self, progress: Callable[[int, int], None], stop: Callable[[], bool]) -> None:
        """Builds the avatar, or goes on with an interrupted build; `progress` gets (step, steps).

        Raises: EvaluateInterrupted after `stop`; the build is saved.
        """
        path = self.avatar_path
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = path.with_suffix(".checkpoint")
        try:
            result = build_avatar(
                read_capture(self.capture_path),
                bundled_head(),
                self._options(),
                name=self.name,
                progress=lambda p: progress(p.step, p.steps),
                checkpoint=checkpoint,
                resume=checkpoint.exists(),
                stop=stop,
            )
        except BuildInterrupted as error:
            raise EvaluateInterrupted(f"{self.name}: {error}; the same command continues") from None
        save_avatar(result.avatar, path)
        checkpoint.unlink(missing_ok=True)

    def avatar(self) -> Avatar:
        """The built avatar."""
        return load_avatar(self.avatar_path)

    def _options(self) -> BuildOptions:
        # Everything trains: what is unseen lies outside the capture.
        return BuildOptions(
            steps=self.steps,
            gaussians=self.gaussians,
            sh_only=self.sh_only,
            holdout_cameras=(),
            holdout_frames=(),
        )


def source_hash(folder: Path) -> str:
    """Of all Python files below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
