"""What is promised, to whom, and by which numbers; and the sentences where nothing is."""

from collections import Counter

import pytest
import torch

from leaklab.evaluation.privacy import epsilon
from leaklab.experiments.promise import Promise, promise, together
from leaklab.experiments.scenario import Played
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import DPSGD, Clip, GaussianNoise, LaplaceNoise, Mixup, TopK
from leaklab.protocol.defences.soteria import Soteria
from leaklab.protocol.training import Schedule
from tests.experiments import small

DELTA = 1e-5


def promised(*chain, delta: float = DELTA, **knobs) -> Promise:
    federation = Federation(defences=chain, **knobs)
    return promise(federation, played(federation), delta)


def played(federation: Federation) -> Played:
    bare = federation.model_copy(update={"defences": ()})
    return small.scenario(bare).play(7, device=torch.device("cpu"), dtype=torch.float32)


def spent(noise: float, *, rate: float = 1.0, steps: int = 1, delta: float = DELTA) -> float:
    return epsilon(noise_multiplier=noise, sample_rate=rate, steps=steps, delta=delta)


def test_a_clip_with_noise_is_accounted_for_every_round():
    found = promised(Clip(noise_multiplier=2), rounds=3)
    assert found.epsilon == spent(2, steps=3)
    [said] = found.remarks
    assert said.startswith(
        f"Clipping and noise: ε = {found.epsilon:.3g} at δ = 1e-05 for each client, by clip norm C = 1,"
    )
    assert said.endswith("noise multiplier σ = 2, sample rate q = 1, 3 steps, and the Rényi (RDP) accountant.")


def test_dp_sgd_is_accounted_for_every_local_step():
    training = Schedule(epochs=2, batch_size=1)
    found = promised(DPSGD(bound=0.5, noise_multiplier=1.5), images_per_client=2, schedule=training)
    assert found.epsilon == spent(1.5, rate=0.5, steps=4)
    assert "for each photograph, by clip norm C = 0.5, noise multiplier σ = 1.5" in found.remarks[0]
    assert "sample rate q = 0.5, 4 steps" in found.remarks[0]


def test_of_several_guarantees_the_smallest_counts():
    chain = DPSGD(noise_multiplier=1), Clip(noise_multiplier=3), TopK()
    assert promised(*chain).epsilon == spent(3)


def test_in_an_average_the_noise_of_all_clients_adds_up():
    knobs = {"clients": 3, "images_per_client": 1}
    assert promised(Clip(noise_multiplier=1), **knobs).epsilon == spent(1)
    for seen in ({"view": "aggregated"}, {"secure_aggregation": True}):
        assert promised(Clip(noise_multiplier=1), **knobs, **seen).epsilon == pytest.approx(spent(3**0.5))
    assert promised(Clip(noise_multiplier=1), **knobs, view="client").epsilon == pytest.approx(spent(2**0.5))


def test_whoever_weighs_most_in_an_average_hides_behind_the_fewest():
    average = Federation(clients=3, view="aggregated")
    assert together(average, Counter({0: 2, 1: 2, 2: 2})) == 3 and together(average, Counter({0: 4, 1: 2, 2: 2})) == 1
    looking = Federation(clients=3, view="client")
    assert together(looking, Counter({0: 9, 1: 1, 2: 1})) == 2  # the one that looks knows its own share
    assert together(average.model_copy(update={"normalise": True}), Counter({0: 2, 1: 2})) == 1


def test_a_delta_that_is_no_promise_is_warned_of():
    found = promised(DPSGD(noise_multiplier=1), images_per_client=3, delta=0.4)
    assert found.epsilon == spent(1, delta=0.4)
    assert found.remarks[1].startswith("δ = 0.4 is not below 1/n with n = 3, so one photograph in 3 may be laid open")
    assert len(promised(DPSGD(noise_multiplier=1), images_per_client=3, delta=0.3).remarks) == 1


def test_an_epsilon_that_is_vast_says_that_it_promises_nothing():
    found = promised(DPSGD(noise_multiplier=0.1))
    assert found.epsilon > 20 and found.remarks[1].startswith(f"An ε of {found.epsilon:.3g} promises nothing to speak")
    assert len(promised(DPSGD(noise_multiplier=1)).remarks) == 1


@pytest.mark.parametrize(("chain", "words"), [
    ((), []), ((TopK(),), []), ((GaussianNoise(),), []),
    ((GaussianNoise(sigma=1),), ["Gaussian noise gives no (ε, δ) guarantee: without a clip nothing bounds"]),
    ((LaplaceNoise(), TopK()), ["Laplace noise gives no (ε, δ) guarantee: without a clip"]),
    ((Clip(),), ["Clipping and noise gives no (ε, δ) guarantee here: a clip without noise promises nothing."]),
    ((DPSGD(noise_multiplier=0), Soteria()), ["DP-SGD gives no (ε, δ) guarantee here: a clip without noise"]),
    ((DPSGD(), Soteria()), ["DP-SGD gives no (ε, δ) guarantee here: Soteria uses photographs that its noise does not"]),
    ((Mixup(), DPSGD()), ["DP-SGD gives no (ε, δ) guarantee here: Mixup uses photographs that its noise does not"]),
    ((DPSGD(noise_multiplier=1e-4),), ["DP-SGD gives no (ε, δ) guarantee here: noise of 0.0001 bounds is too little"]),
])  # fmt: skip
def test_where_nothing_is_promised_it_says_so(chain, words: list[str]):
    found = promised(*chain)
    assert found.epsilon is None and len(found.remarks) == len(words)
    assert all(said.startswith(begun) for said, begun in zip(found.remarks, words, strict=True))


def test_what_comes_before_the_noise_or_after_the_update_spoils_nothing():
    assert promised(Soteria(), DPSGD(), TopK()).epsilon == spent(1)
    assert promised(Mixup(), Clip(noise_multiplier=1)).epsilon == spent(1)
