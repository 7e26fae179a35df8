"""Drift: what Lemma 1 of Wilson et al. 2025 promises, measured on a smooth network and on two with kinks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.table import Row
from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_cells import Cell, cells, exponent, nearness, ratio
from leaklab.networks.zoo import NetworkChoice

SEED, SEEDS = 1234, 5
CLIENTS, STEPS = (1, 2, 4), (1, 2, 3)
REPEATS = 4  # drawn anew within a seed; its numbers are their means
_SMALL = (1e-5, 1e-4, 1e-3)


@dataclass(frozen=True)
class Case:
    """One network, and whether the lemma, which takes derivatives for granted, can be asked of it."""

    title: str
    network: NetworkChoice
    rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2)  # the paper's 0.003 in the middle
    smooth: bool = False
    repeats: int = 1


CASES = (
    Case("LeNet", NetworkChoice(), _SMALL, smooth=True, repeats=REPEATS),
    Case("CNN2 with softplus", NetworkChoice(name="cnn2", activation="softplus"), _SMALL, smooth=True),
    Case("CNN2", NetworkChoice(name="cnn2")),
    Case("LeNet-5 of ROG", NetworkChoice(name="lenet5_rog")),
)


def rows(quick: bool) -> Iterator[Row]:
    """Yield exponent and ratio network by network with what the lemma's leading term leaves out, then the zeros."""
    for case in CASES[:1] if quick else CASES:
        asked = Drift(
            network=case.network, clients=CLIENTS, local_steps=STEPS, local_lr=case.rates, repeats=case.repeats,
            image_size=16 if quick else 32,
        )  # fmt: skip
        yield from _laws(case, [_measured(asked, seed) for seed in _seeds(asked, quick)])
    yield _shared(quick)


def _laws(case: Case, found: Sequence[list[Cell]]) -> Iterator[Row]:
    def row(what: str, measure: Callable[[list[Cell]], float], low: float, high: float) -> Row:
        values = tuple(measure(one) for one in found)
        wanted = {"at_least": low, "at_most": high} if case.smooth else {}
        return Row(f"{case.title}: {what}", values, by="mean", note=f"seeds from {SEED}", **wanted)

    small, large = case.rates[0], case.rates[-1]
    yield row(f"exponent of η from {small:g} to {large:g}", exponent, 1.9, 2.1)
    yield row(f"δ(3) / δ(2) at η = {small:g}", ratio, 2.9, 3.1)
    for rate in (small, large):
        near = tuple(nearness([cell for cell in one if cell.lr == rate]) for one in found)
        yield Row(f"{case.title}: divergence over the lemma's leading term at η = {rate:g}", near, by="mean")
    still = tuple(max(cell.divergence for cell in one if 1 in (cell.clients, cell.steps)) for one in found)
    yield Row(f"{case.title}: divergence of one client, or after one step", still, by="highest", at_most=1e-12)


def _shared(quick: bool) -> Row:
    """Return how much further four clients drift than two that share the very same images, on LeNet."""
    few, many = (
        Drift(clients=(clients,), samples_per_client=8 // clients, local_steps=(2,), local_lr=(1e-4,), repeats=REPEATS)
        for clients in (2, 4)
    )
    pairs = [(_measured(few, seed), _measured(many, seed)) for seed in _seeds(few, quick)]
    values = tuple(more[0].divergence / less[0].divergence for less, more in pairs)
    said = "the lemma's 3 is that of the mean over who holds which images, not of a length's mean"
    return Row("LeNet: divergence of 4 clients over that of 2, the same 8 images", values, by="mean", note=said)


def _seeds(asked: Drift, quick: bool) -> Sequence[int]:
    """Return seeds so far apart that no two runs share a repeat."""
    return [SEED + number * asked.repeats for number in range(1 if quick else SEEDS)]


def _measured(asked: Drift, seed: int) -> list[Cell]:
    *_, final = asked.model_copy(update={"seed": seed}).run("cpu")
    return cells(final)
