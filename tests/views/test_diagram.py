"""The picture of a round follows its settings."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from itertools import product

import pytest

from leaklab.federation.partition import ByClass, Dirichlet, Even, Uneven
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences import DPSGD, PRECODE, QSGD, Clip, Dropout, GaussianNoise, InstaHide, Soteria, TopK
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.views.captions import caption
from leaklab.views.diagram import both, diagram
from leaklab.views.palette import DARK, LIGHT

NOISE = (GaussianNoise(sigma=0.1),)
CHAIN = (InstaHide(), Dropout(), PRECODE(), DPSGD(), Soteria(), Clip(noise_multiplier=1), TopK(), QSGD())
NARROW = pytest.mark.parametrize("narrow", [False, True])


class Drawn:
    """A picture read back: its marks by class, and its words."""

    def __init__(self, federation: Federation, *, threat: ThreatModel = ThreatModel(), narrow: bool = False):  # noqa: B008
        self.root = ElementTree.fromstring(diagram(federation, threat, dark=False, narrow=narrow))
        self.words = ["".join(text.itertext()) for text in self.root.iter("{http://www.w3.org/2000/svg}text")]

    def marks(self, name: str) -> list[ElementTree.Element]:
        return [mark for mark in self.root.iter() if name in mark.get("class", "").split()]

    def eyes(self) -> dict[str, int]:
        return {place: len(self.marks(place)) for place in ("door", "average", "inside") if self.marks(place)}


@pytest.mark.parametrize(
    ("clients", "wide", "narrow"),
    [(1, 1, 1), (2, 2, 2), (4, 4, 4), (5, 5, 3), (6, 6, 3), (7, 6, 3), (100, 6, 3)],
)
def test_clients_are_drawn_while_there_is_room(clients: int, wide: int, narrow: int):
    for drawn, shown in (
        (Drawn(Federation(clients=clients)), wide),
        (Drawn(Federation(clients=clients), narrow=True), narrow),
    ):
        assert len(drawn.marks("client")) == len(drawn.marks("packet")) == len(drawn.marks("loop")) == shown
        assert len(drawn.marks("down")) == 2 * shown and len(drawn.marks("up")) == shown
        assert ("… and" in drawn.words) == (shown < clients)
        assert (f"{clients - shown} more" in drawn.words) == (shown < clients)


@NARROW
@pytest.mark.parametrize(("view", "eyes"), [("per-client", {"door": 3}), ("aggregated", {"average": 1}),
                                            ("client", {"inside": 1})])  # fmt: skip
def test_the_eye_is_where_the_attacker_looks(view: str, eyes: dict[str, int], narrow: bool):
    drawn = Drawn(Federation(clients=3, view=view), narrow=narrow)
    assert drawn.eyes() == eyes
    curious = [card for card in drawn.marks("client") if card.get("stroke") == LIGHT.line(1)]
    assert curious == (drawn.marks("client")[:1] if view == "client" else [])
    assert ("−" in drawn.words) is (view == "client")


@NARROW
@pytest.mark.parametrize(("secure", "noise"), list(product([False, True], [(), NOISE])))
def test_packets_are_masked_only_when_secure_and_speckled_only_by_noise(secure: bool, noise: tuple, narrow: bool):
    drawn = Drawn(Federation(clients=3, secure_aggregation=secure, defences=noise), narrow=narrow)
    assert len(drawn.marks("hatch")) == 3 * secure and len(drawn.marks("speckle")) == 3 * bool(noise)
    assert ("average, the masks cancel" in drawn.words) is secure


def test_a_client_alone_is_not_masked():
    assert not Drawn(Federation(secure_aggregation=True)).marks("hatch")


@NARROW
def test_shares_are_counted_and_stacked(narrow: bool):
    federation = Federation(clients=3, images_per_client=4, partition=Uneven(skew=0.9), schedule=Schedule(batch_size=4))
    counts = federation.partition.counts(12, 3)
    drawn = Drawn(federation, narrow=narrow)
    assert counts == (7, 4, 1)
    assert [f"n{client + 1} = {count}" for client, count in enumerate(counts)] == [
        words for words in drawn.words if re.match(r"n\d = ", words)
    ]
    assert [words for words in drawn.words if re.fullmatch(r"\d+ steps?", words)] == ["2 steps", "1 step", "1 step"]
    assert len(drawn.marks("photograph")) == 5 + 3 + 1


def test_small_shares_are_drawn_photograph_by_photograph():
    for count in range(1, 6):
        assert len(Drawn(Federation(images_per_client=count)).marks("photograph")) == count


@NARROW
def test_random_shares_are_not_counted(narrow: bool):
    schedule = Schedule(epochs=2, batch_size=2)
    drawn = Drawn(Federation(clients=3, images_per_client=4, partition=Dirichlet(), schedule=schedule), narrow=narrow)
    assert drawn.words.count("at random") == 3
    assert not [words for words in drawn.words if re.match(r"n\d = |\d+ steps?$", words)]
    assert all(photograph.get("stroke-dasharray") for photograph in drawn.marks("photograph"))


def test_whole_batches_take_known_steps_on_any_share():
    drawn = Drawn(Federation(clients=2, partition=Dirichlet(), schedule=Schedule(epochs=7)))
    assert drawn.words.count("7 steps") == 2


@NARROW
def test_training_and_the_average_are_written_in_mathematics(narrow: bool):
    schedule = Schedule(epochs=5, batch_size=4, learning_rate=4e-3)
    drawn = Drawn(Federation(clients=2, images_per_client=8, schedule=schedule), narrow=narrow)
    assert {"5 epochs", "× ⌈8/4⌉ = 2 steps,", "η = 0.004", "Σ nk/N · Δk", "W(t)", "W(t+1)"} <= set(drawn.words)
    assert drawn.words.count("10 steps") == 2
    assert "Σ nk/N · Δk/‖Δk‖" in Drawn(Federation(normalise=True), narrow=narrow).words


@NARROW
def test_rounds_are_counted_from_the_second(narrow: bool):
    assert not Drawn(Federation(), narrow=narrow).marks("rounds")
    drawn = Drawn(Federation(rounds=3), narrow=narrow)
    assert drawn.marks("rounds") and "round 3 of 3" in drawn.words


@NARROW
def test_what_the_attacker_is_told_stands_in_the_picture(narrow: bool):
    everything = Drawn(Federation(), threat=ThreatModel(**dict.fromkeys(ThreatModel.model_fields, True)), narrow=narrow)
    words = " ".join(everything.words)
    assert "is told the labels, epochs, batch size" in words and "is not told" not in words
    assert "is not told the labels," in " ".join(Drawn(Federation(), narrow=narrow).words)


@pytest.mark.parametrize("partition", [Even(), Uneven(), ByClass(), Dirichlet()], ids=lambda one: one.kind)
@NARROW
def test_nothing_is_drawn_outside_the_sheet(partition, narrow: bool):
    for clients, view, secure in product((1, 2, 3, 8, 128), ("per-client", "aggregated", "client"), (False, True)):
        federation = Federation(
            clients=clients, images_per_client=64, view=view, secure_aggregation=secure, partition=partition,
            schedule=Schedule(epochs=32, batch_size=1), rounds=20, defences=NOISE, rate_spread=0.5, normalise=True,
        )  # fmt: skip
        root = Drawn(federation, narrow=narrow).root
        width, height = float(root.get("width")), float(root.get("height"))
        for box in root.iter("{http://www.w3.org/2000/svg}rect"):
            assert 0 <= float(box.get("x")) <= width - float(box.get("width"))
            assert 0 <= float(box.get("y")) <= height - float(box.get("height"))
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            assert float(text.get("font-size")) >= 9.5 and float(text.get("y")) <= height


@NARROW
def test_defences_are_written_where_they_work(narrow: bool):
    drawn = Drawn(Federation(clients=2, images_per_client=4, defences=(Soteria(), TopK())), narrow=narrow)
    words = " ".join(drawn.words)
    assert "10% of features silent" in words and "update, largest 10%" in words
    plain = " ".join(Drawn(Federation(clients=2, images_per_client=4), narrow=narrow).words)
    assert "silent" not in plain and "update," not in plain


@NARROW
def test_noise_of_any_defence_is_speckled(narrow: bool):
    for noisy in (DPSGD(), Clip(noise_multiplier=0.1)):
        assert len(Drawn(Federation(defences=(noisy,)), narrow=narrow).marks("speckle")) == 1
    assert not Drawn(Federation(defences=(Clip(), TopK())), narrow=narrow).marks("speckle")


@NARROW
@pytest.mark.parametrize("view", ["per-client", "client"])
def test_words_about_many_defences_stand_below_one_another(narrow: bool, view: str):
    federation = Federation(
        clients=8, images_per_client=4, view=view, partition=ByClass(), rate_spread=0.5, defences=CHAIN,
        secure_aggregation=True, schedule=Schedule(epochs=2, batch_size=2),
    )  # fmt: skip
    root = Drawn(federation, narrow=narrow).root
    height = float(root.get("height"))
    starts: dict[float, list[float]] = {}
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(text.get("font-size")) >= 9.5 and float(text.get("y")) <= height
        if text.get("text-anchor") == "start":
            starts.setdefault(float(text.get("x")), []).append(float(text.get("y")))
    for column in starts.values():
        lines = sorted(column)
        assert all(below - above > 11 for above, below in zip(lines, lines[1:], strict=False))


@NARROW
def test_a_screen_reader_hears_the_caption(narrow: bool):
    federation, threat = Federation(clients=3, view="aggregated"), ThreatModel(labels=True)
    root = Drawn(federation, threat=threat, narrow=narrow).root
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}title").text == caption(federation, threat)


@NARROW
@pytest.mark.parametrize(("dark", "own", "other"), [(False, LIGHT, DARK), (True, DARK, LIGHT)])
def test_colours_are_those_of_the_ground(dark: bool, own, other, narrow: bool):
    federation = Federation(clients=8, secure_aggregation=True, defences=NOISE)
    used = set(re.findall(r"#[0-9A-Fa-f]{6}", diagram(federation, ThreatModel(), dark=dark, narrow=narrow)))
    allowed = {own.paper, own.words, own.quiet, own.hairline, *own.lines}
    assert used <= allowed and own.words in used and other.words not in used


def test_both_pictures_travel_in_one_piece_of_html():
    federation, threat = Federation(clients=3), ThreatModel()
    html = ElementTree.fromstring(both(federation, threat, dark=True))
    images = {image.get("class"): image for image in html.findall("img")}
    assert set(images) == {"wide", "narrow"}
    for name, image in images.items():
        kind, packed = image.get("src").split(",")
        assert kind == "data:image/svg+xml;base64" and image.get("alt") == caption(federation, threat)
        assert base64.b64decode(packed).decode() == diagram(federation, threat, dark=True, narrow=name == "narrow")
    room, no_room = html.find("style").text.split("@container (max-width:640px)")
    assert ".narrow{display:none" in room and ".wide{display:none" not in room
    assert ".wide{display:none}" in no_room and ".narrow{display:block}" in no_room


def test_the_same_settings_give_the_same_picture():
    pictures = {diagram(Federation(clients=3, defences=NOISE), ThreatModel(), dark=False) for _ in range(2)}
    assert len(pictures) == 1
