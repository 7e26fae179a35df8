"""Halving: who is let go, who goes on as if alone, and that the one who would have won is never among the lost."""

from functools import cache

import pytest
import torch

from leaklab.attacks.matching.halving import Survivors
from leaklab.attacks.matching.optimisers import LBFGS, Adam, Optimiser
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.scenario import Scenario
from leaklab.images.source import Photos
from tests.scene import TOLD, scene

LENET = Scenario(source=Photos(names=("cat",)), image_size=16)

EACH = pytest.mark.parametrize(
    "optimiser", [Adam(noise=0.01), LBFGS(updates=4)], ids=["noisy adam", "lbfgs"]
)  # fmt: skip


@cache
def run(optimiser: Optimiser, halving: int, *, restarts: int = 5, iterations: int = 6, seed: int = 7) -> list[Snapshot]:
    two = scene(2, side=8)
    stage = GradientMatching(
        optimiser=optimiser, restarts=restarts, iterations=iterations, halving=halving, enough=0
    )  # fmt: skip
    return list(stage.invert(two.observation(TOLD), two.labels, seed=seed))


def snapshot(*losses: float, ranked_by: str = "") -> Snapshot:
    values = torch.tensor(losses, dtype=torch.float64)
    rows = len(losses)
    return Snapshot(
        stage=0, iteration=1, evaluations=1, losses=values, terms={"matching": values.flip(0)},
        images=torch.zeros(rows, 1, 1, 1, 1), labels=torch.zeros(rows, 1, 1), code=torch.arange(rows)[:, None].double(),
        ranked_by=ranked_by,
    )  # fmt: skip


def test_the_worse_half_is_let_go_and_an_odd_one_stays():
    first = snapshot(3.0, 1.0, torch.inf, 2.0, 5.0)
    rows, going = Survivors.all(first).halved(first)
    assert rows.tolist() == going.rows.tolist() == [0, 1, 3]
    rows, going = going.halved(snapshot(3.0, 1.0, torch.inf, 0.5, 5.0))
    assert rows.tolist() == [1, 2] and going.rows.tolist() == [1, 3]


def test_restarts_are_told_apart_by_the_term_that_is_asked_for():
    first = snapshot(1.0, 2.0, 3.0, 4.0, ranked_by="matching")
    assert Survivors.all(first).halved(first)[1].rows.tolist() == [2, 3]


def test_those_let_go_stay_where_they_stood():
    first = snapshot(3.0, 1.0, 2.0, 4.0)
    _, going = Survivors.all(first).halved(first)
    whole = going.whole(snapshot(0.3, 0.2))
    assert whole.losses.tolist() == [3.0, 0.3, 0.2, 4.0] and whole.terms["matching"].tolist() == [4.0, 0.2, 0.3, 3.0]
    assert whole.code.flatten().tolist() == [0, 0, 1, 3] and whole.best == 2


@EACH
def test_who_goes_on_does_so_as_if_nobody_had_been_let_go(optimiser: Optimiser):
    halved, full = run(optimiser, 2), run(optimiser, 0)
    assert [s.iteration for s in halved] == [s.iteration for s in full]
    assert all(s.images.shape == full[0].images.shape and len(s.losses) == 5 for s in halved)
    for number, going in ((2, 5), (4, 3), (6, 2)):
        same = [
            torch.allclose(halved[number].code[row], full[number].code[row], rtol=1e-7, atol=1e-9) for row in range(5)
        ]
        assert sum(same) == going
    best = halved[-1].best
    assert torch.allclose(halved[-1].losses[best], full[-1].losses[best], rtol=1e-6)


STUCK = {3: set(), 4: {1, 3}}  # scene -> the restarts that never find the way, known from runs of all to the end


@pytest.mark.slow
@pytest.mark.parametrize("seed", STUCK)
def test_of_fixed_scenes_the_winner_is_never_let_go_and_those_that_are_stuck_are(seed: int):
    [(observation, _)] = LENET.play(seed, device=torch.device("cpu"), dtype=torch.float64).exchanges
    full = list(search(0).invert(observation, None, seed=seed))[-1].losses
    assert {row for row in range(4) if full[row] > 1e3 * full.min()} == STUCK[seed]
    halved = list(search(5).invert(observation, None, seed=seed))[-1]
    assert full[halved.best] < 100 * full.min() and halved.losses.min() < 100 * full.min()
    # The stuck ones are still where they stood when they were let go, the winner is far below.
    assert all(halved.losses[row] > 1e3 * halved.losses.min() for row in STUCK[seed])


def search(halving: int) -> GradientMatching:
    return GradientMatching(optimiser=LBFGS(), restarts=4, iterations=12, halving=halving)
