"""Diffusion in the loop: on the way from noise to a picture, every clean picture in sight is matched to the update."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.generative.denoiser import Denoiser
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.generative.outline import Outline
from leaklab.attacks.generative.schedule import levels, spaced
from leaklab.attacks.matching.distances import L2, Distance
from leaklab.attacks.matching.dummy_updates import DummyUpdate, FedSGD
from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.matching.optimisers import Adam
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Pixels
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

_APART = 0x9E3779B9  # tells the noise's dice from those the start was drawn with
_GREY = 0.5

Denoise = Callable[[Float[Tensor, "k d s s"], float], Float[Tensor, "k d s s"]]


class DiffusionInTheLoop(Settings):
    """At every step of a reverse diffusion the clean picture the denoiser sees is moved to match, then noised again.

    The distance is a sum where the published evaluation takes a mean: Adam's steps are the same for both.

    Source: the course project's evaluation with a pretrained DDPM (50 steps, 5 of matching each), which recorded 15.2
    to 18.3 dB; its code moves the noisy picture itself, by plain steps, here it is the clean one that is moved.
    """

    kind: Literal["diffusion_in_the_loop"] = "diffusion_in_the_loop"
    dummy_update: DummyUpdate = knob(
        FedSGD(), title="Dummy update", level="advanced",
        help="How the attacker imitates the client: one gradient, or the client's whole local training.",
    )  # fmt: skip
    distance: Distance = knob(
        L2(), level="advanced", help="How two updates are compared: by length and direction, or by direction alone."
    )
    steps: int = knob(
        50, low=2, high=1000, log=True, title="Diffusion steps",
        help="In how many steps the noise is taken away; after each one it is put back, a little weaker.",
    )  # fmt: skip
    matches: int = knob(
        5, low=1, high=100, title="Matching steps", help="How many steps of gradient matching each clean picture gets."
    )
    learning_rate: float = knob(
        0.1, low=1e-3, high=1, log=True, title="Attack's step", symbol="α",
        help="How far one matching step moves each pixel in the beginning.",
    )  # fmt: skip
    last_rate: float = knob(
        0.01, low=1e-4, high=1, log=True, title="Last step", symbol="α at the end", level="advanced",
        help="To how much the step has fallen, evenly, when the noise is gone.",
    )  # fmt: skip
    labels_rate: float = knob(
        0.05, low=1e-4, high=1, log=True, title="Labels' step", level="advanced",
        help="The first step for the classes where they are searched too; it falls as the other does.",
    )  # fmt: skip
    restarts: int = knob(
        1, low=1, high=16, symbol="r",
        help="Independent attempts from different noise, run together; the one with the lowest loss is kept.",
    )  # fmt: skip
    denoiser: Literal["shipped", "own"] = knob(
        "shipped", level="advanced",
        help="The denoiser that comes with this program, or one of yours from the folder LEAKLAB_WEIGHTS.",
    )  # fmt: skip

    @property
    def iterations(self) -> int:
        """All matching steps together."""
        return self.steps * self.matches

    @property
    def matching(self) -> GradientMatching:
        """The search whose objective is matched: pixels between black and white."""
        space = Pixels(boxed=True)
        return GradientMatching(
            dummy_update=self.dummy_update, distance=self.distance, space=space, restarts=self.restarts
        )

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this stage from working, as sentences."""
        try:
            unfit = Outline.of(self.denoiser).fit(observation.image_shape).missing
        except Refusal as refusal:
            unfit = [str(refusal)]
        return [*self.matching.missing(observation), *unfit]

    def invert(
        self,
        observation: Observation,
        labels: Int[Tensor, "n"] | None,
        *,
        seed: int,
        stage: int = 0,
        previous: Snapshot | None = None,
    ) -> Iterator[Snapshot]:
        """Yield the first clean picture in sight (iteration 0), and the guesses after every matching step.

        After another stage its classes are kept; of its pictures the noise at the beginning leaves next to nothing.
        """
        objective = self.matching.bind(observation, labels)
        code = objective.resume(previous) if previous else objective.start(self.restarts, seed)
        denoiser = Denoiser.load(self.denoiser).to(observation.like.device)
        fit = Fit.beside(denoiser, observation.image_shape)
        yield from self.guided(objective, code, denoiser, fit, seed, stage)

    def guided(
        self, objective: Objective, code: Float[Tensor, "r d"], denoise: Denoise, fit: Fit, seed: int, stage: int = 0
    ) -> Iterator[Snapshot]:
        """Yield the guesses of a search whose pictures come from a denoiser."""
        images, _ = objective.split(code)
        rows, pixels = images.shape[:2], images[0].numel()
        pace = torch.ones_like(code[:1])
        pace[:, pixels:] = self.labels_rate / self.learning_rate
        paced = _Paced(objective, pace)
        dice = [torch.Generator().manual_seed(seed + row ^ _APART) for row in range(rows[0])]
        noise = [float(levels()[step]) / 2 for step in spaced(self.steps)]  # pictures are in [0, 1] here
        noisy, spent = _GREY + noise[0] * _drawn(dice, rows[1], fit).to(code), 0
        for step, level in enumerate(noise):
            clean = fit.back(denoise(noisy.float(), level).to(code)).unflatten(0, rows).flatten(1)
            code = objective.project(torch.cat([clean, code[:, pixels:]], 1)) / pace
            optimiser = Adam(learning_rate=self._rate(step))
            state = optimiser.start(code, paced, self.matches)
            if not step:
                yield objective.snapshot(code * pace, stage=stage, iteration=0, state=state)
            for match in range(self.matches):
                code, state = optimiser.step(code, state, paced)
                yield objective.snapshot(
                    code * pace, stage=stage, iteration=step * self.matches + match + 1,
                    state=replace(state, evaluations=spent + state.evaluations),
                )  # fmt: skip
            code, spent = code * pace, spent + state.evaluations
            images, _ = objective.split(code)
            following = noise[step + 1] if step + 1 < len(noise) else 0.0
            noisy = fit.into(images.flatten(0, 1)) + following * _drawn(dice, rows[1], fit).to(code)

    def _rate(self, step: int) -> float:
        done = step / (self.steps - 1)
        return (1 - done) * self.learning_rate + done * self.last_rate


@dataclass(frozen=True)
class _Paced:
    """An objective in other units, so that one step of the optimiser is a longer one for some numbers."""

    objective: Objective
    pace: Float[Tensor, "1 d"]

    def losses_and_gradient(self, code: Float[Tensor, "r d"]) -> tuple[Float[Tensor, "r"], Float[Tensor, "r d"]]:
        losses, gradient = self.objective.losses_and_gradient(code * self.pace)
        return losses, gradient * self.pace

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        return self.objective.project(code * self.pace) / self.pace


def _drawn(dice: list[torch.Generator], count: int, fit: Fit) -> Float[Tensor, "k d s s"]:
    """Return noise for the pictures of every restart, each from its own dice; on the CPU, so every device sees one."""
    shape = (count, fit.channels, fit.side, fit.side)
    return torch.cat([torch.randn(shape, generator=one) for one in dice])
