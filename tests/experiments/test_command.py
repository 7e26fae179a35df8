"""Flags make an experiment, and what is told to the attacker follows from the recipe."""

import pytest

from leaklab.attacks.labels import IDLG, Given
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.command import assemble, command_line, label_command_line, label_recovery, plans
from leaklab.experiments.flags import start
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.images.source import Cifar10, Cifar100, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal


def test_no_flag_is_the_course_projects_experiment():
    assert assemble({}) == start()
    assert command_line(start()) == "leaklab run"


def test_flags_land_in_their_places():
    flags = {
        "--recipe": "ig", "--iterations": 7, "--tv-weight": 0.01, "--init-scale": 0.5, "--restarts": 2, "--noise": 0.1,
        "--dataset": "cifar10", "--dataset-split": "train", "--client-indices": [1, 2], "--num-clients": 2,
        "--local-steps": 4, "--local-lr": 0.05, "--dummy-seed": 5, "--dtype": "float32", "--log-every": 3,
    }  # fmt: skip
    made = assemble(flags)
    scenario, stage = made.scenario, made.recipe.stages[0]
    assert scenario.source == Cifar10(split="train", indices=(1, 2))
    assert (scenario.federation.clients, scenario.federation.defences[0].sigma) == (2, 0.1)
    assert (scenario.federation.schedule.epochs, scenario.federation.schedule.learning_rate) == (4, 0.05)
    assert (stage.iterations, stage.restarts, stage.space.scale, stage.priors[0].weight) == (7, 2, 0.5, 0.01)
    assert (made.attack_seed, made.precision, made.record_every, made.recipe.key) == (5, "float32", 3, "ig")


def test_tv_weight_is_added_to_a_recipe_without_that_prior():
    bare = start().changed(("recipe", "stages", 0, "priors"), ())
    assert [prior.weight for prior in assemble({"--tv-weight": 0.1}, begin=bare).recipe.stages[0].priors] == [0.1]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({}, False),
        ({"--recipe": "ig"}, False),
        ({"--recipe": "ig", "--samples-per-client": 2}, True),
        ({"--recipe": "ig", "--reconstruct-mode": "aggregated"}, True),
        ({"--recipe": "ig", "--reconstruct-mode": "aggregated", "--num-clients": 1}, False),
        ({"--labels": "given"}, True),
        ({"--samples-per-client": 2}, False),
    ],
)  # fmt: skip
def test_labels_are_told_where_the_recipe_needs_them(flags, told):
    assert assemble(flags).scenario.threat.labels is told


def test_label_recovery_is_the_recipes_own_unless_another_is_asked_for():
    assert assemble({"--recipe": "idlg", "--labels": "recipe"}).recipe == RECIPES["idlg"]
    assert assemble({"--labels": "idlg"}).recipe.labels == IDLG()
    assert assemble({"--labels": "given"}).recipe.labels == Given()


def test_both_is_two_experiments_that_differ_in_what_is_seen_and_told():
    made = plans({"--recipe": "ig", "--reconstruct-mode": "both"})
    assert list(made) == ["per-client", "aggregated"]
    assert [plan.scenario.threat.labels for plan in made.values()] == [False, True]
    assert list(plans({"--reconstruct-mode": "aggregated"})) == ["aggregated"]


def test_sets_come_after_flags():
    made = assemble({"--recipe": "ig", "--samples-per-client": 2}, ["scenario.threat.labels=false", "seed=7"])
    assert made.scenario.threat.labels is False and made.seed == 7


def test_a_set_takes_a_word_for_a_part_and_json_for_the_rest():
    sets = ["recipe.stages.0.optimiser=adam", "recipe.stages.*.optimiser.sign=hard", 'scenario.source.names=["cat"]']
    made = assemble({}, sets)
    assert made.recipe.stages[0].optimiser.kind == "adam" and made.recipe.stages[0].optimiser.sign == "hard"
    assert made.scenario.source.names == ("cat",)


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ("seed", "--set seed: write a path, '=' and a value, such as recipe.stages.0.optimiser=adam."),
        ("sede=1", "--set sede: there is no such knob here; did you mean seed?"),
        ("zebra=1", "--set zebra: there is no such knob here; `leaklab recipes --markdown` lists them all."),
        ("seed=-1", "--set: seed: Input should be greater than or equal to 0 (got -1)."),
    ],
)
def test_a_wrong_set_gets_a_sentence(sets, words):
    with pytest.raises(Refusal) as refused:
        assemble({}, [sets])
    assert str(refused.value) == words


def test_a_wrong_flag_is_named():
    with pytest.raises(
        Refusal, match=r"^--dataset-split: scenario.source.cifar10.split: .*'train' or 'test' \(got 'all'\)"
    ):
        assemble({"--dataset": "cifar10", "--dataset-split": "all"})


def test_a_command_line_is_short_where_flags_exist_and_names_a_part_before_its_knobs():
    plain = Inversion().changed(("recipe", "stages", 0, "optimiser"), {"kind": "adam", "learning_rate": 0.05})
    assert command_line(plain) == (
        "leaklab run --num-clients 1 --log-every 0 --set recipe.stages.0.optimiser=adam "
        "--set recipe.stages.0.optimiser.learning_rate=0.05"
    )


def test_a_command_line_says_nothing_of_folders_and_uploads_unless_asked():
    folder = start().changed(("scenario", "source"), Cifar10(root="/home/somebody"))
    assert command_line(folder) == "leaklab run --dataset cifar10"
    assert command_line(folder, private=True) == "leaklab run --dataset cifar10 --data-root /home/somebody"
    own = start().changed(("scenario", "source"), Uploads(pictures=("c2VjcmV0",)))
    assert command_line(own) == "leaklab run --set scenario.source=uploads"


def test_labels_are_assembled_from_flags_and_sets():
    given = {
        "--dataset": "cifar100",
        "--dataset-split": "train",
        "--arch": "resnet18",
        "--batch-size": 16,
        "--training": 3,
    }
    made = label_recovery(given, ["network.batch_norm=batch", "network.stem=small"])
    assert made == LabelRecovery(
        source=Cifar100(split="train"), network=NetworkChoice(name="resnet18", batch_norm="batch", stem="small"),
        batch_size=16, training=3,
    )  # fmt: skip
    assert label_recovery({}) == LabelRecovery()
    with pytest.raises(Refusal, match="^--set netwrk.name: there is no such knob here; did you mean network.name"):
        label_recovery({}, ["netwrk.name=mlp"])
    with pytest.raises(Refusal, match=r"^--batch-size: batch_size: .*less than or equal to 4096 \(got 9999\)"):
        label_recovery({"--batch-size": 9999})


@pytest.mark.parametrize("change, words", [
    ({}, "leaklab labels"),
    ({"balance": "unique", "batch_size": 8, "seed": 3}, "leaklab labels --batch-size 8 --distribution unique --seed 3"),
    ({"network": NetworkChoice(name="resnet18", activation="sigmoid"), "training": 20},
     "leaklab labels --arch resnet18 --training 20 --set network.activation=sigmoid"),
    ({"source": Cifar10(split="train"), "num_classes": 10},
     "leaklab labels --dataset cifar10 --dataset-split train --num-classes 10"),
    ({"source": Uploads(pictures=("c2VjcmV0",))}, "leaklab labels --set source=uploads"),
])  # fmt: skip
def test_a_label_recovery_is_typed_in_a_shell(change: dict, words: str):
    assert label_command_line(LabelRecovery().model_copy(update=change)) == words
