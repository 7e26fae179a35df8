"""One inversion from start to end without the app: what every image came to, and how long it took."""

import time
from dataclasses import dataclass

import torch

from leaklab.attacks.snapshot import Snapshot
from leaklab.evaluation.scores import Scores, score
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Played

RECOVERED = 30.0  # dB; from here on a person sees no difference at this size


@dataclass(frozen=True)
class Outcome:
    """What an inversion came to: names, PSNR and labels by image, and the last guess of every attack."""

    names: tuple[str, ...]
    psnr: tuple[float, ...]
    labels_right: tuple[bool, ...]
    seconds: float  # of the search alone: photographs and scores are not counted
    begun: tuple[float, ...]  # the lowest loss of every attack before its first step
    last: tuple[Snapshot, ...]
    restarts: tuple[tuple[float, ...], ...]  # the mean PSNR of every restart, by attack

    @property
    def evaluations(self) -> int:
        """How often an objective was evaluated, over all attacks."""
        return sum(snapshot.evaluations for snapshot in self.last)


def attack(inversion: Inversion, played: Played | None = None) -> Outcome:
    """Carry out an inversion on the CPU and score its last guesses, the restart with the lowest loss of each attack."""
    played = played or play(inversion)
    begun: dict[int, float] = {}
    last: dict[int, Snapshot] = {}
    start = time.perf_counter()
    for number, snapshot in inversion.guesses(played.exchanges):
        begun.setdefault(number, float(snapshot.losses.min()))
        last[number] = snapshot
    seconds = time.perf_counter() - start
    scores = [_score(played, number, snapshot) for number, snapshot in sorted(last.items())]
    return Outcome(
        names=played.pictures.names,
        psnr=tuple(value for each in scores for value in each.values["psnr"].tolist()),
        labels_right=tuple(value for each in scores for value in (each.labels_recovered == each.labels_true).tolist()),
        seconds=seconds, begun=tuple(begun[number] for number in sorted(begun)),
        last=tuple(last[number] for number in sorted(last)),
        restarts=tuple(_restarts(played, number, snapshot) for number, snapshot in sorted(last.items())),
    )  # fmt: skip


def play(inversion: Inversion) -> Played:
    """Play an inversion's scenario on the CPU, at its own precision."""
    dtype = getattr(torch, inversion.precision)
    return inversion.scenario.play(inversion.seed, device=torch.device("cpu"), dtype=dtype)


def reason(outcome: Outcome, number: int = 0) -> str:
    """Return why the image of one attack did not come back, as far as losses and labels tell."""
    snapshot, restarts = outcome.last[number], outcome.restarts[number]
    share = float(snapshot.losses.min()) / outcome.begun[number]
    better = max(restarts)
    parts = [
        "every restart diverged"
        if not torch.isfinite(snapshot.losses).any()
        else f"loss down to {share:.0e} of its start",
        "the label is wrong" if not outcome.labels_right[number] else "",
        f"stopped at iteration {snapshot.iteration}"
        if snapshot.settled
        else f"all {snapshot.iteration} iterations used up",
        f"another restart stands at {better:.0f} dB with a higher loss" if better >= RECOVERED else "",
    ]
    return ", ".join(part for part in parts if part)


def _score(played: Played, number: int, snapshot: Snapshot) -> Scores:
    secret = played.exchanges[number][1]
    return score(
        snapshot.images[snapshot.best].float(), secret.images.float(),
        labels=snapshot.labels[snapshot.best].argmax(1), true_labels=secret.labels,
    )  # fmt: skip


def _restarts(played: Played, number: int, snapshot: Snapshot) -> tuple[float, ...]:
    truth = played.exchanges[number][1].images.float()
    return tuple(score(guess.float(), truth).mean("psnr") for guess in snapshot.images)
