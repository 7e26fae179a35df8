"""The feature prior: zero at the truth where the gradient names the features, and a slope that leads there."""

import torch
from torch import nn
from torch.nn import functional

from leaklab.attacks.labels.head import entering, head
from leaklab.attacks.matching.priors.features import Features, quotients
from leaklab.attacks.snapshot import Dummy
from tests.scene import CLASSES, Scene, dice, scene


def guess(images: torch.Tensor, labels: torch.Tensor) -> Dummy:
    targets = functional.one_hot(labels, CLASSES).double().expand(len(images), -1, -1)
    return Dummy(images, targets, images.flatten(1), ())


def test_one_images_features_are_named_exactly():
    one = scene()
    seen = one.observation()
    named = quotients(head(seen))
    assert torch.allclose(named[one.labels], entering(seen, one.images), atol=1e-10)
    penalty = Features(weight=1).bind(seen)
    others = torch.rand(2, 1, 1, 16, 16, dtype=torch.float64, generator=dice(9))
    assert float(penalty(guess(one.images[None], one.labels))) < 1e-20
    assert (penalty(guess(others, one.labels)) > 1e-6).all()


def test_its_gradient_is_that_of_finite_differences_and_restarts_do_not_meet():
    two = scene(2)
    penalty = Features(weight=1).bind(two.observation())
    images = torch.rand(3, 2, 1, 16, 16, dtype=torch.float64, generator=dice(9)).requires_grad_()
    direction = torch.rand(images.shape, dtype=torch.float64, generator=dice(10))
    [slope] = torch.autograd.grad(penalty(guess(images, two.labels)).sum(), images)
    step = 1e-6 * direction
    with torch.no_grad():
        ahead, behind = (penalty(guess(images + sign * step, two.labels)) for sign in (1, -1))
        alone = torch.cat([penalty(guess(row[None], two.labels)) for row in images])
        assert torch.allclose(penalty(guess(images, two.labels)), alone)
    assert torch.allclose((ahead - behind) / 2e-6, (slope * direction).flatten(1).sum(1), rtol=1e-5)


def test_a_class_nobody_heard_of_names_nothing():
    one = scene()
    last = head(one.observation())
    last.bias_gradient[2] = 0
    assert (quotients(last)[2] == 0).all() and quotients(last).isfinite().all()


def test_a_head_without_a_bias_is_refused():
    network = nn.Sequential(nn.Flatten(), nn.Linear(256, CLASSES, bias=False)).double()
    seen = Scene(network, scene().images, scene().labels).observation()
    [sentence] = Features(weight=1).missing(seen)
    assert "no bias there: choose another network" in sentence
    assert not Features(weight=1).missing(scene().observation())
