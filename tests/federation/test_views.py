"""Who looks, and from where: a client between two global models, a server behind masks, and several rounds."""

import dataclasses

import pytest
import torch

from leaklab.federation.partition import Dirichlet
from leaklab.federation.rounds import Exchange, Federation
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, flatten, mean, norm, scaled, step
from leaklab.settings import Refusal
from tests.scene import CLASSES, Scene, dice, scene

STEPS = Schedule(epochs=2, batch_size=1, learning_rate=0.5)
FULL = Schedule(epochs=2, learning_rate=0.5)  # nothing is shuffled
FIVE = scene(5, side=8)
VIEWS = pytest.mark.parametrize("view", ["per-client", "aggregated", "client"])


def play(federation: Federation, some: Scene = FIVE, threat: ThreatModel = ThreatModel()) -> list[Exchange]:  # noqa: B008
    return some.play(federation, threat, seed=5)


def away(one: Update, other: Update) -> float:
    assert one.keys() == other.keys()
    return float((flatten(one) - flatten(other)).abs().max())


def trained(some: Scene, weights: Update, *numbers: int, rate: float = 0.5, epochs: int = 2) -> Update:
    """Return the update of one client after full-batch steps from some weights."""
    chosen = list(numbers)
    batches = [torch.arange(len(chosen))] * epochs
    return some.forward.local_update(
        weights, some.images[chosen], some.targets[chosen], batches=batches, learning_rate=rate
    )


# A client


@pytest.mark.parametrize("masked", [False, True], ids=["plain", "secure aggregation"])
def test_a_client_reads_the_average_from_two_global_models(masked: bool):
    federation = Federation(clients=2, view="client", schedule=STEPS, secure_aggregation=masked)
    [(seen, secret)], [(average, same_secret)] = play(federation), play(federation.changed(("view",), "aggregated"))
    assert away(seen.update, average.update) < 1e-9
    assert (seen.num_images, seen.num_clients) == (5, 2)
    assert torch.equal(secret.images, same_secret.images) and secret.client.tolist() == [0, 0, 0, 1, 1]


def test_a_client_knows_its_own_photographs_and_a_server_nobodys():
    federation = Federation(clients=2, view="client")
    [(seen, _)] = play(federation)
    assert torch.equal(seen.own.images, FIVE.images[:3]) and torch.equal(seen.own.labels, FIVE.labels[:3])
    assert seen.own.images.untyped_storage().nbytes() == seen.own.images.nbytes  # no window onto those of the others
    for view in ("per-client", "aggregated"):
        assert all(other.own is None for other, _ in play(federation.changed(("view",), view)))


def test_in_single_precision_the_difference_loses_what_the_weights_have_rounded_away():
    single = scene(5, side=8, dtype=torch.float32)
    found = []
    for rate in (0.1, 0.001):
        federation = Federation(clients=2, view="client", schedule=Schedule(learning_rate=rate))
        [(seen, _)], [(average, _)] = (
            play(federation.changed(("view",), view), single) for view in ("client", "aggregated")
        )
        assert seen.update["linear.bias"].dtype == torch.float32
        found.append(away(seen.update, average.update))
        assert 0 < found[-1] <= 2**-25 / rate + 1e-6  # half a step of float32 between 1/4 and 1/2, and its own rounding
    assert found[1] > 10 * found[0]


def test_a_client_that_looks_starts_from_the_weights_that_everybody_got():
    [(seen, _)] = play(Federation(clients=2, view="client", step_first=True))
    assert away(seen.weights, FIVE.weights) == 0


def test_a_client_alone_is_refused_in_a_sentence():
    alone = Federation(clients=1, view="client")
    for refused in (alone.check, lambda: play(alone)):
        with pytest.raises(Refusal, match="needs other clients: with one alone .* is its own update. Choose two"):
            refused()


def without_images(client: int, clients: int) -> int:
    """Return a seed by which one client holds nothing and the others do."""

    def counts(seed: int) -> list[int]:
        return [len(share) for share in Dirichlet(concentration=0.1).split(FIVE.labels, clients, dice(seed))]

    return next(seed for seed in range(1000) if [not count for count in counts(seed)] == [
        other == client for other in range(clients)
    ])  # fmt: skip


