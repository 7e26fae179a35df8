"""What a denoiser's pictures are like, said without waking it: a page asks often, and its library takes seconds."""

from dataclasses import dataclass
from typing import Literal

from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.denoiser import NAME, Denoiser
from leaklab.attacks.generative.fitting import Fit


@dataclass(frozen=True)
class Outline:
    """The pictures that a denoiser knows: squares of so many pixels a side."""

    side: int
    channels: int

    @classmethod
    def of(cls, which: Literal["shipped", "own"]) -> "Outline":
        """Return the outline of the shipped denoiser from its card, or of the visitor's own from the network.

        Raises: Refusal, when it is not there.
        """
        if which == "shipped" and NAME in shelf.available(shelf.SHIPPED):
            card = shelf.card(NAME, shelf.SHIPPED)
            return cls(card.side, card.channels)
        denoiser = Denoiser.load(which)
        return cls(denoiser.side, denoiser.channels)

    def fit(self, shape: tuple[int, ...]) -> Fit:
        """Return how pictures of a shape (channels, height, width) are laid to those that the denoiser knows."""
        return Fit.beside(self, shape)
