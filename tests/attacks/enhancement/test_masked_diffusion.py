"""The masked diffusion enhancer on stand-ins for its model: the slope, what is best, and what it leaves alone."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from leaklab.attacks.enhancement import masked_diffusion
from leaklab.attacks.enhancement.masked_diffusion import Best, MaskedDiffusion, normalised
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.generative.schedule import share
from leaklab.attacks.generative.transformer import Transformer
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal
from tests.scene import dice, scene

SIDE = 8
FIT = Fit((3, SIDE, SIDE), SIDE)


@dataclass(frozen=True)
class Model:
    """A model whose pictures are of one tone a class, near which each sample comes to lie."""

    side: int = SIDE
    channels: int = 3
    num_classes: int = 4

    def to(self, device: torch.device) -> "Model":
        return self

    def epsilon(self, noisy: Tensor, step: int, labels: Tensor | None) -> Tensor:
        tone = torch.zeros(len(noisy)) if labels is None else labels / 4 - 0.5
        at = share(step)
        # The best answer when pictures lie around their class's tone with a deviation of a half.
        return (1 - at) ** 0.5 * (noisy - at**0.5 * tone[:, None, None, None]) / (1 - at + at / 4)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr(masked_diffusion.Transformer, "load", lambda which: Model())
    return Model()


def unlabelled(noisy: Tensor, step: int) -> Tensor:
    return Model().epsilon(noisy, step, None)


def pictures(count: int = 2, channels: int = 3, side: int = SIDE) -> Tensor:
    return 0.3 + 0.4 * torch.rand(count, channels, side, side, generator=dice(3))


def observed(channels: int = 1) -> Observation:
    return scene(side=SIDE, channels=channels).observation()


def test_with_constant_predictions_the_slope_is_that_of_automatic_differentiation():
    enhancer, target = MaskedDiffusion(steps=10), 2 * pictures() - 1
    fixed = torch.randn(10, *target.shape, generator=dice(1))
    start = torch.randn(target.shape, generator=dice(2)).double().requires_grad_()
    # Past the decorator that keeps no tape: the sample as a function of its noise, predictions constant.
    sample = MaskedDiffusion.sampled.__wrapped__(enhancer, start, lambda noisy, step: fixed[step // 100].double())
    (sample - target.double()).square().flatten(1).mean(1).sum().backward()
    assert torch.allclose(enhancer.slope(sample.detach(), target.double()), start.grad, rtol=1e-9)
    [along] = torch.autograd.functional.jacobian(
        lambda noise: MaskedDiffusion.sampled.__wrapped__(enhancer, noise, lambda noisy, step: torch.ones(1, 1, 1, 1)),
        torch.zeros(1, 1, 1, 1),
    ).flatten()
    assert float(along) == pytest.approx(share(999) ** -0.5, rel=1e-4) and along > 100


def test_slopes_have_length_one_or_none():
    slopes = torch.stack([torch.full((3, 2, 2), 1e-9), torch.zeros(3, 2, 2), torch.full((3, 2, 2), torch.nan)])
    assert torch.allclose(normalised(slopes).flatten(1).norm(dim=1), torch.tensor([1.0, 0.0, 0.0]))


def test_the_sample_comes_nearer_and_progress_is_shown():
    enhancer, images = MaskedDiffusion(epochs=30, learning_rate=0.1, believed=0, steps=5), pictures()
    found = list(enhancer.searched(images, unlabelled, FIT, seed=0))
    away = [float((each - images).square().mean()) for each in found]
    assert len(found) >= 10 and all(each.shape == images.shape for each in found)
    assert away[-1] == min(away) < 0.3 * away[0]


def test_the_first_sample_that_is_near_enough_is_the_best_and_else_the_nearest():
    target = torch.zeros(2, 1, 1, 1)
    best = Best.none(target)
    for distances in ([0.5, 0.5], [0.2, 0.4], [0.1, 0.6]):
        best = best.beside(torch.tensor(distances).reshape(2, 1, 1, 1), target, enough=0.3)
    assert best.images.flatten().tolist() == pytest.approx([0.2, 0.4]) and best.idle == 1


def test_it_stops_once_all_are_near_enough_or_nothing_comes_nearer():
    near = MaskedDiffusion(epochs=30, believed=0.5, conditional=False)
    assert len(list(near.searched(pictures(), unlabelled, FIT, seed=0))) == 1
    asked = []
    stuck = MaskedDiffusion(epochs=30, believed=0, steps=2, patience=3)
    # A model that is sure of its picture, whatever the noise.
    sure = lambda noisy, step: asked.append(step) or noisy / (1 - share(step)) ** 0.5  # noqa: E731
    list(stuck.searched(pictures(), sure, FIT, seed=0))
    assert len(asked) == 2 * (1 + 3)


def test_the_class_decides_what_is_drawn(model: Model):
    enhancer, images = MaskedDiffusion(epochs=1, steps=5, believed=0), pictures()
    dark, bright = (next(enhancer.enhance(images, torch.tensor([k, k]), seed=0)) for k in (0, 3))
    assert bright.mean() > dark.mean() + 0.1
    guided = enhancer.changed(("guidance",), 4)
    assert next(guided.enhance(images, torch.tensor([0, 0]), seed=0)).mean() < dark.mean() - 0.05
    anything = enhancer.changed(("conditional",), False)
    free, told = (next(anything.enhance(images, labels, seed=0)) for labels in (None, torch.tensor([0, 3])))
    assert torch.equal(free, told)


def test_the_same_seed_gives_the_same_pictures_one_by_one_and_throws_nobody_elses_dice(model: Model):
    enhancer, images, labels = MaskedDiffusion(epochs=4, steps=3, believed=0), pictures(3), torch.tensor([0, 1, 2])
    before = torch.get_rng_state()
    *_, together = enhancer.enhance(images, labels, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    for number in range(3):
        *_, alone = enhancer.enhance(images[[number]], labels[[number]], seed=5 + number)
        assert torch.allclose(alone[0], together[number], atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 6, 5)])
def test_grey_and_other_sizes_come_back_in_their_own_shape(model: Model, shape: tuple[int, int, int]):
    enhancer, images = MaskedDiffusion(epochs=2, steps=2), torch.rand(2, *shape, generator=dice(0)).double()
    *_, found = enhancer.enhance(images, torch.tensor([0, 1]), seed=0)
    assert found.shape == images.shape and found.dtype == images.dtype
    assert ("resized" in enhancer.remark(images, found)) == (shape[1:] != (SIDE, SIDE))


def test_a_picture_that_is_not_all_numbers_stays_raw_and_spoils_no_other(model: Model):
    images = pictures()
    images[0, 0, 0, 0] = torch.nan
    *_, found = MaskedDiffusion(epochs=2, steps=2).enhance(images, torch.tensor([0, 1]), seed=0)
    assert torch.equal(found[0].nan_to_num(-1), images[0].nan_to_num(-1))
    assert found[1].isfinite().all() and not torch.equal(found[1], images[1])
    assert "1 of 2 pictures stayed raw" in MaskedDiffusion().remark(images, found)


def test_a_transformer_of_the_house_is_asked_as_it_wants_to_be(monkeypatch: pytest.MonkeyPatch):
    small = Transformer(side=SIDE, num_classes=4, width=32, depth=2).eval().requires_grad_(False)
    monkeypatch.setattr(masked_diffusion.Transformer, "load", lambda which: small)
    *_, found = MaskedDiffusion(epochs=2, steps=2, guidance=2).enhance(pictures(), torch.tensor([0, 3]), seed=0)
    assert found.isfinite().all()


def test_what_is_missing_is_said(model: Model, monkeypatch: pytest.MonkeyPatch):
    assert not MaskedDiffusion().missing(observed())
    with pytest.raises(Refusal, match="classes are not known: recover the labels, or turn 'By class' off"):
        next(MaskedDiffusion().enhance(pictures(), None, seed=0))
    monkeypatch.setattr(masked_diffusion.Transformer, "load", lambda which: Model(num_classes=10))
    [sentence] = MaskedDiffusion().missing(observed())
    assert "knows 10 classes and the photographs are of 4" in sentence
    assert not MaskedDiffusion(conditional=False).missing(observed())

    def nothing(which: str) -> Model:
        raise Refusal("There are no weights.")

    monkeypatch.setattr(masked_diffusion.Transformer, "load", nothing)
    assert MaskedDiffusion().missing(observed()) == ["There are no weights."]
