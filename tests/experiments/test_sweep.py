"""A sweep: its grid of ordinary attacks, the order they come in, what is kept of each, and what is refused."""

import math

import numpy as np
import pytest

from leaklab.attacks.recipes import ANALYTIC, IG, RGAP_POLISH
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.experiments.sweep import ATTACKS, VALUES, Axis, Sweep, axis, made
from leaklab.experiments.sweep_cells import Cell, Named, cells, order, series, spreads, verdict
from leaklab.experiments.sweep_knobs import KNOBS, applied, at, name, title
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import GaussianNoise
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

TV = Axis(name="tv-weight", values=(0, 1e-2))
BATCH = Axis(name="batch", values=(1, 2))
SIZE = Axis(name="image-size", values=(16, 32))
ATTACK = small.inversion(iterations=2)
GRID = Sweep(inversion=ATTACK, axes=(TV, BATCH))
NAMED = [Named("TV weight", ("0", "0.01", "0.1")), Named("Restarts", ("1", "2"))]


def done(x: int, y: int, psnr: float, seed: int = 0) -> Cell:
    return Cell(x, y, seed, psnr, psnr / 50, 1.0, 0)


@pytest.fixture(scope="module")
def swept() -> list[Frame]:
    return list(GRID.run("cpu"))


def finished(frames: list[Frame]) -> list[Frame]:
    """Return the first frame of every number of cells."""
    seen = [len(frame.series["x"]) for frame in frames]
    return [frame for index, frame in enumerate(frames) if seen[index] and seen[index] != seen[index - 1]]


@pytest.mark.parametrize("key", KNOBS)
def test_every_knob_of_the_table_reaches_an_attack(key: str):
    for value in KNOBS[key].values:
        assert at(applied(ATTACK, key, value), key) == value
    assert name(applied(ATTACK, key, KNOBS[key].values[-1]), "nothing.like.it") is None and title(ATTACK, key)


def test_a_knob_of_several_stages_is_set_in_all_that_have_it():
    polished = applied(ATTACK.model_copy(update={"recipe": RGAP_POLISH}), "tv-weight", 0.5)
    assert [stage.priors[0].weight for stage in polished.recipe.stages[1:]] == [0.5]
    assert applied(ATTACK.model_copy(update={"recipe": IG}), "init-scale", 0.5).recipe.stages[0].space.scale == 0.5


def test_noise_is_added_where_clients_have_none():
    bare = small.inversion(Federation(defences=()))
    assert at(bare, "noise") is None
    assert applied(bare, "noise", 0.1).scenario.federation.defences == (GaussianNoise(sigma=0.1),)


def test_a_dotted_path_is_known_by_its_name_in_the_table():
    assert name(ATTACK, "recipe.stages.0.priors.0.weight") == "tv-weight"
    assert Axis(name="recipe.stages.*.restarts", values=(1,)).name == "restarts"
    updates = Axis(name="recipe.stages.0.optimiser.updates", values=(1, 5))
    assert Sweep(inversion=ATTACK, axes=(updates,)).cell(1).recipe.stages[0].optimiser.updates == 5
    assert title(ATTACK, updates.name) == "Updates an iteration"


def test_a_cell_is_an_ordinary_attack_and_differs_in_nothing_else():
    cell = GRID.cell(1, 0)
    assert cell == applied(ATTACK, "tv-weight", 1e-2) and GRID.cell(0, 0, 3).seed == ATTACK.seed + 3
    twice = GRID.model_copy(update={"inversion": ATTACK.changed(("attack_seed",), 5)})
    assert (twice.cell(0, 0, 2).seed, twice.cell(0, 0, 2).attack_seed) == (ATTACK.seed + 2, 7)
    assert len(GRID.corners()) == 4 and len(Sweep(inversion=ATTACK, axes=(TV,)).corners()) == 2


def test_photographs_that_are_chosen_for_a_larger_cell_are_left_out_of_a_smaller_one():
    several = ATTACK.changed(("scenario", "source", "names"), ("cat", "coffee"))
    sweep = Sweep(inversion=several, axes=(BATCH,))
    assert [sweep.cell(x).source.names for x in (0, 1)] == [("cat",), ("cat", "coffee")]


