"""The analytic attack: a biased linear layer at the front gives its input away without any search."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leaklab.attacks.closed_form.chain import layers, normalised, normalises
from leaklab.attacks.closed_form.picture import guess, told_one_step
from leaklab.attacks.labels import IDLG
from leaklab.attacks.labels.head import head, replies
from leaklab.attacks.snapshot import Snapshot, Solve
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob


class AnalyticFirstLayer(Settings):
    """Divide each neuron's weight gradient by its bias gradient: with one image every quotient is that image.

    With several images each quotient is a mixture of those that excited the neuron; quotients that agree belong to
    neurons that a single image excited, and are that image.

    Source: Geiping et al. 2020, proposition 3.1; for neighbours Fowl et al. 2022 (Robbing the Fed).
    """

    kind: Literal["analytic_first_layer"] = "analytic_first_layer"
    compared: Literal["neurons", "neighbours"] = knob(
        "neurons", title="What is divided", level="advanced", symbol="∂W_i / ∂b_i or (∂W_i − ∂W_j) / (∂b_i − ∂b_j)",
        help="Each neuron by itself, or the differences of neighbours: those single out images where a server has set "
        "its neurons at rising thresholds.",
    )  # fmt: skip
    agreement: float = knob(
        1e-5, low=1e-9, high=0.1, log=True, symbol="‖x_i − x_j‖ ≤ ε‖x_i‖", level="advanced",
        help="How near two neurons' answers must be to count as the same photograph.",
    )  # fmt: skip

    @property
    def iterations(self) -> int:
        """One division."""
        return 1

    @property
    def restarts(self) -> int:
        """One: a division has no luck."""
        return 1

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps the division from being made, as sentences."""
        first = _first(observation.network)
        if first is None or first[1].bias is None:
            return [
                "The analytic attack divides two gradients of the network's first layer, which must be a linear one "
                "with a bias: choose the MLP."
            ]
        return told_one_step(observation, "The analytic attack")

    def invert(
        self,
        observation: Observation,
        labels: Int[Tensor, "n"] | None,
        *,
        seed: int,
        stage: int = 0,
        previous: Snapshot | None = None,
    ) -> Iterator[Snapshot]:
        """Yield grey images, then the answer."""
        if labels is None:
            labels = IDLG().recover(observation).expand(observation.num_images)
        yield guess(observation, labels, None, stage=stage)
        name, _ = _first(observation.network)
        found, facts = self._quotients(observation, name)
        images = found.reshape(-1, *observation.image_shape)
        for part, layer in layers(observation.network):
            if normalises(layer):
                buffers = observation.buffers
                images = normalised(images, buffers[f"{part}.mean"].to(images), buffers[f"{part}.std"].to(images))
        answer = guess(observation, _paired(observation, images, labels), images, stage=stage)
        yield replace(answer, iteration=1, solved=(facts,), settled=True, ended="solved")

    def _quotients(self, observation: Observation, name: str) -> tuple[Float[Tensor, "n d"], Solve]:
        weight, bias = (observation.update[f"{name}.{part}"].double() for part in ("weight", "bias"))
        if self.compared == "neighbours":
            # Beyond the last threshold nothing is heard.
            weight, bias = (-torch.cat([part, torch.zeros_like(part[:1])]).diff(dim=0) for part in (weight, bias))
        heard = bias.abs() > torch.finfo(observation.like.dtype).eps * bias.abs().max()
        candidates = weight[heard] / bias[heard, None]
        # The loudest neurons divide with the smallest error.
        candidates = candidates[bias[heard].abs().argsort(descending=True)]
        chosen, votes = _agreed(candidates, observation.num_images, self.agreement)
        unknowns = observation.num_images * weight.shape[1]
        # A lone image needs no second opinion; of several, a quotient that no other neuron shares may be a mixture.
        alone = observation.num_images == 1 or self.compared == "neighbours"
        sure = len(chosen) if alone else sum(count > 1 for count in votes)
        facts = Solve(name, unknowns, weight.numel() + len(bias), sure * weight.shape[1], 1.0, 0.0)
        filled = chosen if len(chosen) else torch.full((1, weight.shape[1]), 0.5, dtype=torch.float64)
        return filled[torch.arange(observation.num_images) % len(filled)], facts


def _first(network: nn.Module) -> tuple[str, nn.Linear] | None:
    """Return the first layer when it is a linear one: only flattening and normalising may stand before it."""
    for name, layer in layers(network):
        if isinstance(layer, nn.Linear):
            return name, layer
        if not (isinstance(layer, nn.Flatten | nn.Identity) or normalises(layer)):
            return None
    return None


def _paired(observation: Observation, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> Int[Tensor, "n"]:
    """Return labels in the order of the images, by what both leave in the last layer's gradient.

    With p and a the answers and features of the images, B·dW = Σ (p − y) aᵀ is linear in their labels y.
    """
    from scipy.optimize import linear_sum_assignment

    features, answers = replies(observation, images.to(observation.like))
    left = answers.T @ features - len(images) * head(observation).weight_gradient
    shares = left @ torch.linalg.pinv(features)  # classes by images: one where they belong together
    fits = shares[labels.cpu()].nan_to_num(0).numpy()
    return labels[torch.from_numpy(linear_sum_assignment(-fits.T)[1]).to(labels.device)]


def _agreed(candidates: Float[Tensor, "m d"], count: int, nearness: float) -> tuple[Float[Tensor, "k d"], list[int]]:
    """Return so many different candidates, those on which most neurons agree first, and how many neurons those are."""
    distances = torch.cdist(candidates, candidates)
    same = distances <= nearness * candidates.norm(dim=1, keepdim=True)
    left, chosen, agreeing = torch.ones(len(candidates), dtype=torch.bool), [], []
    while len(chosen) < count and left.any():
        votes = (same & left[None]).sum(1).where(left, -1)
        best = int(votes.argmax())
        chosen.append(best)
        agreeing.append(int(votes[best]))
        left = left & ~same[best]
    return candidates[chosen], agreeing
