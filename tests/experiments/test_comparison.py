"""A comparison: what its columns ask for, how it is found again in runs, and its starts."""

import pytest

from leaklab.experiments.catalogue import Preset
from leaklab.experiments.comparison import MOST, NONE, Column, Comparison, column, middling, of_runs
from leaklab.experiments.comparison_presets import COMPARISON_DEFAULT, COMPARISON_PRESETS
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.protections import FIGURE, PROTECTIONS
from leaklab.experiments.utility import Utility
from leaklab.protocol.defences.clipping import DPSGD
from leaklab.protocol.defences.dropping import Dropout
from leaklab.protocol.defences.noise import GaussianNoise
from leaklab.settings import Refusal, from_link, to_link

PLAIN = Comparison()
DROPPED = PLAIN.changed(("dropout",), 0.25)


def test_every_column_attacks_and_trains_under_the_same_chain():
    for one in PLAIN.columns:
        attack, training = (make(one.protection, one.strength) for make in (PLAIN.defended, PLAIN.utility))
        assert attack.chain == training.scenario.federation.defences == PLAIN.chain(one.protection, one.strength)
        assert attack.under(()) == PLAIN.defended() and training.delta == attack.delta == PLAIN.delta
        assert read(attack.model_dump_json()) == attack and read(training.model_dump_json()) == training


def test_without_a_defence_nothing_is_in_the_chain():
    assert PLAIN.chain() == () and PLAIN.defended().inversion == PLAIN.inversion
    assert PLAIN.utility() == Utility(delta=PLAIN.delta)


def test_dropout_and_the_clip_norm_hold_in_every_column():
    assert DROPPED.chain() == (Dropout(rate=0.25),)
    assert DROPPED.chain("noise", 0.5) == (Dropout(rate=0.25), GaussianNoise(sigma=0.5))
    assert DROPPED.chain("dropout", 0.5) == (Dropout(rate=0.5),)
    assert PLAIN.changed(("bound",), 3).chain("dp-sgd", 2) == (DPSGD(bound=3, noise_multiplier=2),)


def test_the_figure_begins_without_a_defence_and_goes_on_with_every_defence_in_turn():
    points = PLAIN.figure()
    assert (points[0].protection, points[0].defended.chain) == (NONE, ())
    assert [point.protection for point in points[1:6]] == list(FIGURE)
    asked = {(point.protection, point.strength) for point in points[1:]}
    assert asked == {(key, strength) for key in FIGURE for strength in PROTECTIONS[key].grid}
    assert len(points) == 1 + 25 and all(point.utility.scenario.federation.defences == point.defended.chain
                                         for point in points)  # fmt: skip


def test_the_search_for_enough_has_one_attack_and_no_defence_yet():
    search = DROPPED.threshold("noise")
    assert (search.protection, search.defended.adaptive, search.defended.chain) == ("noise", "no", ())


def test_a_strength_is_changed_in_its_own_column():
    stronger = PLAIN.stronger("noise", 0.5)
    assert stronger.strength("noise") == 0.5 and stronger.strength("qsgd") is None
    assert [one for one in stronger.columns if one.protection != "noise"] == list(PLAIN.columns[1:])
    assert stronger.basis == PLAIN.basis != DROPPED.basis


def test_columns_that_stay_keep_their_strength():
    shown = PLAIN.showing(["sign", "noise"])
    assert shown.columns == (Column(protection="sign", strength=1), PLAIN.columns[0])
    assert middling("top-k") == PROTECTIONS["top-k"].grid[2]


@pytest.mark.parametrize("broken", [("noise", -1), ("top-k", 2), ("qsgd", 1.5), ("noise", float("nan"))])
def test_a_strength_that_is_not_allowed_is_refused(broken: tuple[str, float]):
    with pytest.raises(Refusal):
        Column.read({"protection": broken[0], "strength": broken[1]})


@pytest.mark.parametrize("key", PROTECTIONS)
def test_a_chain_finds_its_column_again(key: str):
    for strength in PROTECTIONS[key].grid:
        if PROTECTIONS[key].defences(strength):
            assert column(PLAIN.chain(key, strength)) == column(DROPPED.chain(key, strength)) == (key, strength)
    assert column(()) == (NONE, 0.0)


def test_runs_make_up_a_comparison_again():
    changed = DROPPED.changed(("bound",), 2).changed(("delta",), 1e-6).changed(("inversion", "seed"), 7)
    runs = [changed.defended(one.protection, one.strength) for one in changed.columns]
    assert of_runs([changed.defended(), *runs]) == [changed]
    assert of_runs([Inversion()]) == []


def test_a_training_and_a_search_belong_to_a_comparison_too():
    [trained] = of_runs([PLAIN.utility("top-k", 0.5)])
    assert trained == PLAIN.showing(["top-k"]).stronger("top-k", 0.5)
    [searched] = of_runs([PLAIN.changed(("inversion", "seed"), 7).threshold("laplace")])
    assert searched.inversion.seed == 7 and [one.protection for one in searched.columns] == ["laplace"]
    assert searched.adaptive == PLAIN.adaptive


@pytest.mark.parametrize("preset", COMPARISON_PRESETS.values(), ids=lambda preset: preset.key)
def test_every_start_can_be_attacked_and_sent_as_a_link(preset: Preset):
    held = preset.experiment
    assert from_link(Comparison, to_link(held)) == held and 0 < len(held.columns) <= MOST
    assert held.inversion.scenario.federation.defences == () and preset.sentence.endswith(".")
    for key, strength in [(NONE, 0.0), *((one.protection, one.strength) for one in held.columns)]:
        inversion = held.defended(key, strength).inversion
        assert not inversion.recipe.missing(inversion.scenario.outline())


def test_the_default_is_the_comparison_as_it_is():
    assert COMPARISON_DEFAULT.experiment == PLAIN and len({one.title for one in COMPARISON_PRESETS.values()}) == 10
