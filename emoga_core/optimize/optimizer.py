"""The emotion optimiser (EMO-GA, phase c): one shared expression, latents and an embedding, from edits.

Identity, pose, positions, scales, opacities and the colour network stay as they are, and so do all other
emotions: what is fitted belongs to the new state alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, EmotionState
from emoga_core.losses import l1_ssim
from emoga_core.optimize.checkpoint import load_checkpoint, save_checkpoint
from emoga_core.optimize.colours import ColourChange
from emoga_core.optimize.errors import OptimizeError
from emoga_core.optimize.options import OptimizeOptions
from emoga_core.optimize.patches import FrontalPatches
from emoga_core.optimize.posing import LinearPose
from emoga_core.optimize.prior import ExpressionPrior
from emoga_core.optimize.result import OptimizeProgress, OptimizeResult
from emoga_core.optimize.schedule import Phase, phase
from emoga_core.optimize.sharpness import estimate_blur, gaussian
from emoga_core.optimize.shots import prepare_shots
from emoga_core.optimize.strength import find_strength
from emoga_core.optimize.target import Target, check_targets
from emoga_core.optimize.thesis import TunedCopy
from emoga_core.optimize.trust import ChangeMeter, judge, projections

_JUDGE_AT = (0.06, 0.12, 0.1875, 0.35, 0.55, 0.75)
"""Fractions of a run at which pictures are judged again. While geometry moves alone, this also sets their
amplitudes; later those move by their own gradient."""


class EmotionOptimizer:
    """State and step of one emotion's optimisation.

    Args:
        avatar: stays as it is. name: of the new state.
        start_expression: (E,), start_jaw: (3,) a first guess, for example from the prompt; zero without.
        prior_expression: (E,) what the expression is pulled towards, weakly; zero without.

    Raises:
        OptimizeError: targets or start values that cannot be used.
    """

    def __init__(
        self,
        avatar: Avatar,
        name: str,
        targets: Sequence[Target],
        options: OptimizeOptions | None = None,
        start_expression: Tensor | None = None,
        start_jaw: Tensor | None = None,
        prior_expression: Tensor | None = None,
    ) -> None:
        self.options = (options or OptimizeOptions()).settled(len(targets))
        check_targets(avatar, targets)
        self.avatar, self.targets = avatar, list(targets)
        assert self.options.steps is not None and self.options.batch is not None
        self.steps, self.batch = self.options.steps, self.options.batch
        self.start = avatar.neutral_state(name)
        self.prior = ExpressionPrior(avatar.head, prior_expression if self.options.prior else None)
        motions = torch.stack([target.frame.expression for target in targets]).to(avatar.mask.device)
        self.prior.narrow(avatar.clamp_expression(motions))
        # An ARKit head opens its mouth by an expression: a second variable for it would be one too many.
        self.with_jaw = avatar.head.expression_names is None or (
            start_jaw is not None and bool(start_jaw.any())
        )
        literal = self.options.method == "thesis"
        self.colours = TunedCopy(avatar) if literal else ColourChange(avatar)
        self.shots = prepare_shots(avatar, targets, self.with_jaw, self.colours.rows)
        if isinstance(self.colours, ColourChange):
            coverage = torch.zeros(len(self.colours.rows) + 1, device=avatar.mask.device)
            for shot in self.shots:
                coverage[shot.coloured[shot.changing]] += shot.coverage[shot.changing]
            self.colours.trust_seen(coverage[:-1])
        self.meters = [ChangeMeter(shot) for shot in self.shots]
        self.patches = FrontalPatches(self.options, avatar.mask.device)
        self._make_variables(start_expression, start_jaw)
        self.generator = torch.Generator().manual_seed(self.options.seed)
        self.step_number = 0
        self.order: list[int] = []
        self.losses: list[float] = []
        self.weights = np.ones(len(targets))
        self.blurs = np.zeros(len(targets))
        self.strength = (1.0, 1.0)
        self.spent = 0.0

    def _make_variables(self, expression: Tensor | None, jaw: Tensor | None) -> None:
        options, device = self.options, self.avatar.mask.device
        count = self.avatar.head.num_expressions
        for what, value, size in (("start_expression", expression, count), ("start_jaw", jaw, 3)):
            if value is not None and (tuple(value.shape) != (size,) or not bool(value.isfinite().all())):
                raise OptimizeError(f"{what} must be {size} finite numbers; got {tuple(value.shape)}")

        def start(value: Tensor | None, size: int) -> Tensor:
            zero = torch.zeros(size, device=device)
            return (
                zero if value is None or not options.geometry else value.detach().to(device).float().clone()
            )

        self.expression = self.prior.limit(start(expression, count))
        self.jaw = start(jaw, 3)
        self.amplitudes = torch.ones(len(self.targets), device=device)
        unit = self.prior.unit
        geometry = {"expression": (self.expression, options.rate_expression * unit)}
        if self.with_jaw:
            geometry["jaw"] = (self.jaw, options.rate_jaw)
        colour = {
            name: (tensor, getattr(options, f"rate_{name.partition('/')[0]}"))
            for name, tensor in self.colours.variables().items()
        }
        other = {"amplitudes": (self.amplitudes, options.rate_amplitude)}
        groups = []
        for kind, table in (("geometry", geometry), ("colour", colour), ("amplitude", other)):
            for key, (tensor, rate) in table.items():
                groups.append({"params": [tensor.requires_grad_()], "name": key, "rate": rate, "kind": kind})
        fused = device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-10, fused=fused)

    # -- steps

    @property
    def progress(self) -> float:
        """Fraction of the run that is done."""
        return self.step_number / self.steps

    @property
    def done(self) -> bool:
        """Whether all steps are done."""
        return self.step_number >= self.steps

    def step(self) -> OptimizeProgress:
        """One step over a batch of pictures; after the last, the strength is calibrated.

        Raises:
            OptimizeError: the optimisation diverged; nothing was changed by this step.
        """
        began = time.perf_counter()
        if self.done:
            raise OptimizeError(f"all {self.steps} steps are done; read the state")
        if self.step_number in {round(at * self.steps) for at in _JUDGE_AT} - {0}:
            self._judge()
        now = phase(self.options, self.progress)
        loss = self._gradients(now)
        self._check(loss)
        self._update(now)
        self.losses.append(loss)
        self.step_number += 1
        if self.done:
            self._finish()
        self.spent += time.perf_counter() - began
        left = self.spent / len(self.losses) * (self.steps - self.step_number)
        return OptimizeProgress(self.step_number, self.steps, loss, left)

    @property
    def _offset_scale(self) -> float:
        """The offset over its variable: 1, but in the thesis its multiplier, ramped up while warming."""
        if self.options.method != "thesis":
            return 1.0
        warm = self.progress / self.options.warm_up if self.options.warm_up > 0 else 1.0
        return self.options.expression_multiplier * min(1.0, max(warm, 1 / self.steps))

    def _next(self) -> int:
        if not self.order:
            self.order = torch.randperm(len(self.shots), generator=self.generator).tolist()
        return self.order.pop()

    def _gradients(self, now: Phase) -> float:
        """Fills the gradients of all variables; returns the mean loss of the batch."""
        moving = now.colour > 0
        with torch.set_grad_enabled(moving):
            change = self.colours.change() if self._coloured else None
        for group in self.optimizer.param_groups:
            group["params"][0].grad = torch.zeros_like(group["params"][0])
        shared = None if change is None else torch.zeros_like(change)
        total = 0.0
        scale = float(np.sum(self.weights * [t.weight for t in self.targets])) / len(self.targets)
        for _ in range(self.batch):
            number = self._next()
            weight = self.targets[number].weight * float(self.weights[number]) / scale / self.batch
            total += self._picture(number, weight, None if change is None else change.detach(), shared)
        if moving and change is not None:
            change.backward(shared)
        assert self.expression.grad is not None
        if self.options.geometry:
            self.expression.grad += self.options.prior_weight * self.prior.gradient(self.expression.detach())
        return total

    def _picture(self, number: int, weight: float, change: Tensor | None, shared: Tensor | None) -> float:
        """Adds one picture's gradients, to `shared` (R+1,K,3) those of the colour change."""
        shot = self.shots[number]
        amplitude = float(self.amplitudes[number].detach())
        reach = amplitude * self._offset_scale
        raw = shot.moment.pose.motion + reach * self.expression.detach()
        clamped = self.avatar.clamp_expression(raw)
        expression = clamped.clone().requires_grad_()
        jaw = (reach * self.jaw.detach()).requires_grad_(self.with_jaw)
        own = None if change is None else change[shot.coloured]
        sh = (shot.sh if own is None else shot.sh + amplitude * own).requires_grad_(own is not None)
        image = gaussian(shot.draw(expression, jaw, sh), float(self.blurs[number]))
        loss = l1_ssim(image, shot.goal, self.options.ssim_weight)
        if shot.target.frontal:
            loss = loss + self.patches(image, shot, self.generator)
        (weight * loss).backward()
        assert expression.grad is not None
        # Where the head's range cuts the coefficient off, nothing pulls.
        pull = torch.where(clamped == raw, expression.grad, torch.zeros_like(raw))
        gradients = {group["name"]: group["params"][0].grad for group in self.optimizer.param_groups}
        gradients["expression"] += reach * pull
        along = _inner(pull, self.expression)
        if self.with_jaw and jaw.grad is not None:
            gradients["jaw"] += reach * jaw.grad
            along += _inner(jaw.grad, self.jaw)
        if own is not None and shared is not None and sh.grad is not None:
            # Each row once, so that plain indexing adds up.
            shared[shot.coloured[shot.changing]] += amplitude * sh.grad[shot.changing]
            along += _inner(sh.grad, own)
        gradients["amplitudes"][number] += along
        return float(loss.detach()) * weight

    def _update(self, now: Phase) -> None:
        options = self.options
        factors = {"geometry": now.geometry, "colour": now.colour}
        late = max(0.0, (self.progress - options.warm_up) / max(1e-9, 1 - options.warm_up))
        factors["amplitude"] = options.decay**late if options.amplitudes and self._judged else 0.0
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factors[group["kind"]]
            if group["lr"] == 0:
                group["params"][0].grad = None
        self.optimizer.step()
        with torch.no_grad():
            if options.method != "thesis":
                self.expression.copy_(self.prior.limit(self.expression))
            self.amplitudes.clamp_(0, 2)
        for pose in self._poses():
            if pose.stale(self.jaw.detach()):
                pose.follow(pose.motion + self.expression.detach(), self.jaw.detach())

    def _poses(self) -> list[LinearPose]:
        return list({id(shot.moment.pose): shot.moment.pose for shot in self.shots}.values())

    @property
    def _coloured(self) -> bool:
        """Whether colour has begun to change."""
        options = self.options
        waiting = options.method != "thesis" and options.geometry and self.progress < options.warm_up
        return options.texture and not waiting

    @property
    def _judged(self) -> bool:
        return self.step_number >= round(_JUDGE_AT[0] * self.steps)

    def _check(self, loss: float) -> None:
        gradients = [group["params"][0].grad for group in self.optimizer.param_groups]
        if not math.isfinite(loss) or not all(bool(g.isfinite().all()) for g in gradients if g is not None):
            raise OptimizeError(
                f"state {self.start.name}: the optimisation diverged at step {self.step_number} of "
                f"{self.steps} (loss {loss}); check the edited pictures, or lower the rates"
            )

    # -- estimates

    def render(self, number: int, geometry: float = 1.0, colour: float = 1.0, change: Tensor | None = None
               ) -> Tensor:  # fmt: skip
        """(h,w,3) the crop of target `number` as the emotion makes it look, scaled; no gradient."""
        shot = self.shots[number]
        with torch.no_grad():
            motion = shot.moment.pose.motion
            geometry *= self._offset_scale
            expression = self.avatar.clamp_expression(motion + geometry * self.expression)
            sh = shot.sh if change is None else shot.sh + colour * change[shot.coloured]
            return shot.draw(expression, geometry * self.jaw, sh)

    def colour_change(self) -> Tensor | None:
        """(R+1,K,3) as it is now; None while there is none."""
        with torch.no_grad():
            return self.colours.change() if self._coloured else None

    def _judge(self) -> None:
        """Estimates blurs, weights and, while geometry moves alone, amplitudes."""
        options = self.options
        change = self.colour_change()
        if options.sharpness:
            self._judge_sharpness(change)
        if not (options.weights or options.amplitudes) or len(self.targets) < 3:
            return
        changes = [m.change(self.render(n, change=change)) for n, m in enumerate(self.meters)]
        trust = judge(projections(self.meters, changes))
        if options.weights:
            self.weights = trust.weights / trust.weights.mean()
        if options.amplitudes:
            with torch.no_grad():
                if self.progress <= options.warm_up:
                    self.amplitudes.copy_(torch.from_numpy(trust.amplitudes))
                self._normalise(trust.weights)

    def _judge_sharpness(self, change: Tensor | None) -> None:
        for number, shot in enumerate(self.shots):
            amplitude = float(self.amplitudes[number].detach())
            rendering = self.render(number, amplitude, amplitude, change)
            self.blurs[number] = estimate_blur(shot.edited, rendering, shot.mask)

    def _normalise(self, weights: np.ndarray) -> None:
        """Makes 1 the usual amplitude of the trusted pictures, by moving the rest into the expression."""
        values = self.amplitudes.detach().double().cpu().numpy()
        trusted = values[weights > 0.5] if (weights > 0.5).any() else values
        usual = max(0.2, float(np.median(trusted)))
        self.amplitudes /= usual
        self.expression.copy_(self.prior.limit(self.expression * usual))
        self.jaw *= usual

    def _finish(self) -> None:
        """Settles what "full strength" means."""
        if self.options.amplitudes and len(self.targets) >= 3:
            with torch.no_grad():
                self._normalise(self.weights / self.weights.max())
        if self.options.calibration:
            self.strength = find_strength(self)

    # -- result

    def state(self) -> EmotionState:
        """The emotion as a bundle stores it, as far as it has come, at its calibrated strength."""
        geometry, colour = self.strength
        embedding, rows, values = self.colours.export(colour)
        scale = geometry * self._offset_scale
        return EmotionState(
            self.start.name,
            embedding=embedding,
            latent_indices=rows,
            latent_values=values,
            expression=self.prior.limit(self.expression.detach() * scale),
            jaw=self.jaw.detach() * scale,
            provenance={"made_by": "emoga optimise", "method": self.options.method, "steps": self.step_number,
                        "targets": len(self.targets), "seed": self.options.seed},
        )  # fmt: skip

    def result(self) -> OptimizeResult:
        """The state with what was estimated on the way."""
        weights = self.weights * [target.weight for target in self.targets]
        report: dict[str, Any] = {
            "method": self.options.method,
            "steps": self.step_number,
            "batch": self.batch,
            "milliseconds_per_step": round(1e3 * self.spent / max(1, len(self.losses)), 2),
            "strength": {"geometry": self.strength[0], "colour": self.strength[1]},
            "patch_loss": self.patches.name,
            "blur_pixels": round(float(self.blurs.mean()), 2),
            "gaussians_drawn": round(float(np.mean([len(shot.rows) for shot in self.shots]))),
        }
        return OptimizeResult(
            self.state(),
            tuple((weights / weights.mean()).tolist()),
            tuple(self.amplitudes.tolist()),
            tuple(self.losses),
            report,
        )

    # -- checkpoints

    def checkpoint(self, path: Path) -> None:
        """Writes all that the next step depends on, in one piece.

        Raises: OSError when it cannot be written; the last checkpoint stays.
        """
        save_checkpoint(path, self)

    def resume(self, path: Path) -> None:
        """Continues from a checkpoint of the same avatar, targets and options, to the same bits.

        Raises: OptimizeError when it does not belong here or cannot be read.
        """
        load_checkpoint(path, self)

    def pose_references(self) -> list[Tensor]:
        """What the linearised poses stand on, (E+3,) each: part of a checkpoint."""
        return [torch.cat(pose.reference_point()) for pose in self._poses()]

    def restore_poses(self, references: Sequence[Tensor]) -> None:
        """Puts back what `pose_references` gave."""
        count = self.avatar.head.num_expressions
        for pose, point in zip(self._poses(), references, strict=True):
            pose.follow(point[:count], point[count:])


def _inner(a: Tensor, b: Tensor) -> float:
    """Sum of a b, the same for any number of threads."""
    x, y = (t.detach().cpu().contiguous().numpy().ravel() for t in (a, b))
    return float(np.einsum("i,i->", x, y))
