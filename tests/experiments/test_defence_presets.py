"""What the page on defences offers to start from: every start is a whole experiment that could be carried out."""

import pytest

from leaklab.experiments.defence_presets import DEFENCE_PRESETS, DEFENCES_DEFAULT
from leaklab.experiments.defended import Defended
from leaklab.settings import from_link, to_link

PRESETS = list(DEFENCE_PRESETS.values())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_start_survives_a_link_and_has_a_sentence(preset):
    assert from_link(Defended, to_link(preset.experiment)) == preset.experiment
    assert preset.sentence.endswith(".") and preset.title and preset.experiment.chain


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_start_is_the_default_under_a_defence_and_may_begin(preset):
    assert preset.experiment.under(()) == Defended(inversion=DEFENCES_DEFAULT)
    inversion = preset.experiment.inversion
    assert inversion.recipe.missing(inversion.scenario.outline()) == []


def test_no_two_starts_are_the_same():
    assert len({preset.experiment.model_dump_json() for preset in PRESETS}) == len(PRESETS) == len(DEFENCE_PRESETS)


def test_nobody_defends_to_begin_with_and_the_attacker_is_told_nothing():
    scenario = DEFENCES_DEFAULT.scenario
    assert scenario.federation.defences == () and not scenario.threat.labels and not scenario.threat.defences
