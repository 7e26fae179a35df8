"""Restoration in one pass, by stand-ins for its network."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from leaklab.attacks.enhancement import restoration
from leaklab.attacks.enhancement.restoration import Restoration
from leaklab.attacks.generative.restoration import Restorer
from leaklab.settings import Refusal
from tests.scene import dice, scene

LABELS = torch.tensor([0, 3])


@dataclass(frozen=True)
class Network:
    """Paints every picture over in the tone of its class."""

    side: int = 8
    channels: int = 3
    num_classes: int = 4

    def to(self, device: torch.device) -> "Network":
        return self

    def __call__(self, images: Tensor, labels: Tensor | None) -> Tensor:
        labels = torch.full((len(images),), 2) if labels is None else labels
        return (labels / 4)[:, None, None, None].expand_as(images)


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restoration.Restorer, "load", lambda which: Network())


def painted(enhancer: Restoration, images: Tensor) -> Tensor:
    [found] = enhancer.enhance(images, LABELS, seed=0)
    return found


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 8, 8), (3, 16, 16), (1, 5, 7)])
def test_each_picture_is_painted_by_its_class_in_its_own_shape(shape: tuple[int, int, int]):
    images = torch.rand(2, *shape, dtype=torch.float64, generator=dice(0))
    found = painted(Restoration(), images)
    assert found.shape == images.shape and found.dtype == images.dtype
    assert torch.allclose(found, (LABELS / 4).double()[:, None, None, None].expand_as(images))
    assert ("resized" in Restoration().remark(images, found)) == (shape[1:] != (8, 8))


def test_the_raw_picture_is_mixed_in_as_far_as_asked_for():
    images = torch.rand(2, 3, 8, 8, generator=dice(0))
    answer = painted(Restoration(), images)
    assert torch.allclose(painted(Restoration(mix=0.5), images), (answer + images) / 2)
    assert torch.equal(painted(Restoration(mix=1), images), images)


def test_without_classes_it_paints_one_of_any():
    enhancer, images = Restoration(conditional=False), torch.rand(2, 3, 8, 8, generator=dice(0))
    [unknown], [told] = enhancer.enhance(images, None, seed=0), enhancer.enhance(images, LABELS, seed=0)
    assert torch.equal(unknown, told) and torch.equal(unknown, torch.full_like(images, 0.5))


def test_a_picture_that_is_not_all_numbers_stays_raw(monkeypatch: pytest.MonkeyPatch):
    images = torch.rand(2, 3, 8, 8, generator=dice(0))
    monkeypatch.setattr(Network, "__call__", lambda self, images, labels: images / labels[:, None, None, None])
    images[0] = 0  # nothing divided by nothing
    found = painted(Restoration(), images)
    assert torch.equal(found[0], images[0]) and torch.allclose(found[1], images[1] / 3)
    assert "1 of 2 pictures stayed raw" in Restoration().remark(images, found)


def test_a_network_of_the_house_that_has_learnt_nothing_gives_the_picture_back(monkeypatch: pytest.MonkeyPatch):
    fresh = Restorer(side=8, num_classes=4, width=8).eval().requires_grad_(False)
    monkeypatch.setattr(restoration.Restorer, "load", lambda which: fresh)
    images = torch.rand(2, 3, 8, 8, generator=dice(0))
    assert torch.allclose(painted(Restoration(), images), images)
    [found] = Restoration(conditional=False).enhance(images, None, seed=0)
    assert torch.allclose(found, images)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch):
    observation = scene(side=8).observation()
    assert not Restoration().missing(observation)
    with pytest.raises(Refusal, match="'By class' off"):
        next(Restoration().enhance(torch.zeros(1, 3, 8, 8), None, seed=0))
    monkeypatch.setattr(restoration.Restorer, "load", lambda which: Network(num_classes=10, channels=1))
    [sentence] = Restoration().missing(observation)
    assert "knows 10 classes and the photographs are of 4" in sentence
    assert not Restoration(conditional=False).missing(observation)
    [_, colours] = Restoration().missing(scene(side=8, channels=3).observation())
    assert "1 channel(s)" in colours

    def nothing(which: str) -> Network:
        raise Refusal("There are no weights.")

    monkeypatch.setattr(restoration.Restorer, "load", nothing)
    assert Restoration().missing(observation) == ["There are no weights."]
