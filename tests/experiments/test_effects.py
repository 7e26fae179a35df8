"""Every defence has words of its own, says nothing when it does nothing, and says where it works."""

import pytest

from leaklab.experiments import effects
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import (
    DPSGD,
    PRECODE,
    QSGD,
    Clip,
    Defence,
    Dropout,
    GaussianNoise,
    InstaHide,
    LaplaceNoise,
    Mixup,
    RandomK,
    Sign,
    Soteria,
    TopK,
    Uniform,
)
from leaklab.settings import choices

UNION = choices(Federation.model_fields["defences"].annotation)

SAID = [
    (GaussianNoise(sigma=0.1), "with noise added"),
    (LaplaceNoise(sigma=0.1), "with Laplace noise added"),
    (Clip(bound=1), "shortened to length 1"),
    (Clip(bound=0.25, noise_multiplier=2), "shortened to length 0.25 with noise"),
    (DPSGD(bound=1, noise_multiplier=0), "with each photograph's gradient shortened to length 1"),
    (DPSGD(bound=4), "with each photograph's gradient shortened to length 4 and noise in each step"),
    (TopK(left_out=0.9), "cut to the largest 10% of its numbers"),
    (TopK(left_out=0.999), "cut to the largest 0.1% of its numbers"),
    (TopK(left_out=1), "cut to nothing"),
    (RandomK(left_out=0.7), "cut to 30% of its numbers at random"),
    (QSGD(levels=16), "rounded to 16 levels by dice"),
    (QSGD(levels=1), "rounded to 1 level by dice"),
    (Uniform(bits=8), "rounded to 8 bits a number"),
    (Sign(scale="one"), "reduced to its signs"),
    (Sign(scale="mean"), "reduced to its signs"),
    (Soteria(rate=0.1), "with the most telling 10% of the last features silenced"),
    (Soteria(rate=1), "with all of the last features silenced"),
    (PRECODE(), "through a bottleneck with dice"),
    (PRECODE(scale=0), "through a bottleneck"),
    (Dropout(rate=0.25), "with 25% of the last features left out at random"),
    (Mixup(mixed=4), "mixed 4 at a time"),
    (InstaHide(mixed=4), "mixed 4 at a time and with pixels turned over by dice"),
    (InstaHide(mixed=1), "with pixels turned over by dice"),
]


def test_every_defence_there_is_has_its_words():
    assert {type(defence) for defence, _ in SAID} == set(UNION)


@pytest.mark.parametrize(("defence", "words"), SAID)
def test_a_defence_says_what_it_does(defence: Defence, words: str):
    assert effects.told((defence,)) == [words]
    [effect] = effects.effects((defence,))
    assert effect.short or effect.noisy  # something for a drawing


@pytest.mark.parametrize("idle", [
    GaussianNoise(sigma=0), LaplaceNoise(sigma=0), TopK(left_out=0), RandomK(left_out=0), Soteria(rate=0),
    Dropout(rate=0), Mixup(mixed=1),
], ids=lambda one: one.kind)  # fmt: skip
def test_a_defence_that_does_nothing_says_nothing(idle: Defence):
    assert effects.told((idle,)) == [] and not effects.noisy((idle,))


@pytest.mark.parametrize("cls", UNION, ids=lambda cls: cls.model_fields["kind"].default)
def test_the_words_of_a_kind_stand_at_its_place_and_at_no_other(cls: type):
    defence = next(defence for defence, _ in SAID if type(defence) is cls)
    others = {"photographs", "network", "local step", "update"} - {cls.place}
    assert effects.told((defence,), cls.place) == effects.told((defence,)) and not effects.told((defence,), *others)


def test_a_chain_speaks_in_order():
    chain = (Clip(bound=2), GaussianNoise(), Sign(), DPSGD(), TopK(left_out=0.5))
    assert effects.told(chain, "update") == [
        "shortened to length 2", "reduced to its signs", "cut to the largest 50% of its numbers",
    ]  # fmt: skip


@pytest.mark.parametrize("chain", [
    (GaussianNoise(sigma=1),), (LaplaceNoise(),), (Clip(noise_multiplier=1),), (DPSGD(),), (Sign(), LaplaceNoise()),
])  # fmt: skip
def test_noise_is_heard_wherever_it_is_added(chain: tuple[Defence, ...]):
    assert effects.noisy(chain)


@pytest.mark.parametrize("quiet", [(), (Clip(),), (DPSGD(noise_multiplier=0),), (QSGD(),), (PRECODE(),), (Dropout(),)])
def test_dice_that_add_nothing_are_no_noise(quiet: tuple[Defence, ...]):
    assert not effects.noisy(quiet)
