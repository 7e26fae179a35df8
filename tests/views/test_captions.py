"""Sentences about a round say what its settings say."""

import pytest

from leaklab.federation.partition import ByClass, Dirichlet, Uneven
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import DPSGD, PRECODE, QSGD, Clip, GaussianNoise, Mixup, Sign, Soteria, TopK
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Settings, choices
from leaklab.views import captions

NOTHING = ThreatModel(**dict.fromkeys(ThreatModel.model_fields, False))
NOISE = (GaussianNoise(sigma=0.1),)
UNION = choices(Federation.model_fields["defences"].annotation)


def on(cls: type[Settings]) -> Settings:
    """Return a defence that does something: of noise the default is none."""
    return cls(sigma=0.1) if cls is GaussianNoise else cls()


def test_a_curious_server_is_named_in_a_sentence():
    federation = Federation(clients=3, images_per_client=4, schedule=Schedule(epochs=2))
    assert captions.caption(federation, ThreatModel()) == (
        "Each of 3 clients trains 2 epochs on 4 photographs and sends its update; the server, who is curious, looks at "
        "every one. The attacker is told the epochs, batch size, learning rate and number of photographs."
    )


def test_one_of_everything_is_singular():
    assert captions.caption(Federation(), NOTHING) == (
        "One client trains 1 epoch on 1 photograph and sends its update; the server, who is curious, looks at it. "
        "The attacker is told nothing more."
    )


@pytest.mark.parametrize(("change", "words"), [
    ({"view": "aggregated"}, "the server, who is curious, looks at the average alone."),
    ({"view": "client"}, "client 1, who is curious, subtracts two global models in a row"),
    ({"secure_aggregation": True}, "under masks that cancel in the sum; the server, who is curious, looks at every one "
     "and sees noise."),
    ({"defences": NOISE}, "sends its update with noise added; "),
    ({"defences": NOISE, "secure_aggregation": True}, "its update with noise added and under masks that cancel"),
    ({"defences": (Clip(noise_multiplier=1),)}, "sends its update shortened to length 1 with noise; "),
    ({"defences": (TopK(), QSGD(), *NOISE)}, "sends its update cut to the largest 10% of its numbers, rounded to 16 "
     "levels by dice and with noise added; "),
    ({"defences": (Sign(),), "secure_aggregation": True}, "update reduced to its signs and under masks that cancel"),
    ({"defences": (Soteria(),)}, "on 1 photograph, with the most telling 10% of the last features silenced, and sends "
     "its update; "),
    ({"defences": (*NOISE, DPSGD(), PRECODE(), Mixup()), "images_per_client": 4}, "4 photographs, mixed 4 at a time, "
     "through a bottleneck with dice and with each photograph's gradient shortened to length 1 and noise in each step, "
     "and sends its update with noise added; "),
    ({"rounds": 5}, "In the last of 5 rounds, each of 4 clients trains"),
    ({"partition": Uneven(skew=0.9), "images_per_client": 8}, "on 1 to 15 photographs and sends"),
    ({"partition": Dirichlet()}, "on photographs shared out at random and sends"),
    ({"partition": ByClass(), "images_per_client": 2}, "on 2 photographs of its own classes and sends"),
])  # fmt: skip
def test_the_sentence_follows_the_settings(change: dict, words: str):
    federation = Federation.read({"clients": 4} | change)
    assert words in captions.caption(federation, ThreatModel())
    assert words not in captions.caption(Federation(clients=4), ThreatModel())


def test_a_client_alone_hides_behind_no_mask():
    alone = Federation(secure_aggregation=True)
    assert not captions.masked(alone) and captions.masked(Federation(clients=2, secure_aggregation=True))
    assert captions.caption(alone, NOTHING) == captions.caption(Federation(), NOTHING)


def test_every_tick_is_told_or_not_told():
    assert set(captions.TICKS) == set(ThreatModel.model_fields)
    for name, words in captions.TICKS.items():
        told, untold = captions.told(NOTHING.model_copy(update={name: True}))
        assert told == f"is told the {words}" and words not in untold
    everything = ThreatModel(**dict.fromkeys(captions.TICKS, True))
    assert captions.told(NOTHING)[0] == "is told nothing more" and captions.told(everything)[1] == ""


