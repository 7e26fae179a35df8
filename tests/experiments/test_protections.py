"""Every defence by one strength: what is allowed, what is off, and the sentences for all the rest."""

import math

import pytest

from leaklab.experiments.protections import FIGURE, PROTECTIONS, named, spoken, strength
from leaklab.protocol.defences import QSGD, Clip, GaussianNoise, Sign, TopK
from leaklab.protocol.defences.precode import PRECODE
from leaklab.settings import Refusal, choices

EACH = list(PROTECTIONS.values())
KEYS = (
    "noise", "laplace", "clip", "dp-sgd", "top-k", "random-k", "qsgd", "uniform", "sign", "soteria", "precode",
    "dropout", "mixup", "instahide",
)  # fmt: skip


def test_every_defence_there_is_has_a_row():
    from leaklab.protocol.defences import Defence

    assert {row.part for row in EACH} == set(choices(Defence))
    assert tuple(PROTECTIONS) == KEYS and set(FIGURE) <= set(KEYS) and len(FIGURE) == 5


@pytest.mark.parametrize("row", EACH, ids=KEYS)
def test_every_strength_of_the_figure_is_allowed_and_is_the_strength_of_the_defence(row):
    assert len(row.grid) == (1 if row.key == "sign" else 5)
    for value in row.grid:
        [defence] = row.defences(value)
        assert type(defence) is row.part and strength(defence) == value and named(defence) == row.title
    upwards = list(row.grid) == sorted(row.grid)
    assert upwards is (row.key not in ("qsgd", "uniform")) or row.key == "sign"  # fewer levels are stronger


@pytest.mark.parametrize("row", EACH, ids=KEYS)
@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, -math.inf, 1e6])
def test_a_strength_that_is_not_allowed_is_refused(row, value: float):
    with pytest.raises(Refusal) as refused:
        row.defences(value)
    said = str(refused.value)
    assert said.startswith(f"{row.title}: the strength {value:g} ({row.unit}) is not allowed: choose ")
    assert said.endswith(".")


@pytest.mark.parametrize("key", ["qsgd", "uniform", "sign", "mixup", "instahide"])
def test_what_is_counted_must_be_whole(key: str):
    with pytest.raises(Refusal, match=r"the strength 2\.5 \("):
        PROTECTIONS[key].defences(2.5)


def test_the_sentence_says_what_is_allowed():
    said = {}
    for key, value in {"uniform": 1, "mixup": 9, "sign": 2, "dropout": 1, "clip": -0.5}.items():
        with pytest.raises(Refusal) as refused:
            PROTECTIONS[key].defences(value)
        said[key] = str(refused.value).partition("choose ")[2]
    assert said == {
        "uniform": "a whole number from 2 to 16, or 0 for none.", "mixup": "a whole number from 2 to 8, or 1 for none.",
        "sign": "1 to have it, or 0 for none.", "dropout": "a number from 0 to 0.95.", "clip": "a number from 0 to 10.",
    }  # fmt: skip


@pytest.mark.parametrize("row", EACH, ids=KEYS)
def test_off_is_no_defence_and_a_clip_is_never_off(row):
    assert (row.off is None) is row.clips is (row.key in ("clip", "dp-sgd"))
    if row.off is not None:
        assert row.defences(row.off) == row.defences(0) == ()


def test_a_clip_without_noise_still_clips():
    assert PROTECTIONS["clip"].defences(0, 0.5) == (Clip(bound=0.5),)
    assert PROTECTIONS["clip"].defences(2, 0.5) == (Clip(bound=0.5, noise_multiplier=2),)


@pytest.mark.parametrize("bound", [0, -1, math.nan, math.inf])
@pytest.mark.parametrize("key", ["clip", "dp-sgd"])
def test_a_bound_that_is_not_allowed_is_refused(key: str, bound: float):
    with pytest.raises(Refusal, match=f"the bound to clip to, {bound:g}, is not allowed: choose a number from 1e-06"):
        PROTECTIONS[key].defences(1, bound)


def test_a_bound_is_nothing_to_those_that_do_not_clip():
    assert PROTECTIONS["noise"].defences(0.5, 0) == (GaussianNoise(sigma=0.5),)


def test_a_chain_in_words():
    assert spoken(()) == "no defence" and spoken((TopK(left_out=0.5),)) == "Top-k 0.5"
    assert spoken((QSGD(levels=8), Sign(), PRECODE(scale=0.5))) == "QSGD 8, Sign and PRECODE 0.5"
