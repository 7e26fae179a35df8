"""Speed: one objective-and-gradient evaluation of LeNet beside the same objective in plain autograd.

The two take turns in one process, so that whatever else the machine does hits both; what counts are the ratios
within a round.
With one thread (`--threads 1`) processor time is measured, which other processes hardly stretch; otherwise the clock's.
"""

import copy
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.attack import play
from benchmarks.table import Row
from leaklab.attacks.recipes import DLG
from leaklab.experiments.catalogue import DEFAULT
from leaklab.protocol.observation import Observation

RESTARTS = (1, 4, 8)
AT_MOST = {1: 1.1, 4: 1.6, 8: 2.2}  # times plain autograd at one restart
WARM_UP = 5

Way = Callable[[], object]


def rows(quick: bool) -> Iterator[Row]:
    """Yield milliseconds and ratios in float64 and in float32.

    Raises: AssertionError, when plain autograd computes something else.
    """
    for precision in ("float64", "float32"):
        inversion = DEFAULT.experiment.model_copy(update={"precision": precision})
        observation = play(inversion).exchanges[0][0]
        times = in_turns(_ways(observation), rounds=30 if quick else 400)
        yield from _rows(precision, times)


def plain(observation: Observation) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return DLG's objective and gradient as the textbook writes them: a network, and autograd twice."""
    network = copy.deepcopy(observation.network).to_empty(device="cpu")
    network.load_state_dict({**observation.weights, **observation.buffers})
    network.requires_grad_(True)
    seen = list(observation.update.values())
    weights = [dict(network.named_parameters())[name] for name in observation.update]
    shape = (observation.num_images, *observation.image_shape)
    pixels = torch.Size(shape).numel()

    def evaluate(code: Tensor) -> tuple[Tensor, Tensor]:
        code = code.detach().requires_grad_(True)
        labels = code[pixels:].view(observation.num_images, -1).softmax(-1)
        loss = functional.cross_entropy(network(code[:pixels].view(shape)), labels)
        dummy = torch.autograd.grad(loss, weights, create_graph=True)
        distance = sum((ours - theirs).square().sum() for ours, theirs in zip(dummy, seen, strict=True))
        return distance.detach(), torch.autograd.grad(distance, code)[0]

    return evaluate


def _ways(observation: Observation) -> dict[str, Way]:
    objective = DLG.stages[0].bind(observation, None)
    codes = {restarts: objective.start(restarts, 0) for restarts in RESTARTS}
    textbook = plain(observation)
    loss, gradient = textbook(codes[1][0])
    ours, its_gradient = objective.losses_and_gradient(codes[1])
    torch.testing.assert_close(ours[0], loss, rtol=1e-4, atol=0)
    torch.testing.assert_close(its_gradient[0], gradient, rtol=1e-3, atol=1e-3 * float(gradient.abs().max()))
    ways: dict[str, Way] = {"plain": lambda: textbook(codes[1][0])}
    return ways | {str(restarts): _bound(objective.program(code), code) for restarts, code in codes.items()}


def _bound(evaluate: Callable[[Tensor], object], code: Tensor) -> Way:
    return lambda: evaluate(code)


def in_turns(ways: dict[str, Way], *, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of every way in every round; the ways take turns, another one first each time."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    names, clock = list(ways), time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for turn in range(-WARM_UP, rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = clock()
            ways[name]()
            if turn >= 0:
                times[name].append(clock() - start)
    return times


def _rows(precision: str, times: dict[str, list[float]]) -> Iterator[Row]:
    yield Row(f"{precision}, plain autograd, one restart", milliseconds(times["plain"]), "ms")
    for restarts in RESTARTS:
        yield Row(f"{precision}, ours, restarts: {restarts}", milliseconds(times[str(restarts)]), "ms")
    for restarts in RESTARTS:
        found = ratios(times[str(restarts)], times["plain"])
        yield Row(f"{precision}, ours at {restarts} / plain at one", found, "x", at_most=AT_MOST[restarts])
    for restarts in RESTARTS[1:]:
        yield Row(f"{precision}, ours at {restarts} / ours at one", ratios(times[str(restarts)], times["1"]), "x")


def milliseconds(seconds: list[float]) -> tuple[float, ...]:
    """Return seconds as milliseconds."""
    return tuple(1000 * value for value in seconds)


def ratios(of: list[float], to: list[float]) -> tuple[float, ...]:
    """Return the ratios within each round."""
    return tuple(a / b for a, b in zip(of, to, strict=True))
