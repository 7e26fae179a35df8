"""A line-up: its attacks had the very same observation, are told apart by name, and are found again in runs."""

import pytest
import torch
from pydantic import ValidationError

from leaklab.attacks.generator_recipes import GIAS
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipes import DLG, FAST_LENET, IDLG_ROW, IG, RECIPES
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.experiment import read
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.lineup import FEWEST, MOST, Entry, Lineup, apart, brief, main_knobs, of_runs
from leaklab.federation.rounds import Federation
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

PLAIN = Lineup(base=small.inversion(), entries=tuple(Entry(recipe=recipe) for recipe in (DLG, IG)))
ITERATIONS = ("stages", 0, "iterations")


def test_the_observations_are_equal_to_the_last_bit():
    federation = Federation(clients=2, view="aggregated")
    lineup = PLAIN.model_copy(update={"base": small.inversion(federation)})
    cpu, played = torch.device("cpu"), []
    for inversion in lineup.inversions:
        played.append(inversion.scenario.play(inversion.seed, device=cpu, dtype=torch.float64))
    first, second = ([observation for observation, _ in one.exchanges] for one in played)
    assert torch.equal(played[0].pictures.images, played[1].pictures.images) and len(first) == len(second) == 1
    for field in ("weights", "update"):
        one, other = (getattr(seen[0], field) for seen in (first, second))
        assert one and one.keys() == other.keys()
        assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())
    assert first[0].image_shape == second[0].image_shape and first[0].labels is second[0].labels is None


def test_there_is_one_ordinary_attack_for_each_entry():
    assert [inversion.recipe for inversion in PLAIN.inversions] == [DLG, IG]
    assert {inversion.model_copy(update={"recipe": DLG}) for inversion in PLAIN.inversions} == {
        PLAIN.base.model_copy(update={"recipe": DLG})
    }
    assert all(read(inversion.model_dump_json()) == inversion for inversion in PLAIN.inversions)


def test_the_recipe_of_the_base_says_nothing():
    assert Lineup(base=small.inversion(of=IG)) == Lineup(base=small.inversion(of=IDLG_ROW))


def test_a_link_brings_all_of_it_back():
    named = PLAIN.model_copy(update={"entries": (Entry(title="Mine", recipe=tuned(DLG, restarts=4)), *PLAIN.entries)})
    assert from_link(Lineup, to_link(named)) == named


@pytest.mark.parametrize("count", [0, FEWEST - 1, MOST + 1])
def test_too_few_and_too_many_are_refused(count: int):
    with pytest.raises(ValidationError):
        Lineup(entries=(Entry(),) * count)
    with pytest.raises(Refusal, match="entries"):
        Lineup.read({"entries": [{}] * count})


def test_attacks_come_go_and_change():
    three = PLAIN.with_entry(IDLG_ROW)
    assert [entry.recipe for entry in three.entries] == [DLG, IG, IDLG_ROW]
    assert three.without(1).titles == ("DLG", "iDLG")
    named = PLAIN.changed(("entries", 0, "title"), "Mine")
    assert named.replaced(0, DLG) == named and named.titles[0] == "Mine"
    assert named.replaced(0, tuned(DLG, restarts=2)).entries[0].title == ""


def test_those_of_one_name_are_told_apart_by_what_differs():
    changed = tuned(DLG, restarts=4, scale=0.05)
    assert PLAIN.with_entry(changed).titles == (
        "DLG, init scale 1, restarts 1", "Inverting Gradients", "DLG, init scale 0.05, restarts 4"
    )  # fmt: skip
    assert PLAIN.with_entry(DLG).titles == ("DLG (1)", "Inverting Gradients", "DLG (2)")
    by_adam = DLG.changed(("stages", 0, "optimiser"), IG.stages[0].optimiser)
    assert Lineup(entries=(Entry(recipe=DLG), Entry(recipe=by_adam))).titles[1] == "DLG, optimiser adam"


def test_a_title_has_an_end():
    lineup = Lineup(entries=tuple(Entry(title="x" * 500) for _ in range(2)))
    assert max(map(len, lineup.titles)) < 80 and len(set(lineup.titles)) == 2


def test_all_attackers_are_told_at_once():
    told = PLAIN.told("labels", "defences")
    assert all(one.scenario.threat.labels and one.scenario.threat.defences for one in told.inversions)


@pytest.mark.parametrize("key", RECIPES)
def test_a_recipe_that_is_added_is_short(key: str):
    searches = [stage for stage in brief(key).stages if isinstance(stage, GradientMatching)]
    assert brief(key).key == key and all(stage.iterations <= 150 for stage in searches)


def test_the_main_knobs_are_few_and_have_their_places():
    names = [knob.dotted for knob in main_knobs(IG, ("entries", 1, "recipe"))]
    stage = "entries.1.recipe.stages.0."
    assert names == [
        f"{stage}{name}"
        for name in ("iterations", "restarts", "priors.0.weight", "space.scale", "optimiser.learning_rate")
    ]
    assert [knob.path for knob in main_knobs(GIAS, ())][:2] == [ITERATIONS, ("stages", 1, "iterations")]
    [iterations, weight] = main_knobs(FAST_LENET, ())  # where and how often it starts the equations settle
    assert (iterations.path, weight.path[-1]) == (("stages", 1, "iterations"), "weight")


def test_runs_of_one_observation_make_up_a_line_up_again():
    [found] = of_runs(PLAIN.inversions)
    assert found == PLAIN
    other = small.inversion(of=IDLG_ROW).changed(("seed",), 7)
    [found] = of_runs([other, *PLAIN.inversions])
    assert found.base.seed == 7 and [entry.recipe.key for entry in found.entries] == ["idlg", "dlg"]
    assert of_runs([LabelRecovery()]) == [] and len(of_runs(PLAIN.inversions * 4)[0].entries) == MOST


def test_what_differs_between_two_observations_is_named():
    one, other = PLAIN.inversions
    assert apart(one, other) == []
    assert apart(one, other.changed(("record_every",), 7)) == []
    assert apart(one, other.changed(("seed",), 7).changed(("scenario", "image_size"), 32)) == ["Image size", "Seed"]
    assert apart(one, other.changed(("scenario", "threat", "labels"), True)) == ["Labels are told"]