def test_a_client_that_looks_must_have_photographs():
    some = Federation(clients=3, view="client", partition=Dirichlet(concentration=0.1))
    with pytest.raises(Refusal, match="is the first one, and it has no photographs here: choose another partition"):
        FIVE.play(some, seed=without_images(0, 3))


def test_a_client_that_has_all_the_photographs_is_alone():
    with pytest.raises(Refusal, match="needs other clients"):
        play(Federation(clients=2, view="client"), scene(1, side=8))


# Secure aggregation


def test_behind_masks_each_update_is_noise_and_their_average_is_exact():
    federation = Federation(clients=3, schedule=STEPS)
    plain, hidden = play(federation), play(federation.changed(("secure_aggregation",), True))
    for (true, _), (noise, _) in zip(plain, hidden, strict=True):
        both = torch.stack([flatten(true.update), flatten(noise.update)])
        assert abs(torch.corrcoef(both)[0, 1]) < 0.1 and norm(noise.update) > 1e4 * norm(true.update)
    average, masked = (
        play(federation.changed(("view",), "aggregated").changed(("secure_aggregation",), on))[0][0]
        for on in (False, True)
    )
    assert away(average.update, masked.update) < 1e-11


def test_masks_change_nothing_but_what_is_seen_of_an_update():
    federation = Federation(clients=2, schedule=STEPS, defences=(GaussianNoise(sigma=1),), rounds=2)
    plain, hidden = play(federation), play(federation.changed(("secure_aggregation",), True))
    for (true, secret), (noise, same_secret) in zip(plain, hidden, strict=True):
        assert away(true.weights, noise.weights) == 0 and secret.batches == same_secret.batches
        assert (true.num_images, true.schedule) == (noise.num_images, noise.schedule)


def test_one_client_has_nobody_to_share_a_mask_with():
    [(plain, _)], [(masked, _)] = (play(Federation(secure_aggregation=on)) for on in (False, True))
    assert away(plain.update, masked.update) < 1e-11


def test_what_is_normalised_is_so_under_masks_too():
    federation = Federation(clients=2, view="aggregated", normalise=True)
    [(plain, _)], [(masked, _)] = (play(federation.changed(("secure_aggregation",), on)) for on in (False, True))
    assert away(plain.update, masked.update) < 1e-11


# Several rounds


def test_every_round_begins_with_the_weights_to_which_the_one_before_has_led():
    weights = FIVE.weights
    for _ in range(2):
        weights = step(weights, mean([trained(FIVE, weights, 0, 1, 2), trained(FIVE, weights, 3, 4)], [3, 2]), 0.5)
    (first, _), (second, _) = play(Federation(clients=2, schedule=FULL, rounds=3))
    assert away(first.weights, weights) < 1e-12 < 1e-3 < away(first.weights, FIVE.weights)
    assert away(first.update, trained(FIVE, weights, 0, 1, 2)) < 1e-12
    assert away(second.update, trained(FIVE, weights, 3, 4)) < 1e-12


@VIEWS
def test_every_view_is_of_the_last_round(view: str):
    federation = Federation(clients=2, view=view, schedule=FULL, rounds=2)
    once = federation.changed(("rounds",), 1)
    [(seen, _), *_], [(before, _), *_] = play(federation), play(once)
    average = play(once.changed(("view",), "aggregated"))[0][0].update
    assert away(seen.weights, step(FIVE.weights, average, 0.5)) < 1e-12 and away(seen.update, before.update) > 1e-3


def test_batches_and_noise_are_drawn_anew_every_round():
    federation = Federation(schedule=STEPS, defences=(GaussianNoise(sigma=1),))
    [(_, once)], [(_, twice)] = (play(federation.changed(("rounds",), rounds)) for rounds in (1, 2))
    assert once.batches != twice.batches and sorted(once.batches) == sorted(twice.batches)


