"""The attacker's simulation of local training: at the truth it is what was sent, wherever that is promised."""

import dataclasses

import pytest
import torch

from leaklab.attacks.matching.dummy_updates import (
    AveragedGradient,
    Clients,
    DummyUpdate,
    FedAvg,
    FedAvgEpoch,
    FedSGD,
    SuperClient,
)
from leaklab.federation.partition import Even, Partition, Uneven
from leaklab.federation.rounds import Exchange, Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Pass, Path, Schedule
from leaklab.protocol.updates import Update, added
from leaklab.settings import choices
from tests.scene import CLASSES, dice, scene

ONE = Schedule(epochs=1, learning_rate=0.5)
FULL = Schedule(epochs=3, learning_rate=0.5)
STEPS = Schedule(epochs=2, batch_size=2, learning_rate=0.5)
PARTS = [FedSGD(), AveragedGradient(), FedAvg(), FedAvgEpoch(), SuperClient(), Clients()]
ALL = ThreatModel(labels=True, counts=True, order=True)
SHARES = ThreatModel(counts=True)
UNTOLD = {"epochs": False, "batch_size": False, "learning_rate": False}


def kind(part: object) -> str:
    return getattr(part, "kind", "")


def played(
    schedule: Schedule, threat: ThreatModel, *, clients: int = 1, count: int = 4, partition: Partition = Even(),  # noqa: B008
) -> Exchange:  # fmt: skip
    """Return what is seen of an average of clients that shuffle, beside what is true."""
    federation = Federation(clients=clients, view="aggregated", schedule=schedule, partition=partition)
    [exchange] = scene(count, side=8).play(federation, threat)
    return exchange


def at_truth(part: DummyUpdate, exchange: Exchange) -> Path:
    observation, secret = exchange
    targets = torch.eye(CLASSES, dtype=torch.float64)[secret.labels]
    copies = part.copies(observation)
    return part.bind(observation)(secret.images.repeat(copies, 1, 1, 1)[None], targets.repeat(copies, 1)[None])


def away(part: DummyUpdate, exchange: Exchange) -> float:
    """Return the largest difference of what the part says of the true images from what was seen."""
    dummy, seen = added(*at_truth(part, exchange)), exchange[0].update
    assert dummy.keys() == seen.keys()
    return max(float((dummy[name][0] - seen[name]).abs().max()) for name in seen)


def test_every_dummy_update_is_here():
    assert {type(part) for part in PARTS} == set(choices(DummyUpdate))


@pytest.mark.parametrize("part", PARTS, ids=kind)
def test_of_one_step_of_one_client_all_are_exact(part: DummyUpdate):
    assert away(part, played(ONE, ThreatModel())) == 0


@pytest.mark.parametrize(("schedule", "told"), [(STEPS, ALL), (FULL, ThreatModel())], ids=["order told", "no order"])
@pytest.mark.parametrize("part", [FedAvg(), FedAvgEpoch(), SuperClient(), Clients()], ids=kind)
def test_of_several_steps_of_one_client_those_that_take_them_are_exact(part, schedule: Schedule, told: ThreatModel):
    assert away(part, played(schedule, told, count=5)) < 1e-12


@pytest.mark.parametrize("part", [FedAvg(), FedAvgEpoch(), Clients()], ids=kind)
def test_batches_in_a_row_are_not_those_that_were_drawn(part: DummyUpdate):
    assert away(part, played(STEPS, ThreatModel(), count=5)) > 1e-5


def test_one_gradient_is_not_several_steps():
    assert away(FedSGD(), played(STEPS, ALL)) > 1e-3


def test_each_epoch_takes_its_steps_on_images_of_its_own():
    three = scene(3, side=8, schedule=STEPS)
    observation = three.observation()
    assert FedAvgEpoch().copies(observation) == 2
    assert [batch.tolist() for batch in FedAvgEpoch().batches(observation)] == [[0, 1], [2], [3, 4], [5]]
    images = torch.rand(6, 1, 8, 8, dtype=torch.float64, generator=dice(8))
    targets = three.targets.repeat(2, 1)
    batches = [torch.tensor(batch) for batch in ([0, 1], [2], [3, 4], [5])]
    expected = three.forward.local_path(three.weights, images, targets, batches=batches, learning_rate=0.5, epochs=2)
    found = FedAvgEpoch().bind(observation)(images[None], targets[None])
    assert len(found) == len(expected) == 2
    for one, other in zip(found, expected, strict=True):
        assert all(torch.equal(one[name][0], other[name]) for name in other)


@pytest.mark.parametrize("part", PARTS, ids=kind)
def test_the_path_has_an_update_an_epoch_where_epochs_are_imitated(part: DummyUpdate):
    path = at_truth(part, played(FULL, ThreatModel(counts=True), clients=2))
    assert len(path) == (1 if isinstance(part, FedSGD | AveragedGradient) else 3)


# Many clients behind one average


def test_a_super_client_of_one_step_is_the_mean_weighted_by_images():
    exchange = played(ONE, SHARES, clients=2, count=10, partition=Uneven(skew=0.6))
    assert exchange[0].counts == (8, 2)
    assert away(SuperClient(), exchange) < 1e-10 and away(FedSGD(), exchange) < 1e-10
    some = scene(10, side=8)
    equal = {name: (some.gradient(*range(8))[name] + some.gradient(8, 9)[name]) / 2 for name in some.gradient()}
    assert max(float((equal[name] - part).abs().max()) for name, part in exchange[0].update.items()) > 1e-3


