"""What is long ends between two parts of it, once nobody waits, and only there."""

import pytest

from leaklab.attacks.matching.optimisers import CMAES, LBFGS, Adam, Optimiser
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.waiting import Abandoned, awaited, until
from tests.scene import TOLD, scene


class Patience:
    """Waits for so many parts, and counts how often it is asked."""

    def __init__(self, parts: int) -> None:
        self.parts, self.asked = parts, 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked > self.parts


def test_parts_come_one_by_one_until_nobody_waits():
    seen = []
    with pytest.raises(Abandoned), until(Patience(2)):
        for part in awaited("abc"):
            seen.append(part)
    assert seen == ["a", "b"]


def test_outside_of_a_wait_everything_goes_on():
    with until(lambda: True):
        pass
    assert list(awaited(range(3))) == [0, 1, 2]


@pytest.mark.parametrize(
    ("optimiser", "parts"), [(LBFGS(), 7), (Adam(), 3), (CMAES(), 1)], ids=["lbfgs", "adam", "cma"]
)
def test_a_search_that_nobody_waits_for_evaluates_nothing_more(optimiser: Optimiser, parts: int):
    two = scene(2, side=8)
    search = GradientMatching(optimiser=optimiser, iterations=50, enough=0).invert(
        two.observation(TOLD), two.labels, seed=0
    )  # fmt: skip
    patience = Patience(parts)
    with pytest.raises(Abandoned), until(patience):
        for _ in search:
            pass
    assert patience.asked == parts + 1
    with pytest.raises(StopIteration):
        next(search)
