"""The shell's options: every flag is there, a command line repeats what made it, a mistake is one sentence."""

import pickle
import re
import shlex
from pathlib import Path

import pytest
import torch

from leaklab.experiments.catalogue import PRESETS
from leaklab.experiments.command import command_line
from leaklab.experiments.inversion import Inversion
from leaklab.settings import from_link
from tests.shell import leaklab

pytestmark = pytest.mark.usefixtures("nothing_to_find")

FLAGS = re.findall(
    r"--[a-z-]+",
    "--num-clients --samples-per-client --reconstruct-mode --client-indices --data-root --dataset --dataset-split "
    "--image-size --arch --pretrained --checkpoint --iterations --restarts --init-scale --tv-weight --log-every "
    "--normalize-gradients --apply-agg-step --agg-lr --seed --dummy-seed --save-dir --no-save --no-progress --device "
    "--recipe --labels --num-classes --local-steps --local-lr --noise --dtype --json --set --preset",
)


def refused(*words: str) -> str:
    """Return the one sentence of a mistake."""
    result = leaklab(*words)
    assert result.exit_code == 2 and result.stdout == "", result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def linked(*words: str) -> Inversion:
    """Return the experiment that some flags ask for, by way of a link."""
    result = leaklab("link", *words)
    assert result.exit_code == 0, result.output
    return from_link(Inversion, result.stdout.strip().removeprefix("?x="))


def test_run_help_names_every_flag_with_default_and_bounds():
    words = leaklab("run", "--help").stdout
    assert not [flag for flag in FLAGS if f"{flag} " not in words]
    assert "How many people take part in this round." in words
    assert "[default: 3; 1<=x<=128]" in " ".join(words.split())


SMALL_CHANGES = (
    ("--num-clients", "2", "--client-indices", "4,5", "--arch", "resnet18", "--dummy-seed", "3"),
    ("--recipe", "ig", "--samples-per-client", "4", "--set", "recipe.stages.0.optimiser.learning_rate=0.5"),
    ("--labels", "given", "--set", "scenario.threat.labels=false", "--set", "scenario.federation.defences=[]"),
    ("--set", 'scenario.source={"kind":"uploads", "grey":true}', "--set", "recipe.name=it's", "--set", "recipe.key=x"),
    ("--recipe", "ig", "--set", "recipe.stages.0.optimiser=lbfgs", "--set", "recipe.stages.0.optimiser.history=7"),
    ("--tv-weight", "0.01", "--set", "recipe.stages.0.priors=[]", "--set", 'recipe.story="1"'),
)  # fmt: skip


@pytest.mark.parametrize(
    "experiment", [preset.experiment for preset in PRESETS.values()] + [Inversion()], ids=[*PRESETS, "plain"]
)
def test_a_command_line_repeats_an_experiment(experiment):
    assert linked(*shlex.split(command_line(experiment))[2:]) == experiment


@pytest.mark.parametrize("words", SMALL_CHANGES)
def test_a_command_line_repeats_what_flags_made(words):
    experiment = linked(*words)
    assert linked(*shlex.split(command_line(experiment))[2:]) == experiment


