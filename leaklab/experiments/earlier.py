"""Earlier rounds: what a server's network has learnt before the round that is attacked."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from leaklab.networks.layers import BatchNorm
from leaklab.protocol.statistics import batch_statistics
from leaklab.protocol.training import Pass
from leaklab.settings import Refusal

BATCH = 64  # images a step
_RATE, _MOMENTUM = 0.05, 0.9
_LONGEST = 1.0  # of a gradient; without it the first steps of wide random weights never come back
_SEEN = 256  # images from which batch norm's averages are taken at the end


@dataclass(frozen=True)
class Lesson:
    """The network after one step, the same one all along, and the loss of that step's images before it."""

    network: nn.Module
    step: int
    loss: float


def learnt(
    network: nn.Module,
    images: Float[Tensor, "n c h w"],
    labels: Int[Tensor, "n"],
    *,
    steps: int,
    generator: torch.Generator,
) -> Iterator[Lesson]:
    """Yield a copy of a network after each step of stochastic gradient descent with momentum.

    While it learns, batch norm uses each batch; after the last step its averages are those of the images learnt from.
    Raises: Refusal, when the loss is no longer a finite number.
    """
    pupil = copy.deepcopy(network)
    norms = {name: layer for name, layer in pupil.named_modules() if isinstance(layer, BatchNorm)}
    before = {name: layer.statistics for name, layer in norms.items()}
    for layer in norms.values():
        layer.statistics = "batch"
    optimiser = torch.optim.SGD(pupil.parameters(), lr=_RATE, momentum=_MOMENTUM)
    for step in range(1, steps + 1):
        chosen = torch.randint(len(images), (BATCH,), generator=generator).to(images.device)
        loss = functional.cross_entropy(pupil(images[chosen]), labels[chosen])
        if not loss.isfinite():
            raise Refusal(f"The training before the round ran away at step {step}: take fewer, or another network.")
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(pupil.parameters(), _LONGEST)
        optimiser.step()
        if step == steps:
            _settle(pupil, norms, images[:_SEEN])
            for name, layer in norms.items():
                layer.statistics = before[name]
        yield Lesson(pupil, step, float(loss.detach()))


def _settle(pupil: nn.Module, norms: dict[str, BatchNorm], images: Float[Tensor, "n c h w"]) -> None:
    with torch.no_grad():
        for name, (mean, variance) in batch_statistics(Pass(pupil, {}), dict(pupil.named_parameters()), images).items():
            norms[name].running_mean.copy_(mean)
            norms[name].running_var.copy_(variance)
