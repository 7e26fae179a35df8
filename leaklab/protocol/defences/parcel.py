"""What of an update has to go over the wire: how many numbers, how many bits each, and what is said beside them."""

import math
from dataclasses import dataclass

from leaklab.protocol.updates import Update

_DENSE = 32.0  # bits of a number that nobody has shortened


@dataclass(frozen=True)
class Parcel:
    """An update by its size alone, in a plain code without entropy coding."""

    numbers: int
    bits: float = _DENSE  # of each number
    side: float = 0.0  # bits of places, scales and seeds

    @classmethod
    def of(cls, update: Update) -> "Parcel":
        """Return the size of an update that is sent as it is."""
        return cls(sum(tensor.numel() for tensor in update.values()))

    @property
    def bytes(self) -> int:
        """The whole of it, rounded up."""
        return math.ceil((self.numbers * self.bits + self.side) / 8)
