"""Remedies: an experiment with one likely cause of its failure taken away, and nothing else where that is enough."""

from typing import Any

from leaklab.attacks.labels import Given
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipes import DLG
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.defences.noise import LaplaceNoise

_FEDERATION = ("scenario", "federation")
_STARTS = 4
_MOST_STARTS, _MOST_ITERATIONS = 16, 50_000


def federated(inversion: Inversion, name: str, value: Any) -> Inversion:
    """Return an experiment with one choice of its federation set otherwise."""
    return inversion.changed((*_FEDERATION, name), value)


def undefended(inversion: Inversion, *, noise_only: bool = False) -> Inversion:
    """Return the same without defences, or with all but the noise."""
    kept = [
        defence.model_dump(mode="json")
        for defence in inversion.scenario.federation.defences
        if noise_only and not isinstance(defence, GaussianNoise | LaplaceNoise)
    ]
    return federated(inversion, "defences", kept or [GaussianNoise().model_dump(mode="json")])


def single_step(inversion: Inversion) -> Inversion:
    """Return the same with clients that take one step over all their photographs."""
    return inversion.changed((*_FEDERATION, "schedule", "epochs"), 1).changed(
        (*_FEDERATION, "schedule", "batch_size"), 0
    )


def by_client(inversion: Inversion) -> Inversion:
    """Return the same for an attacker that sees each client's own update."""
    return federated(federated(inversion, "view", "per-client"), "secure_aggregation", False)


def single(inversion: Inversion) -> Inversion:
    """Return the same with one photograph a client, whose update is seen by itself."""
    return by_client(federated(inversion, "images_per_client", 1))


def distinct_labels(inversion: Inversion) -> Inversion | None:
    """Return the same with photographs of which each is a class of its own; None where there are not enough."""
    source, count = inversion.scenario.source, inversion.scenario.federation.images
    alone = source.changed(("classes",), 0) if isinstance(source, Photos) else Photos(grey=source.grey)
    if alone.num_classes < count:
        return None
    changed = inversion.changed(("scenario", "source"), alone)
    short = 0 < changed.scenario.num_classes < alone.num_classes
    return changed.changed(("scenario", "num_classes"), 0) if short else changed


def told_labels(inversion: Inversion) -> Inversion:
    """Return the same for an attacker that is told the labels and takes them."""
    told = inversion.changed(("scenario", "threat", "labels"), True)
    return told.changed(("recipe", "labels"), Given())


def smooth_network(inversion: Inversion) -> Inversion:
    """Return the same photographs behind the smallest smooth network, with the attack that suits it."""
    small = inversion.changed(("scenario", "network"), NetworkChoice()).changed(("precision",), "float64")
    return small.changed(("recipe",), tuned(DLG, restarts=2))


def solvable(inversion: Inversion) -> Inversion:
    """Return the same with a network whose every layer can be solved for."""
    return inversion.changed(("scenario", "network"), NetworkChoice(name="cnn6"))


def fresh(inversion: Inversion) -> Inversion:
    """Return the same with weights drawn anew."""
    return inversion.changed(("scenario", "network", "pretrained"), False)


def longer(inversion: Inversion) -> Inversion:
    """Return the same with four times the iterations in every search, as far as that is allowed."""
    return _searched(inversion, "iterations", lambda now: min(4 * now, _MOST_ITERATIONS))


def more_starts(inversion: Inversion) -> Inversion:
    """Return the same with four times the starts in every search, the old ones among them, as far as is allowed."""
    return _searched(inversion, "restarts", lambda now: min(_STARTS * now, _MOST_STARTS))


def _searched(inversion: Inversion, knob: str, changed: Any) -> Inversion:
    for number, stage in enumerate(inversion.recipe.stages):
        if isinstance(stage, GradientMatching):
            inversion = inversion.changed(("recipe", "stages", number, knob), changed(getattr(stage, knob)))
    return inversion
