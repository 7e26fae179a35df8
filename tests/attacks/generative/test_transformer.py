"""The transformer: its size, what it is told, how it is read back, and samples against their algebra."""

from pathlib import Path

import pytest
import torch

from leaklab.attacks.generative.schedule import alpha_bars
from leaklab.attacks.generative.training.dice import drawn
from leaklab.attacks.generative.transformer import Transformer, straight
from leaklab.checkpoints import save
from leaklab.settings import Refusal
from tests.scene import dice


def small(seed: int = 1) -> Transformer:
    model = drawn(lambda: Transformer(side=8, num_classes=4, width=32, depth=3), seed).eval().requires_grad_(False)
    model.missed.weight.normal_(generator=dice(seed))  # the last layer begins as nothing
    return model


def noise(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 3, 8, 8, generator=dice(2))


def test_its_default_size_fits_the_shelf():
    count = sum(part.numel() for part in Transformer().parameters())
    assert count == 3_230_388  # at most 10 MB in float16


def test_the_shapes_of_its_weights_tell_its_size(tmp_path: Path):
    model = small()
    again = Transformer.of({name: part.half().float() for name, part in model.state_dict().items()})
    assert again.architecture == model.architecture
    torch.testing.assert_close(again.epsilon(noise(), 10), model.epsilon(noise(), 10), atol=2e-2, rtol=0)


def test_one_step_for_all_or_one_each_is_the_same():
    model, labels = small(), torch.tensor([0, 1, 2])
    each = model.epsilon(noise(), torch.tensor([700, 700, 700]), labels)
    torch.testing.assert_close(model.epsilon(noise(), 700, labels), each)
    assert not torch.allclose(model.epsilon(noise(), 1, labels), each)


def test_no_class_is_the_last_class():
    model = small()
    torch.testing.assert_close(model.epsilon(noise(), 9), model.epsilon(noise(), 9, torch.full((3,), 4)))
    assert not torch.allclose(model.epsilon(noise(), 9), model.epsilon(noise(), 9, torch.zeros(3, dtype=torch.long)))


def test_an_image_is_answered_the_same_alone_and_in_a_batch():
    model, labels = small(), torch.tensor([0, 1, 2])
    torch.testing.assert_close(model.epsilon(noise()[1:2], 9, labels[1:2]), model.epsilon(noise(), 9, labels)[1:2])


def test_what_is_hidden_cannot_be_seen():
    model, labels, steps = small(), torch.zeros(1, dtype=torch.long), torch.tensor([9])
    hidden = torch.tensor([[True, False, False, False]])
    changed = noise(1).clone()
    changed[:, :, :4, :4] = 0
    one, other = (model(noisy, steps, labels, hidden)[0] for noisy in (noise(1), changed))
    assert torch.equal(one, other)
    assert not torch.allclose(one, model(noise(1), steps, labels)[0])


def test_a_sample_of_a_model_that_knows_the_picture_is_the_picture(monkeypatch: pytest.MonkeyPatch):
    """If the noise is predicted as it is, DDIM ends at the clean picture from any start."""
    model, clean = small(), torch.rand(3, 3, 8, 8, generator=dice(4))

    def perfect(noisy: torch.Tensor, step: int, labels: torch.Tensor | None = None) -> torch.Tensor:
        at = float(alpha_bars()[step])
        return (noisy - at**0.5 * (2 * clean - 1)) / (1 - at) ** 0.5

    monkeypatch.setattr(model, "epsilon", perfect)
    torch.testing.assert_close(model.sample(noise(), None, steps=5), clean, atol=1e-4, rtol=0)


def test_the_straight_guess_is_the_best_of_its_kind():
    clean, noise = (torch.randn(20_000, 1, 1, 1, generator=dice(seed)) for seed in (4, 5))
    clean = 0.5 * clean
    for step in (50, 400, 900):
        at = float(alpha_bars()[step])
        noisy = at**0.5 * clean + (1 - at) ** 0.5 * noise
        guess, scale = straight(noisy, torch.full((len(clean),), step))
        missed = (noise - guess) / scale
        assert abs(missed.var() - 1) < 0.05 and abs((missed * noisy).mean()) < 0.02


def test_guidance_exaggerates_the_class():
    model, labels = small(), torch.tensor([0, 1, 2])
    plain, anything = model.sample(noise(), labels, steps=2), model.sample(noise(), None, steps=2)
    guided = model.sample(noise(), labels, steps=2, guidance=3)
    assert not torch.equal(plain, guided) and not torch.equal(plain, anything)


def test_weights_of_another_kind_are_refused():
    with pytest.raises(Refusal, match=r"not the weights of leaklab's transformer, whose first is `patches.weight`"):
        Transformer.of({"4": torch.zeros(3, 3)})


def test_own_weights_are_found_or_missed_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    with pytest.raises(Refusal, match=r"put transformer.safetensors, .* LEAKLAB_WEIGHTS"):
        Transformer.load("own")
    save(small().state_dict(), tmp_path / "transformer.safetensors")
    assert Transformer.load("own").num_classes == 4
