"""What can be made out of a defence by whoever sees only the update: what it left behind says how it was made."""

from collections.abc import Iterator

import torch
from torch.nn import functional

from leaklab.protocol.defences import PRECODE, Clip, Defence, Dropout, RandomK, Sign, Soteria
from leaklab.protocol.layers import Bottleneck, Masked, last_linear
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import Update, norm

_ENOUGH = 16  # numbers in a tensor, fewer of which say nothing
_PRUNED = 0.05  # share of zeros in every tensor, below which they may have come about by themselves
_EQUAL = 1e-6  # relative; sizes nearer than this are the same but for rounding
_FEW = 0.5  # of the numbers of a tensor have sizes of their own, where they were rounded
_ALIKE = 0.1  # between the tensors' shares of zeros, where one share was meant for all
_SILENT = 0.01  # share of columns of zeros
_MOST_DROPPED = 0.95  # a dropout with nothing left would be none
_SHORT = 0.5  # of the shortest gradient of a public photograph: what is shorter was shortened
_SHORTEST = 1e-6  # bound of a clip there can be
_PHOTOGRAPHS = 4  # of the attacker's own, whose gradients it compares with


def estimated(observation: Observation) -> tuple[Defence, ...]:
    """Return the defences that an update seems to have been through; none where nothing speaks for any.

    Noise and rounding leave nothing that could be undone, and are not looked for.
    """
    seen, inside = observation.update, tuple(_in_the_network(observation))
    if _signs(seen):
        return (*inside, Sign(scale="mean"))
    if _rounded(seen):
        return inside
    found: list[Defence] = []
    if (pruned := _pruned(seen)) is not None:
        found.append(RandomK(left_out=pruned))
    elif not inside and (silent := _silent(observation)):
        found.append(Soteria(rate=silent))
    if not inside and _shortened(observation, found):  # dice in the network change lengths too
        found.append(Clip(bound=max(float(norm(seen)), _SHORTEST)))
    return (*inside, *found)


def _in_the_network(observation: Observation) -> Iterator[Defence]:
    """Yield the defences that are layers: everybody has the network, and can see them there."""
    layers = {type(layer) for layer in observation.network.modules()}
    if Bottleneck in layers:
        yield PRECODE()
    if Masked in layers:
        yield Dropout(rate=min(_silent(observation), _MOST_DROPPED))


def _signs(seen: Update) -> bool:
    """Return whether every tensor holds a single size of number, with either sign."""
    large = [tensor.abs() for tensor in seen.values() if tensor.numel() >= _ENOUGH]
    return bool(large) and all(0 < float(sizes.max()) <= (1 + _EQUAL) * float(sizes.min()) for sizes in large)


def _rounded(seen: Update) -> bool:
    """Return whether the numbers of the largest tensor have few different sizes, as on a grid."""
    sizes = max(seen.values(), key=torch.Tensor.numel).abs()
    sizes = sizes[sizes > 0]
    # On a grid whole multiples come back from rounding in a few neighbouring last digits.
    return len(sizes) >= _ENOUGH and len((sizes / sizes.max()).float().unique()) < _FEW * len(sizes)


def _pruned(seen: Update) -> float | None:
    """Return the share of zeros where it is about the same in every tensor, as no network makes them by itself."""
    shares = [float((tensor == 0).double().mean()) for tensor in seen.values() if tensor.numel() >= _ENOUGH]
    if not shares or min(shares) < _PRUNED or max(shares) - min(shares) > _ALIKE:
        return None
    return sum(shares) / len(shares)


def _silent(observation: Observation) -> float:
    """Return the share of features of which the last linear layer says nothing, or 0."""
    name = f"{last_linear(observation.network)}.weight".removeprefix(".")
    matrix = observation.update.get(name)
    if matrix is None:
        return 0.0
    share = float((matrix == 0).all(0).double().mean())
    return share if share >= _SILENT else 0.0


def _shortened(observation: Observation, found: list[Defence]) -> bool:
    """Return whether the update is much shorter than those the attacker's own photographs would have come to."""
    public, steps = observation.public, observation.local_steps
    if public is None or steps is None or len(public) < observation.num_images:
        return False
    count, forward = observation.num_images, observation.forward
    lengths = []
    for start in range(0, min(len(public), count * _PHOTOGRAPHS) - count + 1, count):
        images = public[start : start + count]
        labels = torch.arange(start, start + count, device=images.device) % observation.num_classes
        targets = functional.one_hot(labels, observation.num_classes).to(images)
        update = forward.gradient(observation.weights, images, targets)
        for defence in found:
            update = defence.imitate(update, observation.update)
        lengths.append(float(norm(update)))
    return 0 < float(norm(observation.update)) < _SHORT * steps * min(lengths)
