"""A chain of defences: in order, every link checked, and what every link says of itself."""

import math
import typing

import pytest
import torch
from pydantic import TypeAdapter
from torch import nn

from leaklab.networks.layers import BatchNorm
from leaklab.protocol.defences import (
    DPSGD,
    PRECODE,
    Clip,
    Defence,
    Dropout,
    GaussianNoise,
    RandomK,
    Sign,
    Soteria,
    TopK,
    check,
    protect,
    rebuilt,
)  # fmt: skip
from leaklab.protocol.defences.contract import Hooks, Place
from leaklab.protocol.layers import Bottleneck, Masked
from leaklab.protocol.updates import flatten, norm
from leaklab.settings import Refusal, choices, walk
from tests.scene import dice, scene

EVERY: tuple[type[Hooks], ...] = choices(Defence)
NUMBERS = [(cls, knob.path[0]) for cls in EVERY for knob in walk(cls()) if isinstance(knob.value, int | float)]


def named(value: object) -> str | None:
    return value.__name__ if isinstance(value, type) else None


def test_links_work_one_after_the_other():
    update = {"row": torch.tensor([3.0, -4.0, 0.5])}
    clip, top = Clip(bound=1), TopK(left_out=0.5)
    assert protect(update, (top, clip), dice())["row"].tolist() == pytest.approx([0.6, -0.8, 0])
    assert protect(update, (clip, top), dice())["row"].tolist() != pytest.approx([0.6, -0.8, 0], abs=1e-4)
    assert protect(update, (TopK(left_out=1), Sign(scale="one")), dice())["row"].tolist() == [1, 1, 1]
    assert not protect(update, (Sign(scale="one"), TopK(left_out=1)), dice())["row"].any()


def test_links_share_the_dice_and_use_them_up_in_order():
    update, generator = scene(2, side=8).update(), dice(4)
    chain = (GaussianNoise(sigma=1), RandomK(left_out=0.5), Clip(bound=1, noise_multiplier=1))
    by_hand = update
    for defence in chain:
        by_hand = defence.protect(by_hand, generator)
    assert torch.equal(flatten(protect(update, chain, dice(4))), flatten(by_hand)) and norm(by_hand) > 1


def test_layers_are_put_in_in_order():
    given = scene(side=8).network
    both = rebuilt(given, (PRECODE(size=4), Dropout()), dice())
    assert isinstance(both.linear, Bottleneck) and isinstance(both.linear.head, Masked)
    both = rebuilt(given, (Dropout(), PRECODE(size=4)), dice())
    assert isinstance(both.linear, Masked) and isinstance(both.linear.head, Bottleneck)
    assert rebuilt(given, (TopK(), Clip()), dice()) is given


def test_all_complaints_are_said_together_and_nothing_is_built():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), BatchNorm(4, "batch"), nn.Flatten())
    with pytest.raises(Refusal) as refusal:
        rebuilt(network, (DPSGD(), TopK(), PRECODE(), Dropout(), Soteria()), dice())
    for words in ("DP-SGD clips", "PRECODE stands", "Dropout stands", "Soteria silences"):
        assert str(refusal.value).count(words) == 1
    check(network, (TopK(), Clip()))


@pytest.mark.parametrize("cls", EVERY, ids=named)
def test_every_link_says_where_it_works_and_what_makes_it_strong(cls: type[Hooks]):
    assert cls.place in typing.get_args(Place) and cls.strength in cls.model_fields
    assert TypeAdapter(Defence).validate_python(cls().model_dump(mode="json")) == cls()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=named)
def test_what_is_no_finite_number_is_refused(cls: type[Hooks], name: str, value: float):
    with pytest.raises(Refusal, match=f"^{name}: Input should be a finite number .got {value}"):
        cls.read({name: value})


@pytest.mark.parametrize("cls", EVERY, ids=named)
def test_a_link_never_changes_what_it_is_given(cls: type[Hooks]):
    before = scene(2, side=8).update()
    cls().protect(before, dice())
    assert torch.equal(flatten(before), flatten(scene(2, side=8).update()))


@pytest.mark.parametrize("cls", EVERY, ids=named)
def test_a_dummy_that_is_the_truth_imitates_what_was_sent_where_dice_do_not_matter(cls: type[Hooks]):
    truth = scene(2, side=8).update()
    defence = cls()
    seen = defence.protect(truth, dice())
    found = defence.imitate(truth, seen)
    assert found.keys() == truth.keys() and flatten(found).isfinite().all()
    if cls.__name__ in {"Clip", "TopK", "RandomK", "Uniform", "Sign"}:  # the others roll dice, or work somewhere else
        assert torch.allclose(flatten(found), flatten(seen), rtol=1e-9, atol=1e-12)