@pytest.mark.parametrize(("size", "first", "last"), [
    ((5, 3), [(0, 0), (4, 0), (0, 2), (4, 2)], (3, 1)), ((1, 1), [(0, 0)], (0, 0)), ((8, 1), [(0, 0), (7, 0)], (6, 0)),
])  # fmt: skip
def test_the_corners_come_first_and_then_what_lies_between(size, first, last):
    places = [(x, y) for x, y, _ in order(*size, 1)]
    assert places[: len(first)] == first and places[-1] == last
    assert sorted(places) == [(x, y) for x in range(size[0]) for y in range(size[1])]
    assert [seed for _, _, seed in order(*size, 2)] == [0] * len(places) + [1] * len(places)


def test_a_frame_comes_for_every_cell_with_its_scores_and_pictures(swept: list[Frame]):
    frames = finished(swept)
    assert [(cell.x, cell.y) for cell in cells(swept[-1])] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    for count, frame in enumerate(frames, 1):
        [*_, cell] = cells(frame)
        assert len(cells(frame)) == count == frame.scalars["cells_done"] and cell.picture in frame.pictures
        assert (cell.psnr, cell.ssim) == (frame.scalars["psnr"], frame.scalars["ssim"])
        assert 0 < cell.seconds < 60 and frame.scalars["progress"] == count / 4
    assert [frame.index for frame in swept] == list(range(len(swept))) and "truth" in frames[0].pictures
    assert max(len(frames), 4) < len(swept)  # signs of life between


def test_the_last_frame_has_every_picture_and_says_what_changed(swept: list[Frame]):
    last = swept[-1]
    found = cells(last)
    assert last.final and {cell.picture for cell in found} | {f"truth.{cell.truth}" for cell in found} < set(
        last.pictures
    )
    assert {cell.truth for cell in found} == {0, 1} and last.pictures["truth.1"].shape == (16, 32, 3)
    best = max(found, key=lambda cell: cell.psnr)
    assert np.array_equal(last.pictures["reconstruction"], last.pictures[best.picture])
    assert np.array_equal(last.pictures["truth"], last.pictures[f"truth.{best.truth}"])
    assert "one attack with one seed" in last.note


def test_a_cell_comes_to_what_the_attack_alone_comes_to(swept: list[Frame]):
    *_, alone = GRID.cell(1, 1).run("cpu")
    [cell] = [cell for cell in cells(swept[-1]) if (cell.x, cell.y) == (1, 1)]
    assert cell.psnr == alone.scalars["psnr"] and cell.ssim == alone.scalars["ssim"]
    assert np.array_equal(swept[-1].pictures[cell.picture], alone.pictures["reconstruction"])


def test_cells_that_cannot_be_attacked_stay_empty_and_are_named():
    refused = Sweep(inversion=small.inversion(iterations=2, of=IG), axes=(BATCH,))
    *_, last = refused.run("cpu")
    assert [math.isfinite(cell.psnr) for cell in cells(last)] == [True, False]
    assert any(line.startswith("Photographs a client = 2: ") for line in last.note.split("\n"))
    with pytest.raises(Refusal, match="labels"):
        list(refused.model_copy(update={"axes": (Axis(name="batch", values=(2, 3)),)}).run("cpu"))


ALLOWED = {
    "out of bounds": ((Axis(name="tv-weight", values=(50,)),), 1, "TV weight cannot be 50: numbers from 0 to 10"),
    "half a restart": ((Axis(name="restarts", values=(1.5,)),), 1, "Restarts cannot be 1.5: whole numbers from 1"),
    "no such knob": ((Axis(name="tvweight", values=(1,)),), 1, "There is no knob 'tvweight' here; did you mean tv"),
    "no number": ((Axis(name="recipe.key", values=(1,)),), 1, "Key cannot be 1: recipe.key: Input should be a valid"),
    "nothing": ((), 1, "0 knobs are given, and one or two are allowed"),
    "three": ((TV, BATCH, SIZE), 1, "3 knobs are given, and one or two are allowed"),
    "the same twice": ((TV, TV), 1, "both knobs are tv-weight: choose two different ones, or one alone"),
    "too many": ((TV, BATCH), 20, "seeds: Input should be less than or equal to 16"),
    "too many attacks": ((Axis(name="batch", values=range(1, 9)), TV), 5, "8 × 2 cells with 5 seeds are 80 attacks"),
}  # fmt: skip


@pytest.mark.parametrize(("axes", "seeds", "words"), ALLOWED.values(), ids=ALLOWED.keys())
def test_what_cannot_be_swept_is_refused_in_a_sentence(axes, seeds: int, words: str):
    with pytest.raises(Refusal) as refusal:
        made(ATTACK, axes, seeds)
    assert str(refusal.value).startswith(words) and str(refusal.value).endswith(".")


