"""The line on paths whose angles are known: 0 for parallel epochs, 1 across, 2 a term for opposite ones."""

import pytest
import torch
from torch import Tensor

from leaklab.attacks.matching.priors import Line
from leaklab.attacks.snapshot import Dummy
from leaklab.federation.rounds import Federation
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, scaled
from tests.scene import dice, scene

SEEN = scene(side=8).observation()
ALONG = SEEN.update
ROW = torch.zeros(1, 1, 1, 8, 8, dtype=torch.float64)


def rows(*updates: Update) -> Update:
    """Return one restart a row."""
    return {name: torch.stack([update[name] for update in updates]) for name in ALONG}


def across() -> Update:
    """Return a movement at a right angle to the line."""
    away = {name: torch.rand(part.shape, dtype=part.dtype, generator=dice(3)) for name, part in ALONG.items()}
    along = sum((away[name] * part).sum() for name, part in ALONG.items())
    length = sum(part.square().sum() for part in ALONG.values())
    return {name: away[name] - along / length * part for name, part in ALONG.items()}


def of(*path: Update, **knobs: bool) -> Tensor:
    count = len(next(iter(path[0].values())))
    images = ROW.repeat(count, 1, 1, 1, 1)
    return Line(weight=1, **knobs).bind(SEEN)(Dummy(images, torch.ones(count, 1, 1), images.flatten(1), path))


def test_epochs_along_the_line_cost_nothing_however_long_they_are():
    found = of(*(rows(scaled(ALONG, factor), ALONG) for factor in (1, 1e-6, 1e6)))
    assert found.shape == (2,) and found.abs().max() < 1e-15


def test_opposite_epochs_cost_two_each_and_those_across_one():
    opposite, right = scaled(ALONG, -3), across()
    assert of(*(rows(opposite, right),) * 4).tolist() == pytest.approx([8, 4], rel=1e-12)
    assert of(rows(ALONG), rows(opposite), rows(right)).tolist() == pytest.approx([3], rel=1e-12)


def test_it_is_one_minus_the_cosine():
    path = [rows({name: torch.rand(part.shape, dtype=part.dtype, generator=dice(seed)) for name, part in ALONG.items()})
            for seed in (1, 2)]  # fmt: skip
    line = torch.cat([part.flatten() for part in ALONG.values()])
    flat = [torch.cat([part.flatten() for part in epoch.values()]) for epoch in path]
    expected = sum(1 - torch.cosine_similarity(epoch, line, dim=0) for epoch in flat)
    assert torch.allclose(of(*path)[0], expected, rtol=1e-12)


def test_the_first_epoch_may_be_left_out_as_in_the_formula():
    path = rows(scaled(ALONG, -1)), rows(ALONG), rows(across())
    assert of(*path, first=False).tolist() == pytest.approx([1], rel=1e-12)
    assert of(*path, first=True).tolist() == pytest.approx([3], rel=1e-12)


def test_a_single_epoch_counts_even_where_the_first_is_left_out():
    assert of(rows(scaled(ALONG, -1)), first=False).tolist() == pytest.approx([2], rel=1e-12)


def test_epochs_may_be_averaged():
    path = rows(scaled(ALONG, -1)), rows(ALONG), rows(across())
    assert of(*path, average=True).tolist() == pytest.approx([1], rel=1e-12)
    assert of(*path, average=True, first=False).tolist() == pytest.approx([0.5], rel=1e-12)


def test_an_epoch_that_goes_nowhere_is_no_direction_and_finite():
    still = rows({name: torch.zeros_like(part) for name, part in ALONG.items()})
    assert of(still).tolist() == pytest.approx([0.5], rel=1e-12)  # the half square of the line's own length alone


def test_restarts_do_not_know_of_each_other():
    first, second = rows(ALONG, across(), scaled(ALONG, -1)), rows(across(), ALONG, ALONG)
    together = of(first, second)
    for row in range(3):
        one = [{name: part[row : row + 1] for name, part in epoch.items()} for epoch in (first, second)]
        assert torch.equal(of(*one)[0], together[row])


def test_what_a_client_really_did_is_nearly_straight_and_straighter_the_shorter_its_steps():
    found = []
    for rate in (0.05, 0.005):
        two = scene(2, side=8)
        [(seen, _)] = two.play(Federation(schedule=Schedule(epochs=3, learning_rate=rate)))
        path = two.forward.local_path(
            two.weights, two.images, two.targets, batches=[torch.arange(2)] * 3, learning_rate=rate, epochs=3
        )
        images = two.images[None]
        true = Dummy(images, two.targets[None], images.flatten(1), tuple(map(rows, path)))
        found.append(float(Line(weight=1).bind(seen)(true)))
    assert 0 < found[1] < 0.02 * found[0] and found[0] < 0.1


def test_it_needs_nothing():
    assert Line(weight=1).missing(SEEN) == []
