"""Every balance draws the counts it promises, in an order of the generator's, and says when the classes do not do."""

import typing

import pytest
import torch

from leaklab.images.balance import Balance, draw
from leaklab.settings import Refusal

EVERY = typing.get_args(Balance)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def counts(labels: torch.Tensor) -> list[int]:
    """Return how often the classes occur that occur at all, the most frequent first."""
    return sorted((count for count in labels.bincount().tolist() if count), reverse=True)


@pytest.mark.parametrize("balance", EVERY)
@pytest.mark.parametrize(("count", "classes"), [(1, 2), (7, 100), (64, 100)])
def test_there_are_as_many_labels_as_asked_for_and_no_other_classes(balance, count, classes):
    labels = draw(balance, count, classes, seeded())
    assert labels.shape == (count,) and labels.dtype == torch.int64
    assert labels.min() >= 0 and labels.max() < classes


@pytest.mark.parametrize("balance", EVERY)
def test_the_generator_alone_decides_labels_and_order(balance):
    before = torch.get_rng_state()
    one, again, other = (draw(balance, 40, 50, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(one, one.sort().values)  # shuffled


@pytest.mark.parametrize(("count", "classes"), [(3, 10), (10, 10), (64, 10), (67, 10)])
def test_balanced_counts_differ_by_one_at_most(count, classes):
    held = draw("balanced", count, classes, seeded()).bincount(minlength=classes)
    assert held.max() - held.min() <= 1


def test_which_classes_come_once_more_is_drawn():
    held = {tuple(draw("balanced", 3, 10, seeded(seed)).sort().values.tolist()) for seed in range(5)}
    assert len(held) > 1


def test_unique_labels_are_all_different():
    assert counts(draw("unique", 10, 10, seeded())) == [1] * 10


@pytest.mark.parametrize("count", [16, 32, 64, 128, 256])
def test_igims_is_half_of_one_class_a_quarter_of_another_and_the_rest_all_different(count):
    assert counts(draw("igims", count, 100, seeded())) == [count // 2, count // 4] + [1] * (count // 4)


@pytest.mark.parametrize(("count", "expected"), [(1, [1]), (2, [1, 1]), (3, [1, 1, 1]), (5, [2, 1, 1, 1])])
def test_igims_of_a_few_photographs(count, expected):
    assert counts(draw("igims", count, 100, seeded())) == expected


def test_a_small_concentration_leaves_few_classes_and_a_large_one_spares_none():
    few, many = (draw("dirichlet", 1000, 10, seeded(), concentration=alpha) for alpha in (0.01, 100))
    assert len(counts(few)) <= 3
    assert min(many.bincount(minlength=10)) > 60


@pytest.mark.parametrize(("balance", "count", "words"), [
    ("unique", 11, "11 photographs of different classes are asked for and there are 10 classes: take 10 .* or fewer"),
    ("igims", 64, r"The balance of IGIMS .* needs 18 classes for 64 photographs and there are 10: take fewer"),
])  # fmt: skip
def test_too_few_classes_are_refused_in_a_sentence(balance, count, words):
    with pytest.raises(Refusal, match=words):
        draw(balance, count, 10, seeded())


def test_igims_takes_what_just_fits():
    assert len(draw("igims", 32, 10, seeded())) == 32
    with pytest.raises(Refusal, match="needs 11 classes for 34"):
        draw("igims", 34, 10, seeded())
