"""Training of a victim's network, centrally, with checkpoints on the way: does a trained network leak less?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from leaklab import checkpoints
from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.training.contract import Architecture
from leaklab.checkpoints import State
from leaklab.images.source import Source
from leaklab.networks.layers import BatchNorm
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal, Settings, knob

_SHOWN = 512  # photographs of the first batch that are kept, to show those the network is surest of
_AT_ONCE = 256  # photographs that are tested together


class Victim(Settings):
    """The network that clients would train is trained on photographs, and written down after several epochs.

    Each checkpoint is what `NetworkChoice.checkpoint` takes: the bare network, without its normalisation.
    """

    kind: Literal["network"] = "network"
    network: NetworkChoice = NetworkChoice()
    learning_rate: float = knob(1e-3, low=1e-5, high=1e-1, log=True, help="How far one step of Adam moves a weight.")
    epoch: int = knob(
        50_000, low=1, high=10_000_000, log=True, unit="images",
        help="How many photographs are called an epoch: best as many as there are.",
    )  # fmt: skip
    epochs: tuple[int, ...] = knob(
        (0, 1, 2, 5, 10, 20, 50), help="After how many epochs a checkpoint is written; 0 is the fresh network."
    )
    test: Source | None = knob(
        None, level="advanced", help="Photographs that nobody trains on, to test every checkpoint with."
    )
    test_images: int = knob(1000, low=1, high=50_000, log=True, unit="images", help="How many of them are taken.")
    name: str = knob("", level="hidden", help="What checkpoints are called; empty takes the network's name.")
    folder: str = knob(
        "", level="hidden", private=True,
        help="Where checkpoints are written; empty means $LEAKLAB_WEIGHTS, or the user's cache.",
    )  # fmt: skip

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> "VictimTrainee":
        """Return the fresh network of a seed, ready to learn pictures of a shape.

        Raises: Refusal, when the network cannot be built for them, or the test pictures are missing or of other kinds.
        """
        channels, high, wide = shape
        if high != wide:
            raise Refusal(f"Pictures of {high}x{wide} pixels are not square: choose an image size.")
        dice = torch.Generator().manual_seed(seed)
        whole = self.network.build(shape, num_classes, dice)
        return VictimTrainee(self, whole, self._exam(shape, num_classes, dice), shape, num_classes)

    def checkpoint(self, epoch: int) -> Path:
        """Return where the network after some epochs is written."""
        folder = Path(self.folder).expanduser() if self.folder else shelf.root()
        return folder / f"{self.name or self.network.name}-epoch-{epoch}.safetensors"

    def _exam(
        self, shape: tuple[int, int, int], num_classes: int, dice: torch.Generator
    ) -> tuple[Tensor, Tensor] | None:
        if self.test is None:
            return None
        if self.test.num_classes != num_classes:
            raise Refusal(
                f"The test pictures are of {self.test.num_classes} classes and those to learn from of {num_classes}: "
                "choose pictures of the same classes, or none."
            )
        found = self.test.draw(self.test_images, shape[1], dice)
        if found.images.shape[1:] != shape:
            raise Refusal(
                f"The test pictures have {found.images.shape[1]} channel(s) and those to learn from {shape[0]}: "
                "choose both grey, or both in colour."
            )
        return found.images, found.labels


class VictimTrainee:
    """A network that is being trained: it writes a checkpoint of itself whenever one is due."""

    def __init__(
        self, settings: Victim, whole: nn.Module, exam: tuple[Tensor, Tensor] | None, shape: tuple[int, int, int],
        num_classes: int,
    ) -> None:  # fmt: skip
        self._settings, self._whole, self._exam, self._shape, self._classes = settings, whole, exam, shape, num_classes
        self._norms = [layer for layer in whole.modules() if isinstance(layer, BatchNorm)]
        for layer in self._norms:
            layer.register_forward_pre_hook(_remember)
        self._adam = torch.optim.Adam(whole.parameters(), settings.learning_rate)
        self._seen = 0  # photographs
        self._shown: tuple[Tensor, Tensor] | None = None

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it."""
        self._whole.to(device)
        return self

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Learn from one batch; return its loss and accuracy before, and the test's wherever a checkpoint was due."""
        if self._shown is None:
            self._shown = images[:_SHOWN].cpu(), labels[:_SHOWN].cpu()
        tested = {} if self._seen else self._written(-1)
        before, self._seen = self._seen // self._settings.epoch, self._seen + len(images)
        self._statistics("batch")
        answers = self._whole(images)
        loss = functional.cross_entropy(answers, labels)
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        right = (answers.argmax(1) == labels).float().mean()
        return {"entropy": loss.item(), "accuracy": right.item()} | tested | self._written(before)

    @torch.no_grad()
    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return the photographs of the first batch that the network is surest of; grey before there was one."""
        if self._shown is None:
            return torch.full((count, *self._shape), 0.5)
        images, labels = self._shown
        sure = self._answers(images).softmax(1)[torch.arange(len(labels)), labels]
        return images[sure.argsort(descending=True)][:count]

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit; nothing is thrown dice for."""
        images, labels = self._shown or (torch.empty(0), torch.empty(0))
        return {
            "network": self._whole.state_dict(), "adam": self._adam.state_dict(), "seen": self._seen,
            "images": images, "labels": labels,
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._whole.load_state_dict(state["network"])
        self._adam.load_state_dict(state["adam"])
        self._seen = state["seen"]
        self._shown = (state["images"].cpu(), state["labels"].cpu()) if len(state["images"]) else None

    def weights(self) -> State:
        """Return the bare network's weights, as a checkpoint holds them."""
        bare = self._whole.network if "normalise" in dict(self._whole.named_children()) else self._whole
        return {name: part.detach().clone() for name, part in bare.state_dict().items()}

    def architecture(self) -> Architecture:
        """Return what the network is, for `NetworkChoice`, and what it was built for."""
        chosen = self._settings.network
        return {
            "network": chosen.name, "activation": chosen.activation, "stem": chosen.stem,
            "normalise": chosen.normalise, "batch_norm": chosen.batch_norm, "channels": self._shape[0],
            "side": self._shape[1], "classes": self._classes,
        }  # fmt: skip

    def _written(self, before: int) -> dict[str, float]:
        """Write a checkpoint where one is due, and return how well it does on the test."""
        now = self._seen // self._settings.epoch
        due = [epoch for epoch in self._settings.epochs if before < epoch <= now]
        for epoch in due:
            whole = {name: shelf.halved(part) for name, part in self.weights().items()}
            checkpoints.save(whole, self._settings.checkpoint(epoch))
        if not due or self._exam is None:
            return {}
        images, labels = self._exam
        right = torch.cat([self._answers(part) for part in images.split(_AT_ONCE)]).argmax(1) == labels
        return {"test accuracy": right.float().mean().item()}

    @torch.no_grad()
    def _answers(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n classes"]:
        self._statistics("running")
        return self._whole(images.to(next(self._whole.parameters()).device)).cpu()

    def _statistics(self, which: Literal["running", "batch"]) -> None:
        for layer in self._norms:
            layer.statistics = which


@torch.no_grad()
def _remember(layer: BatchNorm, inputs: tuple[Tensor, ...]) -> None:
    """Move a batch norm's averages a little towards those of the batch, which the layer itself never does."""
    if layer.statistics == "running":
        return
    variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
    layer.running_mean.lerp_(mean, layer.momentum)
    layer.running_var.lerp_(variance, layer.momentum)
