"""The transformer's training: it learns, goes on bit for bit, hides patches and sometimes keeps the class to itself."""

import pytest
import torch

from leaklab.attacks.generative.training.transformer import TransformerTrainee, TransformerTraining
from leaklab.attacks.generative.transformer import Transformer
from leaklab.settings import Refusal
from tests.attacks.generative.training.learning import CLASSES, SHAPE, batch, goes_on, same
from tests.scene import dice

SMALL = TransformerTraining(heads=1, depth=2)


def fresh(settings: TransformerTraining = SMALL, seed: int = 1) -> TransformerTrainee:
    return settings.start(SHAPE, CLASSES, seed)


def test_it_goes_on_bit_for_bit():
    assert goes_on(fresh)


def test_the_same_seed_starts_the_same_network_and_leaves_the_global_dice_alone():
    torch.manual_seed(5)
    one = fresh()
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert same(one.weights(), fresh().weights()) and drawn == torch.rand(1)
    assert not same(one.weights(), fresh(seed=2).weights())


def test_it_learns_to_see_the_noise():
    trainee = fresh(TransformerTraining(heads=1, depth=2, learning_rate=3e-3, warm_up=10))
    # One colour a picture, so that a little network has something to find out.
    colours = [torch.rand(24, 3, 1, 1, generator=dice(number)).expand(-1, *SHAPE) for number in range(4)]
    losses = [trainee.step(colours[number % 4], batch(number, 24)[1])["seen"] for number in range(120)]
    assert abs(losses[0] - 1) < 0.4 and sum(losses[-20:]) < 0.87 * sum(losses[:20])


def test_half_of_a_batch_has_hidden_patches_and_none_where_nothing_is_hidden():
    trainee = fresh(TransformerTraining(heads=1, depth=2, masked=0.9))
    hidden = trainee._hidden(10)
    assert hidden.shape == (10, 4) and not hidden[::2].any() and hidden[1::2].any()
    assert fresh(TransformerTraining(heads=1, depth=2, masked=0)).step(*batch(0))["hidden"] == 0


def test_samples_are_pictures_and_the_same_each_time():
    trainee = fresh()
    samples = trainee.samples(3)
    assert samples.shape == (3, *SHAPE) and samples.min() >= 0 and samples.max() <= 1
    assert torch.equal(samples, trainee.samples(3))


def test_weights_are_those_of_a_transformer_of_the_size_the_card_tells():
    trainee = fresh()
    assert Transformer.of(trainee.weights()).architecture == trainee.architecture()


@pytest.mark.parametrize("shape", [(3, 10, 10), (3, 8, 12)], ids=["uneven", "oblong"])
def test_pictures_that_cannot_be_cut_are_refused(shape: tuple[int, int, int]):
    with pytest.raises(Refusal, match="cannot be cut into patches of 4x4"):
        SMALL.start(shape, CLASSES, 1)
