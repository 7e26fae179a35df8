"""The attacker's simulation of local training: at the truth it is what the client sent."""

import pytest
import torch

from leaklab.attacks.matching.dummy_updates import AveragedGradient, DummyUpdate, FedAvg, FedSGD
from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, flatten
from tests.scene import CLASSES, dice, scene

STEPS = Schedule(epochs=2, batch_size=2, learning_rate=0.5)
PARTS = [FedSGD(), AveragedGradient(), FedAvg()]


def kind(part: object) -> str:
    return getattr(part, "kind", "")


def at_truth(part: DummyUpdate, schedule: Schedule) -> tuple[Update, Update]:
    """Return what the part says of the true images, and what was sent."""
    three = scene(3, schedule=schedule)
    observation = three.observation()
    return part.bind(observation)(three.images[None], three.targets[None]), observation.update


@pytest.mark.parametrize(("part", "schedule"), [
    (FedSGD(), Schedule()), (AveragedGradient(), Schedule()), (FedAvg(), Schedule()), (FedAvg(), STEPS),
], ids=["fedsgd", "averaged", "fedavg of one step", "fedavg of four"])  # fmt: skip
def test_the_true_images_give_the_very_update_that_was_sent(part: DummyUpdate, schedule: Schedule):
    dummy, sent = at_truth(part, schedule)
    assert dummy.keys() == sent.keys() and all(torch.equal(dummy[name][0], sent[name]) for name in sent)


def test_one_gradient_is_not_several_steps():
    dummy, sent = at_truth(FedSGD(), STEPS)
    assert not torch.allclose(dummy["conv.weight"][0], sent["conv.weight"], atol=1e-3)


def test_the_averaged_gradient_counts_local_steps_but_no_drift():
    (averaged, _), (single, _) = at_truth(AveragedGradient(), STEPS), at_truth(FedSGD(), STEPS)
    assert all(torch.equal(averaged[name], 4 * single[name]) for name in single)  # 2 epochs of 2 and 1 images


def test_the_averaged_gradient_of_an_aggregate_counts_the_steps_of_one_client():
    four = scene(4, schedule=STEPS)
    observation = four.observation(clients=2)
    averaged = AveragedGradient().bind(observation)(four.images[None], four.targets[None])
    assert torch.allclose(averaged["linear.bias"][0], 2 * four.gradient()["linear.bias"], rtol=1e-12)


def test_of_an_aggregate_fedavg_imitates_one_client_with_all_images():
    four = scene(4)
    federation = Federation(clients=2, view="aggregated", schedule=Schedule(epochs=1, learning_rate=1))
    [(observation, _)] = federation.play(
        four.network, four.images, four.labels, num_classes=CLASSES, threat=ThreatModel(), generator=dice()
    )
    dummy = FedAvg().bind(observation)(four.images[None], four.targets[None])
    assert all(torch.allclose(dummy[name][0], observation.update[name], atol=1e-12) for name in dummy)


def test_of_an_aggregate_fedavg_makes_as_many_steps_as_each_client():
    schedule = Schedule(epochs=1, batch_size=1, learning_rate=0.5)
    four = scene(4, schedule=schedule)
    dummy = FedAvg().bind(four.observation(clients=2))(four.images[None], four.targets[None])
    batches = [torch.tensor([0, 1]), torch.tensor([2, 3])]
    expected = four.forward.local_update(four.weights, four.images, four.targets, batches=batches, learning_rate=0.5)
    assert torch.equal(flatten(expected), torch.cat([part.flatten() for part in dummy.values()]))


@pytest.mark.parametrize("part", PARTS, ids=kind)
def test_restarts_together_are_restarts_alone(part: DummyUpdate):
    simulate = part.bind(scene(3, schedule=STEPS).observation())
    images = torch.rand(4, 3, 1, 16, 16, dtype=torch.float64, generator=dice())
    labels = torch.rand(4, 3, CLASSES, dtype=torch.float64, generator=dice()).softmax(2)
    together = simulate(images, labels)
    for row in range(4):
        alone = simulate(images[row : row + 1], labels[row : row + 1])
        for name, tensor in together.items():
            assert torch.allclose(tensor[row], alone[name][0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("part", [AveragedGradient(), FedAvg()], ids=kind)
def test_what_needs_the_schedule_says_so_where_it_is_not_told(part: DummyUpdate):
    [said] = part.missing(scene().observation(ThreatModel(schedule=False)))
    assert "schedule of local training is needed" in said and "'fedsgd'" in said
    assert part.missing(scene().observation(ThreatModel(schedule=True))) == []


def test_one_gradient_needs_nothing():
    observation: Observation = scene().observation(ThreatModel(schedule=False))
    assert FedSGD().missing(observation) == [] and FedSGD().bind(observation)
