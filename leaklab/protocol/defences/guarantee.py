"""What a privacy accountant needs to know: how much noise, how often, on what share, and for whom."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Exposure:
    """How often a client's photographs are used before the attacker looks."""

    images: int  # of one client
    batch_size: int  # 0 for all at once
    epochs: int
    rounds: int = 1
    summed: int = 1  # clients whose updates are added up before anybody sees them

    @property
    def steps(self) -> int:
        """How many local steps a client takes in all rounds."""
        return self.rounds * self.epochs * -(-self.images // (self.batch_size or self.images))

    @property
    def sample_rate(self) -> float:
        """The share of a client's photographs in one local step; a shuffled order counts as drawn with this chance."""
        return min(1.0, (self.batch_size or self.images) / self.images)


@dataclass(frozen=True)
class Guarantee:
    """Noise of `noise_multiplier` times the largest influence of one unit, `steps` times on a share of all units.

    Neighbouring means with or without that unit. Source: Abadi et al. 2016, definition 1 and section 3.
    """

    noise_multiplier: float
    sample_rate: float
    steps: int
    protects: Literal["photograph", "client"]
    units: int  # how many there are, beside which delta should be small
