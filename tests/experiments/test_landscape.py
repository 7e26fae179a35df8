"""The loss around the truth: zero there, on axes at right angles, with every restart's path."""

import math
import re
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from leaklab.attacks.labels import IDLG, Given
from leaklab.attacks.matching.priors import GroupConsistency, LatentKL, TotalVariation
from leaklab.attacks.matching.spaces import Bicubic, GeneratorLatent, Space, Untrained
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import ANALYTIC, RGAP, RGAP_POLISH
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.frame import Frame
from leaklab.experiments.landscape import Cut, Landscape
from leaklab.federation.rounds import Federation
from leaklab.settings import Refusal
from tests.experiments import small

INVERSION = small.inversion(Federation(clients=2), restarts=2, iterations=5)
SURFACE = Landscape(inversion=INVERSION, points=5, span=1)
LINE = SURFACE.changed(("shape",), "line")


@cache
def frames(experiment: Landscape) -> list[Frame]:
    return list(experiment.run("cpu"))


def filling(experiment: Landscape) -> list[Frame]:
    return [frame for frame in frames(experiment) if "rows_done" in frame.scalars]


@pytest.mark.parametrize("experiment", [SURFACE, LINE], ids=["surface", "line"])
def test_it_lives_while_the_attack_runs_and_ends_with_the_final_frame(experiment: Landscape):
    found = frames(experiment)
    for one, next_one in pairwise(found):
        assert one.index < next_one.index and one.seconds <= next_one.seconds and not one.final
        assert one.scalars["progress"] < next_one.scalars["progress"]
    assert found[-1].final and found[-1].scalars["progress"] == 1
    attacking = [frame for frame in found if "rows_done" not in frame.scalars]
    assert [frame.scalars["iteration"] for frame in attacking] == [0, 5]


def test_a_surface_fills_row_by_row_and_no_frame_needs_another():
    for number, frame in enumerate(filling(SURFACE)):
        rows = [name for name in frame.series if name.startswith("row.")]
        assert rows == [f"row.{row}" for row in range(number + 1)] and "line" not in frame.series
        assert all(len(frame.series[row]) == 5 for row in rows) and "point.truth" in frame.series
        assert frame.series["x"] == frame.series["y"] == [-1, -0.5, 0, 0.5, 1]
    assert number == 4


def test_a_line_is_one_row():
    [frame] = filling(LINE)
    assert frame.final and len(frame.series["line"]) == 5 and frame.series["y"] == [0]
    assert frame.series["line"] == pytest.approx(frames(SURFACE)[-1].series["row.2"], rel=1e-9, abs=1e-12)


def test_at_the_truth_the_loss_is_zero_and_nowhere_lower():
    last = frames(SURFACE)[-1]
    surface = np.array([last.series[f"row.{row}"] for row in range(5)])
    assert last.series["point.truth"] == [0, 0, 0]
    assert surface[2, 2] < 1e-12 and surface.min() == surface[2, 2] and (np.delete(surface.ravel(), 12) > 1e-6).all()


def test_with_total_variation_the_truth_costs_something():
    stage = INVERSION.recipe.stages[0].model_copy(update={"priors": (TotalVariation(weight=0.1),)})
    smooth = LINE.changed(("inversion", "recipe", "stages", 0), stage)
    assert frames(smooth)[-1].series["point.truth"][2] > 1e-3


def test_the_first_axis_leads_from_the_truth_to_the_start():
    series = frames(SURFACE)[-1].series
    x, y, loss = series["point.start"]
    assert (x, y) == pytest.approx((1, 0), abs=1e-9)
    assert loss == pytest.approx(series["row.2"][4], rel=1e-9)  # the surface's own value at (1, 0)


def test_every_restart_leaves_a_path_from_its_start_to_its_end():
    series = frames(SURFACE)[-1].series
    paths = {name: values for name, values in series.items() if name.startswith("path.") and name[-2:] in (".x", ".y")}
    assert set(paths) == {f"path.{restart}.{axis}" for restart in (0, 1) for axis in "xy"}
    # Five iterations, the start, and the end once more.
    assert all(len(values) == 7 for values in paths.values())
    ends = [(series[f"path.{restart}.x"][-1], series[f"path.{restart}.y"][-1]) for restart in (0, 1)]
    assert tuple(series["point.reconstruction"][:2]) in ends


@pytest.mark.parametrize("second", ["worst end", "random"])
def test_the_axes_are_at_right_angles_and_of_one_length(second: str):
    experiment = SURFACE.changed(("second",), second)
    played = INVERSION.scenario.play(INVERSION.seed, device=torch.device("cpu"), dtype=torch.float64)
    [chosen, _] = played.exchanges
    cut: Cut = experiment._cut(chosen, [snapshot for _, snapshot in INVERSION.guesses([chosen])])
    assert abs(cut.first @ cut.second) < 1e-9 * cut.first.square().sum()
    assert cut.first.norm() == pytest.approx(float(cut.second.norm()))
    where = cut.truth + 0.25 * cut.first - 2 * cut.second
    assert cut.place(where.reshape(chosen[1].images.shape)) == pytest.approx((0.25, -2))


