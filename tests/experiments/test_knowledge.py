"""What is drawn as the threat model is what the observation holds."""

from itertools import product

import pytest

from leaklab.experiments.knowledge import knowledge
from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import ThreatModel
from tests.experiments import small

FACTS = {
    "labels": "their labels", "schedule": "how the clients train", "defences": "which defence",
    "batch_statistics": "batch-norm layers",
}  # fmt: skip


@pytest.mark.parametrize("told", list(product([False, True], repeat=len(FACTS))))
def test_each_fact_is_told_or_unknown_as_the_threat_model_says(told: tuple[bool, ...]):
    threat = ThreatModel(**dict(zip(FACTS, told, strict=True)))
    lists = knowledge(small.scenario(threat=threat))
    for name, words in FACTS.items():
        where = lists.told if getattr(threat, name) else lists.unknown
        assert [words in line for line in (*lists.told, *lists.unknown)].count(True) == 1
        assert any(words in line for line in where)


def test_every_fact_of_the_threat_model_is_spoken_of():
    assert set(FACTS) == set(ThreatModel.model_fields)


def test_an_aggregate_hides_every_single_update():
    whole = knowledge(small.scenario(Federation(clients=3, view="aggregated")))
    single = knowledge(small.scenario(Federation(clients=3)))
    assert "the average update of 3 clients" in whole.sees and "any single client's update" in whole.unknown
    assert "each client's own update" in single.sees and "any single client's update" not in single.unknown


def test_the_attacker_has_photographs_of_its_own():
    assert "photographs of its own, such as anybody can have" in knowledge(small.scenario()).sees


def test_the_photographs_are_never_known():
    everything = ThreatModel(**dict.fromkeys(FACTS, True))
    for view in ("per-client", "aggregated"):
        lists = knowledge(small.scenario(Federation(view=view), threat=everything))
        assert "the photographs themselves" in lists.unknown
