"""Links of other versions: what is unknown is named and left out, what is no longer allowed has its default."""

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipes import IG, RECIPES
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.older import salvaged
from leaklab.images.source import Cifar10
from leaklab.protocol.defences import Clip, GaussianNoise
from leaklab.settings import Refusal, to_link, walk

STAGE = {"kind": "gradient_matching"}


def packed(value: object) -> str:
    """Return a link that carries any JSON, as another version might have made it."""
    return "1." + base64.urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode().rstrip("=")


def said(value: object) -> tuple[Inversion, str]:
    settings, sentences = salvaged(Inversion, packed(value))
    return settings, " ".join(sentences)


def test_a_link_of_this_version_is_read_whole_and_nothing_is_said():
    chosen = Inversion(recipe=IG, seed=99)
    assert salvaged(Inversion, to_link(chosen)) == (chosen, [])


def test_what_is_unknown_is_named_and_the_rest_is_used():
    settings, sentence = said({"speed": 1, "seed": 5, "scenario": {"federation": {"clients": 3, "hats": "red"}}})
    assert settings == Inversion(seed=5).changed(("scenario", "federation", "clients"), 3)
    assert sentence == (
        "This link was made by another version of leaklab. Not known here, and left out: scenario.federation.hats, "
        "speed. Everything else is as the link says."
    )


def test_what_became_invalid_has_its_default_and_is_named():
    stage = STAGE | {"iterations": 10**9, "restarts": 3, "optimiser": {"kind": "sgd", "rate": 1}}
    settings, sentence = said({"seed": 5, "recipe": {"stages": [stage]}})
    assert settings.seed == 5 and settings.recipe.stages[0].restarts == 3
    assert settings.recipe.stages == (GradientMatching(restarts=3),)
    assert "recipe.stages.0.iterations: Input should be less than or equal to 50000 (got 1000000000)." in sentence
    assert "recipe.stages.0.optimiser: There is no 'sgd' any more, only 'adam', 'lbfgs', 'cmaes'." in sentence
    assert sentence.count("Its default stands in.") == 2


def test_of_a_list_a_part_that_is_unknown_is_left_out_and_the_others_keep_their_settings():
    chain = [{"kind": "hat"}, {"kind": "clip", "bound": 2.0, "clip": 1}, {"kind": "cap"},
             {"kind": "gaussian_noise", "sigma": 0.1}]  # fmt: skip
    settings, sentence = said({"scenario": {"federation": {"defences": chain}}})
    assert settings.scenario.federation.defences == (Clip(bound=2.0), GaussianNoise(sigma=0.1))
    assert "scenario.federation.defences.0: There is no 'hat' any more" in sentence and "defences.2: " in sentence
    assert "left out: scenario.federation.defences.1.clip." in sentence and sentence.count("It is left out.") == 2


@pytest.mark.parametrize("stages", [[], [{"kind": "hat"}], [{}], "none", [STAGE, 3]])
def test_a_recipe_never_ends_without_a_stage(stages: Any):
    settings, sentence = said({"seed": 5, "recipe": {"stages": stages}})
    assert settings.seed == 5 and len(settings.recipe.stages) == 1 and "recipe.stages" in sentence


def test_an_older_name_that_is_still_read_is_no_complaint():
    settings, sentence = said({"scenario": {"threat": {"schedule": False}}})
    assert not settings.scenario.threat.epochs and sentence == ""


def test_a_column_whose_strength_is_no_longer_allowed_is_left_out():
    columns = [{"protection": "noise", "strength": 0.1}, {"protection": "dropout", "strength": 7}]
    settings, sentences = salvaged(Comparison, packed({"columns": columns}))
    assert [one.protection for one in settings.columns] == ["noise"] and "columns.1" in " ".join(sentences)


def test_what_is_private_is_dropped_here_too():
    crafted = {"hat": 1, "scenario": {"source": {"kind": "cifar10", "root": "/home/me"}}}
    assert said(crafted)[0].scenario.source == Cifar10()


@pytest.mark.parametrize("link", ["1.abc", "nonsense", packed([1]), packed({"kind": "landscape"}), packed("x")])
def test_a_link_that_is_broken_or_of_another_kind_is_refused_as_ever(link: str):
    with pytest.raises(Refusal, match="This link"):
        salvaged(Inversion, link)


@pytest.mark.parametrize("value", [
    {str(number): 1 for number in range(9000)}, {"recipe": {"stages": [{} for _ in range(40_000)]}},
])  # fmt: skip
def test_a_link_that_no_version_made_is_refused_at_once(value: dict):
    with pytest.raises(Refusal, match="This link asks for something leaklab does not allow"):
        salvaged(Inversion, packed(value))


def test_many_complaints_are_counted():
    _, sentence = said({f"knob_{number}": 1 for number in range(20)})
    assert "knob_0, knob_1" in sentence and "and 15 more" in sentence and len(sentence) < 300


@given(data=st.data(), recipe=st.sampled_from(list(RECIPES.values())), seed=st.integers(0, 99))
def test_one_knob_that_is_spoilt_costs_no_other(data: st.DataObject, recipe, seed: int):
    chosen = Inversion(recipe=recipe, seed=seed)
    one = data.draw(st.sampled_from([knob for knob in walk(chosen) if not knob.many]))
    tree = chosen.model_dump(mode="json")
    place: Any = tree
    for step in one.path[:-1]:
        place = place[step]
    place[one.path[-1]] = {"of another": "version"}
    settings, sentences = salvaged(Inversion, packed(tree))
    default = one.owner.model_fields[one.path[-1]].default
    assert settings == chosen.changed(one.path, default)
    assert any(sentence.startswith(f"{one.dotted}: ") for sentence in sentences)


@given(name=st.text("abcdefg", min_size=9, max_size=9), batch=st.integers(1, 99), seed=st.integers(0, 99))
def test_an_unknown_knob_changes_nothing(name: str, batch: int, seed: int):
    chosen = LabelRecovery(batch_size=batch, seed=seed)
    settings, sentences = salvaged(LabelRecovery, packed(chosen.model_dump(mode="json") | {name: [1, {"a": None}]}))
    assert settings == chosen and name in sentences[1]
