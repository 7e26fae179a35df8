"""What is drawn as the threat model is what the observation holds."""

from itertools import product

import pytest

from leaklab.experiments.knowledge import FACTS, knowledge
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import DPSGD, PRECODE, Clip, Dropout, GaussianNoise, Sign, Soteria
from leaklab.protocol.observation import ThreatModel
from tests.experiments import small

WORDS = {
    "labels": "their labels", "epochs": "local epochs", "batch_size": "takes in one local step",
    "learning_rate": "learning rate", "number": "behind what it sees", "counts": "each client has",
    "order": "together", "defences": "which defence", "batch_statistics": "batch-norm layers",
}  # fmt: skip


@pytest.mark.parametrize("view", ["per-client", "aggregated", "client"])
@pytest.mark.parametrize(("name", "told"), list(product(WORDS, [False, True])))
def test_each_fact_is_told_or_unknown_as_the_threat_model_says(name: str, told: bool, view: str):
    others = dict.fromkeys(WORDS, not told)
    lists = knowledge(small.scenario(Federation(clients=3, view=view), threat=ThreatModel(**others | {name: told})))
    assert [WORDS[name] in line for line in (*lists.told, *lists.unknown)].count(True) == 1
    assert any(WORDS[name] in line for line in (lists.told if told else lists.unknown))


def test_every_fact_of_the_threat_model_is_spoken_of():
    assert set(FACTS) == set(WORDS) == set(ThreatModel.model_fields)


def test_the_number_of_photographs_is_no_longer_seen_but_told():
    assert not any("number of photographs" in line for line in knowledge(small.scenario()).sees)


def test_an_aggregate_hides_every_single_update():
    whole = knowledge(small.scenario(Federation(clients=3, view="aggregated")))
    single = knowledge(small.scenario(Federation(clients=3)))
    assert "the average update of 3 clients" in whole.sees and "any single client's update" in whole.unknown
    assert "each client's own update" in single.sees
    assert not any("single" in line for line in single.unknown)


def test_a_client_sees_two_global_models_and_its_own_photographs():
    lists = knowledge(small.scenario(Federation(clients=3, view="client")))
    assert "two global models in a row, and so the average update of 3 clients" in lists.sees
    assert "the photographs that it trains on itself, and their labels" in lists.sees
    assert "the photographs of the other clients" in lists.unknown
    assert "any single update but its own" in lists.unknown


def test_under_masks_the_server_sees_noise_of_each_client():
    lists = knowledge(small.scenario(Federation(clients=3, secure_aggregation=True)))
    assert "each client's update under masks, which is noise" in lists.sees
    assert "each client's own update" not in lists.sees
    assert "any single client's update without its masks" in lists.unknown


@pytest.mark.parametrize("federation", [
    Federation(secure_aggregation=True), Federation(clients=1), Federation(clients=3),
])  # fmt: skip
def test_without_a_partner_or_without_masks_the_update_is_plain(federation: Federation):
    assert "each client's own update" in knowledge(small.scenario(federation)).sees


@pytest.mark.parametrize("view", ["aggregated", "client"])
def test_masks_change_nothing_at_the_average(view: str):
    plain, masked = (Federation(clients=3, view=view, secure_aggregation=secure) for secure in (False, True))
    assert knowledge(small.scenario(plain)) == knowledge(small.scenario(masked))


def test_the_attacker_has_photographs_of_its_own():
    assert "photographs of its own, such as anybody can have" in knowledge(small.scenario()).sees


def test_what_is_seen_of_an_update_says_what_became_of_it():
    defended = Federation(defences=(Clip(bound=2), GaussianNoise(), Sign()))
    assert (
        "each client's own update, shortened to length 2, reduced to its signs"
        in knowledge(small.scenario(defended)).sees
    )
    for view, before in (("aggregated", ""), ("client", "two global models in a row, and so ")):
        lists = knowledge(small.scenario(Federation(clients=3, view=view, defences=(Sign(),))))
        assert f"{before}the average update of 3 clients, each reduced to its signs" in lists.sees


def test_under_masks_no_defence_is_seen():
    masked = Federation(clients=3, secure_aggregation=True, defences=(Sign(),))
    assert "each client's update under masks, which is noise" in knowledge(small.scenario(masked)).sees


@pytest.mark.parametrize("defence", [PRECODE(), Dropout()], ids=lambda one: one.kind)
def test_a_layer_that_a_defence_has_put_into_the_network_is_seen(defence):
    sees = knowledge(small.scenario(Federation(defences=(defence,)))).sees
    assert sees[0] == "the network, with the layer of a defence in it, and its weights before training"
    for other in (Soteria(), DPSGD()):
        sees = knowledge(small.scenario(Federation(defences=(other,)))).sees
        assert sees[:2] == ("the network and its weights before training", "each client's own update")


def test_the_photographs_are_never_known():
    everything = ThreatModel(**dict.fromkeys(FACTS, True))
    for view in ("per-client", "aggregated"):
        lists = knowledge(small.scenario(Federation(view=view), threat=everything))
        assert "the photographs themselves" in lists.unknown
