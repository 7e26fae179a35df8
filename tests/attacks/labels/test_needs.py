"""What is taken for granted of an update, and said where it can be measured not to hold."""

import dataclasses

import pytest
import torch

from leaklab.attacks.labels import LLG, METHODS, ZLR
from leaklab.attacks.labels.head import head
from leaklab.attacks.labels.needs import disturbed
from leaklab.networks.zoo import NetworkChoice
from tests.attacks.labels.heads import normal, untrained
from tests.scene import trained

SHAPE = (3, 32, 32)
NO_BIAS = {"bias_corrected", "alr", "ilrg"}


def of(name: str, activation: str = "own"):
    outline = dataclasses.replace(untrained([3, 1, 0, 0]), weights={}, update={}, image_shape=SHAPE)
    return dataclasses.replace(outline, network=NetworkChoice(name=name, activation=activation).skeleton(SHAPE, 4))


def test_a_network_without_a_bias_leaves_the_methods_that_read_weights():
    refused = {key for key, method in METHODS.items() if key != "idlg" and method.missing(of("resnet9"))}
    assert refused == NO_BIAS


@pytest.mark.parametrize("method", [ZLR(), LLG()], ids=repr)
def test_features_that_can_be_negative_are_refused_where_signs_are_read(method: LLG):
    [said] = method.missing(of("lenet", "tanh"))
    assert "never negative" in said and "'bias_corrected', 'alr' or 'ilrg'" in said and said.endswith(".")
    assert all(not METHODS[key].missing(of("lenet", "tanh")) for key in NO_BIAS)


def test_one_image_of_a_network_without_bias_and_with_negative_features_is_refused_by_idlg():
    alone = dataclasses.replace(of("resnet9", "tanh"), num_images=1)
    [said] = METHODS["idlg"].missing(alone)
    assert said.startswith("iDLG without a bias reads signs")
    assert METHODS["idlg"].missing(dataclasses.replace(of("lenet", "tanh"), num_images=1)) == []


def test_an_honest_gradient_raises_no_doubt():
    seen = untrained([2, 1, 0])
    single = dataclasses.replace(seen, update={name: tensor.float() for name, tensor in seen.update.items()})
    assert disturbed(seen, head(seen)) == disturbed(single, head(single)) == []


def test_noise_is_seen_in_rows_that_do_not_cancel():
    seen = untrained([2, 1, 0])
    noisy = {name: tensor + normal(*tensor.shape, scale=0.01) for name, tensor in seen.update.items()}
    [said] = disturbed(seen, head(dataclasses.replace(seen, update=noisy)))
    assert "ought to cancel" in said and said.endswith("such as noise.")


def test_several_local_steps_are_said_and_so_is_not_knowing():
    seen = untrained([2, 1, 0])
    steps, unknown = dataclasses.replace(seen, epochs=4), trained(seen, None)
    assert disturbed(steps, head(steps))[0].startswith("4 local steps moved the weights")
    assert disturbed(unknown, head(unknown))[0].startswith("How many local steps were taken is not told")


def test_an_update_of_zeros_is_no_noise_and_is_said_to_be_nothing():
    seen = untrained([2, 1, 0])
    still = dataclasses.replace(seen, update={name: torch.zeros_like(part) for name, part in seen.update.items()})
    assert disturbed(still, head(still)) == [
        "Every number of the last layer's weight gradient is zero, as if nothing had been sent of it."
    ]
    for method in METHODS.values():
        found = method.recover(still)
        assert len(found) == (1 if method.kind == "idlg" else 3) and set(found.tolist()) <= {0, 1, 2}
        assert not [line for line in method.doubts(still) if "nan" in line or "inf" in line.split()]
