"""A restorer: a U-Net that is told the class of a spoilt picture and paints it as it may have been.

What an enhancer asks of it: `Restorer.load("shipped")`, then `model(images, labels)` with images in [0, 1] of `side`
pixels; labels None, of any class. It is trained as the generator of a GAN (`training/restoration.py`).
"""

from typing import Literal, Self

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from leaklab.attacks.generative import shelf
from leaklab.checkpoints import State, fit
from leaklab.settings import Refusal

_GROUPS = 8  # of channels that are normalised together
_SHIPPED, _KIND = "restoration-cifar10", "restoration"


class Restorer(nn.Module):
    """A U-Net over three sizes whose norms are scaled and shifted by class; what it adds begins as nothing.

    Source: Yue et al. 2023 (ROG) for the class-conditional U-Net, here far smaller; Perez et al. 2018 for the norms.
    """

    def __init__(self, *, side: int = 32, channels: int = 3, num_classes: int = 10, width: int = 32) -> None:
        super().__init__()
        self.channels, self.num_classes = channels, num_classes
        self.register_buffer("size", torch.tensor(side))  # convolutions take any, and weights alone would not tell
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        kinds = num_classes + 1  # the last one stands for any class
        self.down = nn.ModuleList(
            [_Block(width, width, kinds), _Block(width, 2 * width, kinds), _Block(2 * width, 4 * width, kinds)]
        )
        self.middle = _Block(4 * width, 4 * width, kinds)
        self.up = nn.ModuleList([_Block(6 * width, 2 * width, kinds), _Block(3 * width, width, kinds)])
        self.last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    @classmethod
    def load(cls, which: Literal["shipped", "own"]) -> Self:
        """Return the trained restorer that comes with this program, or the one in the folder LEAKLAB_WEIGHTS.

        Raises: Refusal, when there is none, or its file is damaged or of another kind.
        """
        return cls.of(shelf.weights(which, _SHIPPED, _KIND))

    @classmethod
    def of(cls, state: State) -> Self:
        """Return the restorer whose weights these are; their shapes tell its size.

        Raises: Refusal, when they are not those of such a network.
        """
        try:
            width, channels, _, _ = state["first.weight"].shape
            num_classes = len(state["middle.one.told.weight"]) - 1
            side = int(state["size"])
        except (KeyError, ValueError) as error:
            raise Refusal(
                "These are not the weights of leaklab's restorer, whose first is `first.weight`: take the file that "
                "`leaklab pretrain` writes, or the shipped one."
            ) from error
        model = cls(side=side, channels=channels, num_classes=num_classes, width=width)
        model.load_state_dict(fit(state, model.state_dict()))
        return model.eval().requires_grad_(False)

    @property
    def side(self) -> int:
        """The pixels a side of the pictures it was trained on."""
        return int(self.size)

    @property
    def architecture(self) -> dict[str, int | float | str]:
        """Its size, in words and numbers."""
        return {
            "network": "class-conditional U-Net", "side": self.side, "channels": self.channels,
            "classes": self.num_classes, "width": self.first.out_channels,
        }  # fmt: skip

    def forward(
        self, spoilt: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n c h w"]:  # fmt: skip
        """Return pictures as they may have been, in [0, 1]; sides must be multiples of four."""
        return self.painted(spoilt, labels).clamp(0, 1)

    def painted(
        self, spoilt: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None = None
    ) -> Float[Tensor, "n c h w"]:  # fmt: skip
        """Return what `forward` does before it is brought between black and white: training needs the slope there."""
        if labels is None:
            labels = torch.full((len(spoilt),), self.num_classes, device=spoilt.device)
        maps, kept = self.first(2 * spoilt - 1), []
        for block in self.down:
            maps = block(functional.avg_pool2d(maps, 2) if kept else maps, labels)
            kept.append(maps)
        maps = self.middle(kept.pop(), labels)
        for block in self.up:
            maps = block(torch.cat([functional.interpolate(maps, scale_factor=2), kept.pop()], 1), labels)
        return spoilt + self.last(maps)


class _Block(nn.Module):
    """Two convolutions beside a straight way, each behind a norm that is told the class."""

    def __init__(self, before: int, after: int, kinds: int) -> None:
        super().__init__()
        self.one, self.two = _Told(before, kinds), _Told(after, kinds)
        self.first = nn.Conv2d(before, after, 3, padding=1)
        self.second = nn.Conv2d(after, after, 3, padding=1)
        self.straight = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, maps: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> Float[Tensor, "n d h w"]:
        changed = self.first(functional.silu(self.one(maps, labels)))
        changed = self.second(functional.silu(self.two(changed, labels)))
        return self.straight(maps) + changed


class _Told(nn.Module):
    """A group norm whose scale and shift are looked up by class."""

    def __init__(self, channels: int, kinds: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, channels)
        self.told = nn.Embedding(kinds, 2 * channels)
        nn.init.zeros_(self.told.weight)

    def forward(self, maps: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"]) -> Float[Tensor, "n c h w"]:
        scale, shift = self.told(labels)[..., None, None].chunk(2, 1)
        return self.norm(maps) * (1 + scale) + shift
