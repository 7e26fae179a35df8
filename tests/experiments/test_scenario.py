"""The victim's side: played from one seed, with its pitfalls said aloud."""

import pytest
import torch

from leaklab.experiments.scenario import Played, Scenario
from leaklab.federation.partition import Dirichlet, Even, Partition, Uneven
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import (
    DPSGD,
    Clip,
    Defence,
    GaussianNoise,
    InstaHide,
    Mixup,
    RandomK,
    Sign,
    Soteria,
    TopK,
)
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.updates import flatten
from leaklab.settings import Refusal
from tests.experiments import small

CPU = torch.device("cpu")
TWO = Federation(clients=2)


def play(scenario: Scenario, seed: int = 3, dtype: torch.dtype = torch.float32) -> Played:
    return scenario.play(seed, device=CPU, dtype=dtype)


def test_both_sides_fit_together():
    played = play(small.scenario(TWO))
    assert [observation.num_images for observation, _ in played.exchanges] == [1, 1]
    assert len(played.pictures.names) == len(played.exchanges) == 2
    for number, (observation, secret) in enumerate(played.exchanges):
        assert torch.equal(secret.images[0], played.pictures.images[number])
        assert secret.labels.tolist() == [played.pictures.labels[number]]
        assert observation.image_shape == (3, 16, 16) and observation.num_classes == Photos().num_classes


