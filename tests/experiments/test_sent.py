"""What is left of an update and what was added, by the two lengths of a right-angled triangle."""

import math

import pytest
import torch

from leaklab.experiments import sent as module
from leaklab.experiments.sent import Sent, decomposed, made_out, sent, without_dice
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import QSGD, Clip, Dropout, GaussianNoise, RandomK, Sign, TopK
from leaklab.protocol.defences.precode import PRECODE
from leaklab.protocol.defences.soteria import Soteria
from leaklab.protocol.updates import flatten, norm
from tests.experiments import small

CPU = torch.device("cpu")


def played(*chain, clients: int = 1):
    scenario = small.scenario(Federation(clients=clients, defences=chain))
    return scenario, scenario.play(7, device=CPU, dtype=torch.float64)


def made(*chain, clients: int = 1) -> Sent:
    scenario, defended = played(*chain, clients=clients)
    return sent(scenario, defended, played(*without_dice(chain), clients=clients)[1])


def test_along_and_across_are_the_sides_of_a_triangle():
    plain, seen = (
        {"a": torch.tensor([3.0]), "b": torch.tensor([4.0])},
        {"b": torch.tensor([5.0]), "a": torch.tensor([-10.0])},
    )
    along, across = decomposed(plain, seen)
    assert along == pytest.approx(2) and math.hypot(along, across) == pytest.approx(math.hypot(5, 10))
    assert across == pytest.approx(11)


def test_an_update_that_stays_has_no_noise_and_one_against_nothing_is_all_noise():
    one = {"a": torch.tensor([0.1, 0.7, -1.3])}
    assert decomposed(one, one) == (pytest.approx(float(norm(one))), 0)
    assert decomposed({"a": torch.zeros(3)}, one) == (0, pytest.approx(float(norm(one))))


@pytest.mark.parametrize("sigma", [1e-3, 0.05])
def test_normal_noise_is_as_long_as_its_numbers_are_many(sigma: float):
    update = played()[1].exchanges[0][0].update
    found, count = made(GaussianNoise(sigma=sigma)), flatten(update).numel()
    assert found.noise == pytest.approx(sigma * count**0.5, rel=0.02)
    assert found.ratio == pytest.approx(sigma * count**0.5 / float(norm(update)), rel=0.03)


def test_a_clip_leaves_its_bound_and_adds_nothing():
    found = made(Clip(bound=0.25))
    assert found.signal == pytest.approx(0.25) and found.noise == found.ratio == 0
    assert made(Clip(bound=0.25), clients=2).signal == pytest.approx(0.5)  # each of them sends so much


def test_what_is_left_out_is_noise_too():
    update = played()[1].exchanges[0][0].update
    found = made(TopK(left_out=0.5))
    kept = TopK(left_out=0.5).protect(update, torch.Generator())
    # Of a part of the numbers the length is the geometric mean of what lies along all of them and all of them.
    assert found.signal == pytest.approx(float(norm(kept)) ** 2 / float(norm(update)))
    assert math.hypot(found.signal, found.noise) == pytest.approx(float(norm(kept)))


def test_layers_of_a_defence_belong_to_everybody_and_only_its_dice_are_noise():
    assert without_dice((PRECODE(scale=3), TopK(), Dropout(rate=0.4))) == (PRECODE(scale=0), Dropout(rate=0))
    assert made(PRECODE(scale=0, size=4)).noise == 0
    assert made(PRECODE(scale=1, size=4)).ratio > 0.1 and made(Dropout(rate=0.5)).ratio > 0.1


def test_bytes_are_of_one_client_and_beside_those_of_its_network_without_defences():
    count = flatten(played()[1].exchanges[0][0].update).numel()
    plain, noised, signs = made(), made(GaussianNoise(sigma=1), clients=2), made(Sign(scale="one"))
    assert plain.bytes == plain.plain_bytes == noised.bytes == noised.plain_bytes == 4 * count
    assert signs.bytes == math.ceil(count / 8) and signs.plain_bytes == 4 * count
    wider = made(PRECODE(size=4))
    assert wider.bytes > wider.plain_bytes == 4 * count


def test_a_ratio_to_nothing_is_infinite_and_nothing_to_nothing_is_no_number():
    assert Sent(0, 1, 1, 1).ratio == math.inf and math.isnan(Sent(0, 0, 1, 1).ratio)
    assert Sent(0, 0, 1, 1).is_zero and not Sent(0, 1, 1, 1).is_zero and not Sent(1, 0, 1, 1).is_zero


@pytest.mark.parametrize(("found", "words"), [
    ((), ""), ((Sign(),), "that only signs were sent"),
    ((RandomK(left_out=0.5), Clip(bound=1.234)), "that 50% of the numbers were left out and a clip to the length 1.23"),
    ((Soteria(rate=0.25),), "that 25% of the last layer's features were silenced"),
    ((PRECODE(),), "a layer with dice in the network, behind which nothing can be read"), ((QSGD(),), "QSGD"),
])  # fmt: skip
def test_what_is_made_out_in_words(monkeypatch: pytest.MonkeyPatch, found, words: str):
    observation = played()[1].exchanges[0][0]
    monkeypatch.setattr(module, "estimated", lambda seen: found)
    assert made_out(observation) == words
