"""Training of a denoiser: noise as the schedule says, a falling error, and no bit lost in between."""

import pytest
import torch
from torch.nn import functional

from leaklab.attacks.generative.denoiser import Denoiser, unet
from leaklab.attacks.generative.schedule import STEPS, noised, share
from leaklab.attacks.generative.training.denoiser import DenoiserTraining
from leaklab.settings import Refusal
from tests.attacks.generative.training import learning
from tests.attacks.generative.training.learning import same

SMALL = DenoiserTraining(blocks=(8, 16), groups=4, warm_up=2)
IMAGES = torch.rand(4, 3, 8, 8)
LABELS = torch.zeros(4, dtype=torch.long)


def started(seed: int = 1):
    return SMALL.start((3, 8, 8), 10, seed)


def test_the_network_is_small_enough_to_ship():
    weights = DenoiserTraining().start((3, 32, 32), 10, 1).weights()
    assert sum(part.numel() for part in weights.values()) == 1_541_547


def test_the_loss_is_the_error_of_the_noise_at_steps_drawn_evenly():
    trainee = started()
    dice = torch.Generator()
    dice.set_state(trainee._dice.get_state())
    steps = torch.randint(STEPS, (4,), generator=dice)
    noise = torch.randn(IMAGES.shape, generator=dice)
    noisy = torch.stack([
        noised(2 * image - 1, one, share(int(step))) for image, one, step in zip(IMAGES, noise, steps, strict=True)
    ])  # fmt: skip
    with torch.no_grad():
        wanted = functional.mse_loss(trainee._network(noisy, steps).sample, noise).item()
    assert trainee.step(IMAGES, LABELS) == {"error": pytest.approx(wanted, rel=1e-5)}


def test_the_error_falls():
    trainee = started()
    errors = [trainee.step(IMAGES, LABELS)["error"] for _ in range(60)]
    assert sum(errors[-10:]) < 0.8 * sum(errors[:10])


def test_the_average_ships_and_fits_the_denoiser():
    trainee = started()
    for _ in range(2):
        trainee.step(IMAGES, LABELS)
    assert trainee.architecture() == {"side": 8, "channels": 3, "blocks": "8,16", "layers": 1, "groups": 4}
    network = unet(trainee.architecture())
    network.load_state_dict(trainee.weights())
    assert not same(trainee.weights(), trainee._network.state_dict())
    assert Denoiser(network, 8, 3)(IMAGES, 0.1).shape == IMAGES.shape


def test_samples_are_of_the_same_noise_each_time_and_can_be_shown():
    trainee = started()
    first = trainee.samples(2)
    assert first.shape == (2, 3, 8, 8) and first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, trainee.samples(2)) and torch.equal(first, started().samples(2))


def test_it_goes_on_to_the_last_bit():
    assert learning.goes_on(started)


def test_it_can_be_moved():
    trainee = started().to(torch.device("cpu"))
    assert trainee.step(IMAGES, LABELS)["error"] > 0


@pytest.mark.parametrize(("training", "shape", "words"), [
    (SMALL, (3, 8, 16), "takes squares whose side divides by 2, and the pictures have 8 x 16"),
    (DenoiserTraining(), (3, 30, 30), "takes squares whose side divides by 4, and the pictures have 30 x 30"),
    (DenoiserTraining(blocks=(8, 12)), (3, 8, 8), "A block of 12 channels does not divide into 8 groups"),
    (DenoiserTraining(blocks=(8, 0)), (3, 8, 8), "A block of 0 channels"),
    (DenoiserTraining(blocks=()), (3, 8, 8), "at least one block"),
])  # fmt: skip
def test_pictures_and_blocks_that_do_not_fit_are_refused(training, shape, words):
    with pytest.raises(Refusal, match=words):
        training.start(shape, 10, 1)
