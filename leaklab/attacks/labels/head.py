"""What every method of label recovery reads: the last linear layer, what enters it, and what the network answers."""

import copy
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab.protocol.layers import last_linear
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal

_AT_ONCE = 64  # images, to bound the memory
_NEVER_NEGATIVE = (nn.ReLU, nn.ReLU6, nn.Sigmoid, nn.Hardsigmoid, nn.Softplus, nn.Softmax)
_KEEP_SIGNS = (
    nn.Identity, nn.Flatten, nn.Dropout, nn.Dropout2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.MaxPool2d,
    nn.AdaptiveMaxPool2d,
)  # fmt: skip

_NO_LAYER = (
    "Label recovery reads the last linear layer and this network has none: "
    "tell the attacker the labels, or choose label recovery 'jointly'."
)
_NOT_FINITE = (
    "The update of the last layer holds numbers that are not finite, so no label can be read from it: "
    "the client's training diverged, and a smaller learning rate mends it."
)


@dataclass(frozen=True)
class Head:
    """The last linear layer and the mean gradient of one local step, in double precision: a row a class."""

    weight: Float[Tensor, "c f"]
    bias: Float[Tensor, "c"] | None
    weight_gradient: Float[Tensor, "c f"]
    bias_gradient: Float[Tensor, "c"] | None

    def answers(self, features: Float[Tensor, "m f"]) -> Float[Tensor, "m c"]:
        """Return the class probabilities that features lead to."""
        logits = features @ self.weight.T
        return (logits if self.bias is None else logits + self.bias).softmax(1)


def head(observation: Observation) -> Head:
    """Return the last linear layer; where none bears that name, the last matrix of the update counts as one.

    Raises: Refusal, when there is no such layer, or its update is not finite.
    """
    weight, bias = _names(observation)
    update, weights = observation.update, observation.weights
    steps = local_steps(observation)
    found = Head(
        _double(weights[weight]), _double(weights[bias]) if bias in update else None,
        _double(update[weight]) / steps, _double(update[bias]) / steps if bias in update else None,
    )  # fmt: skip
    seen = [found.weight_gradient] if found.bias_gradient is None else [found.weight_gradient, found.bias_gradient]
    if not all(bool(gradient.isfinite().all()) for gradient in seen):
        raise Refusal(_NOT_FINITE)
    return found


def local_steps(observation: Observation) -> float:
    """Return how many local steps the update sums up; one, where that is not told."""
    return observation.local_steps or 1


def features(observation: Observation, images: Float[Tensor, "m c h w"]) -> Float[Tensor, "m f"]:
    """Return what enters the last linear layer for some images.

    Raises: Refusal, when there is no such layer.
    """
    return replies(observation, images)[0]


def answers(observation: Observation, images: Float[Tensor, "m c h w"]) -> Float[Tensor, "m k"]:
    """Return the class probabilities the network gives some images.

    Raises: Refusal, when there is no linear layer.
    """
    return replies(observation, images)[1]


@torch.no_grad()
def replies(
    observation: Observation, images: Float[Tensor, "m c h w"]
) -> tuple[Float[Tensor, "m f"], Float[Tensor, "m k"]]:
    """Return features and answers of some images from one pass.

    Raises: Refusal, when there is no linear layer.
    """
    # Parts of equal size: batch norm on the batch's own statistics cannot do with a single image left over.
    parts = [_both(observation, part) for part in images.tensor_split(-(-len(images) // _AT_ONCE))]
    entered, logits = (torch.cat(column) for column in zip(*parts, strict=True))
    return _double(entered), _double(logits).softmax(1)


def entering(observation: Observation, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
    """Return what enters the last linear layer, differentiable in the images and at their own precision.

    Raises: Refusal, when there is no such layer.
    """
    return _both(observation, images)[0]


def _both(observation: Observation, images: Tensor) -> tuple[Tensor, Tensor]:
    name = last_linear(observation.network)
    if name is None:
        raise Refusal(_NO_LAYER)
    entered: list[Tensor] = []
    layer = observation.network.get_submodule(name)
    hook = layer.register_forward_pre_hook(lambda _, inputs: entered.append(inputs[0]))
    try:
        logits = observation.forward.logits(observation.weights, images)
    finally:
        hook.remove()
    return entered[0], logits


def has_bias(network: nn.Module) -> bool:
    """Return whether the last linear layer has a bias; true where there is no such layer."""
    name = last_linear(network)
    return name is None or network.get_submodule(name).bias is not None


@lru_cache(maxsize=64)
def non_negative(network: nn.Module, image_shape: tuple[int, int, int]) -> bool:
    """Return whether nothing negative can enter the last linear layer; true where there is no such layer.

    The layers are run on the meta device, which has no numbers, since the order in which they are declared need not be
    the order in which they run. Images count as not negative. What is no layer, such as an average written out in
    `forward`, is taken to keep signs.
    """
    name = last_linear(network)
    if name is None:
        return True
    # Pages share one skeleton between threads, so hooks go to a copy.
    bare, order = copy.deepcopy(network).to("meta", torch.float32).eval(), []
    for layer in bare.modules():
        if not any(layer.children()):
            layer.register_forward_pre_hook(lambda layer, _: order.append(layer))
    bare(torch.empty(2, *image_shape, device="meta"))
    last = bare.get_submodule(name)
    before = order[: len(order) - 1 - order[::-1].index(last)]
    deciding = next((layer for layer in reversed(before) if not isinstance(layer, _KEEP_SIGNS)), None)
    return deciding is None or isinstance(deciding, _NEVER_NEGATIVE)


def _names(observation: Observation) -> tuple[str, str]:
    name = last_linear(observation.network)
    prefix = f"{name}." if name else ""
    if name is not None and f"{prefix}weight" in observation.update:
        return f"{prefix}weight", f"{prefix}bias"
    matrices = [name for name, tensor in observation.update.items() if tensor.ndim == 2]
    if not matrices:
        raise Refusal(_NO_LAYER)
    return matrices[-1], ""


def _double(tensor: Tensor) -> Tensor:
    # On the CPU first: some accelerators know no double precision.
    return tensor.detach().cpu().double()
