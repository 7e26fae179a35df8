"""DDRM against its equations, written out anew; and that the measurement stands (facts sheet, oracle 16)."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from leaklab.attacks.enhancement import ddrm
from leaklab.attacks.enhancement.blocks import Blocks
from leaklab.attacks.enhancement.ddrm import DDRM
from leaklab.attacks.generative.denoiser import Denoiser, unet
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.generative.schedule import levels, spaced
from leaklab.settings import Refusal
from tests.scene import dice, scene

SIDE = 16
FIT = Fit((3, SIDE, SIDE), SIDE)


def pictures(count: int = 2, channels: int = 3, side: int = SIDE) -> Tensor:
    return torch.rand(count, channels, side, side, dtype=torch.float64, generator=dice(3))


def same(noisy: Tensor, level: float) -> Tensor:
    return noisy


def smooth(noisy: Tensor, level: float) -> Tensor:
    """Shrink towards grey as the best linear denoiser of pictures with a deviation of a quarter does."""
    return 0.5 + (noisy - 0.5) / (1 + 16 * level**2)


def result(enhancer: DDRM, images: Tensor, denoise=smooth, fit: Fit = FIT, seed: int = 0) -> Tensor:
    return list(enhancer.restored(images, denoise, fit, seed))[-1]


def written_out(enhancer: DDRM, side: int, picture: Tensor, denoise, seed: int) -> Tensor:
    """Return the sample by the equations of Kawar et al., part by part."""
    generator, blocks = dice(seed), Blocks(side)
    noise = [*(float(levels()[step]) / 2 for step in spaced(enhancer.steps)), 0.0]
    values = blocks.singular_values(picture)
    parts = blocks.analysed(picture)  # y-bar wherever a singular value is not 0
    known = enhancer.sigma_y / values  # infinite where nothing was measured
    measured = (values > 0) & (known <= noise[0])
    spread = (noise[0] ** 2 - known**2).clamp(min=0).sqrt().where(measured, torch.tensor(noise[0], dtype=torch.float64))
    state = parts * measured + spread * torch.randn(parts.shape, dtype=torch.float64, generator=generator)
    for before, now in zip(noise[:-1], noise[1:], strict=True):
        guess = blocks.analysed(denoise(blocks.composed(state).float(), before).double())
        keep, fresh = (1 - enhancer.eta**2) ** 0.5, torch.randn(parts.shape, dtype=torch.float64, generator=generator)
        unmeasured = guess + keep * now * (state - guess) / before + enhancer.eta * now * fresh
        weak = guess + keep * now * (parts - guess) / known + enhancer.eta * now * fresh
        strong = (1 - enhancer.eta_b) * guess + enhancer.eta_b * parts
        strong = strong + (now**2 - (known * enhancer.eta_b) ** 2).clamp(min=0).sqrt() * fresh
        state = torch.where(measured, torch.where(now < known, weak, strong), unmeasured)
    return blocks.composed(state)


@pytest.mark.parametrize("sigma_y", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("factor", [1, 2, 8])
@pytest.mark.parametrize("eta_b", [1.0, 0.6])
def test_the_sampler_is_the_published_one(factor: int, sigma_y: float, eta_b: float):
    task = "super-resolution" if factor > 1 else "denoising"
    enhancer = DDRM(task=task, factor=max(factor, 2), sigma_y=sigma_y, eta_b=eta_b, steps=12)
    picture = pictures(1)
    expected = written_out(enhancer, factor, picture, smooth, seed=4)
    assert torch.allclose(enhancer.sample(picture, smooth, seed=4), expected, atol=1e-5)


@pytest.mark.parametrize("denoise", [same, smooth], ids=["identity", "shrinkage"])
@pytest.mark.parametrize("factor", [2, 4, 8])
def test_without_noise_block_means_are_those_measured_whatever_the_denoiser_says(factor: int, denoise):
    images = pictures()
    found = result(DDRM(factor=factor, sigma_y=0, steps=5), images, denoise)
    assert torch.allclose(Blocks(factor).means(found), Blocks(factor).means(images), atol=1e-12)
    assert not torch.allclose(found, images, atol=1e-2)


def test_without_noise_denoising_gives_the_picture_back():
    found = result(DDRM(task="denoising", sigma_y=0, steps=5), pictures(), same)
    assert torch.allclose(found, pictures(), atol=1e-12)


def test_a_denoiser_that_knows_the_picture_mends_what_noise_has_spoilt():
    truth = torch.full((2, 3, SIDE, SIDE), 0.5).double() + 0.2 * torch.linspace(-1, 1, SIDE)
    spoilt = truth + 0.1 * torch.randn(truth.shape, dtype=torch.float64, generator=dice(5))
    found = result(DDRM(task="denoising", sigma_y=0.1), spoilt, lambda noisy, level: truth[:1].expand_as(noisy))
    assert (found - truth).square().mean() < 0.3 * (spoilt - truth).square().mean()


def test_pictures_come_one_by_one_and_each_has_a_seed_of_its_own():
    images, enhancer = pictures(3), DDRM(steps=3)
    found = list(enhancer.restored(images, smooth, FIT, seed=7))
    assert len(found) == 3 and torch.equal(found[0][1:], images[1:]) and torch.equal(found[1][2:], images[2:])
    for number in range(3):
        alone = result(enhancer, images[number : number + 1], seed=7 + number)
        assert torch.equal(found[-1][number], alone[0])


def test_the_same_seed_gives_the_same_picture_and_nobody_elses_dice_are_thrown():
    enhancer = DDRM(steps=3)
    torch.manual_seed(11)
    np.random.seed(11)
    ours, theirs = torch.get_rng_state(), np.random.get_state()[1].copy()
    found = result(enhancer, pictures(), seed=1)
    assert torch.equal(torch.get_rng_state(), ours) and (np.random.get_state()[1] == theirs).all()
    torch.rand(5)
    assert torch.equal(result(enhancer, pictures(), seed=1), found)
    assert not torch.equal(result(enhancer, pictures(), seed=2), found)


@pytest.mark.parametrize("shape", [(1, 16, 16), (1, 12, 12), (3, 32, 32), (3, 8, 8)])
def test_grey_and_other_sizes_come_back_in_their_own_shape(shape: tuple[int, int, int]):
    images = torch.rand(2, *shape, dtype=torch.float64, generator=dice(1))
    found = result(DDRM(steps=3), images, fit=Fit(shape, SIDE))
    assert found.shape == images.shape and found.dtype == images.dtype and found.isfinite().all()


def test_a_picture_of_half_the_size_is_itself_the_measurement():
    images = pictures(side=SIDE // 2)
    found = result(DDRM(factor=2, sigma_y=0, steps=3), images, fit=Fit((3, 8, 8), SIDE))
    assert torch.allclose(found, images, atol=1e-12)


def test_a_picture_that_is_not_all_numbers_stays_raw_and_spoils_no_other():
    images = pictures()
    images[0, 0, 0, 0] = torch.nan
    found = result(DDRM(steps=3), images)
    assert torch.equal(found[0].nan_to_num(-1), images[0].nan_to_num(-1)) and found[1].isfinite().all()
    wild = result(DDRM(steps=3), pictures(), lambda noisy, level: noisy * torch.nan)
    assert torch.equal(wild, pictures())


def test_nothing_beyond_black_and_white_is_believed():
    images = pictures()
    images[0, 0, 0, 0] = 50.0
    found = result(DDRM(factor=2, sigma_y=0, steps=3), images)
    believed = Blocks(2).means(images.clamp(0, 1))
    assert torch.allclose(Blocks(2).means(found), believed, atol=1e-12)


@dataclass(frozen=True)
class Smoothing:
    """A denoiser of small pictures, as the enhancer gets one from the shelf."""

    side: int = SIDE
    channels: int = 3

    def to(self, device: torch.device) -> "Smoothing":
        return self

    def __call__(self, noisy: Tensor, sigma: float) -> Tensor:
        assert noisy.dtype == torch.float32 and sigma > 0
        return smooth(noisy, sigma)


def test_the_denoiser_is_fetched_and_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ddrm.Denoiser, "load", lambda which: Smoothing())
    assert not DDRM(factor=8, denoiser="own").missing(scene(side=12).observation())
    images = pictures(1, side=12)
    *_, found = DDRM(steps=3, denoiser="own").enhance(images, None, seed=0)
    assert found.shape == images.shape and "those of 12 x 12 were resized" in DDRM(denoiser="own").remark(images, found)
    monkeypatch.setattr(ddrm.Denoiser, "load", lambda which: Smoothing(side=12, channels=1))
    [sentence] = DDRM(factor=8, denoiser="own").missing(scene().observation())
    assert "12 x 12 pixels" in sentence and "no whole blocks of 8" in sentence
    assert not DDRM(task="denoising", factor=8, denoiser="own").missing(scene().observation())
    [sentence] = DDRM(denoiser="own").missing(scene(channels=3).observation())
    assert "1 channel(s)" in sentence

    def nothing(which: str) -> Smoothing:
        raise Refusal("There are no weights.")

    monkeypatch.setattr(ddrm.Denoiser, "load", nothing)
    assert DDRM(denoiser="own").missing(scene().observation()) == ["There are no weights."]


def test_a_network_of_the_house_holds_to_the_measurement_too(monkeypatch: pytest.MonkeyPatch):
    sizes = {"side": SIDE, "channels": 3, "blocks": "8,8", "layers": 1, "groups": 4}
    monkeypatch.setattr(ddrm.Denoiser, "load", lambda which: Denoiser(unet(sizes), SIDE, 3))
    images = pictures(1)
    *_, found = DDRM(factor=4, sigma_y=0, steps=3).enhance(images, None, seed=0)
    assert torch.allclose(Blocks(4).means(found), Blocks(4).means(images), atol=1e-12)
