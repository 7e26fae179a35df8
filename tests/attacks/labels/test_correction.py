"""What classes beyond doubt reveal about the difference between batch and dummies."""

import torch

from leaklab.attacks.labels.correction import corrected
from tests.attacks.labels.heads import normal

TRUE = torch.tensor([7.0, 2, 0, 1, 0]).double()
TOTAL = 10
DIRECTION = torch.tensor([0.05, 0.05, -0.01, -0.01, -0.08]).double()
MEAN = torch.tensor([0.3, 0.3, 0.1, 0.1, 0.2]).double()


def dummies(spread: float, count: int = 40) -> torch.Tensor:
    """Return answers that differ along one direction only."""
    steps = normal(count, scale=spread)
    return MEAN + (steps - steps.mean())[:, None] * DIRECTION


def test_an_error_along_the_dummies_spread_is_taken_back():
    """Half an image is missing in the first two classes: they round wrongly, but the third and fourth do not."""
    estimate = TRUE + 11 * DIRECTION
    assert estimate.round().tolist() == [8, 3, 0, 1, -1]
    assert torch.allclose(corrected(estimate, dummies(2.5), TOTAL), TRUE, atol=0.1)


def test_exact_counts_are_left_alone():
    assert torch.allclose(corrected(TRUE, dummies(2.5), TOTAL), TRUE)


def test_dummies_that_all_agree_leave_every_count_to_rounding():
    estimate = TRUE + 0.2
    assert corrected(estimate, MEAN.repeat(8, 1), TOTAL).equal(TRUE)


def test_where_nothing_is_sure_nothing_changes():
    estimate = TRUE + 0.5
    assert corrected(estimate, dummies(2.5), TOTAL).equal(estimate)


def test_one_dummy_will_do():
    assert corrected(TRUE, MEAN[None], TOTAL).equal(TRUE)