# Learning rates that differ


def test_with_rates_of_their_own_clients_send_changes_of_weights_by_the_common_one():
    exchanges = play(Federation(clients=3, schedule=FULL, rate_spread=0.5))
    shares = ([0, 1], [2, 3], [4])
    for (seen, _), numbers, factor in zip(exchanges, shares, (0.5, 1, 1.5), strict=True):
        own = trained(FIVE, FIVE.weights, *numbers, rate=factor * 0.5)
        assert away(seen.update, scaled(own, factor)) < 1e-12 and seen.learning_rate == 0.5
    [(whole, _)] = play(Federation(clients=3, schedule=FULL, rate_spread=0.5, view="aggregated"))
    parts = [seen.update for seen, _ in exchanges]
    assert away(whole.update, mean(parts, [2, 2, 1])) < 1e-12


def test_one_client_trains_by_the_common_rate_whatever_the_spread():
    [(seen, _)], [(plain, _)] = (play(Federation(schedule=FULL, rate_spread=spread)) for spread in (0.9, 0))
    assert away(seen.update, plain.update) == 0


# Clients that have nothing, and clients that run away


@VIEWS
def test_a_client_without_photographs_takes_no_part_and_keeps_its_number(view: str):
    federation = Federation(clients=3, view=view, partition=Dirichlet(concentration=0.1))
    exchanges = FIVE.play(federation, ThreatModel(counts=True), seed=without_images(1, 3))
    assert torch.cat([secret.client for _, secret in exchanges]).unique().tolist() == [0, 2]
    for seen, secret in exchanges:
        assert 0 not in seen.counts and sum(seen.counts) == len(secret.images) == seen.num_images
        assert seen.num_clients == len(seen.counts) == (1 if view == "per-client" else 2)
        if view != "per-client":
            assert away(seen.update, FIVE.gradient()) < 1e-9
            assert sorted(secret.labels.tolist()) == sorted(FIVE.labels.tolist())


def test_more_clients_than_photographs_leave_the_last_ones_out():
    exchanges = play(Federation(clients=4), scene(2, side=8))
    assert [secret.client.tolist() for _, secret in exchanges] == [[0], [1]]


def spoilt(number: int) -> Scene:
    images = FIVE.images.clone()
    images[number] = torch.nan
    return dataclasses.replace(FIVE, images=images)


@VIEWS
@pytest.mark.parametrize("rounds", [1, 3])
def test_numbers_that_are_not_finite_are_refused_with_the_client_that_sent_them(view: str, rounds: int):
    federation = Federation(clients=2, view=view, schedule=FULL, rounds=rounds, secure_aggregation=True)
    with pytest.raises(Refusal, match="Client 2 sends numbers that are not finite: .* rate below 0.5 or fewer local"):
        play(federation, spoilt(4))


def test_a_rate_of_its_own_is_named_where_a_client_runs_away():
    with pytest.raises(Refusal, match="Client 1 sends .* A learning rate below 0.25 or"):
        play(Federation(clients=2, schedule=FULL, rate_spread=0.5), spoilt(0))


@pytest.mark.parametrize("size", [5, 8, 64])
def test_a_batch_of_more_than_there_is_takes_all(size: int):
    [(seen, secret)] = play(Federation(schedule=FULL.model_copy(update={"batch_size": size})))
    assert away(seen.update, trained(FIVE, FIVE.weights, *range(5))) < 1e-12
    assert [len(batch) for batch in secret.batches] == [5, 5]


def test_the_last_batch_of_an_epoch_may_be_smaller():
    [(seen, secret)] = play(Federation(schedule=FULL.model_copy(update={"batch_size": 2})))
    assert [len(batch) for batch in secret.batches] == [2, 2, 1] * 2
    targets = torch.eye(CLASSES, dtype=torch.float64)[secret.labels]
    batches = [torch.tensor(batch) for batch in secret.batches]
    again = FIVE.forward.local_update(FIVE.weights, secret.images, targets, batches=batches, learning_rate=0.5)
    assert away(seen.update, again) < 1e-12
