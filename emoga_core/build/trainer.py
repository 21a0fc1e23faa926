"""The optimiser of phase (b): a capture's pictures -> Gaussians on triangles and their colours.

`Trainer` owns all that changes between steps, so that it can be written to a checkpoint and continued.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from emoga_core.avatars import TriangleFrames, triangle_frames
from emoga_core.avatars.appearance import Appearance, ColorMLP, DirectSH
from emoga_core.avatars.avatar import LocalGaussians
from emoga_core.avatars.drawing import Drawing, draw
from emoga_core.build.checkpoint import load_checkpoint, pack_optimizer, save_checkpoint, unpack_optimizer
from emoga_core.build.density import choose_splits, prunable, split
from emoga_core.build.errors import BuildError
from emoga_core.build.options import BuildOptions
from emoga_core.build.patch_step import PatchTerm
from emoga_core.build.pictures import Shot, View
from emoga_core.build.start import project_colours, start_gaussians
from emoga_core.build.tracking import Tracking
from emoga_core.heads import Head
from emoga_core.losses import l1_ssim, position_loss, scaling_loss

_RATES = {"z": "latents", "sh0": "sh_constant", "sh_rest": "sh_rest"}
"""Names of the rates of an appearance's rows; its other parameters are the network's."""

_CHECK_EVERY = 50
_WHOLE_EVERY = 11
_PATCHES_EVERY = 4  # The term costs a third of a step: every fourth one takes it, four times as heavy.
_LEAST_OPACITY = 0.01
"""Start of Gaussians on parts of the mesh that the pictures leave out: drawn, so that they can come back."""


class Trainer:
    """State and step of a build.

    Attributes:
        rows: per-Gaussian parameters by name, those of the appearance among them.
        parents: (N,) triangle of each Gaussian.
        appearance: colours. step: steps done. tracking: poses of all timesteps.
    """

    def __init__(
        self, head: Head, shots: Sequence[Shot], tracking: Tracking, options: BuildOptions, patches: PatchTerm
    ) -> None:
        self.head, self.shots, self.options, self.patches = head, list(shots), options, patches
        self.tracking = tracking
        self.generator = torch.Generator().manual_seed(options.seed)
        self.step = 0
        self.order: list[int] = []
        self.mean_square = math.nan
        self.mean_loss = math.nan
        self._frames: dict[int, TriangleFrames] = {}
        self._start()

    # -- start

    def _start(self) -> None:
        recipe, options = self.options.recipe, self.options
        vertices = self.tracking.vertices()
        first = vertices[self.shots[0].timestep]
        colours, coverage = project_colours(self.shots, vertices, self.head)
        opacity = (recipe.start_opacity * coverage).clamp(min=_LEAST_OPACITY)
        rows = start_gaussians(
            first, self.head.triangles, recipe.start_scale, recipe.start_thickness, opacity
        )
        colours = colours.cpu()
        self.appearance: Appearance
        if options.sh_only:
            self.appearance = DirectSH.create(len(colours), options.sh_degree, colours)
        else:
            self.appearance = ColorMLP.create(
                len(colours), options.latent_dim, options.sh_degree, colors=colours, generator=self.generator
            )
        self.appearance.to(first.device)
        self.rows: dict[str, Tensor] = {name: nn.Parameter(t.contiguous()) for name, t in rows.items()}
        self.rows |= self._appearance_parameters(rows=True)
        self.parents = torch.arange(self.head.num_triangles, device=first.device)
        self._make_optimizer()
        self._clear_statistics()

    def _make_optimizer(self) -> None:
        """One group a parameter, named, so that rows can be replaced and memory found again."""
        recipe = self.options.recipe
        tables = self.tracking.parameters()
        network = self._appearance_parameters(rows=False)
        groups = []
        for name, parameter in {**self.rows, **network, **tables}.items():
            kind = "network" if name in network else _RATES.get(name, name)
            rate = getattr(recipe, f"rate_{kind}")
            groups.append({"params": [parameter], "name": name, "lr": rate, "start_lr": rate})
        self.optimizer = torch.optim.Adam(groups, betas=recipe.betas, eps=1e-15, fused=True)

    def _appearance_parameters(self, rows: bool) -> dict[str, Tensor]:
        """The appearance's parameters: those with a row for each Gaussian, or the others."""
        return {n: p for n, p in self.appearance.named_parameters() if (n in _RATES) == rows}

    def _adopt_rows(self) -> None:
        """Hands the appearance its new rows."""
        for name in _RATES.keys() & self.rows.keys():
            setattr(self.appearance, name, self.rows[name])

    def _clear_statistics(self) -> None:
        self.detail = torch.zeros(len(self.parents), device=self.parents.device)
        self.seen = torch.zeros_like(self.detail)

    # -- one step

    @property
    def progress(self) -> float:
        """Fraction of the build that is done."""
        return self.step / self.options.steps

    @property
    def psnr(self) -> float:
        """Running PSNR of the training pictures' crops, dB."""
        return -10 * math.log10(self.mean_square) if self.mean_square > 0 else math.nan

    def advance(self) -> None:
        """One optimiser step on one picture.

        Raises: BuildError when the loss is no longer finite.
        """
        recipe = self.options.recipe
        if self.step in self._grow_steps():
            self._grow()
        shot = self._next_shot()
        half = self.progress < recipe.half_resolution_until
        view = shot.levels[2] if half else self._full_resolution(shot)
        factor = recipe.rate_factor(self.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = group["start_lr"] * factor
        self.optimizer.zero_grad(set_to_none=True)
        drawing = self.draw(shot.timestep, view)
        loss = l1_ssim(drawing.image, view.target(), recipe.ssim_weight)
        # Over white alone, white Gaussians could stand for the background: on any other they would show.
        coverage = view.coverage()
        if coverage is not None:
            loss = loss + recipe.matte_weight * (drawing.alphas - coverage).abs().mean()
        if not half and self.step % _PATCHES_EVERY == 0:
            patches = self.patches(drawing.image, shot, view, self.generator)
            loss = loss if patches is None else loss + _PATCHES_EVERY * patches
        loss.backward()
        seen = drawing.seen()
        self.seen += seen
        self.detail += drawing.screen_gradients()
        self._regularise(seen)
        self._check(float(loss.detach()), shot)
        self.optimizer.step()
        self.tracking.project()
        if self.step % _CHECK_EVERY == 0:
            self.check_parameters()
        if self.step % 8 == 0:
            with torch.no_grad():
                square = (drawing.image - view.target().image).square().mean()
            self._note(float(loss.detach()), float(square))
        self.step += 1

    def draw(self, timestep: int, view: View) -> Drawing:
        """Draws the current state."""
        return draw(self.gaussians, self.parents, self.appearance.sh(), self.frames(timestep), view.camera)

    @property
    def gaussians(self) -> LocalGaussians:
        """The Gaussians in their triangles."""
        names = ("means", "quaternions", "log_scales", "opacity_logits")
        return LocalGaussians(*(self.rows[name] for name in names))

    def frames(self, timestep: int) -> TriangleFrames:
        """Triangle frames of a timestep; kept unless its tracking is being tuned."""
        if self.tracking.tuned(timestep):
            return triangle_frames(self.tracking.vertices_at(timestep), self.head.triangles)
        if timestep not in self._frames:
            with torch.no_grad():
                self._frames[timestep] = triangle_frames(
                    self.tracking.vertices_at(timestep), self.head.triangles
                )
        return self._frames[timestep]

    def _full_resolution(self, shot: Shot) -> View:
        """The crop, and now and then the whole picture: what lies outside the silhouette shall stay empty."""
        return shot.full if self.step % _WHOLE_EVERY == 0 else shot.levels[1]

    def _next_shot(self) -> Shot:
        if not self.order:
            self.order = torch.randperm(len(self.shots), generator=self.generator).tolist()
        return self.shots[self.order.pop()]

    def _regularise(self, seen: Tensor) -> None:
        recipe = self.options.recipe
        position = position_loss(self.rows["means"], seen, recipe.position_threshold)
        scaling = scaling_loss(self.rows["log_scales"], seen, recipe.scaling_threshold)
        (recipe.position_weight * position + recipe.scaling_weight * scaling).backward()

    def _check(self, loss: float, shot: Shot) -> None:
        if not math.isfinite(loss):
            frame = shot.frame
            raise BuildError(
                f"the build diverged at step {self.step}: the loss of {frame.image_path.name} is {loss}; "
                "check that the capture's parameters and cameras fit its pictures"
            )

    def check_parameters(self) -> None:
        """A Gaussian that is not finite is not drawn: the loss alone would not tell."""
        for group in self.optimizer.param_groups:
            if not bool(group["params"][0].detach().sum().isfinite()):
                raise BuildError(
                    f"the build diverged at step {self.step}: {group['name']} is not finite; "
                    "check that the capture's parameters and cameras fit its pictures"
                )

    def _note(self, loss: float, square: float) -> None:
        keep = min(0.95, self.step / (self.step + 8))
        first = math.isnan(self.mean_loss)
        self.mean_loss = loss if first else keep * self.mean_loss + (1 - keep) * loss
        self.mean_square = square if first else keep * self.mean_square + (1 - keep) * square

    # -- growing

    def _grow_steps(self) -> tuple[int, ...]:
        options = self.options
        return options.recipe.grow_steps(options.steps, options.gaussians / self.head.num_triangles)

    def _grow(self) -> None:
        """Prunes transparent Gaussians and splits those that move most on screen, towards the budget."""
        recipe, options = self.options.recipe, self.options
        rounds = self._grow_steps()
        left = len(rounds) - rounds.index(self.step)
        keep = ~prunable(self.rows["opacity_logits"].detach().sigmoid(), self.parents, recipe.prune_opacity)
        room = options.gaussians - int(keep.sum())
        chosen = choose_splits(self.detail / self.seen.clamp(min=1), keep, math.ceil(room / left))
        self.rows, source = split(self.rows, self.optimizer, keep, chosen, self.generator)
        self.parents = self.parents[source]
        self._adopt_rows()
        self._clear_statistics()

    # -- checkpoints

    def save(self, path: Path, facts: dict[str, object]) -> None:
        """Writes everything that the next step depends on.

        Raises: BuildError, and leaves the last checkpoint, when a parameter is not finite.
        """
        self.check_parameters()
        tensors: dict[str, Tensor] = {f"row/{name}": value for name, value in self.rows.items()}
        tensors |= {f"network/{name}": p for name, p in self._appearance_parameters(rows=False).items()}
        tensors |= {f"tracking/{name}": value for name, value in self.tracking.parameters().items()}
        memory, steps = pack_optimizer(self.optimizer)
        tensors |= {f"adam/{name}": value for name, value in memory.items()}
        tensors |= {
            "parents": self.parents,
            "detail": self.detail,
            "seen": self.seen,
            "order": torch.tensor(self.order, dtype=torch.int64),
            "generator": self.generator.get_state(),
        }
        own = {
            "step": self.step,
            "adam_steps": steps,
            "mean_loss": self.mean_loss,
            "mean_square": self.mean_square,
        }
        save_checkpoint(path, tensors, {"trainer": own, **facts})

    def load(self, path: Path, facts: dict[str, object]) -> None:
        """Continues from a checkpoint written with the same facts (options, capture).

        Raises: BuildError when they differ, or the file is unusable.
        """
        tensors, stored = load_checkpoint(path)
        for name, value in facts.items():
            if stored.get(name) != value:
                raise BuildError(
                    f"{path}: was written with other {name}; give the same arguments as then, "
                    "or start anew with --force"
                )
        own = stored["trainer"]
        device = self.parents.device

        def group(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        self.rows = {name: nn.Parameter(value.to(device)) for name, value in group("row/").items()}
        self._adopt_rows()
        with torch.no_grad():
            for name, parameter in self._appearance_parameters(rows=False).items():
                parameter.copy_(tensors[f"network/{name}"])
        self.tracking.restore(group("tracking/"))
        self._make_optimizer()
        unpack_optimizer(self.optimizer, group("adam/"), own["adam_steps"])
        self.parents = tensors["parents"].to(device)
        self.detail, self.seen = tensors["detail"].to(device), tensors["seen"].to(device)
        self.order = tensors["order"].tolist()
        self.generator.set_state(tensors["generator"])
        self.step, self.mean_loss, self.mean_square = own["step"], own["mean_loss"], own["mean_square"]