@pytest.mark.parametrize(("values", "words"), [
    ((), "TV weight: nothing is given here; write one value or more"),
    ((0.1, 0.1), "TV weight: 0.1 is given twice"),
    (range(VALUES + 1), f"TV weight: {VALUES + 1} values are given, and at most {VALUES} are allowed"),
    ((float("nan"),), "TV weight: values.0: Input should be a finite number"),
])  # fmt: skip
def test_values_are_refused_in_a_sentence(values, words: str):
    with pytest.raises(Refusal) as refusal:
        axis("tv-weight", values)
    assert str(refusal.value).startswith(words)


def test_a_knob_that_a_recipe_does_not_have_is_refused():
    with pytest.raises(Refusal, match="TV weight means nothing with Analytic first layer"):
        made(ATTACK.model_copy(update={"recipe": ANALYTIC}), (TV,))


def test_it_is_written_and_read_whole_in_a_store_and_in_a_link():
    sweep = Sweep(inversion=ATTACK, axes=(TV, SIZE), seeds=2)
    assert read(sweep.model_dump_json()) == sweep == from_link(Sweep, to_link(sweep)) and sweep.attacks == 8 < ATTACKS
    assert sweep.title == "Sweep of TV weight × Image size: DLG on one photograph, LeNet"
    assert sweep.source == ATTACK.source


def test_several_seeds_come_to_the_middle_one_and_the_extremes():
    found = [done(0, 0, psnr, seed) for seed, psnr in enumerate((30.0, 10.0, 20.0))] + [done(1, 0, math.nan)]
    [one] = spreads(found).values()
    assert one.psnr == (10.0, 20.0, 30.0) and one.middle.seed == 2 and one.seeds == 3 and one.seconds == 3
    assert cells(Frame(0, 0.0, series=series(found[:3]))) == found[:3]


def test_what_changed_most_is_said_with_numbers():
    found = [done(x, y, psnr) for y in (0, 1) for x, psnr in enumerate((10.0 + y, 30.0 + y, 20.0 + y))]
    told, one_seed = verdict(NAMED, found, seeds=1).split("\n")
    assert told == (
        "TV weight changed most: from 10.5 dB at 0 to 30.5 dB at 0.01, against 1.0 dB for restarts; best is "
        "TV weight = 0.01 and restarts = 2 with 31.0 dB."
    )
    assert "one attack with one seed" in one_seed


def test_a_change_no_larger_than_that_of_a_seed_is_not_believed():
    found = [
        done(x, 0, psnr, seed) for x, pair in enumerate(((10.0, 20.0), (14.0, 25.0))) for seed, psnr in enumerate(pair)
    ]
    told = verdict(NAMED[:1], found, seeds=2)
    assert told == (
        "TV weight changed PSNR by 4.0 dB, from 10.0 dB at 0 to 14.0 dB at 0.01, which is no more than seeds of one "
        "setting differ (10.5 dB)."
    )


def test_what_helps_only_the_worst_seed_is_seen_too():
    seeds = ((8.0, 51.0, 52.0), (51.0, 52.0, 61.0))
    found = [done(x, 0, psnr, seed) for x, scores in enumerate(seeds) for seed, psnr in enumerate(scores)]
    assert verdict([NAMED[1]], found, seeds=3) == (
        "Restarts changed the worst of 3 seeds most: from 8.0 dB at 1 to 51.0 dB at 2, while medians differ by at most "
        "1.0 dB."
    )


def test_of_one_setting_it_is_said_how_many_seeds_came_through():
    found = [done(0, 0, psnr, seed) for seed, psnr in enumerate((35.0, 12.0, 38.04, math.nan, 30.0))]
    assert verdict([Named("Clients", ("1",))], found, seeds=5) == (
        "3 of 4 seeds recovered: PSNR 12.0 to 38.0 dB, 30.0 dB in the middle."
    )


def test_where_nothing_changed_it_says_so():
    assert verdict(NAMED[:1], [done(0, 0, 10.0), done(1, 0, 10.4)], seeds=1).startswith(
        "TV weight changed next to nothing: at most 0.4 dB of PSNR."
    )
    assert verdict(NAMED[:1], [done(0, 0, math.nan)], seeds=1) == "No attack of this sweep could be carried out."
