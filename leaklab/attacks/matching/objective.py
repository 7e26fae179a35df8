"""The objective of gradient matching: distance plus priors as a function of the code, and its gradient."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from leaklab.attacks.matching.distances import Measure
from leaklab.attacks.matching.dummy_updates import Simulate
from leaklab.attacks.matching.priors import Penalty
from leaklab.attacks.matching.spaces.pixels import PixelSpace
from leaklab.attacks.snapshot import Dummy, Snapshot
from leaklab.protocol.observation import Observation

MATCHING = "matching"


@dataclass(frozen=True)
class Objective:
    """What is bound once and never changes: the seen update, the parts, and the labels where they are known.

    A code holds the space's numbers and, where labels are open, their logits behind them.
    """

    observation: Observation
    simulate: Simulate
    distance: Measure
    penalties: dict[str, tuple[float, Penalty]]
    space: PixelSpace
    labels: Float[Tensor, "n k"] | None  # class probabilities; None leaves them open
    _traced: dict[int, Callable] = field(default_factory=dict)  # by number of rows; filled on first use

    def start(self, restarts: int, seed: int) -> Float[Tensor, "r d"]:
        """Return a fresh code: restart k of seed s is restart 0 of seed s + k."""
        return torch.stack([self._start(seed + restart) for restart in range(restarts)]).to(self.observation.like)

    def _start(self, seed: int) -> Float[Tensor, "d"]:
        generator = torch.Generator().manual_seed(seed)
        pixels = self.space.start(generator)
        return torch.cat([pixels, torch.randn(self._open, generator=generator)]) if self._open else pixels

    @property
    def _open(self) -> int:
        return 0 if self.labels is not None else self.observation.num_images * self.observation.num_classes

    def split(self, code: Float[Tensor, "r d"]) -> tuple[Float[Tensor, "r n c h w"], Float[Tensor, "r n k"]]:
        """Return the images and class probabilities a code stands for."""
        images = self.space.decode(code[:, : code.shape[1] - self._open])
        shape = (self.observation.num_images, self.observation.num_classes)
        if self.labels is None:
            return images, code[:, code.shape[1] - self._open :].unflatten(1, shape).softmax(-1)
        return images, self.labels.expand(len(code), *shape)

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the code pushed back into what its space allows."""
        pixels = code.shape[1] - self._open
        return torch.cat([self.space.project(code[:, :pixels]), code[:, pixels:]], 1)

    def terms(self, code: Float[Tensor, "r d"]) -> dict[str, Float[Tensor, "r"]]:
        """Return the summands of the loss by name, weights included."""
        images, labels = self.split(code)
        dummy = Dummy(images, labels, code, self.simulate(images, labels))
        terms = {MATCHING: self.distance(dummy.update)}
        return terms | {name: weight * penalty(dummy) for name, (weight, penalty) in self.penalties.items()}

    def losses(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r"]:
        """Return the loss of every row, for any number of rows; infinite where it is not a number."""
        return sum(self.terms(code).values()).nan_to_num(nan=torch.inf, posinf=torch.inf)

    def losses_and_gradient(self, code: Float[Tensor, "r d"]) -> tuple[Float[Tensor, "r"], Float[Tensor, "r d"]]:
        """Return loss and gradient of every row.

        The computation is traced once a number of rows and replayed: the same operations on the same numbers,
        without the overhead of recording them each time.
        """
        with torch.no_grad():
            if len(code) not in self._traced:
                self._traced[len(code)] = make_fx(lambda code: self._losses_and_gradient(code))(code)
            losses, gradient = self._traced[len(code)](code)
            return losses.nan_to_num(nan=torch.inf, posinf=torch.inf), gradient

    def _losses_and_gradient(self, code):
        def summed(code):
            losses = sum(self.terms(code).values())
            return losses.sum(), losses

        gradient, losses = torch.func.grad(summed, has_aux=True)(code)
        return losses, gradient

    def snapshot(
        self, code: Float[Tensor, "r d"], *, stage: int, iteration: int, state, settled: bool = False
    ) -> Snapshot:
        """Return the guesses of every restart as they are handed out."""
        with torch.no_grad():
            images, labels = self.split(code)
            terms = self._named(images, code, labels, state.losses)
        return Snapshot(
            stage=stage, iteration=iteration, evaluations=state.evaluations, losses=state.losses, terms=terms,
            images=images, labels=labels, code=code, settled=settled,
        )  # fmt: skip

    def _named(self, images, code, labels, losses):
        # The priors are cheap to compute again; what they leave of the loss is the matching term.
        dummy = Dummy(images, labels, code, {})
        priors = {name: weight * penalty(dummy) for name, (weight, penalty) in self.penalties.items()}
        return {MATCHING: losses - sum(priors.values())} | priors