def test_a_preset_is_changed_by_flags_alone():
    preset = PRESETS["aggregated-rescued"].experiment
    assert linked("--preset", "aggregated-rescued") == preset
    assert linked("--preset", "aggregated-rescued", "--seed", "1") == preset.changed(("seed",), 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("run --num-client 3", "No such option '--num-client'.*'--num-clients'"),
        ("run --recipe dgl", "'--recipe': 'dgl' is none of dlg, idlg, ig, .*; did you mean ggl or dlg"),
        ("run --preset easyleak", "'easyleak' is none of .*; did you mean easy-leak"),
        ("run --num-clients 199", "'--num-clients': 199 is not in the range 1<=x<=128"),
        ("run --restarts x", "'--restarts': 'x' is not a valid whole number"),
        ("run --tv-weight nan", "--tv-weight: .*finite number .got nan"),
        ("run --client-indices 1,2", "^2 indices are given and 3 images are needed. Give one index for each image"),
        ("run --client-indices 1,2,99", "^Index 99 is out of range: the album has 36 images, numbered 0 to 35"),
        ("run --client-indices 1,b", "'--client-indices': '1,b' is not a list of whole numbers such as 3,14,15"),
        ("run --dataset cifar10", "^CIFAR-10 is not at .*data.* this does: python -c .*download=True"),
        ("run --dataset imagenet", "ImageNet is not at .*image-net.org"),
        ("run --dataset folder --data-root nowhere", "^There is no folder nowhere. It should hold one subfolder"),
        ("run --dataset-split test", "^--dataset-split means nothing with --dataset photos"),
        ("run --device cuda", "^The device 'cuda' was asked for and this machine has no CUDA GPU: choose cpu or auto"),
        ("run --num-classes 3", "^Classes: 3 are asked for and these photographs have 36"),
        ("run --recipe idlg --samples-per-client 2", "^iDLG reads the label of one photograph and 2 are in"),
        ("run --pretrained", "^Nobody publishes weights of LeNet"),
        ("run --checkpoint nowhere.pt", "^There is no checkpoint at nowhere.pt"),
        ("run --set seeed=1", "^--set seeed: there is no such knob here; did you mean seed"),
        ("run --set recipe.stages.0.distance=cosin", "'cosin' .*'l2', 'cosine'"),
        ("link --read nonsense", "^This link was made by another version"),
        ("link --read 1.AAAA", "^This link is broken"),
        ("link --read 1.AAAA --seed 3", "^--read takes a link apart and no other flag"),
        ("labels --batch-size 64 --distribution unique --num-classes 10", "^64 photographs of different classes are"),
        ("labels --dataset mnist", "^The balance of IGIMS .* needs 18 classes for 64 photographs and there are 10"),
        ("labels --dataset cifar100", "^CIFAR-100 is not at .*data.* this does: python -c .*download=True"),
        ("labels --dataset-split test", "^--dataset-split means nothing with --dataset photos"),
        ("labels --distribution uniqe", "'uniqe' is none of balanced, unique, igims, dirichlet; did you mean unique"),
        ("labels --batch-size 5000", "'--batch-size': 5000 is not in the range 1<=x<=4096"),
        ("labels --device cuda", "^The device 'cuda' was asked for and this machine has no CUDA GPU"),
        ("labels --recipe dlg", "No such option '--recipe'"),
        ("labels --set seeed=1", "^--set seeed: there is no such knob here; did you mean seed"),
        ("fetch lpips --net resnet", "'resnet' is not one of 'alex', 'vgg', 'squeeze'"),
        ("fetch fid", "'fid' is not 'lpips'"),
        ("rnu", "No such command 'rnu'"),
        ("--loud", "No such option '--loud'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence(words, sentence):
    assert re.search(sentence, refused(*words.split()))


def test_nothing_is_computed_for_a_place_that_cannot_be_written():
    Path("file").write_text("")
    assert refused("run", "--save-dir", "file/inner").startswith("Nothing can be saved in file/inner (Not a directory)")


class Trap:
    """What a malicious checkpoint holds: unpickled, it writes a file."""

    def __reduce__(self):
        return Path("sprung").write_text, ("",)


def test_a_checkpoint_with_code_in_its_pickle_is_refused_before_it_runs():
    Path("trap.pt").write_bytes(pickle.dumps({"weights": Trap()}))
    assert "it holds more than tensors, and loading it could run code" in refused("run", "--checkpoint", "trap.pt")
    assert not Path("sprung").exists()


def test_a_checkpoint_of_another_shape_is_refused():
    torch.save({"weights": torch.zeros(2)}, "other.pt")
    assert refused("run", "--checkpoint", "other.pt").startswith("The checkpoint does not fit this network: of ")
