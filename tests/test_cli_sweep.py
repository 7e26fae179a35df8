"""`leaklab sweep`: its JSON list, its table for people, its flags, the command that repeats it, and its mistakes."""

import json
import shlex

import pytest

from leaklab.experiments.sweep import Axis, Sweep
from leaklab.experiments.sweep_command import sweep, sweep_command_line
from leaklab.experiments.sweep_presets import SWEEP_PRESETS
from leaklab.settings import Refusal
from tests.experiments import small
from tests.shell import leaklab

pytestmark = pytest.mark.usefixtures("nothing_to_find")

FEW = (
    "--image-size", "16", "--num-clients", "1", "--iterations", "1", "--set", "recipe.stages.0.optimiser.updates=2",
    "--no-progress",
)  # fmt: skip
SCORES = ("psnr_low", "psnr", "psnr_high", "ssim_low", "ssim", "ssim_high")


def test_json_is_a_list_with_one_object_a_cell():
    varied = ("--vary", "tv-weight=0,1e-2", "--vary", "restarts=1,2", "--seeds", "2")
    result = leaklab("sweep", *FEW, *varied, "--json")
    assert result.exit_code == 0 and result.stderr == "", result.output
    found = json.loads(result.stdout)
    assert [(one["tv-weight"], one["restarts"]) for one in found] == [(0, 1), (0, 2), (0.01, 1), (0.01, 2)]
    for one in found:
        assert list(one) == ["tv-weight", "restarts", "seeds", *SCORES, "seconds"] and one["seeds"] == 2
        assert one["psnr_low"] == one["psnr"] <= one["psnr_high"] and one["seconds"] > 0


def test_it_is_summed_up_for_people():
    lines = leaklab("sweep", *FEW, "--vary", "init-scale=0.1,1").stdout.splitlines()
    assert lines[0] == "Sweep of Init scale: DLG on one photograph, LeNet"
    assert lines[2].split() == ["Init", "scale", "PSNR", "(dB)", "SSIM", "seconds"]
    assert [line.split()[0] for line in lines[3:5]] == ["0.1", "1"]
    assert lines[6].startswith("Init scale changed") and lines[7].startswith("Note: Each cell is one attack")


def test_help_names_what_varies_and_every_flag_of_an_attack():
    words = " ".join(leaklab("sweep", "--help").stdout.split())
    for flag in ("--vary KNOB=VALUES", "--seeds", "--preset", "--recipe", "--arch", "--tv-weight", "--set", "--json"):
        assert f" {flag} " in words
    assert "image-size, iterations" in words


EACH = [
    Sweep(), Sweep(inversion=small.inversion(), seeds=3), *(preset.experiment for preset in SWEEP_PRESETS.values()),
    Sweep(axes=(Axis(name="recipe.stages.0.optimiser.updates", values=(1, 5)),)),
]  # fmt: skip


@pytest.mark.parametrize("asked", EACH, ids=lambda asked: asked.title)
def test_the_command_line_repeats_a_sweep(asked: Sweep, monkeypatch):
    caught: list[Sweep] = []

    def run(self: Sweep, device: str):
        caught.append(self)
        raise Refusal("caught")

    monkeypatch.setattr(Sweep, "run", run)
    command, *words = shlex.split(sweep_command_line(asked))
    assert command == "leaklab" and leaklab(*words).stderr.strip() == "caught"
    told = asked.inversion.scenario.threat.labels
    assert caught == [asked] or caught == [sweep({}, vary=(), begin=asked)] and not told


def test_a_preset_may_be_changed():
    preset = SWEEP_PRESETS["noise-and-batch"].experiment
    changed = sweep({"--seed": 5}, vary=("clients=1,2",), seeds=2, begin=preset)
    assert changed.axes == (Axis(name="clients", values=(1, 2)),) and changed.seeds == 2
    assert changed.inversion == preset.inversion.changed(("seed",), 5)


def test_labels_are_told_where_a_corner_of_the_grid_cannot_do_without():
    asked = sweep({"--recipe": "fast-search"}, vary=("batch=1,2",))
    assert asked.inversion.scenario.threat.labels
    assert not sweep({"--recipe": "fast-search"}, vary=("tv-weight=0,1",)).inversion.scenario.threat.labels


@pytest.mark.parametrize(("words", "sentence"), [
    ((), "Nothing varies: give --vary KNOB=VALUES once or twice, such as --vary tv-weight=0,1e-4; the knobs"),
    (("--vary", "tv-weight"), "--vary tv-weight: write a knob, '=' and its values, such as tv-weight=0,1e-4,1e-3."),
    (("--vary", "tv-weight="), "--vary tv-weight=: write a knob, '=' and its values"),
    (("--vary", "tv-weight=0,much"), "--vary tv-weight=0,much: '0,much' is not a list of numbers; write a knob"),
    (("--vary", "tv-weight=0,50"), "TV weight cannot be 50: numbers from 0 to 10 are allowed."),
    (("--vary", "weight=0"), "There is no knob 'weight' here"),
    (("--vary", "batch=1,1"), "Photographs a client: 1 is given twice; write every value once."),
    (("--vary", "batch=1,2,3,4,5,6,7,8", "--vary", "clients=1,2,3,4,5,6,7,8", "--seeds", "2"), "8 × 8 cells with 2"),
    (("--vary", "batch=1", "--vary", "batch=2"), "both knobs are batch: choose two different ones, or one alone."),
    (("--vary", "noise=0", "--seeds", "0"), "Invalid value for '--seeds': 0 is not in the range 1<=x<=16"),
    (("--vary", "tv-weight=0", "--recipe", "analytic"), "TV weight means nothing with Analytic first layer"),
    (("--preset", "none"), "Invalid value for '--preset': 'none' is none of "),
    (("--vary", "noise=0", "--dataset", "cifar10"), "CIFAR-10 is not at "),
])  # fmt: skip
def test_a_mistake_is_one_sentence(words, sentence: str):
    result = leaklab("sweep", *words)
    assert result.exit_code == 2 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and result.stderr.startswith(sentence)
