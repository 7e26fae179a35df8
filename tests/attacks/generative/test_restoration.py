"""The restorer: it begins by changing nothing, is told the class, and is read back by its shapes."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from leaklab.attacks.generative.restoration import Restorer
from leaklab.attacks.generative.training.dice import drawn
from leaklab.checkpoints import save
from leaklab.settings import Refusal
from tests.scene import dice


def small(*, moved: bool = True) -> Restorer:
    model = drawn(lambda: Restorer(side=16, num_classes=4, width=16), 1).eval().requires_grad_(False)
    if moved:
        for part in model.parameters():
            part.add_(0.05 * torch.randn(part.shape, generator=dice(part.numel())))
    return model


def images(count: int = 3) -> Tensor:
    return torch.rand(count, 3, 16, 16, generator=dice(2))


def test_its_default_size_fits_the_shelf():
    count = sum(part.numel() for part in Restorer().parameters())
    assert count == 826_499


def test_it_begins_by_changing_nothing():
    assert torch.equal(small(moved=False)(images(), torch.tensor([0, 1, 2])), images())


def test_its_answer_lies_between_black_and_white_and_depends_on_the_class():
    model = small()
    one, other = (model(images(), torch.full((3,), label)) for label in (0, 1))
    assert one.min() >= 0 and one.max() <= 1 and not torch.allclose(one, other)


def test_no_class_is_the_last_class():
    assert torch.equal(small()(images()), small()(images(), torch.full((3,), 4)))


def test_an_image_is_repaired_the_same_alone_and_in_a_batch():
    model, labels = small(), torch.tensor([0, 1, 2])
    torch.testing.assert_close(model(images()[1:2], labels[1:2]), model(images(), labels)[1:2])


def test_the_shapes_of_its_weights_tell_its_size():
    model = small()
    again = Restorer.of({name: part.half().float() for name, part in model.state_dict().items()})
    assert again.architecture == model.architecture and again.side == 16
    torch.testing.assert_close(again(images()), model(images()), atol=2e-2, rtol=0)


def test_weights_of_another_kind_are_refused():
    with pytest.raises(Refusal, match=r"not the weights of leaklab's restorer, whose first is `first.weight`"):
        Restorer.of({"4": torch.zeros(3, 3)})


def test_own_weights_are_found_or_missed_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    with pytest.raises(Refusal, match=r"put restoration.safetensors, .* LEAKLAB_WEIGHTS"):
        Restorer.load("own")
    save(small().state_dict(), tmp_path / "restoration.safetensors")
    assert Restorer.load("own").num_classes == 4
