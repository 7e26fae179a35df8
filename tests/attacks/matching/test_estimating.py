"""What an update gives away of the defences it has been through."""

from dataclasses import replace

import pytest
import torch

from leaklab.attacks.matching.estimating import estimated
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import (
    DPSGD,
    PRECODE,
    QSGD,
    Clip,
    Defence,
    Dropout,
    GaussianNoise,
    LaplaceNoise,
    RandomK,
    Sign,
    Soteria,
    TopK,
    Uniform,
)  # fmt: skip
from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import norm, scaled
from tests.scene import TOLD, dice, scene

PUBLIC = torch.rand(8, 1, 16, 16, dtype=torch.float64, generator=dice(9))


def observed(*defences: Defence, **training: int) -> Observation:
    federation = Federation(defences=defences, schedule=Schedule(**training))
    return replace(scene().play(federation, TOLD)[0][0], public=PUBLIC)


@pytest.mark.parametrize(
    "defences",
    [(), (GaussianNoise(sigma=0.1),), (LaplaceNoise(sigma=0.1),), (QSGD(levels=64),), (Uniform(bits=6),),
     (Clip(bound=1e4),)],
    ids=lambda chain: "+".join(one.kind for one in chain) or "none",
)  # fmt: skip
def test_nothing_is_made_out_where_nothing_can_be_undone(defences: tuple[Defence, ...]):
    assert estimated(observed(*defences)) == ()


@pytest.mark.parametrize("defence", [TopK(left_out=0.5), RandomK(left_out=0.5), RandomK(left_out=0.1)])
def test_zeros_everywhere_are_numbers_left_out(defence: Defence):
    [found] = estimated(observed(defence))
    assert isinstance(found, RandomK) and found.left_out == pytest.approx(defence.left_out, abs=0.05)


@pytest.mark.parametrize("scale", ["one", "mean"])
def test_one_size_is_a_sign(scale: str):
    assert estimated(observed(Sign(scale=scale))) == (Sign(),)


def test_silent_columns_of_the_last_layer_are_soterias():
    [found] = estimated(observed(Soteria(rate=0.25)))
    assert isinstance(found, Soteria) and found.rate == pytest.approx(0.25, abs=0.01)


def test_a_bottleneck_is_part_of_the_network_that_everybody_has():
    assert [found.kind for found in estimated(observed(PRECODE()))] == ["precode"]


def test_dropout_is_a_layer_that_everybody_has_and_its_rate_the_share_of_silent_columns():
    [found] = estimated(observed(Dropout(rate=0.3)))
    assert isinstance(found, Dropout) and found.rate == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("defence", [Clip(bound=0.1), DPSGD(bound=0.1, noise_multiplier=0)], ids=["clip", "dp-sgd"])
def test_an_update_shorter_than_public_photographs_make_was_shortened_to_its_length(defence: Defence):
    [found] = estimated(observed(defence))
    assert isinstance(found, Clip) and found.bound == pytest.approx(0.1, rel=1e-9)


def test_several_steps_are_no_reason_to_see_a_clip_and_hide_none():
    assert estimated(observed(epochs=4)) == ()
    seen = observed(epochs=4)
    short = replace(seen, update=scaled(seen.update, 0.1))
    assert estimated(short) == (Clip(bound=float(norm(short.update))),)


def test_whoever_has_no_photographs_or_knows_no_steps_sees_no_clip():
    clipped = observed(Clip(bound=0.1))
    assert estimated(replace(clipped, public=None)) == estimated(replace(clipped, epochs=None)) == ()


def test_a_chain_is_made_out_link_by_link():
    found = estimated(observed(RandomK(left_out=0.9), Clip(bound=0.05)))
    assert [one.kind for one in found] == ["random_k", "clip"]
    assert [one.kind for one in estimated(observed(RandomK(left_out=0.9)))] == ["random_k"]


def test_of_a_chain_what_lies_in_the_network_and_what_was_left_out_are_made_out():
    found = estimated(observed(PRECODE(), RandomK(left_out=0.5)))
    assert [one.kind for one in found] == ["precode", "random_k"]
