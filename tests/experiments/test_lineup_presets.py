"""What the page Compare offers to start from: everything of it can be attacked, and shows what its sentence says."""

import pytest

from leaklab.experiments.catalogue import Preset, tuned
from leaklab.experiments.frame import Frame
from leaklab.experiments.lineup import MOST, Lineup
from leaklab.experiments.lineup_presets import LINEUP_DEFAULT, LINEUP_PRESETS
from leaklab.settings import from_link, to_link

PRESETS = list(LINEUP_PRESETS.values())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_start_can_be_attacked_and_sent_as_a_link(preset: Preset):
    lineup = preset.experiment
    assert from_link(Lineup, to_link(lineup)) == lineup and 2 <= len(lineup.entries) <= MOST
    assert preset.sentence.endswith(".") and all(entry.title for entry in lineup.entries)
    for inversion in lineup.inversions:
        assert not inversion.recipe.missing(inversion.scenario.outline())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_start_runs(preset: Preset):
    for inversion in preset.experiment.inversions:
        short = inversion.model_copy(update={"recipe": tuned(inversion.recipe, iterations=1)})
        *_, last = short.changed(("scenario", "image_size"), 16 if inversion.recipe.key != "gias" else 32).run("cpu")
        assert last.final and last.scalars["evaluations"] > 0


def test_no_two_starts_are_the_same():
    assert len({to_link(preset.experiment) for preset in PRESETS}) == len({one.title for one in PRESETS}) == 6
    assert LINEUP_DEFAULT.key == "three-attacks"


def runs(key: str) -> list[list[Frame]]:
    """Run a start to its end, and return the frames of each attack."""
    return [list(inversion.run("cpu")) for inversion in LINEUP_PRESETS[key].experiment.inversions]


def psnr(frames: list[Frame], evaluations: float = float("inf")) -> float:
    """Return the decibels an attack had after so many evaluations, or at its end."""
    return [frame for frame in frames if frame.scalars["evaluations"] <= evaluations][-1].scalars["psnr"]


@pytest.mark.slow
def test_two_of_three_attacks_keep_pace_and_the_third_is_far_behind():
    dlg, idlg, ig = runs("three-attacks")
    assert abs(psnr(dlg, 800) - psnr(idlg, 800)) < 5 and min(psnr(dlg), psnr(idlg)) > 25 > 15 > psnr(ig)


@pytest.mark.slow
def test_the_average_gives_noise_then_stains_then_photographs():
    plain, small, smooth = map(psnr, runs("average-rescued"))
    assert plain < 9 < small < 15 < 20 < smooth


@pytest.mark.slow
def test_equations_are_there_before_the_search_has_begun():
    solved, searched = runs("solved-or-searched")
    assert psnr(solved, 2) > 48 and psnr(searched, 2) < 8


@pytest.mark.slow
def test_the_generator_leads_at_first_and_is_overtaken():
    pixels, generator = runs("pixels-or-generator")
    assert psnr(generator, 3) > psnr(pixels, 3) + 1 and psnr(pixels, 10) > psnr(generator, 10) + 1
    assert psnr(pixels) > psnr(generator) + 5 > 15


@pytest.mark.slow
def test_one_start_is_stuck_another_is_not_and_four_gain_nothing_to_see():
    one, two, four = runs("one-or-four")
    assert psnr(one) < 10 and min(psnr(two), psnr(four)) > 35


@pytest.mark.slow
def test_l_bfgs_needs_far_fewer_evaluations_than_adam():
    quick, slow = runs("two-optimisers")
    assert psnr(quick, 1200) > psnr(slow, 1200) + 10
