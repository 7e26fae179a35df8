"""Train a DCGAN: the generator that GIAS and its kin search, against a critic that tells pictures from its drawings."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from leaklab.attacks.generative.training.contract import Architecture, average, fixed_noise
from leaklab.attacks.generative.training.dice import drawn
from leaklab.attacks.matching.spaces.generators import DCGAN, LARGEST, measured, named, sides
from leaklab.checkpoints import State
from leaklab.settings import Refusal, Settings, knob

_MEASURED = 256  # drawings on which the batch norms' averages are taken
_SLOPE = 0.1
_BETAS = (0.5, 0.999)


class DCGANTraining(Settings):
    """A generator of transposed convolutions and a critic of bounded slope, by the hinge loss, a step each in turn.

    Source: Radford et al. 2016 (generator, Adam at 2e-4 with β₁ = 0.5); Miyato et al. 2018 (critic, hinge loss);
    Yazıcı et al. 2019 (average of the generator's weights).
    """

    kind: Literal["dcgan"] = "dcgan"
    width: int = knob(
        512, low=4, high=2048, level="advanced",
        help="Channels at 4 x 4 pixels; they are halved with every doubling of the picture. Published attacks use 512.",
    )  # fmt: skip
    critic: int = knob(
        32, low=2, high=512, title="Critic's width", level="advanced",
        help="Channels of the critic's first layer; at 32 a step of it costs a third of a step of the generator.",
    )  # fmt: skip
    learning_rate: float = knob(2e-4, low=1e-6, high=1e-2, log=True, symbol="η", help="Step of Adam, for both.")
    decay: float = knob(
        0.999, low=0, high=0.9999, level="advanced",
        help="How much of the averaged generator stays at each step; the average is what ships.",
    )  # fmt: skip

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> "Duel":
        """Return a fresh generator and critic; classes play no part.

        Raises: Refusal, when the pictures are not squares of 4, 8, 16, ... pixels a side.
        """
        channels, high, wide = shape
        if high != wide or high not in sides(LARGEST):
            raise Refusal(
                f"A DCGAN draws squares of {', '.join(map(str, sides(LARGEST)))} pixels a side, and the pictures have "
                f"{high} x {wide}: set the image size to one of these."
            )
        return Duel(self, DCGAN(self.width, high, channels), seed)


class Duel:
    """Generator and critic, the averaged generator, both optimisers, and the dice of the noise."""

    def __init__(self, settings: DCGANTraining, generator: DCGAN, seed: int) -> None:
        self._settings, self._generator = settings, generator
        self._dice = torch.Generator().manual_seed(seed)
        self._weights = {name: part.requires_grad_() for name, part in _begun(generator, self._dice).items()}
        self._average = {name: part.detach().clone() for name, part in self._weights.items()}
        self._critic = drawn(lambda: _critic(generator, settings.critic), seed)
        rate = settings.learning_rate
        self._drawing = torch.optim.Adam(self._weights.values(), rate, betas=_BETAS)
        self._judging = torch.optim.Adam(self._critic.parameters(), rate, betas=_BETAS)
        self._steps = 0

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it; the dice stay, so that every device sees the same noise."""
        for part in self._weights.values():
            part.data = part.data.to(device)  # in place, so that the optimiser still knows it
        self._average = {name: part.to(device) for name, part in self._average.items()}
        self._critic.to(device)
        return self

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Let the critic learn from pictures and drawings, then the generator from the critic; return both losses.

        Both look at the same drawings, which saves a third of the generator's work.
        """
        noise = torch.randn(len(images), self._generator.latent, generator=self._dice).to(images)
        painted = 2 * self._generator(self._weights, noise) - 1
        real, fake = self._critic(_laid(2 * images - 1)), self._critic(_laid(painted.detach()))
        judged = functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
        self._judging.zero_grad()
        judged.backward()
        self._judging.step()
        self._critic.requires_grad_(False)
        fooled = -self._critic(_laid(painted)).mean()
        self._drawing.zero_grad()
        fooled.backward()
        self._critic.requires_grad_(True)
        self._drawing.step()
        average(self._average, self._weights, self._steps, self._settings.decay)
        self._steps += 1
        return {"critic": judged.item(), "generator": fooled.item()}

    @torch.no_grad()
    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return what the averaged generator draws of the same noise each time."""
        noise = fixed_noise(count, self._generator.latent)
        weights = {name: part.to(noise) for name, part in self.weights().items()}
        return self._generator(weights, noise)

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit."""
        return {
            "weights": {name: part.detach() for name, part in self._weights.items()}, "average": self._average,
            "critic": self._critic.state_dict(), "drawing": self._drawing.state_dict(),
            "judging": self._judging.state_dict(), "dice": self._dice.get_state(), "steps": self._steps,
        }  # fmt: skip

    @torch.no_grad()
    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        for name, part in self._weights.items():
            part.copy_(state["weights"][name])
        for name, part in self._average.items():
            part.copy_(state["average"][name])
        self._critic.load_state_dict(state["critic"])
        self._drawing.load_state_dict(state["drawing"])
        self._judging.load_state_dict(state["judging"])
        self._dice.set_state(state["dice"].cpu())
        self._steps = state["steps"]

    @torch.no_grad()
    def weights(self) -> State:
        """Return the averaged generator, with the averages that its batch norms meet."""
        noise = fixed_noise(_MEASURED, self._generator.latent).to(next(iter(self._average.values())))
        return self._average | measured(self._generator, self._average, noise)

    def architecture(self) -> Architecture:
        """Return the generator's sizes."""
        sizes = self._generator
        return {"width": sizes.width, "side": sizes.side, "channels": sizes.channels, "latent": sizes.latent}


def _begun(generator: DCGAN, dice: torch.Generator) -> State:
    """Return a generator's first weights: normal of 0.02, the batch norms' scales around one (Radford et al. 2016)."""
    parts = generator.parts()
    row = torch.randn(sum(torch.Size(part.shape).numel() for part in parts), generator=dice)
    return {
        name: torch.zeros_like(part) if name.endswith(".shift") else 0.02 * part + name.endswith(".scale")
        for name, part in named(generator, row).items()
    }


def _critic(generator: DCGAN, width: int) -> nn.Sequential:
    """Return a critic that halves the picture until 4 pixels a side are left, each layer's slope bounded by one."""
    first = spectral_norm(nn.Conv2d(generator.channels, width, 3, padding=1))
    layers: list[nn.Module] = [first, nn.LeakyReLU(_SLOPE)]
    for _ in sides(generator.side)[1:]:
        layers += [spectral_norm(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)), nn.LeakyReLU(_SLOPE)]
        width *= 2
    critic = nn.Sequential(*layers, nn.Flatten(), spectral_norm(nn.Linear(16 * width, 1)))
    return critic.to(memory_format=torch.channels_last)


def _laid(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    return images.contiguous(memory_format=torch.channels_last)
