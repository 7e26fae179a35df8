"""Quality: how well DLG takes single images back from LeNet, photographs of the album and CIFAR-10's test images."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.attack import RECOVERED, Outcome, attack, reason
from benchmarks.table import Row
from leaklab.attacks.recipes import DLG
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.collection import data_root
from leaklab.images.source import Folder, Photos, Source

SEED = 1234
CLIENTS, RESTARTS, ITERATIONS = 3, 3, 300


def rows(quick: bool) -> Iterator[Row]:
    """Yield the mean PSNR and the label accuracy of three clients, and how many of twenty CIFAR-10 images come back."""
    scenes, iterations = (1, 15) if quick else (3, ITERATIONS)
    yield from _three(Photos(), "photographs", scenes=scenes, iterations=iterations)
    folder = data_root("") / "cifar10" / "test"
    if not folder.is_dir():
        yield Row("CIFAR-10", note=_missing(folder))
        return
    cifar = Folder(root=str(folder))
    yield from _three(cifar, "CIFAR-10", scenes=scenes, iterations=iterations)
    yield from _many(cifar, count=2 if quick else 20, iterations=30 if quick else ITERATIONS)


def inversion(source: Source, *, clients: int, seed: int, iterations: int) -> Inversion:
    """Return DLG with three restarts against LeNet and one image a client; the seed draws images and network alike."""
    scenario = Scenario(source=source, federation=Federation(clients=clients))
    return Inversion(scenario=scenario, recipe=tuned(DLG, restarts=RESTARTS, iterations=iterations), seed=seed)


def _three(source: Source, title: str, *, scenes: int, iterations: int) -> Iterator[Row]:
    seeds = range(SEED, SEED + scenes)
    outcomes = [attack(inversion(source, clients=CLIENTS, seed=seed, iterations=iterations)) for seed in seeds]
    psnr = tuple(value for outcome in outcomes for value in outcome.psnr)
    right = tuple(100.0 * value for outcome in outcomes for value in outcome.labels_right)
    yield Row(f"{title}, {CLIENTS} clients: PSNR", psnr, "dB", by="mean", at_least=45, note=_named(outcomes))
    yield Row(f"{title}, {CLIENTS} clients: labels right", right, "%", by="mean", at_least=100)
    yield Row(f"{title}, {CLIENTS} clients: one scene takes", tuple(outcome.seconds for outcome in outcomes), "s")


def _many(source: Source, *, count: int, iterations: int) -> Iterator[Row]:
    outcomes = []
    for seed in range(SEED, SEED + count):
        outcomes.append(attack(inversion(source, clients=1, seed=seed, iterations=iterations)))
        yield _one(outcomes[-1], seed)
    recovered = sum(outcome.psnr[0] > RECOVERED for outcome in outcomes)
    lost = [f"{outcome.names[0]}: {reason(outcome)}" for outcome in outcomes if outcome.psnr[0] <= RECOVERED]
    psnr = tuple(outcome.psnr[0] for outcome in outcomes)
    yield Row(f"CIFAR-10, {count} images: PSNR", psnr, "dB")
    yield Row(
        f"CIFAR-10: images above {RECOVERED:.0f} dB of {count}", (float(recovered),), at_least=0.9 * count,
        note="; ".join(lost),
    )  # fmt: skip


def _one(outcome: Outcome, seed: int) -> Row:
    restarts = ", ".join(f"{value:.0f}" for value in outcome.restarts[0])
    loss = float(outcome.last[0].losses.min())
    note = f"seed {seed}, {outcome.seconds:.0f} s, {outcome.last[0].iteration} iterations, loss {loss:.0e}"
    return Row(f"CIFAR-10 {outcome.names[0]}", outcome.psnr, "dB", note=f"{note}; restarts {restarts} dB")


def _named(outcomes: list[Outcome]) -> str:
    found = [pair for outcome in outcomes for pair in zip(outcome.names, outcome.psnr, strict=True)]
    return ", ".join(f"{name} {value:.1f}" for name, value in found)


def _missing(folder: Path) -> str:
    return f"left out: there is no {folder}; name the folder above cifar10/test/<class>/*.jpg in LEAKLAB_DATA"
