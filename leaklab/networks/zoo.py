"""NetworkChoice: which network the clients train, how it is adapted, and where its first weights come from."""

from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from leaklab.checkpoints import State, fit, load
from leaklab.networks import initialisation
from leaklab.networks.layers import Normalise, Statistics, map_sides, with_activation
from leaklab.networks.table import NETWORKS, Fill, Name, Plan, Row
from leaklab.settings import Refusal, Settings, knob

_SMALL_STEM_UP_TO = 64  # pixels; beyond, the ImageNet stem keeps the maps affordable

_MEND = "take more images at once, larger images, the small stem, or running statistics"

Constants = tuple[tuple[float, ...], tuple[float, ...]]
_CONSTANTS: dict[str, Constants] = {  # mean and spread of the pixels of a data set
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.49147, 0.48226, 0.44677), (0.24703, 0.24349, 0.26159)),
    "cifar100": ((0.50716, 0.48669, 0.44120), (0.26733, 0.25644, 0.27615)),
    "mnist": ((0.13066,), (0.30811,)),
}


class NetworkChoice(Settings):
    """Which network the clients train, and what its weights are before they do."""

    name: Name = knob(
        "lenet", title="Network", symbol="f(x; θ)",
        help="The network the clients train; small smooth ones give photographs away, deep ones resist.",
    )  # fmt: skip
    activation: Literal["own", "relu", "leaky_relu", "sigmoid", "tanh", "silu", "softplus"] = knob(
        "own", symbol="φ", level="advanced",
        help="What stands between the layers: own keeps the network's; smooth ones leak more than ReLU.",
    )  # fmt: skip
    initialisation: Literal["own", "uniform", "pytorch"] = knob(
        "own", symbol="θ₀", level="advanced",
        help="How the first weights are drawn: as published, evenly between -0.5 and 0.5, or as PyTorch does.",
    )  # fmt: skip
    stem: Literal["auto", "imagenet", "small"] = knob(
        "auto", level="advanced",
        help="First layer of ResNets and MobileNetV2: one that shrinks, or a small one; auto is small up to 64 pixels.",
    )  # fmt: skip
    batch_norm: Statistics = knob(
        "running", symbol="μ, σ²", level="advanced",
        help="Whether batch norm uses the averages it came with, or those of the photographs in the batch.",
    )  # fmt: skip
    normalise: Literal["auto", "none", "imagenet", "cifar10", "cifar100", "mnist"] = knob(
        "auto", title="Normalisation", symbol="(x − μ) / σ", level="advanced",
        help="Whose pixel averages the first layer takes off; auto: ImageNet's with published weights, else none.",
    )  # fmt: skip
    pretrained: bool = knob(
        False, title="Published weights", level="advanced",
        help="Start from the weights torchvision publishes, trained on ImageNet; a trained network leaks less.",
    )  # fmt: skip
    checkpoint: str = knob(
        "", level="hidden", private=True,
        help="A file of weights to start from, .safetensors or a state_dict of PyTorch; empty for none.",
    )  # fmt: skip

    @property
    def row(self) -> Row:
        """The network's row in the table, with its title and sentence."""
        return NETWORKS[self.name]

    def build(self, image_shape: tuple[int, int, int], num_classes: int, generator: torch.Generator) -> nn.Module:
        """Return the network on the CPU; weights are drawn from the generator alone, then loaded ones replace them.

        Raises: Refusal, when choices contradict each other, or weights are missing or do not fit.
        """
        network = self._skeleton(image_shape, num_classes).to_empty(device="cpu")
        fills: dict[str, Fill] = {
            "own": self.row.fill, "uniform": initialisation.uniform, "pytorch": initialisation.pytorch
        }  # fmt: skip
        fills[self.initialisation](network, generator)
        if self.pretrained:
            network.load_state_dict(self._published(network.state_dict()))
        if self.checkpoint:
            network.load_state_dict(fit(load(self.checkpoint), network.state_dict()))
        return self._normalised(network).eval()

    @lru_cache(maxsize=32)  # noqa: B019  settings are small and few, and a page asks at every change
    def skeleton(self, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
        """Return the network's layers on the meta device, without numbers; shared, so not to be changed.

        Raises: Refusal, when choices contradict each other.
        """
        return self._normalised(self._skeleton(image_shape, num_classes)).to("meta").eval()

    def check(self, image_shape: tuple[int, int, int], batch: int) -> str:
        """Return a warning about batch norm's precision for batches of some images, or nothing.

        Raises: Refusal, when batch statistics would see a single value in each channel.
        """
        if self.batch_norm == "running" or not self.row.shrinks:
            return ""
        values = batch * prod(map_sides(image_shape, self.row.shrinks[self._stem(image_shape)]))
        if values == 1:
            raise Refusal(f"{self.row.title} with batch statistics sees one number in each channel here: {_MEND}.")
        if values == 2:
            return f"Two numbers a channel make float32 gradients of {self.row.title} wrong: use float64, or {_MEND}."
        return ""

    def _skeleton(self, image_shape: tuple[int, int, int], num_classes: int) -> nn.Module:
        self._refuse(image_shape)
        adapted = (self._channels(image_shape), *image_shape[1:])
        # torchvision's constructors draw from the global generator; on the meta device they draw nothing.
        with torch.device("meta"):
            network = self.row.make(Plan(adapted, num_classes, self._stem(image_shape), self.batch_norm))
        return network if self.activation == "own" else with_activation(network, self.activation)

    def _refuse(self, image_shape: tuple[int, int, int]) -> None:
        smallest = self.row.smallest
        if min(image_shape[1:]) < smallest:
            raise Refusal(
                f"Images of {image_shape[1]}x{image_shape[2]} pixels are too small for {self.row.title}: "
                f"take {smallest}x{smallest} or larger."
            )
        if self.pretrained and self.row.published is None:
            able = ", ".join(row.title for row in NETWORKS.values() if row.published)
            raise Refusal(f"Nobody publishes weights of {self.row.title}: choose {able}, or fresh weights.")
        if self.pretrained and self.checkpoint:
            raise Refusal("Published weights and a checkpoint exclude each other: leave one of them out.")
        if self.pretrained and self.stem == "small":
            raise Refusal("The published weights belong to the imagenet stem: choose stem imagenet or auto, not small.")

    def _stem(self, image_shape: tuple[int, int, int]) -> Literal["imagenet", "small"]:
        if self.stem != "auto":
            return self.stem
        return "small" if max(image_shape[1:]) <= _SMALL_STEM_UP_TO and not self.pretrained else "imagenet"

    def _channels(self, image_shape: tuple[int, int, int]) -> int:
        # Normalised by three constants, grey images reach the network in three channels.
        constants = self._constants()
        return max(image_shape[0], len(constants[0])) if constants else image_shape[0]

    def _constants(self) -> Constants | None:
        chosen = "imagenet" if self.normalise == "auto" and self.pretrained else self.normalise
        return _CONSTANTS.get(chosen)

    def _normalised(self, network: nn.Module) -> nn.Module:
        constants = self._constants()
        if constants is None:
            return network
        whole = nn.Sequential()
        whole.add_module("normalise", Normalise(*constants))
        whole.add_module("network", network)
        return whole

    def _published(self, own: State) -> State:
        assert self.row.published is not None
        address = self.row.published()
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        file = folder / address.rpartition("/")[2]
        if not file.is_file():
            raise Refusal(
                f"The published weights of {self.row.title} are not on this machine: put {file.name} "
                f"from {address} into {folder}, or choose fresh weights."
            )
        state = load(file)
        # Weights for another number of classes keep everything but the last layer, which is drawn fresh.
        last = list(own.items())[-2:]
        fresh = {name: tensor for name, tensor in last if tensor.shape != state.get(name, tensor).shape}
        return fit(state | fresh, own)