def test_noise_of_width_zero_is_no_noise():
    assert not captions.noisy(Federation(defences=(GaussianNoise(sigma=0),))) and captions.noisy(
        Federation(defences=NOISE)
    )


@pytest.mark.parametrize("cls", UNION, ids=lambda cls: cls.model_fields["kind"].default)
def test_every_defence_is_heard_in_the_sentence_and_stands_in_the_notes(cls: type[Settings]):
    plain, defended = Federation(), Federation(defences=(on(cls),))
    assert captions.caption(defended, NOTHING) != captions.caption(plain, NOTHING)
    notes = [(captions.sent(federation), *captions.training(federation)) for federation in (plain, defended)]
    assert len(set(notes)) == 2 and (notes[0][0] == notes[1][0]) == (cls.place != "update" and cls is not DPSGD)


def test_what_works_inside_a_client_stands_behind_its_training():
    chain = (TopK(), Mixup(), PRECODE(), Soteria(), DPSGD())
    assert captions.training(Federation(images_per_client=2, defences=chain))[-5:] == (
        "η = 0.01,", "mixed 4 at a time,", "a bottleneck with dice,", "10% of features silent,",
        "each gradient clipped",
    )  # fmt: skip


@pytest.mark.parametrize(("chain", "words"), [
    ((TopK(),), "update, largest 10%"), ((Clip(),), "update, clipped"), ((Sign(), *NOISE), "update, signs + noise"),
    ((Clip(noise_multiplier=1), QSGD()), "update, defended + noise"), ((DPSGD(),), "update + noise"),
    ((Soteria(), PRECODE()), "update"),
])  # fmt: skip
def test_what_travels_says_what_became_of_it(chain: tuple, words: str):
    assert captions.sent(Federation(defences=chain)) == words
    masked = Federation(clients=2, secure_aggregation=True, defences=chain)
    assert captions.sent(masked) == f"{words} + masks"


@pytest.mark.parametrize(("change", "lines"), [
    ({}, ("6 photographs,", "3 epochs", "× 1 step,", "η = 0.004")),
    ({"batch": 4}, ("6 photographs,", "3 epochs", "× ⌈6/4⌉ = 2 steps,", "η = 0.004")),
    ({"batch": 6}, ("6 photographs,", "3 epochs", "× ⌈6/6⌉ = 1 step,", "η = 0.004")),
    ({"batch": 4, "partition": Uneven(skew=0.5)}, ("3 to 9 photographs,", "3 epochs", "× ⌈n_{k}/4⌉ steps,",
                                                   "η = 0.004")),
    ({"batch": 4, "partition": Dirichlet()}, ("a share at random,", "3 epochs", "× ⌈n_{k}/4⌉ steps,", "η = 0.004")),
    ({"partition": ByClass(), "rate_spread": 0.5}, ("6 photographs,", "sorted by class,", "3 epochs", "× 1 step,",
                                                    "η = 0.004 ± 50%")),
])  # fmt: skip
def test_training_is_written_with_its_numbers(change: dict, lines: tuple[str, ...]):
    schedule = Schedule(epochs=3, batch_size=change.get("batch", 0), learning_rate=4e-3)
    others = {name: value for name, value in change.items() if name != "batch"}
    assert captions.training(Federation(clients=2, images_per_client=6, schedule=schedule, **others)) == lines


def test_what_travels_names_what_hides_it():
    sent = [
        captions.sent(Federation(clients=2, secure_aggregation=secure, defences=noise))
        for secure in (False, True)
        for noise in ((), NOISE)
    ]
    assert sent == ["update", "update + noise", "update + masks", "update + noise + masks"]


def test_who_looks_is_said_of_the_server_and_of_the_attacker():
    masked = Federation(clients=2, secure_aggregation=True)
    assert captions.server(masked) == "curious: reads every packet, finds noise"
    assert captions.server(masked.model_copy(update={"view": "client"})) == "averages, and does not look"
    assert captions.server(Federation(clients=2, view="aggregated")) == "curious: reads the average alone"
    assert captions.attacker(Federation(clients=2, view="client")) == "is client 1 and has its own photographs"
    assert captions.attacker(masked) == "is the server"
