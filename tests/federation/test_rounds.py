"""A round, played whole: what each view shows, what the secret keeps, and the two known mistakes."""

import pytest
import torch
from torch import Tensor, nn

from leaklab.federation.rounds import Exchange, Federation
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, flatten
from tests.scene import CLASSES, dice, scene

STEPS = Schedule(epochs=2, batch_size=1, learning_rate=0.5)


def play(federation: Federation, *, seed: int = 5, threat: ThreatModel = ThreatModel()) -> list[Exchange]:  # noqa: B008
    return scene(5).play(federation, threat, seed=seed)


def same(one: Update, other: Update, tolerance: float = 0) -> bool:
    return one.keys() == other.keys() and torch.allclose(flatten(one), flatten(other), rtol=0, atol=tolerance)


def test_each_client_is_seen_on_its_own():
    five, exchanges = scene(5), play(Federation(clients=2))
    for (observation, secret), numbers in zip(exchanges, ([0, 1, 2], [3, 4]), strict=True):
        assert same(observation.update, five.gradient(*numbers), 1e-12)
        assert (observation.num_images, observation.num_clients) == (len(numbers), 1)
        assert torch.equal(secret.images, five.images[numbers]) and torch.equal(secret.labels, five.labels[numbers])
    assert [secret.client.tolist() for _, secret in exchanges] == [[0, 0, 0], [1, 1]]


def test_the_aggregate_of_one_step_is_the_gradient_of_all_images():
    five, [(observation, secret)] = scene(5), play(Federation(clients=2, view="aggregated"))
    assert same(observation.update, five.gradient(), 1e-10)  # 3 and 2 images: an unweighted mean would not be
    assert (observation.num_images, observation.num_clients) == (5, 2)
    assert torch.equal(secret.images, five.images) and secret.client.tolist() == [0, 0, 0, 1, 1]


def test_the_aggregate_is_the_weighted_mean_of_what_the_clients_sent():
    federation = Federation(clients=2, schedule=STEPS, defences=(GaussianNoise(sigma=0.1),))
    (first, _), (second, _) = play(federation)
    [(whole, _)] = play(federation.changed(("view",), "aggregated"))
    expected = {name: (3 * first.update[name] + 2 * second.update[name]) / 5 for name in whole.update}
    assert same(whole.update, expected, 1e-12)


@pytest.mark.parametrize("view", ["per-client", "aggregated"])
def test_the_secret_knows_in_which_order_its_images_were_used(view: str):
    federation = Federation(clients=2, view=view, schedule=STEPS)
    five = scene(5)
    for observation, secret in play(federation):
        total = {name: torch.zeros_like(part) for name, part in observation.update.items()}
        for client in secret.client.unique():
            own = (secret.client == client).nonzero().flatten().tolist()
            batches = [torch.tensor(batch) for batch in secret.batches if set(batch) <= set(own)]
            update = five.forward.local_update(
                five.weights, secret.images, torch.eye(CLASSES)[secret.labels].to(secret.images),
                batches=batches, learning_rate=STEPS.learning_rate,
            )  # fmt: skip
            total = {name: total[name] + len(own) / len(secret.images) * update[name] for name in total}
        assert same(observation.update, total, 1e-12)
        assert len(secret.batches) == STEPS.epochs * len(secret.images)


def test_every_client_rolls_its_own_noise():
    (first, _), (second, _) = play(Federation(clients=2, defences=(GaussianNoise(sigma=1),)))
    five = scene(5)
    one = flatten(first.update) - flatten(five.gradient(0, 1, 2))
    other = flatten(second.update) - flatten(five.gradient(3, 4))
    assert abs(torch.corrcoef(torch.stack([one, other]))[0, 1]) < 0.1


def test_the_same_dice_play_the_same_round_and_others_another():
    federation = Federation(clients=2, schedule=STEPS, defences=(GaussianNoise(sigma=1),))
    [(one, _), _], [(again, _), _], [(other, _), _] = play(federation), play(federation), play(federation, seed=6)
    assert same(one.update, again.update) and not same(one.update, other.update, 0.1)


def test_the_attacker_gets_the_weights_before_training():
    five, [(observation, _)] = scene(5), play(Federation(schedule=Schedule(epochs=3, learning_rate=1)))
    assert same(observation.weights, five.weights)


def test_a_server_that_steps_first_shows_weights_that_no_longer_match():
    five, [(observation, _)] = scene(5), play(Federation(step_first=True, step_rate=0.25))
    gradient = five.gradient()
    assert same(observation.update, gradient, 1e-12)
    moved = {name: tensor - 0.25 * gradient[name] for name, tensor in five.weights.items()}
    assert same(observation.weights, moved, 1e-12)