def test_the_same_seed_plays_the_same_round_and_another_another():
    scenario = small.scenario(TWO, source=Photos())
    for (one, a), (other, b) in zip(play(scenario).exchanges, play(scenario).exchanges, strict=True):
        assert torch.equal(flatten(one.update), flatten(other.update)) and torch.equal(a.images, b.images)
    assert not torch.equal(
        flatten(play(scenario).exchanges[0][0].update), flatten(play(scenario, seed=4).exchanges[0][0].update)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_everything_is_in_the_precision_that_was_asked_for(dtype: torch.dtype):
    [(observation, secret)] = play(small.scenario(), dtype=dtype).exchanges
    assert {part.dtype for part in observation.update.values()} == {secret.images.dtype} == {dtype}


def test_the_other_photographs_are_the_album_in_the_same_form():
    assert play(small.scenario()).others.shape == (len(Photos().draw(1, 16, torch.Generator()).class_names), 3, 16, 16)
    assert play(small.scenario(source=Photos(grey=True))).others.shape[1:] == (1, 16, 16)


@pytest.mark.parametrize(("federation", "words"), [
    (Federation(step_first=True), "The server moved its weights before the attack"),
    (Federation(clients=2, view="aggregated", normalise=True), "The clients' updates were normalised before averaging"),
])  # fmt: skip
def test_known_mistakes_are_warned_of_in_a_sentence(federation: Federation, words: str):
    [warning] = play(small.scenario(federation)).warnings
    assert warning.startswith(words) and warning.endswith(".")


@pytest.mark.parametrize(("federation", "begins"), [
    (Federation(defences=(TopK(left_out=1),)), ("'Left out' of 1 keeps nothing", "The update is zero, every number")),
    (Federation(defences=(RandomK(left_out=1), GaussianNoise(sigma=1))), ("'Left out' of 1 keeps nothing",)),
    (Federation(defences=(Soteria(rate=1),)), ("Soteria silences every feature",)),
    (Federation(defences=(Sign(),)), ("Only signs are sent",)),
    (Federation(images_per_client=2, defences=(Mixup(mixed=2),)), ("The clients train on mixtures",)),
    (Federation(images_per_client=2, defences=(InstaHide(mixed=4),)),
     ("The clients train on mixtures", "A mixture of 4 is more than the 2 photographs of a client")),
])  # fmt: skip
def test_what_defences_leave_to_see_is_said_in_sentences(federation: Federation, begins: tuple[str, ...]):
    warnings = play(small.scenario(federation)).warnings
    assert len(warnings) == len(begins)
    for warning, words in zip(warnings, begins, strict=True):
        assert warning.startswith(words) and warning.endswith(".")


CHAINS = [
    (TopK(left_out=0.99), RandomK(left_out=0.5)),
    (Soteria(rate=0.9), DPSGD()),
    (Mixup(mixed=1), Clip(bound=1e-6)),
]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_defence_that_leaves_something_is_no_mistake(chain: tuple[Defence, ...]):
    assert play(small.scenario(Federation(defences=chain))).warnings == ()


def test_a_defence_that_cannot_work_is_refused_before_anything_is_drawn():
    scenario = small.scenario(Federation(defences=(Soteria(variant="rows"),)))
    for refused in (scenario.outline, lambda: play(scenario)):
        with pytest.raises(Refusal, match="Soteria"):
            refused()


def test_per_sample_clipping_is_refused_where_photographs_share_a_batch_norm():
    network = NetworkChoice(name="resnet18", batch_norm="batch")
    with pytest.raises(Refusal, match="DP-SGD clips the gradient of every photograph on its own"):
        small.scenario(Federation(images_per_client=2, defences=(DPSGD(),))).changed(("network",), network).outline()


@pytest.mark.parametrize("federation", [Federation(), TWO, Federation(clients=2, normalise=True)])
def test_what_is_no_mistake_is_not_warned_of(federation: Federation):
    assert play(small.scenario(federation)).warnings == ()


def test_the_network_may_tell_more_classes_apart_than_there_are_but_not_fewer():
    scenario = small.scenario()
    [(observation, _)] = play(scenario.changed(("num_classes",), 100)).exchanges
    assert observation.num_classes == 100 and flatten(observation.update).isfinite().all()
    with pytest.raises(Refusal, match="Classes: 5 are asked for and these photographs have .* or 0 for as many"):
        play(scenario.changed(("num_classes",), 5))


def test_what_a_network_cannot_compute_is_refused():
    network = NetworkChoice(name="resnet18", batch_norm="batch", stem="imagenet")
    with pytest.raises(Refusal, match="one number in each channel"):
        play(small.scenario().changed(("network",), network))


def test_more_photographs_than_the_album_has_are_refused():
    with pytest.raises(Refusal):
        play(small.scenario(Federation(clients=16, images_per_client=32)))


TOLD = ("epochs", "batch_size", "learning_rate", "counts", "num_images", "num_clients")


@pytest.mark.parametrize("partition", [Even(), Uneven(skew=0.5)], ids=["even", "uneven"])
@pytest.mark.parametrize("view", ["per-client", "aggregated", "client"])
@pytest.mark.parametrize("told", [False, True])
def test_the_outline_says_beforehand_what_will_be_told(view: str, told: bool, partition: Partition):
    ticks = ("labels", "epochs", "batch_size", "learning_rate", "number", "counts", "batch_statistics")
    threat = ThreatModel(**dict.fromkeys(ticks, told))
    federation = Federation(clients=2, images_per_client=2, view=view, partition=partition)
    scenario = small.scenario(federation, threat=threat, source=Photos())
    outline, (seen, _) = scenario.outline(), play(scenario).exchanges[0]
    for name in ("num_classes", "image_shape", "schedule", "local_steps", *TOLD):
        assert getattr(outline, name) == getattr(seen, name)
    for name in ("labels", "batch_statistics"):
        assert (getattr(outline, name) is None) == (getattr(seen, name) is None) == (not told)
    if told:
        assert outline.labels.shape == seen.labels.shape


@pytest.mark.parametrize("threat", [ThreatModel(), ThreatModel(counts=True)], ids=["untold", "told"])
def test_where_dice_share_out_the_outline_takes_them_to_be_even(threat: ThreatModel):
    federation = Federation(clients=3, images_per_client=4, partition=Dirichlet(), view="aggregated")
    outline = small.scenario(federation, threat=threat, source=Photos()).outline()
    assert outline.num_images == 12 and outline.counts == ((4, 4, 4) if threat.counts else None)
    alone = small.scenario(federation.changed(("view",), "per-client"), threat=threat, source=Photos()).outline()
    assert alone.num_images == 4 and alone.counts == ((4,) if threat.counts else None)


def test_a_client_that_looks_alone_is_refused_before_anything_is_drawn():
    scenario = small.scenario(Federation(view="client"))
    for refused in (scenario.outline, lambda: play(scenario)):
        with pytest.raises(Refusal, match="A client that looks needs other clients"):
            refused()


def test_what_differs_between_the_clients_is_in_the_secret_of_every_view():
    federation = Federation(clients=2, images_per_client=2, view="client", partition=Uneven(skew=0.5))
    [(seen, secret)] = play(small.scenario(federation, source=Photos())).exchanges
    assert secret.client.tolist() == [0, 0, 0, 1] and torch.equal(seen.own.images, secret.images[:3])
