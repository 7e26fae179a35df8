"""Walks: how straight they are, the plane they are seen in, and that the truth walks where the client walked."""

from functools import cache

import pytest
import torch

from leaklab.attacks.recipes import FEDAVG_EPOCH, FEDAVG_SIM
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.walks import Walk, imagined, plane, taken
from leaklab.federation.rounds import Exchange, Federation
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import flatten
from tests.experiments import small

EAST = torch.tensor([1.0, 0, 0])


def walk(*places: list[float], epochs: int = 1) -> Walk:
    return Walk(torch.tensor(places, dtype=torch.float32), epochs)


@cache
def exchange(*, order: bool) -> Exchange:
    federation = Federation(
        images_per_client=3, schedule=Schedule(epochs=2, batch_size=2, learning_rate=0.1)
    )  # fmt: skip
    scenario = small.scenario(federation, threat=ThreatModel(labels=True, order=order))
    played = scenario.changed(("network",), NetworkChoice(name="mlp")).play(
        7, device=torch.device("cpu"), dtype=torch.float64
    )
    return played.exchanges[0]


def at_the_truth(told: Exchange, recipe) -> Walk:
    observation, secret = told
    [stage] = recipe.stages
    objective = stage.bind(observation, secret.labels)
    code, none = secret.images.repeat(objective.copies, 1, 1, 1).reshape(1, -1), torch.zeros(1)
    images, labels = objective.split(code)
    guess = Snapshot(
        stage=0, iteration=0, evaluations=0, losses=none, terms={"matching": none}, images=images, labels=labels,
        code=code, ranked_by="matching",
    )  # fmt: skip
    return imagined(observation, stage, objective, guess)


def test_the_ends_of_epochs_are_flagged():
    steps = walk([0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0], [4, 0, 0], epochs=2)
    assert steps.ends == [0, 0, 1, 0, 1]


@pytest.mark.parametrize(("corner", "turned"), [
    ([2.0, 0, 0], 0), ([0, 5.0, 0], 1), ([-3.0, 0, 0], 2), ([1.0, 1, 0], 1 - 0.5**0.5),
])  # fmt: skip
def test_an_epoch_is_measured_by_its_direction_alone(corner: list[float], turned: float):
    assert walk([0, 0, 0], corner).turned(7 * EAST) == pytest.approx(turned, abs=1e-6)


def test_what_happens_within_an_epoch_does_not_bend_it_and_epochs_are_averaged():
    assert walk([0, 0, 0], [0, 9, 0], [1, 0, 0]).turned(EAST) == 0
    assert walk([0, 0, 0], [1, 0, 0], [1, 1, 0], epochs=2).turned(EAST) == pytest.approx(0.5)


def test_walks_are_compared_step_by_step_in_lengths_of_the_chord():
    one, other = walk([0, 0, 0], [0, 0, 3], [2, 0, 0]), walk([0, 0, 0], [0, 0, 0], [2, 0, 4])
    assert one.apart(walk([0, 0, 0], [0, 0, 3], [2, 0, 0])) == 0
    assert other.apart(one) == pytest.approx((3 + 4) / 2 / 2)


def test_the_plane_holds_the_chord_and_the_way_in_which_a_walk_strays_most():
    straying = walk([0, 0, 0], [1, 0, 4], [1, -6, -8], [2, 0, 0])
    seen = plane(straying.chord, straying)
    assert abs(seen.chord @ seen.across) < 1e-5 and seen.across.norm() == pytest.approx(2)
    along, across = seen.seen(straying)
    assert along == pytest.approx([0, 0.5, 0.5, 1], abs=1e-6)
    assert across[0] == 0 and across[2] == max(map(abs, across))  # the farthest is above, whatever the library's sign
    assert seen.unseen(straying) > 0 and seen.unseen(walk([0, 0, 0], [5, 0, 0])) == pytest.approx(0, abs=1e-6)


def test_a_straight_walk_leaves_the_second_axis_to_the_next():
    straight, bent = walk([0, 0, 0], [1, 0, 0], [2, 0, 0]), walk([0, 0, 0], [1, 0, 3], [4, 0, 0])
    seen = plane(straight.chord, straight, bent)
    assert seen.across.tolist() == pytest.approx([0, 0, 2], abs=1e-6)
    assert seen.seen(straight)[1] == [0, 0, 0] and seen.seen(bent)[1] == pytest.approx([0, 1.5, 0], abs=1e-6)
    alone = plane(straight.chord, straight)
    assert not alone.across.any() and alone.seen(bent)[1] == [0, 0, 0]
    assert alone.unseen(bent) == pytest.approx(1.5 / 2)


def test_a_client_ends_where_its_update_says():
    observation, secret = exchange(order=False)
    found = taken((observation, secret))
    assert len(found.places) == 5 and found.ends == [0, 0, 1, 0, 1]  # 2 and 1 photographs, twice
    torch.testing.assert_close(found.chord, -0.1 * flatten(observation.update))


@pytest.mark.parametrize("recipe", [FEDAVG_SIM, FEDAVG_EPOCH], ids=lambda recipe: recipe.key)
def test_the_truth_walks_where_the_client_walked_when_the_order_is_told(recipe):
    told = exchange(order=True)
    client, found = taken(told), at_the_truth(told, recipe)
    torch.testing.assert_close(found.places, client.places)
    assert found.ends == client.ends and found.apart(client) < 1e-12


def test_in_a_wrong_order_even_the_truth_goes_another_way():
    untold = exchange(order=False)
    client, found = taken(untold), at_the_truth(untold, FEDAVG_SIM)
    assert found.apart(client) > 0.01