@pytest.mark.parametrize("schedule", [FULL, STEPS], ids=["full batches", "mini-batches"])
@pytest.mark.parametrize("partition", [Even(), Uneven(skew=0.6)], ids=kind)
def test_clients_of_several_steps_are_the_true_average_and_a_super_client_is_not(
    schedule: Schedule, partition: Partition
):
    exchange = played(schedule, ALL, clients=2, count=6, partition=partition)
    assert away(Clients(), exchange) < 1e-12
    assert away(SuperClient(), exchange) > 1e-5


def test_without_the_order_clients_take_their_batches_in_a_row():
    whole, shuffled = (played(schedule, SHARES, clients=2, count=6) for schedule in (FULL, STEPS))
    assert away(Clients(), whole) < 1e-12  # a full batch has no order
    assert away(Clients(), shuffled) > 1e-5
    assert [batch.tolist() for batch in Clients().batches(shuffled[0])] == [[0, 1], [2]] * 2 + [[3, 4], [5]] * 2


def test_a_super_client_does_in_one_step_what_its_clients_do_at_the_same_time():
    told, untold = (played(STEPS, threat, clients=2, count=6)[0] for threat in (ALL, ThreatModel()))
    first, second = told.order
    assert [set(batch.tolist()) for batch in SuperClient().batches(told)] == [
        {*ones, *others} for ones, others in zip(first, second, strict=True)
    ]
    assert [batch.tolist() for batch in SuperClient().batches(untold)] == [[0, 1, 2, 3], [4, 5]] * 2
    assert all(map(torch.equal, SuperClient().batches(told), FedAvg().batches(told)))


def test_clients_that_take_unequally_many_steps_leave_a_super_client_its_own_batches():
    told = played(STEPS, ALL, clients=2, count=6, partition=Uneven(skew=0.6))[0]
    assert [len(own) for own in told.order] == [6, 2]
    assert [batch.tolist() for batch in SuperClient().batches(told)] == [[0, 1, 2, 3], [4, 5]] * 2


def gradient_times(steps: float, count: int) -> Update:
    return {name: steps * part for name, part in scene(count, side=8).gradient().items()}


@pytest.mark.parametrize(("clients", "partition", "threat", "steps"), [
    (1, Even(), ThreatModel(), 6), (2, Even(), ThreatModel(), 4), (2, Uneven(skew=0.6), ThreatModel(), 4),
    (2, Uneven(skew=0.6), SHARES, (5 * 6 + 1 * 2) / 6),
], ids=["one", "two", "uneven, not told", "uneven, told"])  # fmt: skip
def test_the_averaged_gradient_counts_the_steps_of_one_client_but_no_drift(clients, partition, threat, steps: float):
    [averaged] = at_truth(AveragedGradient(), played(STEPS, threat, clients=clients, count=6, partition=partition))
    expected = gradient_times(steps, 6)
    assert all(torch.allclose(averaged[name][0], expected[name], rtol=1e-12) for name in expected)


@pytest.mark.parametrize("rate", [1e-2, 1e-3, 1e-4])
def test_what_the_averaged_gradient_overlooks_falls_with_the_learning_rate(rate: float):
    apart = away(AveragedGradient(), played(FULL.model_copy(update={"learning_rate": rate}), ThreatModel()))
    tenth = away(AveragedGradient(), played(FULL.model_copy(update={"learning_rate": rate / 10}), ThreatModel()))
    assert 0 < tenth < 0.11 * apart


# Restarts, and what must be told


@pytest.mark.parametrize("recompute", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize("part", PARTS, ids=kind)
def test_restarts_together_are_restarts_alone(part: DummyUpdate, recompute: bool):
    observation = scene(3, side=8, schedule=STEPS).observation()
    forward = Pass(observation.network, observation.buffers, recompute=recompute)
    simulate, m = part.bind(observation, forward), 3 * part.copies(observation)
    images = torch.rand(3, m, 1, 8, 8, dtype=torch.float64, generator=dice())
    labels = torch.rand(3, m, CLASSES, dtype=torch.float64, generator=dice()).softmax(2)
    together = simulate(images, labels)
    for row in range(3):
        alone = simulate(images[row : row + 1], labels[row : row + 1])
        for epoch, its_own in zip(together, alone, strict=True):
            for name, tensor in epoch.items():
                assert torch.allclose(tensor[row], its_own[name][0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("untold", ["epochs", "batch_size", "learning_rate"])
@pytest.mark.parametrize("part", PARTS[2:], ids=kind)
def test_whoever_takes_steps_must_know_all_of_local_training(part: DummyUpdate, untold: str):
    [said] = part.missing(scene().observation(ThreatModel(**{untold: False})))
    assert said.startswith("Local epochs, batch size and learning rate are needed") and "'fedsgd'" in said
    assert part.missing(scene().observation(ThreatModel())) == []


@pytest.mark.parametrize("untold", ["epochs", "batch_size"])
def test_the_averaged_gradient_must_know_how_many_steps_but_not_how_long(untold: str):
    [said] = AveragedGradient().missing(scene().observation(ThreatModel(**{untold: False})))
    assert said.startswith("The number of local steps is needed") and "'fedsgd'" in said
    assert AveragedGradient().missing(scene().observation(ThreatModel(learning_rate=False))) == []


def test_one_gradient_needs_nothing():
    observation = scene().observation(ThreatModel(**UNTOLD))
    assert FedSGD().missing(observation) == [] and FedSGD().bind(observation)


def test_to_imitate_every_client_their_shares_must_be_told():
    two = scene(4, side=8).observation(ThreatModel(), clients=2)
    [said] = Clients().missing(two)
    assert "tick 'Each client's share is told'" in said and "'super_client'" in said and said.endswith(".")
    assert Clients().missing(dataclasses.replace(two, counts=(2, 2))) == []
    assert Clients().missing(dataclasses.replace(two, num_clients=1)) == []
