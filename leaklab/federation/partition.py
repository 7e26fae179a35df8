"""Who holds which images: all alike, some more than others, each its own classes, or classes shared out at random."""

from typing import Annotated, Literal

import numpy as np
import torch
from jaxtyping import Int
from pydantic import Field
from torch import Generator, Tensor

from leaklab.settings import Settings, knob

Held = list[Int[Tensor, "_"]]


class Even(Settings):
    """Every client holds as many images as any other, give or take one; neighbours stay together."""

    kind: Literal["even"] = "even"

    def counts(self, total: int, clients: int) -> tuple[int, ...] | None:
        """Return how many images each client holds."""
        return tuple(total // clients + (client < total % clients) for client in range(clients))

    def split(self, labels: Int[Tensor, "n"], clients: int, generator: Generator) -> Held:
        """Return each client's image numbers; nothing is drawn."""
        return list(torch.arange(len(labels)).tensor_split(clients))


class Uneven(Settings):
    """The first client holds the most images and the last the fewest, in equal steps."""

    kind: Literal["uneven"] = "uneven"
    skew: float = knob(
        0.3, low=0, high=0.95, symbol="s in N_k ∝ 1 + s·(1 − 2k/(K−1))",
        help="How much more than the mean the first client holds, and the last less: 0.3 makes 21 and 11 of 16 each.",
    )  # fmt: skip

    def counts(self, total: int, clients: int) -> tuple[int, ...] | None:
        """Return how many images each client holds: one at least, where there are enough."""
        shares = [1 + self.skew * (1 - 2 * client / (clients - 1)) for client in range(clients)] if clients > 1 else [1]
        counts = _whole(total, shares)
        while 0 in counts and max(counts) > 1:
            counts[counts.index(max(counts))] -= 1
            counts[counts.index(0)] += 1
        return tuple(sorted(counts, reverse=True))

    def split(self, labels: Int[Tensor, "n"], clients: int, generator: Generator) -> Held:
        """Return each client's image numbers; nothing is drawn."""
        return list(torch.arange(len(labels)).split(self.counts(len(labels), clients)))


class ByClass(Settings):
    """Images sorted by their class and dealt out in that order: every client holds few classes, and as many images.

    Source: McMahan et al. 2017, section 3, with one shard a client.
    """

    kind: Literal["by_class"] = "by_class"

    def counts(self, total: int, clients: int) -> tuple[int, ...] | None:
        """Return how many images each client holds."""
        return Even().counts(total, clients)

    def split(self, labels: Int[Tensor, "n"], clients: int, generator: Generator) -> Held:
        """Return each client's image numbers, by class and within a class as they came; nothing is drawn."""
        return list(labels.argsort(stable=True).tensor_split(clients))


class Dirichlet(Settings):
    """Every class is shared out by shares of its own, drawn from Dir(α); a client may come out with no image at all.

    Source: Yurochkin et al. 2019, the experiments; Hsu et al. 2019 draw shares of the classes for each client instead.
    """

    kind: Literal["dirichlet"] = "dirichlet"
    concentration: float = knob(
        0.5, low=0.01, high=100, log=True, symbol="α of Dir(α)",
        help="Small: nearly all of a class lies with one client; large: all clients hold alike.",
    )  # fmt: skip

    def counts(self, total: int, clients: int) -> tuple[int, ...] | None:
        """Return None: the dice decide how many images each client holds, unless it is alone."""
        return (total,) if clients == 1 else None

    def split(self, labels: Int[Tensor, "n"], clients: int, generator: Generator) -> Held:
        """Return each client's image numbers, ascending."""
        # torch draws from this distribution by its global generator alone.
        dice = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        holder = torch.empty_like(labels)
        for label in labels.unique():
            of_class = labels == label
            shares = dice.dirichlet([self.concentration] * clients)
            holder[of_class] = torch.from_numpy(dice.choice(clients, size=int(of_class.sum()), p=shares))
        return [torch.nonzero(holder == client).flatten() for client in range(clients)]


Partition = Annotated[Even | Uneven | ByClass | Dirichlet, Field(discriminator="kind")]


def _whole(total: int, shares: list[float]) -> list[int]:
    """Return whole numbers in proportion to shares that add up to the total: what rounding leaves goes by remainder."""
    exact = [total * share / sum(shares) for share in shares]
    counts = [int(number) for number in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: counts[place] - exact[place])
    for place in by_remainder[: total - sum(counts)]:
        counts[place] += 1
    return counts
