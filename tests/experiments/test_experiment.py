"""The one way to read an experiment back, whatever it is."""

import json

import pytest

from leaklab.attacks.generative.training.denoiser import DenoiserTraining
from leaklab.experiments.defended import Defended
from leaklab.experiments.drift import Drift
from leaklab.experiments.experiment import read
from leaklab.experiments.guessing import Guessing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.machines import Machines
from leaklab.experiments.paths import Paths
from leaklab.experiments.pretraining import Pretraining
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.images.source import Photos
from leaklab.settings import Refusal
from tests.experiments import small

EACH = [
    Inversion(), Landscape(), small.inversion(restarts=2), Landscape(inversion=small.inversion(), shape="line"),
    LabelRecovery(), LabelRecovery(balance="dirichlet", concentration=2, source=Photos(grey=True)),
    Viewpoints(), Viewpoints(inversion=small.inversion()), Guessing(), Guessing(rates=(), numbers=(3, 4)),
    Drift(), Drift(clients=(2,), local_lr=(0.1,)), Paths(), Paths(iterations=5),
    Defended(), Defended(inversion=small.inversion(), adaptive="told"), Utility(), Utility(seeds=1),
    Threshold(), Threshold(protection="qsgd", low=1, high=64), Machines(), Machines(inversion=small.inversion()),
    Pretraining(), Pretraining(training=DenoiserTraining(blocks=(8,)), name="own"),
]  # fmt: skip


@pytest.mark.parametrize("experiment", EACH, ids=lambda experiment: experiment.kind)
def test_what_was_written_is_read_whole_and_in_part(experiment):
    assert read(experiment.model_dump_json()) == experiment
    assert read(experiment.model_dump(mode="json")) == experiment
    assert read(json.dumps(experiment.model_dump(mode="json", exclude_defaults=True))) == experiment


@pytest.mark.parametrize(("value", "words"), [
    ("{", "The experiment is not JSON: "), ("[" * 100_000, "The experiment is not JSON: "),
    ("{}", "the settings: Unable to extract tag using discriminator 'kind'"),
    ({"kind": "dance"}, "the settings: Input tag 'dance'"),
    ({"kind": "inversion", "seed": "many"}, "inversion.seed: Input should be a valid integer"),
    ({"kind": "landscape", "points": 4}, "landscape.points: Input should be greater than or equal to 5 (got 4)."),
    ({"kind": "landscape", "pints": 9}, "landscape.pints: Extra inputs are not permitted (got 9)."),
    ("[1]", "the settings: "),
])  # fmt: skip
def test_what_is_no_experiment_is_refused(value, words: str):
    with pytest.raises(Refusal) as refusal:
        read(value)
    assert str(refusal.value).startswith(words) and str(refusal.value).endswith(".")
