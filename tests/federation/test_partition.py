"""Who holds what: every image once, in the shares that were asked for."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from leaklab.federation.partition import ByClass, Dirichlet, Even, Partition, Uneven
from leaklab.settings import Refusal, choices, walk
from tests.scene import dice

IMAGES, CLIENTS = st.integers(1, 40), st.integers(1, 8)
SKEWS = st.floats(0, 0.95)
PARTITIONS = st.one_of(
    st.just(Even()), st.builds(Uneven, skew=SKEWS), st.just(ByClass()),
    st.builds(Dirichlet, concentration=st.floats(0.01, 100)),
)  # fmt: skip


@given(partition=PARTITIONS, labels=st.lists(st.integers(0, 9), min_size=1, max_size=40), clients=CLIENTS)
def test_every_image_has_one_holder(partition: Partition, labels: list[int], clients: int):
    held = partition.split(torch.tensor(labels), clients, dice(3))
    assert len(held) == clients and all(share.dtype == torch.int64 for share in held)
    assert sorted(torch.cat(held).tolist()) == list(range(len(labels)))
    counts = partition.counts(len(labels), clients)
    assert counts is None or counts == tuple(map(len, held))


@given(images=IMAGES, clients=CLIENTS)
def test_even_shares_are_consecutive_and_nobody_holds_two_more_than_another(images: int, clients: int):
    held = Even().split(torch.zeros(images, dtype=torch.int64), clients, dice())
    assert torch.equal(torch.cat(held), torch.arange(images))
    assert max(map(len, held)) - min(map(len, held)) <= 1


@given(images=IMAGES, clients=CLIENTS, skew=SKEWS)
def test_uneven_shares_fall_stay_near_the_wish_and_leave_nobody_out(images: int, clients: int, skew: float):
    counts = Uneven(skew=skew).counts(images, clients)
    assert sum(counts) == images and list(counts) == sorted(counts, reverse=True)
    assert min(counts) >= (images >= clients)
    wish = np.linspace(1 + skew, 1 - skew, clients) * images / clients if clients > 1 else np.array([images])
    kept = wish.min() >= 1  # else images are taken from the richest for those who would have none
    assert not kept or np.abs(np.array(counts) - wish).max() < 1


def test_uneven_shares_of_the_papers_example():
    assert Uneven().counts(32, 2) == Uneven(skew=0.31).counts(32, 2) == (21, 11)
    assert Uneven(skew=0.5).counts(12, 3) == (6, 4, 2) and Uneven(skew=0).counts(7, 3) == (3, 2, 2)
    assert Uneven(skew=0.95).counts(4, 4) == (1, 1, 1, 1) and Uneven(skew=0.95).counts(1, 3) == (1, 0, 0)
    assert Uneven().split(torch.zeros(6, dtype=torch.int64), 2, dice())[0].tolist() == [0, 1, 2, 3]


def test_by_class_deals_sorted_images_in_their_order():
    held = ByClass().split(torch.tensor([1, 0, 2, 1, 0, 2, 2]), 3, dice())
    assert [share.tolist() for share in held] == [[1, 4, 0], [3, 2], [5, 6]]


@pytest.mark.parametrize("partition", [Even(), Uneven(), ByClass()])
def test_only_dirichlet_draws(partition: Partition):
    generator = dice(4)
    before = generator.get_state()
    partition.split(torch.arange(9), 3, generator)
    assert torch.equal(generator.get_state(), before)


def test_dirichlet_is_drawn_by_the_generator_alone():
    labels = torch.arange(60) % 4
    before = torch.get_rng_state()
    first, again, other = (Dirichlet().split(labels, 3, dice(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_concentration_decides_how_alike_the_clients_are():
    labels = torch.arange(4000) % 4
    alike, apart = (Dirichlet(concentration=alpha).split(labels, 4, dice()) for alpha in (100.0, 0.01))
    shares = torch.stack([labels[share].bincount(minlength=4) for share in alike]) / 1000
    assert (shares - 0.25).abs().max() < 0.15
    shares = torch.stack([labels[share].bincount(minlength=4) for share in apart]) / 1000
    assert (shares.max(dim=0).values > 0.95).all()


def test_dirichlet_shares_have_the_variance_of_the_distribution():
    # A share of Dir(α, …, α) over K has variance (1/K)(1 − 1/K)/(Kα + 1): at K = 2 and α = 1/2, 1/8.
    labels = torch.arange(400).repeat_interleave(200)
    [one, _] = Dirichlet(concentration=0.5).split(labels, 2, dice(5))
    shares = labels[one].bincount(minlength=400) / 200
    assert abs(float(shares.mean()) - 0.5) < 0.05 and abs(float(shares.var()) - 0.125) < 0.02


def test_dirichlet_promises_no_counts_unless_alone():
    assert Dirichlet().counts(8, 2) is None and Dirichlet().counts(8, 1) == (8,)


@pytest.mark.parametrize("one", choices(Partition), ids=lambda one: one.__name__)
def test_every_partition_is_found_by_its_kind_and_explains_its_knobs(one: type):
    assert TypeAdapter(Partition).validate_python(one().model_dump()) == one()
    assert all(knob.help.endswith(".") and knob.symbol for knob in walk(one()))


@pytest.mark.parametrize(("one", "value"), [(Uneven, {"skew": 1}), (Dirichlet, {"concentration": 0})])
def test_shares_that_cannot_be_are_refused(one: type, value: dict[str, float]):
    with pytest.raises(Refusal, match=next(iter(value))):
        one.read(value)
