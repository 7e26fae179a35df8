"""What the page on drift offers to start from: every start is a whole experiment that could be carried out."""

import pytest

from leaklab.experiments.drift_presets import DRIFT_PRESETS, PATHS_PRESETS
from leaklab.settings import from_link, to_link

PRESETS = [*PATHS_PRESETS.values(), *DRIFT_PRESETS.values()]


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_a_start_survives_a_link_and_has_a_sentence(preset):
    assert from_link(type(preset.experiment), to_link(preset.experiment)) == preset.experiment
    assert preset.sentence.endswith(".") and preset.title


def test_no_two_starts_are_the_same():
    assert len({preset.experiment.model_dump_json() for preset in PRESETS}) == len(PRESETS)
    assert len({preset.key for preset in PRESETS}) == len(PRESETS)


def test_all_walks_may_start():
    assert not [line for preset in PATHS_PRESETS.values() for line in preset.experiment.missing()]
