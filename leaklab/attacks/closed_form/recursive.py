"""R-GAP: the image as the solution of linear equations, one layer after another from the last to the first."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from leaklab.attacks.closed_form.chain import INVERTIBLE, layers, normalised, normalises, obstacle
from leaklab.attacks.closed_form.head import linear_input, logit_gradient
from leaklab.attacks.closed_form.picture import guess, told_one_step
from leaklab.attacks.labels import IDLG
from leaklab.attacks.snapshot import Snapshot, Solve
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Update
from leaklab.settings import Settings, knob

_MOST = 2**32  # bytes of one layer's equations; three layers of a small network need a few million


class RecursiveGradient(Settings):
    """Undo the network layer by layer: each layer's gradient and its outputs are linear equations in its input.

    Source: Zhu and Blaschko 2021 (R-GAP), section 3; here with cross-entropy over all classes, biases where there are
    any, and equations weighed by the slope of the activation above them.
    """

    kind: Literal["recursive_gradient"] = "recursive_gradient"
    weigh: bool = knob(
        True, title="Trust steep units more", symbol="φ′(z)·(Wx + b − z) = 0", level="advanced",
        help="A saturated unit says little about what entered it: its equation gets as little say as its slope.",
    )  # fmt: skip

    @property
    def iterations(self) -> int:
        """How many layers are counted as the whole way, when nobody has counted them yet."""
        return 4

    @property
    def restarts(self) -> int:
        """One: equations have no luck."""
        return 1

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps the equations from being solved, as sentences."""
        found = told_one_step(observation, "R-GAP")
        if observation.num_images > 1:
            found.append(
                f"R-GAP solves for one photograph and {observation.num_images} are in this update: "
                "use one photograph a client, and the view of each client."
            )
        if why := obstacle(observation.network):
            found.append(
                f"R-GAP undoes the network layer by layer, and {why}: choose LeNet, CNN6, or the MLP with a smooth "
                "activation such as sigmoid."
            )
        elif (needed := _bytes(observation)) > _MOST:
            found.append(
                f"R-GAP's equations for this network would take {needed / 2**30:.1f} GiB and {_MOST / 2**30:.0f} are "
                "allowed: choose smaller photographs or a narrower network."
            )
        return found

    def invert(
        self,
        observation: Observation,
        labels: Int[Tensor, "n"] | None,
        *,
        seed: int,
        stage: int = 0,
        previous: Snapshot | None = None,
    ) -> Iterator[Snapshot]:
        """Yield the guess after every layer: grey until the first layer of the network is reached, then the image."""
        label = labels if labels is not None else IDLG().recover(observation)
        begun = guess(observation, label, None, stage=stage)
        yield begun
        peeling = _Peeling(observation, int(label), self.weigh)
        for count, solved in enumerate(peeling.solve(), start=1):
            yield replace(begun, iteration=count, solved=solved)
        yield replace(
            guess(observation, label, peeling.image, stage=stage), iteration=len(solved) + 1, solved=solved,
            settled=True, ended="solved",
        )  # fmt: skip


@dataclass
class _Peeling:
    """Where the peeling stands: what a layer gave out, and the gradient of the loss there."""

    observation: Observation
    label: int
    weigh: bool
    out: Tensor | None = None
    arriving: Tensor | None = None
    trust: Tensor | None = None
    solved: list[Solve] = field(default_factory=list)

    @property
    def image(self) -> Float[Tensor, "1 c h w"]:
        """The image, once every layer is undone."""
        return self.out.reshape(1, *self.observation.image_shape)

    def solve(self) -> Iterator[tuple[Solve, ...]]:
        """Undo the network from its last layer to its first, and yield the layers solved after each."""
        observation = self.observation
        weights, update = _double(observation.weights), _double(observation.update)
        for name, layer, shape in reversed(_shaped(observation)):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                own = _Own(weights, update, name)
                facts = self._linear(name, own) if isinstance(layer, nn.Linear) else self._conv(name, layer, shape, own)
                self.solved.append(facts)
                self.trust = None
                yield tuple(self.solved)
            elif type(layer) in INVERTIBLE:
                undo = INVERTIBLE[type(layer)]
                self.out = undo.inverse(layer, self.out)
                self.trust = undo.slope(layer, self.out)
                self.arriving = self.arriving * self.trust
            elif normalises(layer):
                buffers = _double(observation.buffers)
                self.out = normalised(self.out.reshape(shape), buffers[f"{name}.mean"], buffers[f"{name}.std"])
            self.out, self.arriving = self.out.reshape(shape), self.arriving.reshape(shape)
            self.trust = None if self.trust is None else self.trust.reshape(shape)

    def _linear(self, name: str, own: "_Own") -> Solve:
        if self.out is None:  # the head, whose answers nobody has seen
            self.arriving = logit_gradient(own.weight, own.gradient, own.bias, own.bias_gradient, self.label)
        elif own.bias_gradient is not None:
            self.arriving = own.bias_gradient  # the same thing, before any rounding
        self.out, facts = linear_input(name, own.gradient, self.arriving)
        self.arriving = own.weight.T @ self.arriving
        return facts

    def _conv(self, name: str, layer: nn.Conv2d, shape: tuple[int, ...], own: "_Own") -> Solve:
        # SciPy's solvers take a second to load, which nobody should wait for who does not solve.
        from leaklab.attacks.closed_form.equations import convolution

        outputs = self.out if own.bias is None else self.out - own.bias[:, None, None]
        trust = self.trust if self.weigh and self.trust is not None else torch.ones_like(outputs)
        system = convolution(
            layer, own.weight, own.gradient, outputs=outputs, trust=trust, arriving=self.arriving, shape=shape
        )
        arriving = conv2d_input((1, *shape), own.weight, self.arriving[None], layer.stride, layer.padding)
        self.out, facts = system.solved(name)
        self.arriving = arriving[0]
        return facts


class _Own:
    """One layer's weights and their gradients, by what they are rather than by name."""

    def __init__(self, weights: Update, update: Update, name: str) -> None:
        self.weight, self.gradient = weights[f"{name}.weight"], update[f"{name}.weight"]
        self.bias, self.bias_gradient = weights.get(f"{name}.bias"), update.get(f"{name}.bias")


def _double(tensors: Update) -> Update:
    return {name: tensor.detach().cpu().double() for name, tensor in tensors.items()}


def _shaped(observation: Observation) -> list[tuple[str, nn.Module, tuple[int, ...]]]:
    """Return name, layer and shape of what enters it, from the first layer to the last."""
    like = next(observation.network.parameters())
    found, maps = [], like.new_empty(1, *observation.image_shape)
    for name, layer in layers(observation.network):
        found.append((name, layer, tuple(maps.shape[1:])))
        maps = layer(maps)
    return found


def _bytes(observation: Observation) -> int:
    """Return how much memory the normal equations of the widest convolution take, twice: once to be factored."""
    widths = [prod(shape) for _, layer, shape in _shaped(observation) if isinstance(layer, nn.Conv2d)]
    return 2 * 8 * max(widths, default=0) ** 2
