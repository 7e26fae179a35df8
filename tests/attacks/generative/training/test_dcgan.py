"""Training of a DCGAN: the published generator, losses as computed by hand, and no bit lost in between."""

import pytest
import torch
from torch.nn import functional

from leaklab.attacks.generative.training.dcgan import DCGANTraining
from leaklab.attacks.matching.spaces.generators import DCGAN, count
from leaklab.settings import Refusal
from tests.attacks.generative.training import learning
from tests.attacks.generative.training.learning import same

SMALL = DCGANTraining(width=8, critic=2)
IMAGES = torch.rand(4, 3, 8, 8)
LABELS = torch.zeros(4, dtype=torch.long)


def started(seed: int = 1):
    return SMALL.start((3, 8, 8), 10, seed)


def test_the_generator_is_the_published_one():
    trainee = DCGANTraining().start((3, 32, 32), 10, 1)
    sizes = trainee.architecture()
    assert sizes == {"width": 512, "side": 32, "channels": 3, "latent": 100}
    generator = DCGAN(sizes["width"], sizes["side"], sizes["channels"], sizes["latent"])
    weights = trainee.weights()
    assert count(generator) == 3_573_824
    learnt = {name: part for name, part in weights.items() if not name.endswith((".mean", ".variance"))}
    assert {name: part.shape for name, part in learnt.items()} == {
        part.name: torch.Size(part.shape) for part in generator.parts()
    }  # fmt: skip
    assert weights.keys() - learnt.keys() == {
        f"{side}.{word}" for side in (4, 8, 16, 32) for word in ("mean", "variance")
    }


def test_the_critic_is_not_dearer_than_the_generator():
    from torch.utils.flop_counter import FlopCounterMode

    trainee = DCGANTraining().start((3, 32, 32), 10, 1)
    with torch.no_grad(), FlopCounterMode(display=False) as drawing:
        trainee._generator(trainee._weights, torch.randn(2, 100))
    with torch.no_grad(), FlopCounterMode(display=False) as judging:
        trainee._critic(torch.rand(2, 3, 32, 32))
    assert judging.get_total_flops() < drawing.get_total_flops() / 2


def test_the_averages_are_those_its_batch_norms_meet():
    trainee = started()
    trainee.step(IMAGES, LABELS)
    weights = trainee.weights()
    noise = torch.randn(4096, 100)
    met = noise @ weights["4"].flatten(1)
    met = met.unflatten(1, (8, 4, 4))
    assert torch.allclose(weights["4.mean"], met.mean((0, 2, 3)), atol=0.02)
    assert torch.allclose(weights["4.variance"], met.var((0, 2, 3)), rtol=0.15)
    learnt = {name: part for name, part in weights.items() if not name.endswith((".mean", ".variance"))}
    images = DCGAN(8, 8, 3)(weights, noise[:512])
    assert torch.allclose(images, DCGAN(8, 8, 3)(learnt, noise[:512]), atol=0.02)


def test_losses_are_the_hinge_of_the_critics_scores():
    trainee = started()
    critic = trainee._critic.eval()  # without a new estimate of the slope, so that the same scores come again
    dice = torch.Generator()
    dice.set_state(trainee._dice.get_state())
    noise = torch.randn(4, 100, generator=dice)
    with torch.no_grad():
        drawn = 2 * trainee._generator(trainee._weights, noise) - 1
        wanted = functional.relu(1 - critic(2 * IMAGES - 1)).mean() + functional.relu(1 + critic(drawn)).mean()
    losses = trainee.step(IMAGES, LABELS)
    assert list(losses) == ["critic", "generator"]
    assert losses["critic"] == pytest.approx(wanted.item(), abs=1e-5)
    with torch.no_grad():
        assert losses["generator"] == pytest.approx(-critic(drawn).mean().item(), abs=1e-5)


def test_drawings_come_to_have_the_tones_of_the_pictures():
    dark = torch.full((4, 3, 8, 8), 0.1)
    trainee = SMALL.changed(("learning_rate",), 3e-3).changed(("decay",), 0.5).start((3, 8, 8), 10, 1)
    before = trainee.samples(16).mean()
    for _ in range(150):
        trainee.step(dark, LABELS)
    assert before == pytest.approx(0.5, abs=0.05) and trainee.samples(16).mean() < 0.3


def test_samples_are_of_the_same_noise_each_time_and_can_be_shown():
    trainee = started()
    first = trainee.samples(5)
    assert first.shape == (5, 3, 8, 8) and first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, trainee.samples(5)) and torch.equal(first, started().samples(5))
    assert not torch.equal(first, started(2).samples(5))


def test_it_goes_on_to_the_last_bit():
    assert learning.goes_on(started)


def test_it_can_be_moved():
    trainee = started().to(torch.device("cpu"))
    before = trainee.weights()
    trainee.step(IMAGES, LABELS)
    assert not same(before, trainee.weights())


@pytest.mark.parametrize("shape", [(3, 8, 16), (3, 24, 24), (1, 2, 2)])
def test_pictures_it_cannot_draw_are_refused(shape):
    with pytest.raises(Refusal, match=rf"A DCGAN draws squares of 4, 8, .* and the pictures have {shape[1]} x"):
        SMALL.start(shape, 10, 1)
