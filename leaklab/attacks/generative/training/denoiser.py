"""Train a denoiser: it learns to name the noise in a picture, whatever there is of it."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.generative.denoiser import unet
from leaklab.attacks.generative.schedule import CLEAN, STEPS, alpha_bars, clean, noised, share, spaced
from leaklab.attacks.generative.training.contract import Architecture, average, fixed_noise
from leaklab.attacks.generative.training.dice import drawn
from leaklab.checkpoints import State
from leaklab.settings import Refusal, Settings, knob

_SAMPLED = 50  # steps of DDIM for the samples
_STEEPEST = 1.0  # length to which a gradient is cut


class DenoiserTraining(Settings):
    """A small U-Net that predicts the noise mixed into a picture, at a step drawn evenly from a thousand.

    Source: Ho et al. 2020, algorithm 1 and section 4; the published network has 35.7 million weights.
    """

    kind: Literal["denoiser"] = "denoiser"
    blocks: tuple[int, ...] = knob(
        (24, 48, 96), level="advanced",
        help="Channels at the full size, at half of it, and so on; at the smallest every place looks at all others.",
    )  # fmt: skip
    layers: int = knob(1, low=1, high=4, level="advanced", help="Residual blocks at each size on the way down.")
    groups: int = knob(
        8, low=1, high=64, level="advanced", help="Groups of the group norms; every block's channels divide by it."
    )
    learning_rate: float = knob(1e-3, low=1e-6, high=1e-1, log=True, symbol="η", help="Step of Adam.")
    warm_up: int = knob(
        200, low=1, high=100_000, log=True, unit="steps", level="advanced", help="How long Adam's step grows evenly."
    )
    decay: float = knob(
        0.999, low=0, high=0.9999, level="advanced",
        help="How much of the averaged network stays at each step; the average is what ships.",
    )  # fmt: skip

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> "Learner":
        """Return a fresh denoiser; classes play no part.

        Raises: Refusal, when the pictures cannot be halved so often, or the blocks' channels not be grouped.
        """
        channels, high, wide = shape
        if not self.blocks:
            raise Refusal("A denoiser has at least one block: give the channels of each, such as 24, 48, 96.")
        halvings = 2 ** (len(self.blocks) - 1)
        if high != wide or high % halvings:
            raise Refusal(
                f"A denoiser of {len(self.blocks)} blocks takes squares whose side divides by {halvings}, and the "
                f"pictures have {high} x {wide}: choose another image size or fewer blocks."
            )
        if odd := [width for width in self.blocks if width < 1 or width % self.groups]:
            raise Refusal(f"A block of {odd[0]} channels does not divide into {self.groups} groups: choose others.")
        blocks = ",".join(map(str, self.blocks))
        return Learner(self, {
            "side": high, "channels": channels, "blocks": blocks, "layers": self.layers, "groups": self.groups,
        }, seed)  # fmt: skip


class Learner:
    """The network, its average, the optimiser, and the dice of noise and steps."""

    def __init__(self, settings: DenoiserTraining, architecture: Architecture, seed: int) -> None:
        self._settings, self._architecture = settings, architecture
        self._dice = torch.Generator().manual_seed(seed)
        self._network = drawn(lambda: unet(architecture), seed)
        self._averaged = drawn(lambda: unet(architecture), seed)
        self._averaged.requires_grad_(False)
        self._adam = torch.optim.Adam(self._network.parameters(), settings.learning_rate)
        self._steps = 0

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it; the dice stay, so that every device sees the same noise."""
        self._network.to(device)
        self._averaged.to(device)
        return self

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Learn from one batch, and return the mean squared error of the predicted noise."""
        steps = torch.randint(STEPS, (len(images),), generator=self._dice)
        noise = torch.randn(images.shape, generator=self._dice).to(images)
        shares = alpha_bars()[steps].to(images)[:, None, None, None]
        noisy = noised(2 * images - 1, noise, shares)
        loss = functional.mse_loss(self._network(noisy, steps.to(images.device)).sample, noise)
        self._adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _STEEPEST)
        for group in self._adam.param_groups:
            group["lr"] = self._settings.learning_rate * min(1.0, (self._steps + 1) / self._settings.warm_up)
        self._adam.step()
        fresh = dict(self._network.named_parameters())
        average(dict(self._averaged.named_parameters()), fresh, self._steps, self._settings.decay)
        self._steps += 1
        return {"error": loss.item()}

    @torch.no_grad()
    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return pictures that the averaged network brings forth from the same noise each time.

        Source: Song et al. 2021, equation 12 with σ = 0, the clean picture in sight cut to what can be shown.
        """
        side, channels = int(self._architecture["side"]), int(self._architecture["channels"])
        steps = spaced(_SAMPLED)
        noisy = fixed_noise(count, channels, side, side).to(next(self._averaged.parameters()))
        for step, to in zip(steps, [*map(share, steps[1:]), CLEAN], strict=True):
            at = share(step)
            seen = clean(noisy, self._averaged(noisy, step).sample, at).clamp(-1, 1)
            noisy = noised(seen, (noisy - at**0.5 * seen) / (1 - at) ** 0.5, to)
        return ((noisy + 1) / 2).clamp(0, 1)

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit."""
        return {
            "network": self._network.state_dict(), "averaged": self._averaged.state_dict(),
            "adam": self._adam.state_dict(), "dice": self._dice.get_state(), "steps": self._steps,
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._network.load_state_dict(state["network"])
        self._averaged.load_state_dict(state["averaged"])
        self._adam.load_state_dict(state["adam"])
        self._dice.set_state(state["dice"].cpu())
        self._steps = state["steps"]

    def weights(self) -> State:
        """Return the averaged network."""
        return {name: part.detach() for name, part in self._averaged.state_dict().items()}

    def architecture(self) -> Architecture:
        """Return the network's sizes."""
        return dict(self._architecture)
