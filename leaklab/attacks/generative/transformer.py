"""A small diffusion transformer that knows classes: it predicts the noise in a picture, patch by patch.

What an enhancer asks of it: `Transformer.load("shipped")`, then `epsilon(noisy, step, labels)` for the noise that it
sees in pictures in [-1, 1] at a step of `schedule.alpha_bars()`, of some classes or, with None, of any; `sample` draws
pictures in [0, 1]. `side`, `channels` and `num_classes` say what it was trained on. Patches may be hidden from it,
which only its training does (`training/transformer.py`).
"""

from collections.abc import Callable
from typing import Literal, Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.schedule import STEPS, Epsilon, alpha_bars, sampled
from leaklab.checkpoints import State, fit
from leaklab.settings import Refusal

HEAD = 32  # numbers that one head of attention looks at
_SPREAD = 0.5  # of the pixels of photographs in [-1, 1]
_SHIPPED, _KIND = "transformer-cifar10", "transformer"


class Transformer(nn.Module):
    """Blocks of attention over the patches of a noisy picture; each is told the step and the class.

    Source: Peebles and Xie 2023 (DiT) and Gao et al. 2023 (MDT) in kind, Bao et al. 2023 (U-ViT) for the joints
    between early and late blocks and the last convolution; far smaller than any of them.
    """

    def __init__(
        self, *, side: int = 32, channels: int = 3, num_classes: int = 10, patch: int = 4, width: int = 192,
        depth: int = 6,
    ) -> None:  # fmt: skip
        super().__init__()
        self.side, self.channels, self.num_classes, self.patch = side, channels, num_classes, patch
        numbers = channels * patch**2
        self.patches = nn.Conv2d(channels, width, patch, stride=patch)
        self.places = nn.Parameter(0.02 * torch.randn((side // patch) ** 2, width))
        self.mask = nn.Parameter(0.02 * torch.randn(width))
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.classes = nn.Embedding(num_classes + 1, width)  # the last one stands for any class
        self.told = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.blocks = nn.ModuleList(_block(width) for _ in range(depth))
        self.joints = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(depth // 2))
        self.norm = nn.LayerNorm(width)
        self.missed = nn.Linear(width, numbers)
        self.clean = nn.Linear(width, numbers)  # what lies under hidden patches: asked for in training alone
        self.smooth = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.missed.weight)
        nn.init.zeros_(self.missed.bias)

    @classmethod
    def load(cls, which: Literal["shipped", "own"]) -> Self:
        """Return the trained transformer that comes with this program, or the one in the folder LEAKLAB_WEIGHTS.

        Raises: Refusal, when there is none, or its file is damaged or of another kind.
        """
        return cls.of(shelf.weights(which, _SHIPPED, _KIND))

    @classmethod
    def of(cls, state: State) -> Self:
        """Return the transformer whose weights these are; their shapes tell its size.

        Raises: Refusal, when they are not those of such a transformer.
        """
        try:
            width, channels, patch, _ = state["patches.weight"].shape
            side = round(len(state["places"]) ** 0.5) * patch
            depth = sum(name.endswith("linear1.weight") for name in state)
            num_classes = len(state["classes.weight"]) - 1
        except (KeyError, ValueError) as error:
            raise Refusal(
                "These are not the weights of leaklab's transformer, whose first is `patches.weight`: take the file "
                "that `leaklab pretrain` writes, or the shipped one."
            ) from error
        model = cls(side=side, channels=channels, num_classes=num_classes, patch=patch, width=width, depth=depth)
        model.load_state_dict(fit(state, model.state_dict()))
        return model.eval().requires_grad_(False)

    @property
    def architecture(self) -> dict[str, int | float | str]:
        """Its size, in words and numbers."""
        return {
            "network": "masked diffusion transformer", "side": self.side, "channels": self.channels,
            "classes": self.num_classes, "patch": self.patch, "width": self.mask.numel(), "depth": len(self.blocks),
        }  # fmt: skip

    def epsilon(
        self, noisy: Float[Tensor, "n c h w"], step: int | Int[Tensor, "n"], labels: Int[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Return the noise in pictures in [-1, 1] at a step, one for all or one each; labels None, of any class."""
        everywhere = torch.full((len(noisy),), self.num_classes, device=noisy.device)
        steps = everywhere.new_full((len(noisy),), step) if isinstance(step, int) else step
        guess, scale = straight(noisy, steps)
        return guess + scale * self(noisy, steps, everywhere if labels is None else labels)[0]

    @torch.no_grad()
    def sample(
        self, noise: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None, *, steps: int = 20, guidance: float = 1
    ) -> Float[Tensor, "n c h w"]:
        """Return pictures in [0, 1] drawn from noise, by class where labels are given, exaggerated by guidance > 1."""
        drawn = sampled(noise, guided(self.epsilon, labels, guidance), steps)
        return ((drawn + 1) / 2).clamp(0, 1)

    def forward(
        self,
        noisy: Float[Tensor, "n c h w"],
        steps: Int[Tensor, "n"],
        labels: Int[Tensor, "n"],
        hidden: Bool[Tensor, "n t"] | None = None,
    ) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n t d"]]:
        """Return what the straight guess at the noise misses and, patch by patch, the clean picture under it."""
        tokens = self.patches(noisy).flatten(2).mT
        if hidden is not None:
            tokens = tokens.where(~hidden[..., None], self.mask)
        tokens = tokens + self.places
        told = functional.silu(self.time(_waves(steps, self.mask.numel()).to(noisy)) + self.classes(labels))
        early, depth = [], len(self.blocks)
        for number, (block, telling) in enumerate(zip(self.blocks, self.told, strict=True)):
            if number >= depth - len(self.joints):
                tokens = self.joints[number - depth](torch.cat([tokens, early.pop()], -1))
            tokens = block(tokens + telling(told)[:, None])
            if number < len(self.joints):
                early.append(tokens)
        tokens = self.norm(tokens)
        squares = (self.side // self.patch,) * 2
        missed = functional.pixel_shuffle(self.missed(tokens).mT.unflatten(2, squares), self.patch)
        return missed + self.smooth(missed), self.clean(tokens)


def guided(epsilon: Callable[..., Tensor], labels: Int[Tensor, "n"] | None, guidance: float) -> Epsilon:
    """Return a prediction (noisy, step, labels) for some labels, their class exaggerated where guidance is beyond one.

    Source: Ho and Salimans 2021, ε₀ + w·(ε_y - ε₀).
    """
    if labels is None or guidance == 1:
        return lambda noisy, step: epsilon(noisy, step, labels)

    def exaggerated(noisy: Tensor, step: int) -> Tensor:
        anything = epsilon(noisy, step, None)
        return anything + guidance * (epsilon(noisy, step, labels) - anything)

    return exaggerated


def straight(
    noisy: Float[Tensor, "n c h w"], steps: Int[Tensor, "n"]
) -> tuple[Float[Tensor, "n c h w"], Float[Tensor, "n 1 1 1"]]:
    """Return the best guess at the noise that is a multiple of the picture, and the spread of what it misses.

    So a network that knows nothing yet is not far off, and an error where all is noise does not grow beyond bounds.
    Source: Karras et al. 2022, table 1, for the noise in place of the clean picture; the same as their F but for its
    sign.
    """
    at = alpha_bars().to(noisy.device)[steps].to(noisy)[:, None, None, None]
    whole = at * _SPREAD**2 + 1 - at
    return (1 - at).sqrt() / whole * noisy, (at / whole).sqrt() * _SPREAD


def _block(width: int) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(
        width, width // HEAD, 4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True
    )


def _waves(steps: Int[Tensor, "n"], width: int) -> Float[Tensor, "n d"]:
    """Return each step as sines and cosines of many wavelengths, from a few steps to ten times all of them."""
    lengths = (10 * STEPS) ** (torch.arange(width // 2, device=steps.device) / (width // 2))
    angles = steps[:, None] / lengths
    return torch.cat([angles.sin(), angles.cos()], 1)