def test_any_place_of_the_plane_can_be_painted_from_truth_and_axes():
    last = frames(SURFACE)[-1]
    first = (last.pictures["axis.first"] / 255 - 0.5) * 2 * last.series["reach"][0]
    x, y, _ = last.series["point.reconstruction"]
    second = (last.pictures["axis.second"] / 255 - 0.5) * 2 * last.series["reach"][1]
    painted = last.pictures["truth"] / 255 + x * first + y * second
    assert np.abs(first).max() == pytest.approx(last.series["reach"][0], rel=0.01)
    played = INVERSION.scenario.play(INVERSION.seed, device=torch.device("cpu"), dtype=torch.float64)
    found = [snapshot for _, snapshot in INVERSION.guesses([played.exchanges[0]])]
    [end] = found[-1:]
    cut = SURFACE._cut(played.exchanges[0], found)
    place = cut.truth + x * cut.first + y * cut.second
    shown = place.reshape(3, 16, 16).permute(1, 2, 0).numpy()
    assert np.abs(painted - shown).max() < 0.01 * sum(last.series["reach"]) and end.best == last.series["path.best"][0]


def test_the_paths_say_at_which_iterations_they_are():
    series = frames(SURFACE)[-1].series
    assert series["path.iterations"] == [0, 1, 2, 3, 4, 5, 5]
    assert all(len(series[f"path.0.{axis}"]) == 7 for axis in "xy")


def test_another_client_has_another_landscape():
    other = frames(LINE.changed(("client",), 1))[-1]
    assert other.series["line"] != frames(LINE)[-1].series["line"]
    assert not np.array_equal(other.pictures["truth"], frames(LINE)[-1].pictures["truth"])


def test_the_last_frame_shows_pictures_and_says_what_the_truth_costs():
    last = frames(SURFACE)[-1]
    names = ("truth", "reconstruction", "axis.first", "axis.second")
    assert {name: picture.shape for name, picture in last.pictures.items()} == dict.fromkeys(names, (16, 16, 3))
    assert last.note.startswith("At the truth the loss is 0; the attack began at ") and last.note.endswith(".")
    assert not any(frame.pictures or frame.note for frame in frames(SURFACE)[:-1])


def test_the_same_seed_gives_the_same_landscape():
    one, again = frames(LINE)[-1], frames.__wrapped__(LINE)[-1]
    assert one.series == again.series and all(map(math.isfinite, one.series["line"]))


UNTAUGHT = GeneratorLatent(generator="untrained", width=8)


@pytest.mark.parametrize("space", [Bicubic(factor=2), Untrained(width=8), UNTAUGHT], ids=lambda space: space.kind)
def test_whatever_is_searched_the_cut_is_through_pixels(space: Space):
    searched = LINE.changed(("inversion", "recipe", "stages", 0, "space"), space)
    last = frames(searched.changed(("inversion", "recipe", "labels"), IDLG()))[-1]
    assert last.series["point.truth"] == [0, 0, 0] and last.series["point.start"][:2] == pytest.approx([1, 0], abs=1e-6)
    assert min(last.series["line"]) == last.series["line"][2] < 1e-12


@pytest.mark.parametrize("prior", [GroupConsistency(weight=0.1), LatentKL(weight=0.1)], ids=lambda prior: prior.kind)
def test_no_point_of_a_plane_is_drawn_to_the_others_or_by_a_generator(prior: GroupConsistency | LatentKL):
    space = UNTAUGHT if isinstance(prior, LatentKL) else INVERSION.recipe.stages[0].space
    drawn = INVERSION.recipe.stages[0].model_copy(update={"priors": (prior,), "space": space})
    attacked = LINE.changed(("inversion", "recipe", "stages", 0), drawn)
    last = frames(attacked.changed(("inversion", "recipe", "labels"), IDLG()))[-1]
    assert last.series["line"][2] < 1e-12


@pytest.mark.parametrize("recipe", [RGAP, ANALYTIC], ids=lambda recipe: recipe.key)
def test_an_attack_that_never_searches_has_no_landscape(recipe: Recipe):
    survey = SURFACE.changed(("inversion", "recipe"), recipe)
    sentence = (
        f"A landscape is cut through the loss of a search, and {recipe.name} solves equations: "
        "choose a recipe that searches."
    )
    assert survey.missing() == [sentence] and SURFACE.missing() == []
    with pytest.raises(Refusal, match=f"^{re.escape(sentence)}$"):
        next(survey.run("cpu"))


def test_the_search_that_mends_a_closed_form_has_a_landscape():
    polished = small.inversion().model_copy(update={"recipe": tuned(RGAP_POLISH, iterations=2)})
    last = frames(Landscape(inversion=polished, points=5, span=1, shape="line"))[-1]
    assert last.final and last.series["line"][2] < 1e-12 < last.series["line"][4]


def test_what_the_attack_lacks_is_refused():
    with pytest.raises(Refusal, match="tick 'Labels are told'"):
        next(SURFACE.changed(("inversion", "recipe", "labels"), Given()).run("cpu"))
