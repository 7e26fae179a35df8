"""What the page Sweeps offers to start from: every start may begin, and does what its sentence says of it."""

from statistics import median

import pytest

from leaklab.experiments.sweep import ATTACKS, Sweep
from leaklab.experiments.sweep_presets import SWEEP_DEFAULT, SWEEP_PRESETS
from leaklab.settings import from_link, to_link

PRESETS = list(SWEEP_PRESETS.values())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_start_survives_a_link_and_has_a_sentence(preset):
    assert from_link(Sweep, to_link(preset.experiment)) == preset.experiment
    assert preset.sentence.endswith(".") and preset.title and preset.experiment.attacks <= ATTACKS / 2


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_corner_of_a_start_may_begin(preset):
    corners = preset.experiment.corners()
    assert not [line for one in corners for line in one.recipe.missing(one.scenario.outline())]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_start_chooses_no_more_photographs_than_its_controls_show(preset):
    inversion = preset.experiment.inversion
    assert len(inversion.source.names) == inversion.scenario.federation.images


def test_no_two_starts_are_the_same():
    assert len({preset.experiment.model_dump_json() for preset in PRESETS}) == len(PRESETS) == len(SWEEP_PRESETS)
    assert SWEEP_DEFAULT in PRESETS


def psnr(key: str, x: int, y: int = 0, *, seeds: int = 1) -> list[float]:
    """Return what the attacks at one place of a start come to."""
    found = []
    for seed in range(seeds):
        *_, final = SWEEP_PRESETS[key].experiment.cell(x, y, seed).run("cpu")
        found.append(final.scalars["psnr"])
    return found


@pytest.mark.slow
def test_noise_of_a_hundredth_leaves_one_photograph_visible_and_four_blend_without_any():
    assert psnr("noise-and-batch", 3, 0)[0] > 16 > psnr("noise-and-batch", 0, 2)[0]
    assert psnr("noise-and-batch", 4, 0)[0] < 10


@pytest.mark.slow
def test_smoothness_brings_four_back_from_an_average():
    assert psnr("clients-and-tv", 3, 3)[0] > 18 > 14 > psnr("clients-and-tv", 0, 3)[0]


@pytest.mark.slow
def test_one_start_in_three_fails_and_of_two_starts_none():
    assert min(psnr("restarts", 0, seeds=3)) < 15 < 40 < min(psnr("restarts", 1, seeds=3))


@pytest.mark.slow
def test_smoothness_costs_without_noise_and_gains_with_it():
    assert psnr("tv", 3, 0)[0] < psnr("tv", 0, 0)[0] - 6 and psnr("tv", 3, 1)[0] > psnr("tv", 0, 1)[0] + 2


@pytest.mark.slow
def test_loud_noise_is_a_slow_start_and_almost_black_a_good_one():
    assert median(psnr("init-scale", 0, seeds=3)) > 35 > 25 > median(psnr("init-scale", 4, seeds=3))
    assert min(psnr("init-scale", 3, seeds=3)) < 15


@pytest.mark.slow
def test_larger_photographs_need_more_iterations():
    assert psnr("image-size", 0, 0)[0] > 25 > 15 > psnr("image-size", 1, 0)[0]
    assert psnr("image-size", 1, 1)[0] > psnr("image-size", 1, 0)[0] + 3 and psnr("image-size", 3, 1)[0] < 12
