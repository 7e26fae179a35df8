"""Trail: the images an attack came by and when, kept while the clock runs and looked at afterwards.

With one thread (`--threads 1`) processor time is measured, which other processes hardly stretch; otherwise the clock's.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Played


def clock() -> float:
    """Return the seconds that are measured: the processor's where there is one thread, otherwise the clock's."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


@dataclass
class Trail:
    """Images in the order in which they were found, each with the seconds from the beginning until then."""

    began: float = field(default_factory=clock)
    seconds: list[float] = field(default_factory=list)
    images: list[Tensor] = field(default_factory=list)
    remark: str = ""  # on how it was computed

    def start(self) -> None:
        """Let the clock begin now."""
        self.began = clock()

    def keep(self, images: Tensor) -> None:
        """Keep a copy of some images and the time."""
        self.seconds.append(clock() - self.began)
        self.images.append(images.detach().clone())

    @property
    def steps(self) -> list[float]:
        """The seconds between one image and the next."""
        return [later - earlier for earlier, later in zip(self.seconds, self.seconds[1:], strict=False)]

    def reached(self, values: Sequence[float], wanted: float) -> float:
        """Return the seconds until the first image whose value is as high as wanted; infinity where there is none."""
        return next((at for at, value in zip(self.seconds, values, strict=True) if value >= wanted), math.inf)


def ours(inversion: Inversion, played: Played) -> Trail:
    """Return what our attack on the first update came by, from nothing on: whatever it prepares is counted."""
    trail = Trail()
    for _, snapshot in inversion.guesses(played.exchanges[:1]):
        trail.keep(snapshot.images[snapshot.best])
        trail.remark = snapshot.remark or trail.remark
    return trail
