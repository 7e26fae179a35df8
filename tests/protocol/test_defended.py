"""Local steps under defences: the first closest to the photographs, dice anew in every step, and none without any."""

from dataclasses import replace

import torch

from leaklab.protocol.defences import DPSGD, PRECODE, Clip, Dropout, GaussianNoise, Soteria
from leaklab.protocol.defences.contract import Gradient, Hooks
from leaklab.protocol.defended import Defended, Imitated
from leaklab.protocol.training import Pass, Schedule
from leaklab.protocol.updates import Update, flatten, norm, scaled
from tests.scene import dice, scene

THREE = scene(3, side=8)
STEPS = Schedule(epochs=2, batch_size=2, learning_rate=0.5)


class Doubled(Hooks):
    """A step twice as long, with a mark of the dice it was given."""

    def trained(self, gradient: Gradient, generator: torch.Generator) -> Gradient:
        return lambda *given: scaled(gradient(*given), 2)

    def imitated(self, network, seen: Update):
        return lambda gradient: lambda *given: scaled(gradient(*given), 3)


def trained(forward: Pass, *, at: Schedule = STEPS) -> Update:
    return forward.local_update(
        THREE.weights, THREE.images, THREE.targets, batches=at.batches(3), learning_rate=at.learning_rate
    )


def same(one: Update, other: Update, tolerance: float = 0) -> bool:
    return one.keys() == other.keys() and torch.allclose(flatten(one), flatten(other), rtol=0, atol=tolerance)


def test_without_defences_it_is_plain_training():
    assert same(trained(Defended(THREE.network, {})), trained(THREE.forward))
    assert same(trained(Imitated.of(THREE.forward, (), {})), trained(THREE.forward))


def test_defences_of_the_update_change_no_local_step():
    defended = Defended(THREE.network, {}, defences=(GaussianNoise(sigma=1), Clip(bound=1e-3)), generator=dice())
    assert same(trained(defended), trained(THREE.forward))


def test_the_first_defence_works_closest_to_the_photographs():
    clip, weights = DPSGD(bound=0.1, noise_multiplier=0), THREE.weights
    inside, outside = (
        Defended(THREE.network, {}, defences=chain).gradient(weights, THREE.images[:1], THREE.targets[:1])
        for chain in ((Doubled(), clip), (clip, Doubled()))
    )
    assert abs(norm(inside) - 0.1) < 1e-9 and abs(norm(outside) - 0.2) < 1e-9


def test_every_local_step_is_defended_from_the_weights_to_which_the_last_one_led():
    weights, total = THREE.weights, 0
    for batch in STEPS.batches(3):
        update = THREE.forward.gradient(weights, THREE.images[batch], THREE.targets[batch])
        weights = {name: tensor - 0.5 * 2 * update[name] for name, tensor in weights.items()}
        total = total + 2 * flatten(update)
    assert torch.allclose(flatten(trained(Defended(THREE.network, {}, defences=(Doubled(),)))), total, atol=1e-12)


def test_dice_are_rolled_once_a_step_a_row_a_photograph():
    dropout = Dropout(rate=0.5)
    network = dropout.rebuilt(THREE.network, dice())
    start = weights = {name: part.detach() for name, part in network.named_parameters()}
    plain, generator, total = Pass(network, dict(network.named_buffers())), dice(4), 0
    for batch in STEPS.batches(3):
        forward = dropout.drawn(plain, len(batch), generator)
        update = forward.gradient(weights, THREE.images[batch], THREE.targets[batch])
        weights = {name: tensor - 0.5 * update[name] for name, tensor in weights.items()}
        total = total + flatten(update)
    defended = Defended(network, plain.buffers, defences=(dropout,), generator=dice(4))
    found = defended.local_update(start, THREE.images, THREE.targets, batches=STEPS.batches(3), learning_rate=0.5)
    assert torch.equal(flatten(found), total)


def test_several_layers_have_dice_at_once():
    chain = (PRECODE(size=4), Dropout(rate=0.5), Soteria(rate=0.5))
    network = THREE.network
    for defence in chain:
        network = defence.rebuilt(network, dice())
    weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
    forward = Defended(network, dict(network.named_buffers()), defences=chain, generator=dice(1))
    whole = forward.gradient(weights, THREE.images, THREE.targets)
    parts = replace(forward, at_once=2, generator=dice(1)).gradient(weights, THREE.images, THREE.targets)
    assert same(whole, parts, 1e-12)
    silent = (whole["linear.head.head.weight"] == 0).all(0).double().mean()
    assert silent >= 0.5 and (whole["linear.encoder.weight"] != 0).any()


def test_whoever_has_no_dice_goes_the_ways_that_are_known_in_the_same_order():
    clip, weights = DPSGD(bound=0.1, noise_multiplier=5), THREE.weights
    one, other = (
        Imitated.of(THREE.forward, chain, {}).gradient(weights, THREE.images[:1], THREE.targets[:1])
        for chain in ((Doubled(), clip), (clip, Doubled()))
    )
    assert abs(norm(one) - 0.1) < 1e-9 and abs(norm(other) - 0.3) < 1e-9


def test_an_imitation_keeps_how_gradients_are_computed():
    imitated = Imitated.of(replace(THREE.forward, at_once=2, recompute=True), (Doubled(),), {})
    assert (imitated.at_once, imitated.recompute) == (2, True)
    plain = THREE.forward.local_update(
        THREE.weights, THREE.images, THREE.targets, batches=STEPS.batches(3)[:1], learning_rate=0.5
    )
    found = imitated.local_update(
        THREE.weights, THREE.images, THREE.targets, batches=STEPS.batches(3)[:1], learning_rate=0.5
    )
    assert same(found, scaled(plain, 3), 1e-12)
