"""Diffusion in the loop on a tiny network, with stand-ins for the denoiser."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from leaklab.attacks.generative import in_the_loop
from leaklab.attacks.generative.in_the_loop import DiffusionInTheLoop
from leaklab.attacks.matching.dummy_updates import FedAvg
from leaklab.attacks.snapshot import Snapshot
from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Schedule
from leaklab.settings import Refusal
from tests.scene import TOLD, scene


@dataclass(frozen=True)
class Shrinking:
    """The best denoiser of pictures that lie around grey with a deviation of a quarter."""

    side: int = 8
    channels: int = 3

    def to(self, device: torch.device) -> "Shrinking":
        return self

    def __call__(self, noisy: Tensor, sigma: float) -> Tensor:
        assert noisy.dtype == torch.float32 and noisy.shape[1:] == (self.channels, self.side, self.side)
        return 0.5 + (noisy - 0.5) / (1 + 16 * sigma**2)


@pytest.fixture(autouse=True)
def denoiser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_the_loop.Denoiser, "load", lambda which: Shrinking())


def seen(count: int = 2, *, side: int = 8, channels: int = 3) -> Observation:
    return scene(count, side=side, channels=channels).observation(TOLD)


def run(stage: DiffusionInTheLoop, observation: Observation, *, labels: str = "told", seed: int = 3) -> list[Snapshot]:
    return list(stage.invert(observation, observation.labels if labels == "told" else None, seed=seed))


SHORT = DiffusionInTheLoop(steps=3, matches=2, denoiser="own")


@pytest.mark.parametrize("labels", ["open", "told"])
def test_the_first_clean_picture_comes_first_and_then_every_matching_step(labels: str):
    stage = SHORT.changed(("restarts",), 2)
    found = run(stage, seen(), labels=labels)
    assert [snapshot.iteration for snapshot in found] == list(range(stage.iterations + 1)) == list(range(7))
    spent = [snapshot.evaluations for snapshot in found]
    assert spent == [1, 2, 3, 5, 6, 8, 9]  # the picture of each diffusion step is weighed before it is moved
    for snapshot in found:
        assert snapshot.images.shape == (2, 2, 3, 8, 8) and snapshot.labels.shape == (2, 2, 4)
        assert snapshot.images.min() >= 0 and snapshot.images.max() <= 1 and snapshot.losses.isfinite().all()
        assert torch.allclose(snapshot.losses, sum(snapshot.terms.values()), rtol=1e-12)


def test_the_guess_comes_to_match():
    found = run(DiffusionInTheLoop(steps=20, matches=5), seen(1))
    assert found[-1].losses.min() < 0.6 * found[0].losses.min()


def test_the_same_seed_gives_the_same_guesses_and_nobody_elses_dice_are_thrown():
    observation = seen()
    before = torch.get_rng_state()
    one = run(SHORT, observation, labels="open")
    assert torch.equal(torch.get_rng_state(), before)
    other = run(SHORT, observation, labels="open")
    assert all(torch.equal(a.code, b.code) for a, b in zip(one, other, strict=True))
    assert not torch.equal(run(SHORT, seen(), seed=4)[-1].images, run(SHORT, seen())[-1].images)


def test_restart_k_of_a_seed_is_the_first_of_seed_plus_k():
    together = run(SHORT.changed(("restarts",), 3), seen(), labels="open")[-1]
    for restart in range(3):
        alone = run(SHORT, seen(), labels="open", seed=3 + restart)[-1]
        assert torch.allclose(together.code[restart], alone.code[0], rtol=1e-5, atol=1e-6)


def test_the_first_step_of_pixels_and_of_classes_is_as_long_as_asked_for():
    # In the middle of the range no pixel is pushed back, and Adam's first step is the rate itself.
    stage = DiffusionInTheLoop(steps=2, matches=1, learning_rate=0.02, last_rate=0.02, labels_rate=0.005)
    start, moved, *_ = run(stage, seen(1), labels="open")
    lengths = (moved.code - start.code)[0].abs()
    inner = (start.code[0, :-4] - 0.5).abs() < 0.4
    assert torch.allclose(lengths[:-4][inner], torch.full_like(lengths[:-4][inner], 0.02), rtol=1e-2)
    assert torch.allclose(lengths[-4:], torch.full_like(lengths[-4:], 0.005), rtol=1e-2)


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (16, 3), (4, 1)])
def test_grey_and_other_sizes_keep_their_shape(side: int, channels: int):
    found = run(SHORT, seen(1, side=side, channels=channels))
    assert found[-1].images.shape == (1, 1, channels, side, side) and found[-1].losses.isfinite().all()


def test_it_goes_on_from_another_stage_with_its_classes():
    previous = run(SHORT, seen(), labels="open")[-1]
    first = next(SHORT.invert(seen(), None, seed=9, stage=1, previous=previous))
    assert (first.stage, first.iteration) == (1, 0) and torch.allclose(first.labels, previous.labels)


def test_several_sets_of_images_go_through_the_denoiser_together():
    schedule = Schedule(epochs=2, batch_size=1, learning_rate=0.1)
    observation = scene(2, side=8, channels=3, schedule=schedule).observation(TOLD)
    stage = DiffusionInTheLoop(steps=2, matches=1, dummy_update=FedAvg(), denoiser="own")
    assert not stage.missing(observation)
    assert run(stage, observation)[-1].images.shape == (1, 2, 3, 8, 8)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch):
    assert not SHORT.missing(seen())
    monkeypatch.setattr(in_the_loop.Denoiser, "load", lambda which: Shrinking(channels=1))
    [sentence] = SHORT.missing(seen())
    assert "1 channel(s) and the photographs have 3" in sentence

    def nothing(which: str) -> Shrinking:
        raise Refusal("There are no weights.")

    monkeypatch.setattr(in_the_loop.Denoiser, "load", nothing)
    assert SHORT.missing(seen()) == ["There are no weights."]
