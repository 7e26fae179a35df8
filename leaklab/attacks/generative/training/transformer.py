"""Training of the masked diffusion transformer: see noise by class, now and then with some patches hidden."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.generative.schedule import STEPS, alpha_bars, noised
from leaklab.attacks.generative.training.contract import Architecture, average, fixed_noise
from leaklab.attacks.generative.training.dice import drawn, sometimes
from leaklab.attacks.generative.transformer import HEAD, Transformer, straight
from leaklab.checkpoints import State
from leaklab.settings import Refusal, Settings, knob


class TransformerTraining(Settings):
    """A class-conditional diffusion transformer learns to see the noise in photographs, some patches of them hidden.

    In half of each batch patches are hidden. Of a hidden patch the noise cannot be known, since it has nothing to do
    with what is around it; what is asked for there is the clean picture, and so the network learns what belongs
    together.

    Source: Gao et al. 2023 (MDT), which asks for the noise everywhere; Zheng et al. 2024 (MaskDiT) for two losses.
    """

    kind: Literal["transformer"] = "transformer"
    heads: int = knob(
        5, low=1, high=12, help="How many heads look at the patches in each block; each is 32 numbers wide.",
    )  # fmt: skip
    depth: int = knob(6, low=2, high=16, help="How many blocks of attention stand one behind the other.")
    patch: int = knob(4, low=1, high=8, unit="pixels", help="The side of the square patches a picture is cut into.")
    masked: float = knob(
        0.3, low=0, high=0.9, title="Hidden patches", level="advanced",
        help="The share of patches that is hidden in every second picture.",
    )  # fmt: skip
    masked_weight: float = knob(
        0.1, low=0, high=1, symbol="λ", level="advanced",
        help="How much the guess of what lies under hidden patches counts beside the noise in the others.",
    )  # fmt: skip
    label_dropout: float = knob(
        0.1, low=0, high=1, level="advanced",
        help="How often the class is not told, so that pictures of any class can be drawn too.",
    )  # fmt: skip
    learning_rate: float = knob(6e-4, low=1e-5, high=1e-2, log=True, help="How far one step of Adam moves a weight.")
    warm_up: int = knob(
        200, low=1, high=100_000, unit="steps", level="advanced",
        help="Over how many steps the step rises to its full length: attention is lost to large first ones.",
    )  # fmt: skip
    decay: float = knob(
        0.999, low=0, high=0.9999, level="advanced",
        help="How much of the averaged network stays at each step; the average is what ships.",
    )  # fmt: skip
    guidance: float = knob(
        2.0, low=1, high=10, level="advanced", help="How much the class is exaggerated in the pictures that are shown."
    )

    def start(self, shape: tuple[int, int, int], num_classes: int, seed: int) -> "TransformerTrainee":
        """Return a fresh transformer, ready to learn pictures of a shape.

        Raises: Refusal, when the pictures are not square or cannot be cut into such patches.
        """
        channels, high, wide = shape
        if high != wide or high % self.patch:
            raise Refusal(
                f"Pictures of {high}x{wide} pixels cannot be cut into patches of {self.patch}x{self.patch}: choose "
                "another patch, or square pictures whose side is a multiple of it."
            )
        network = drawn(
            lambda: Transformer(
                side=high, channels=channels, num_classes=num_classes, patch=self.patch, width=HEAD * self.heads,
                depth=self.depth,
            ), seed,
        )  # fmt: skip
        return TransformerTrainee(self, network, seed)


class TransformerTrainee:
    """A transformer that is being trained, its average, and all it takes to go on."""

    def __init__(self, settings: TransformerTraining, network: Transformer, seed: int) -> None:
        self._settings, self._network = settings, network
        self._average = {name: part.detach().clone() for name, part in network.named_parameters()}
        self._adam = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.99))
        self._dice = torch.Generator().manual_seed(seed)
        self._steps = 0

    def to(self, device: torch.device) -> Self:
        """Move all of it to a device, and return it; the dice stay, so that every device sees the same noise."""
        self._network.to(device)
        self._average = {name: part.to(device) for name, part in self._average.items()}
        return self

    def step(self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> dict[str, float]:
        """Take one step on a batch; return the losses of seen patches, 1 for a straight guess, and of hidden ones."""
        told = sometimes(labels, self._network.num_classes, self._settings.label_dropout, self._dice)
        noise = torch.randn(images.shape, generator=self._dice).to(images)
        steps = torch.randint(STEPS, (len(images),), generator=self._dice)
        at = alpha_bars()[steps].to(images)[:, None, None, None]
        clean, hidden = 2 * images - 1, self._hidden(len(images)).to(images.device)
        noisy, steps = noised(clean, noise, at), steps.to(images.device)
        guess, scale = straight(noisy, steps)
        missed, guessed = self._network(noisy, steps, told, hidden)
        seen_loss = self._patches(missed - (noise - guess) / scale)[~hidden].square().mean()
        hidden_loss = (guessed - self._patches(clean))[hidden].square().sum() / max(1, guessed[hidden].numel())
        self._move(seen_loss + self._settings.masked_weight * hidden_loss)
        return {"seen": seen_loss.item(), "hidden": hidden_loss.item()}

    def samples(self, count: int) -> Float[Tensor, "count c h w"]:
        """Return pictures of one class after another, drawn by the average from the same noise each time."""
        model = Transformer.of(self.weights())
        noise = fixed_noise(count, model.channels, model.side, model.side).to(model.mask)
        labels = torch.arange(count, device=noise.device) % model.num_classes
        return model.sample(noise, labels, guidance=self._settings.guidance)

    def state(self) -> dict[str, Any]:
        """Return all it takes to go on to the last bit."""
        return {
            "network": self._network.state_dict(), "average": self._average, "adam": self._adam.state_dict(),
            "dice": self._dice.get_state(), "steps": self._steps,
        }  # fmt: skip

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned."""
        self._network.load_state_dict(state["network"])
        for name, part in self._average.items():
            part.copy_(state["average"][name])
        self._adam.load_state_dict(state["adam"])
        self._dice.set_state(state["dice"].cpu())
        self._steps = state["steps"]

    def weights(self) -> State:
        """Return the average, which is what `Transformer.of` takes."""
        return dict(self._average)

    def architecture(self) -> Architecture:
        """Return the network's sizes."""
        return self._network.architecture

    def _move(self, loss: Float[Tensor, ""]) -> None:
        for group in self._adam.param_groups:
            group["lr"] = self._settings.learning_rate * min(1, (self._steps + 1) / self._settings.warm_up)
        self._adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1)
        self._adam.step()
        average(self._average, dict(self._network.named_parameters()), self._steps, self._settings.decay)
        self._steps += 1

    def _hidden(self, count: int) -> Bool[Tensor, "n t"]:
        hidden = torch.rand(count, len(self._network.places), generator=self._dice) < self._settings.masked
        hidden[::2] = False
        return hidden

    def _patches(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n t d"]:
        return functional.pixel_unshuffle(images, self._settings.patch).flatten(2).mT
