"""Training of the restorer: photographs are spoilt as reconstructions are, and a small critic judges the repair."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from leaklab.attacks.generative.restoration import Restorer
from leaklab.attacks.generative.training.contract import Architecture, average
from leaklab.attacks.generative.training.dice import drawn, sometimes
from leaklab.attacks.generative.training.spoiling import spoilt
from leaklab.checkpoints import State
from leaklab.settings import Refusal, Settings, knob

_BETAS = (0.5, 0.99)
_SHOWN = 64  # photographs of the first batch that are kept to be shown, spoilt and repaired


class RestorationTraining(Settings):
    """A class-conditional U-Net learns to undo the faults of reconstructions, and to convince a critic of patches.

    Source: Yue et al. 2023 (ROG) in kind; Lim and Ye 2017 for the hinge loss, Miyato et al. 2018 for the critic.
    """

    kind: Literal["restoration"] = "restoration"
    width: Literal[16, 24, 32, 48, 64] = knob(
        32, unit="channels", help="Channels at full size; twice and four times as many at half and a quarter of it."
    )
    adversarial: float = knob(
        0.01, low=0, high=1, symbol="λ",
        help="How much it counts to convince the critic, beside coming near each pixel; more invents more.",
    )  # fmt: skip
    alone: int = knob(
        200, low=0, high=100_000, unit="steps", level="advanced",
        help="How long the repair is learnt before the critic is listened to.",
    )  # fmt: skip
    label_dropout: float = knob(
        0.1, low=0, high=1, level="advanced",
        help="How often the class is not told, so that pictures of any class can be repaired too.",
    )  # fmt: skip
    learning_rate: float = knob(5e-4, low=1e-5, high=1e-2, log=True, help="How far one step of Adam moves a weight.")
    decay: float = knob(
        0.999, low=0, high=0.9999, level="advanced",
        help="How much of the averaged network stays at each step; the average is what ships.",
    )  # fmt: skip

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> "RestorationTrainee":
        """Return a fresh restorer and its critic, ready to learn pictures of a shape.

        Raises: Refusal, when the pictures are not square or their side is no multiple of eight.
        """
        channels, high, wide = shape
        if high != wide or high % 8:
            raise Refusal(
                f"Pictures of {high}x{wide} pixels cannot be halved three times: choose square ones whose side is a "
                "multiple of 8."
            )
        network, critic = drawn(
            lambda: (
                Restorer(side=high, channels=channels, num_classes=num_classes, width=self.width),
                Critic(channels, num_classes, self.width),
            ), seed,
        )  # fmt: skip
        return RestorationTrainee(self, network, critic, seed)


class Critic(nn.Module):
    """A judge of patches: how real each looks, and how much like a picture of its class."""

    def __init__(self, channels: int, num_classes: int, width: int) -> None:
        super().__init__()
        sizes = [(channels, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2)]
        self.layers = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 2 + stride, stride=stride, padding=1))
            for before, after, stride in sizes
        )
        self.real = spectral_norm(nn.Conv2d(4 * width, 1, 1))
        self.likeness = spectral_norm(nn.Embedding(num_classes + 1, 4 * width))

    def forward(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> Float[Tensor, "n 1 p q"]:
        """Return a score for each patch: real ones should be above 1, invented ones below -1."""
        maps = 2 * images - 1
        for layer in self.layers:
            maps = functional.leaky_relu(layer(maps), 0.2)
        likeness = (maps * self.likeness(labels)[..., None, None]).sum(1, keepdim=True)
        return self.real(maps) + likeness


class RestorationTrainee:
    """A restorer that is being trained, its average and its critic, and all it takes to go on."""

    def __init__(self, settings: RestorationTraining, network: Restorer, critic: Critic, seed: int) -> None:
        self._settings, self._seed, self._network, self._critic = settings, seed, network, critic
        self._average = {name: part.detach().clone() for name, part in network.named_parameters()}
        rate = settings.learning_rate
        self._painting = torch.optim.Adam(network.parameters(), rate, betas=_BETAS)
        self._judging = torch.optim.Adam(critic.parameters(), rate, betas=_BETAS)
        self._dice = torch.Generator().manual_seed(seed)
        self._steps = 0
        self._shown: tuple[Tensor, Tensor] | None = None

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it; the dice stay, so that every device sees the same faults."""
        self._network.to(device)
        self._critic.to(device)
        self._average = {name: part.to(device) for name, part in self._average.items()}
        return self

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Let the restorer learn from a batch and the critic, then the critic from both; return their losses."""
        if self._shown is None:
            self._shown = images[:_SHOWN].cpu(), labels[:_SHOWN].cpu()
        told = sometimes(labels, self._network.num_classes, self._settings.label_dropout, self._dice)
        poor = spoilt(images, self._dice)
        painted = self._network.painted(poor, told)
        distance, listened = (painted - images).abs().mean(), self._steps >= self._settings.alone
        losses = {"distance": distance.item(), "spoilt": (poor - images).abs().mean().item()}
        convincing = self._critic.requires_grad_(False)(painted, told).mean() if listened else painted.new_zeros(())
        _descend(self._painting, distance - self._settings.adversarial * convincing)
        if listened:
            self._critic.requires_grad_(True)
            real, invented = self._critic(torch.cat([images, painted.detach()]), told.repeat(2)).chunk(2)
            judged = functional.relu(1 - real).mean() + functional.relu(1 + invented).mean()
            _descend(self._judging, judged)
            losses |= {"critic": judged.item()}
        average(self._average, dict(self._network.named_parameters()), self._steps, self._settings.decay)
        self._steps += 1
        return losses

    @torch.no_grad()
    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return photographs of the first batch, spoilt and repaired in turn; grey before there was a batch."""
        model = Restorer.of(self.weights())
        if self._shown is None:
            return torch.full((count, model.channels, model.side, model.side), 0.5)
        images, labels = (kept[: (count + 1) // 2] for kept in self._shown)
        poor = spoilt(images, torch.Generator().manual_seed(self._seed)).to(model.first.weight)
        repaired = model(poor, labels.to(poor.device))
        return torch.stack([poor, repaired], 1).flatten(0, 1)[:count]

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit."""
        images, labels = self._shown or (torch.empty(0), torch.empty(0))
        return {
            "network": self._network.state_dict(), "average": self._average, "critic": self._critic.state_dict(),
            "painting": self._painting.state_dict(), "judging": self._judging.state_dict(),
            "dice": self._dice.get_state(), "steps": self._steps, "images": images, "labels": labels,
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._network.load_state_dict(state["network"])
        self._critic.load_state_dict(state["critic"])
        for name, part in self._average.items():
            part.copy_(state["average"][name])
        self._painting.load_state_dict(state["painting"])
        self._judging.load_state_dict(state["judging"])
        self._dice.set_state(state["dice"].cpu())
        self._steps = state["steps"]
        self._shown = (state["images"].cpu(), state["labels"].cpu()) if len(state["images"]) else None

    def weights(self) -> State:
        """Return the average, which is what `Restorer.of` takes."""
        return self._average | dict(self._network.named_buffers())

    def architecture(self) -> Architecture:
        """Return the network's sizes."""
        return self._network.architecture


def _descend(adam: torch.optim.Adam, loss: Float[Tensor, ""]) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()
