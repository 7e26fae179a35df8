"""The table of flags: the course project's all stand in it, each at a knob that exists, and land where they should."""

import pytest

from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.labels import METHODS
from leaklab.attacks.matching.priors import TotalVariation
from leaklab.experiments.flags import FLAGS, LABEL_FLAGS, concrete, found, leaves, near, put, start
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.settings import Refusal

TREE = start().model_dump(mode="json")
BY_NAME = {flag.name: flag for flag in FLAGS}

# The course project's flags that are settings, with its defaults (section 4.3); the data set and its root differ.
COURSE = {
    "--num-clients": 3, "--samples-per-client": 1, "--reconstruct-mode": "per-client", "--client-indices": None,
    "--image-size": 32, "--arch": "lenet", "--pretrained": False, "--checkpoint": "", "--iterations": 300,
    "--restarts": 1, "--init-scale": 1.0, "--tv-weight": 0.0, "--log-every": 25, "--normalize-gradients": False,
    "--apply-agg-step": False, "--agg-lr": 0.1, "--seed": 1234, "--dummy-seed": None, "--dataset": "photos",
}  # fmt: skip
OURS = {"--recipe": "dlg", "--labels": "jointly", "--num-classes": 0, "--local-steps": 1, "--noise": 0.0}


@pytest.mark.parametrize(("name", "default"), [*COURSE.items(), *OURS.items()])
def test_a_flag_begins_where_the_course_project_does(name, default):
    values = list(found(TREE, BY_NAME[name].place.split(".")))
    value = values[0] if len(values) == 1 else None
    shown = value.get("kind", value.get("key")) if isinstance(value, dict) else value
    assert (shown or None) == (default or None)


@pytest.mark.parametrize("flag", (*FLAGS, *LABEL_FLAGS), ids=lambda flag: f"{flag.of.__name__}{flag.name}")
def test_a_flag_has_words_and_a_place(flag):
    assert flag.knob is not None or flag.name == "--recipe"
    assert flag.help or flag.knob.help


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag.read(TREE) is not None], ids=lambda flag: flag.name)
def test_what_is_read_can_be_put_back(flag):
    assert flag.put(TREE, flag.read(TREE)) == TREE


def test_labels_begin_where_their_experiment_does_and_put_back_what_they_read():
    assert start(LabelRecovery) == LabelRecovery() and isinstance(start(), Inversion)
    tree = LabelRecovery().model_dump(mode="json")
    for flag in LABEL_FLAGS:
        value = flag.read(tree)
        assert value == flag.default and (value is None or flag.put(tree, value) == tree)


def test_a_flag_of_labels_that_means_nothing_here_is_refused():
    [split] = [flag for flag in LABEL_FLAGS if flag.name == "--dataset-split"]
    with pytest.raises(Refusal, match="--dataset-split means nothing with --dataset photos: leave it out"):
        split.put(LabelRecovery().model_dump(mode="json"), "test")


def test_a_star_means_every_stage():
    tree = BY_NAME["--recipe"].put(TREE, "ig")
    tree["recipe"]["stages"] *= 2
    changed = BY_NAME["--iterations"].put(tree, 7)
    assert [stage["iterations"] for stage in changed["recipe"]["stages"]] == [7, 7]
    assert [stage["iterations"] for stage in tree["recipe"]["stages"]] == [4800, 4800]  # nothing is changed in place


def test_a_star_passes_over_stages_that_have_no_such_place():
    tree = BY_NAME["--recipe"].put(TREE, "rgap-polish")
    for name, value in (("--iterations", 7), ("--tv-weight", 0.5), ("--init-scale", 0.1)):
        tree = BY_NAME[name].put(tree, value)
        assert BY_NAME[name].read(tree) == value
    solving, search = Inversion.read(tree).recipe.stages
    assert solving == RecursiveGradient() and (search.iterations, search.space.scale) == (7, 0.1)
    assert search.priors == (TotalVariation(weight=0.5),)
    assert concrete(tree, "recipe.stages.*.iterations") == "recipe.stages.1.iterations"


@pytest.mark.parametrize("name", ["--iterations", "--restarts", "--init-scale", "--tv-weight"])
def test_a_star_that_no_stage_answers_to_is_refused(name: str):
    tree = BY_NAME["--recipe"].put(TREE, "rgap")
    assert BY_NAME[name].read(tree) is None
    with pytest.raises(Refusal, match=f"{name} means nothing with --recipe rgap: leave it out, or choose another."):
        BY_NAME[name].put(tree, 1)


@pytest.mark.parametrize("kind", ["given", "jointly", *METHODS])
def test_every_way_to_labels_has_its_word(kind: str):
    tree = BY_NAME["--labels"].put(TREE, kind)
    assert Inversion.read(tree).recipe.labels.kind == kind == BY_NAME["--labels"].read(tree)


def test_a_flag_reads_nothing_where_stages_differ():
    tree = put(TREE, "recipe.stages", [{"iterations": 1}, {"iterations": 2}])
    assert BY_NAME["--iterations"].read(tree) is None


def test_a_missing_part_of_a_list_is_added_and_a_present_one_changed():
    bare = put(TREE, "recipe.stages.0.priors", [])
    for weight in (0.5, 1):
        bare = put(bare, "recipe.stages.*.priors.total_variation.weight", weight)
        assert bare["recipe"]["stages"][0]["priors"] == [{"kind": "total_variation", "weight": weight}]


def test_one_word_stands_for_a_part_of_that_kind():
    assert put(TREE, "scenario.source", "mnist")["scenario"]["source"] == {"kind": "mnist"}
    assert put(TREE, "scenario.source", "photos") == TREE  # what was chosen of it is kept


def test_valid_is_the_course_projects_word_for_val():
    tree = BY_NAME["--dataset"].put(TREE, "tiny-imagenet")
    tree["scenario"]["source"]["split"] = "train"
    assert BY_NAME["--dataset-split"].put(tree, "valid")["scenario"]["source"]["split"] == "val"


def test_a_flag_that_means_nothing_here_is_refused():
    expected = "--dataset-split means nothing with --dataset photos: leave it out, or choose another."
    with pytest.raises(Refusal, match=expected):
        BY_NAME["--dataset-split"].put(TREE, "test")
    with pytest.raises(Refusal, match="--init-scale means nothing with --recipe dlg"):
        BY_NAME["--init-scale"].put(put(TREE, "recipe.stages.0.space", {}), 1)


@pytest.mark.parametrize(
    "place", ["nothing", "scenario.nothing", "recipe.stages.3.iterations", "seed.more", "recipe.stages.x.y.z"]
)
def test_a_place_that_does_not_exist(place):
    assert not list(found(TREE, place.split(".")))
    with pytest.raises(KeyError):
        put(TREE, place, 1)


def test_every_leaf_is_found_where_it_is_said_to_be():
    assert all(list(found(TREE, place.split("."))) for place in leaves(TREE))
    assert concrete(TREE, "scenario.federation.defences.gaussian_noise.sigma") == "scenario.federation.defences.0.sigma"


def test_near_words():
    assert near("dgl", ("dlg", "ig")) == "; did you mean dlg?"
    assert near("cifar", ("cifar10", "cifar100", "photos")) == "; did you mean cifar10 or cifar100?"
    assert near("zebra", ("dlg", "ig")) == ""