def test_normalising_scales_every_tensor_of_every_client_and_only_for_the_average():
    plain, scaled = Federation(clients=2), Federation(clients=2, normalise=True)
    assert all(same(one.update, other.update) for (one, _), (other, _) in zip(play(plain), play(scaled), strict=True))
    [(whole, _)] = play(scaled.changed(("view",), "aggregated"))
    parts = [observation.update for observation, _ in play(plain)]
    first, second = (part["conv.bias"] / part["conv.bias"].norm() for part in parts)
    assert torch.allclose(whole.update["conv.bias"], (3 * first + 2 * second) / 5, rtol=1e-10)


def test_the_round_tells_what_the_threat_model_says_and_no_more():
    federation = Federation(clients=2, schedule=STEPS)
    (told, _), _ = play(federation, threat=ThreatModel(labels=True, defences=True))
    assert told.labels.tolist() == [0, 1, 2] and told.schedule == STEPS and told.defences == (GaussianNoise(),)
    (untold, _), _ = play(federation, threat=ThreatModel(epochs=False, batch_size=False, learning_rate=False))
    assert untold.labels is None and untold.schedule is None and untold.defences is None


@pytest.mark.parametrize("view", ["per-client", "aggregated", "client"])
def test_shares_and_order_are_told_only_where_they_are_ticked(view: str):
    federation = Federation(clients=2, view=view, schedule=STEPS)
    for observation, _ in play(federation):
        assert observation.counts is None and observation.order is None
    exchanges = play(federation, threat=ThreatModel(counts=True, order=True))
    assert [seen.counts for seen, _ in exchanges] == ([(3,), (2,)] if view == "per-client" else [(3, 2)])
    for seen, secret in exchanges:
        assert sum(seen.order, ()) == secret.batches
        starts = [sum(seen.counts[:client]) for client in range(len(seen.counts))]
        for order, start, count in zip(seen.order, starts, seen.counts, strict=True):
            epochs = [sorted(sum(order[first : first + count], ())) for first in (0, count)]  # in batches of one
            assert epochs == [list(range(start, start + count))] * 2


@pytest.mark.parametrize("view", ["per-client", "aggregated", "client"])
def test_without_the_learning_rate_an_update_is_a_change_of_weights(view: str):
    federation = Federation(clients=2, view=view, schedule=STEPS)
    untold = ThreatModel(learning_rate=False)
    for (known, _), (unknown, _) in zip(play(federation), play(federation, threat=untold), strict=True):
        assert unknown.learning_rate is None and known.learning_rate == 0.5
        assert same(unknown.update, {name: 0.5 * part for name, part in known.update.items()})


def test_weights_and_buffers_come_in_the_precision_of_the_images_but_counters_stay_counters():
    network = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(256), nn.Linear(256, CLASSES)).eval()
    images: Tensor = scene(2).images
    [(observation, _)] = Federation().play(
        network, images, torch.tensor([0, 1]), num_classes=CLASSES, threat=ThreatModel(), generator=dice()
    )
    assert {tensor.dtype for tensor in observation.weights.values()} == {torch.float64}
    assert observation.buffers["1.running_mean"].dtype == torch.float64
    assert observation.buffers["1.num_batches_tracked"].dtype == torch.int64


def test_playing_changes_neither_network_nor_images():
    five = scene(5)
    before = [tensor.clone() for tensor in (*five.network.parameters(), five.images)]
    Federation(schedule=STEPS, defences=(GaussianNoise(sigma=1),), step_first=True).play(
        five.network, five.images, five.labels, num_classes=CLASSES, threat=ThreatModel(), generator=dice()
    )
    assert all(map(torch.equal, before, [*five.network.parameters(), five.images]))


def test_a_federation_says_how_many_images_it_needs():
    assert Federation(clients=3, images_per_client=4).images == 12


def test_gradients_in_parts_make_the_same_update():
    five = scene(5)
    [(whole, _)], [(parts, _)] = (
        Federation().play(
            five.network, five.images, five.labels, num_classes=CLASSES, threat=ThreatModel(), generator=dice(),
            at_once=at_once,
        )
        for at_once in (0, 2)
    )  # fmt: skip
    assert torch.allclose(flatten(whole.update), flatten(parts.update), rtol=0, atol=1e-12)
    assert not torch.equal(flatten(whole.update), flatten(parts.update))  # summed up in another order
