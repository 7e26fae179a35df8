"""Pruning: exactly so many numbers of each tensor are kept, the largest or any, and zeros give the others away."""

import math

import pytest
import torch

from leaklab.protocol.defences import RandomK, TopK, protect
from leaklab.protocol.updates import Update, flatten
from leaklab.settings import Refusal
from tests.scene import dice

BOTH = pytest.mark.parametrize("kind", [TopK, RandomK])


def update() -> Update:
    shapes = {"conv": (3, 1, 2, 2), "weight": (10, 7), "bias": (10,), "one": (1,)}
    return {name: torch.randn(shape, generator=dice(len(name))) for name, shape in shapes.items()}


@BOTH
@pytest.mark.parametrize("left_out", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_exactly_so_many_numbers_of_each_tensor_are_kept_as_they_are(kind: type[TopK], left_out: float):
    before = update()
    for name, tensor in kind(left_out=left_out).protect(before, dice()).items():
        size, kept = tensor.numel(), tensor != 0
        assert kept.sum() == -((-size * round(100 * (1 - left_out))) // 100)  # in whole numbers, rounded up
        assert torch.equal(tensor[kept], before[name][kept]) and tensor.shape == before[name].shape


@pytest.mark.parametrize("left_out", [0.1, 0.5, 0.9])
def test_the_kept_are_the_largest(left_out: float):
    before = update()
    for name, tensor in TopK(left_out=left_out).protect(before, dice()).items():
        kept = tensor != 0
        assert kept.all() or before[name][kept].abs().min() >= before[name][~kept].abs().max()


def test_of_equal_numbers_no_more_are_kept_than_were_asked_for():
    [kept] = TopK(left_out=0.75).protect({"row": torch.ones(8)}, dice()).values()
    assert kept.sum() == 2


def test_at_random_every_number_has_the_same_chance_and_every_tensor_its_own():
    ones = {"one": torch.ones(20), "other": torch.ones(20)}
    generator = dice()
    rows = torch.stack([flatten(RandomK(left_out=0.7).protect(ones, generator)) for _ in range(2000)])
    assert (rows.mean(0) - 0.3).abs().max() < 5 * math.sqrt(0.3 * 0.7 / 2000)
    assert (rows[:, :20] != rows[:, 20:]).any(1).float().mean() > 0.99


@BOTH
def test_what_is_left_out_altogether_is_an_update_of_zeros(kind: type[TopK]):
    before = update()
    sent = kind(left_out=1).protect(before, dice())
    assert sent.keys() == before.keys() and not flatten(sent).any()


@BOTH
def test_what_is_left_out_nowhere_is_the_update_itself(kind: type[TopK]):
    assert torch.equal(flatten(kind(left_out=0).protect(update(), dice())), flatten(update()))


@BOTH
def test_what_was_given_is_not_changed(kind: type[TopK]):
    before = update()
    kind(left_out=0.9).protect(before, dice())
    assert torch.equal(flatten(before), flatten(update()))


def test_a_chain_keeps_no_more_than_each_of_its_links():
    first, generator = TopK(left_out=0.5).protect(update(), dice()), dice()
    chained = protect(update(), (TopK(left_out=0.5), RandomK(left_out=0.9)), generator)
    for name, tensor in chained.items():
        assert (tensor != 0).sum() <= math.ceil(tensor.numel() / 10) and not tensor[first[name] == 0].any()
    assert flatten(chained).any()


@BOTH
def test_whoever_sees_the_zeros_compares_only_where_something_arrived(kind: type[TopK]):
    seen = kind(left_out=0.5).protect(update(), dice())
    dummy = {name: tensor + 1 for name, tensor in update().items()}
    for name, tensor in kind(left_out=0.5).imitate(dummy, seen).items():
        assert torch.equal(tensor, torch.where(seen[name] != 0, dummy[name], 0))


@BOTH
@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_that_is_none_is_refused(kind: type[TopK], share: float):
    with pytest.raises(Refusal, match=f"left_out: Input should be .* .got {share}"):
        kind.read({"left_out": share})
