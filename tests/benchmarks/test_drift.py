"""The benchmark of the drift: what is promised of smooth networks alone, and seeds that share no repeat."""

import pytest

from benchmarks import drift
from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_cells import Cell


@pytest.fixture
def asked(monkeypatch) -> list[tuple[Drift, int]]:
    """Keep what is asked for instead of computing it, and answer as the lemma would."""
    kept = []

    def measured(experiment: Drift, seed: int) -> list[Cell]:
        kept.append((experiment, seed))
        return [
            Cell(clients, steps, lr, 8, far := steps * (steps - 1) * lr**2 * (clients - 1), far, far, 0.0)
            for clients in experiment.clients for steps in experiment.local_steps for lr in experiment.local_lr
        ]  # fmt: skip

    monkeypatch.setattr(drift, "_measured", measured)
    return kept


def test_the_lemma_is_asked_of_smooth_networks_alone(asked):
    rows = {row.what: row for row in drift.rows(False)}
    laws = [row for what, row in rows.items() if "exponent" in what or "δ(3)" in what]
    assert [row.met for row in laws] == [True] * 4 + [None] * 4
    assert [row.measured for row in laws] == pytest.approx([2, 3] * 4)
    still = [row for what, row in rows.items() if "or after one step" in what]
    assert len(still) == 4 and all(row.met and row.measured == 0 for row in still)
    *_, shared = rows.values()
    assert shared.values == pytest.approx((3,) * 5)
    assert {len(row.values) for row in rows.values()} == {5}


def test_the_same_images_are_dealt_to_two_clients_and_to_four(asked):
    list(drift.rows(False))
    dealt = [experiment for experiment, _ in asked if len(experiment.clients) == 1]
    assert {(one.clients, one.samples_per_client) for one in dealt} == {((2,), 4), ((4,), 2)}


def test_no_two_runs_share_a_repeat(asked):
    list(drift.rows(False))
    for network in {(experiment.network, experiment.clients) for experiment, _ in asked}:
        seen = [
            seed + repeat
            for experiment, seed in asked if (experiment.network, experiment.clients) == network
            for repeat in range(experiment.repeats)
        ]  # fmt: skip
        assert len(seen) == len(set(seen)) >= 5


def test_the_quick_one_asks_for_little(asked):
    list(drift.rows(True))
    assert len(asked) <= 3 and {experiment.network.name for experiment, _ in asked} == {"lenet"}
