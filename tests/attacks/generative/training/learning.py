"""What every trainee must be able to do: a few pictures to learn from, and going on bit for bit."""

import io
from collections.abc import Callable

import torch
from torch import Tensor

from leaklab.attacks.generative.training.contract import Trainee
from leaklab.checkpoints import State
from tests.scene import dice

SHAPE = (3, 8, 8)
CLASSES = 4


def batch(number: int, count: int = 6) -> tuple[Tensor, Tensor]:
    drawn = dice(number)
    return torch.rand(count, *SHAPE, generator=drawn), torch.randint(CLASSES, (count,), generator=drawn)


def same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(bool((one[name] == other[name]).all()) for name in one)


def goes_on(make: Callable[[], Trainee], count: int = 6) -> bool:
    """Return whether a trainee that was written down and read again goes on bit for bit."""
    whole, file = make(), io.BytesIO()
    whole.step(*batch(0, count))
    whole.step(*batch(1, count))
    torch.save(whole.state(), file)
    file.seek(0)
    again = make()
    again.load(torch.load(file, weights_only=True))
    losses = [trainee.step(*batch(2, count)) for trainee in (whole, again)]
    samples = [trainee.samples(5) for trainee in (whole, again)]
    return losses[0] == losses[1] and torch.equal(*samples) and same(whole.weights(), again.weights())
