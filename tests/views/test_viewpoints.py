"""Three places beside each other: the pictures as HTML, whose they are, and the sentences that compare what is seen."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.experiments.viewpoints import VIEWS
from leaklab.federation.rounds import Federation
from leaklab.views import viewpoints

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 8, 3)).astype(np.uint8)  # two photographs of 4 x 4


def frame(*, final: bool = True, **seen: list[float]) -> Frame:
    """Return a frame in which two clients have a photograph each, recognised from some places as told."""
    seen = seen or {"per_client": [1, 1], "aggregated": [1, 0], "client": [1, 0]}
    views = {name.replace("_", "-"): found for name, found in seen.items()}
    series = {f"psnr.{view}": [40.0, 10.0] for view in views} | {f"client.{view}": [0.0, 1.0] for view in views}
    series |= {f"recognised.{view}": found for view, found in views.items()} if final else {}
    return Frame(3, 1.0, series=series, final=final)


def pictures(*views: str) -> dict[str, np.ndarray]:
    return {f"{name}.{view}": PIXELS for view in views or VIEWS for name in ("truth", "reconstruction")}


def embedded(html: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in found]


def test_every_photograph_stands_beside_its_own_reconstruction_and_not_a_pixel_is_changed():
    rebuilt = pictures() | {"reconstruction.client": 255 - PIXELS}
    found = embedded(viewpoints.board(frame(), "client", rebuilt))
    wanted = [PIXELS[:, :4], 255 - PIXELS[:, :4], PIXELS[:, 4:], 255 - PIXELS[:, 4:]]
    assert len(found) == 4 and all(map(np.array_equal, found, wanted))


def test_a_picture_is_as_wide_as_whole_multiples_of_its_pixels():
    assert re.findall(r'width="(\d+)"', viewpoints.board(frame(), "client", pictures())) == ["96"] * 4


@pytest.mark.parametrize("view, said", [
    ("per-client", ["client 1</b> 40 dB ✓", "client 2</b> 10 dB ✓"]),
    ("aggregated", ["client 1</b> 40 dB ✓", "client 2</b> 10 dB ✗"]),
    ("client", ["client 1</b> 40 dB, its own", "client 2</b> 10 dB ✗"]),
])  # fmt: skip
def test_a_caption_says_whose_it_is_how_near_it_came_and_whether_it_is_recognisable(view, said):
    html = viewpoints.board(frame(), view, pictures())
    assert all(words in html for words in said)
    assert 'alt="private photograph of client 2"' in html and "✓" not in "".join(re.findall('alt="[^"]*"', html))


def test_before_the_end_there_are_no_ticks():
    going = frame(final=False)
    assert not set("✓✗") & set(viewpoints.board(going, "aggregated", pictures()))
    assert viewpoints.worth(going, "aggregated") == "Mean PSNR 25.0 dB" and not viewpoints.recognised(going, "client")


def test_what_a_client_has_itself_counts_for_nothing():
    assert viewpoints.worth(frame(), "aggregated") == "Mean PSNR 25.0 dB, 1 of 2 recognisable"
    assert viewpoints.worth(frame(), "client") == "Mean PSNR of the others' 10.0 dB, 0 of 1 recognisable"


def test_an_error_without_a_number_is_a_dash():
    broken = Frame(0, 0.0, series={"psnr.client": [40.0, float("nan")], "client.client": [0.0, 1.0]})
    assert viewpoints.worth(broken, "client") == "Mean PSNR of the others' –"
    assert "client 2</b> –<" in viewpoints.board(broken, "client", pictures())


def test_of_very_many_photographs_the_first_are_shown():
    many = Frame(0, 0.0, series={"psnr.aggregated": [9.0] * 30, "client.aggregated": [*map(float, range(30))]})
    html = viewpoints.board(many, "aggregated", {n: np.tile(PIXELS[:, :4], (1, 30, 1)) for n in pictures()})
    assert html.count("<figure>") == 24 and "and 6 more" in html and 'width="64"' in html


@pytest.mark.parametrize("seen, federation, said", [
    ({"per_client": [1, 1], "aggregated": [1, 1], "client": [0, 1]}, Federation(clients=2),
     "Averaging hides nobody: the server recognises 2 of 2 at each client and 2 of 2 in the average, and a client 1 of "
     "1 of the others'."),
    ({"per_client": [1, 1], "aggregated": [1, 0], "client": [1, 0]}, Federation(clients=2),
     "Averaging leaves fewer clear: the server recognises 2 of 2 at each client and 1 of 2 in the average, and a "
     "client 0 of 1 of the others'."),
    ({"per_client": [1, 1], "aggregated": [0, 0], "client": [0, 1]}, Federation(clients=2),
     "Averaging leaves nobody clear: the server recognises 2 of 2 at each client and 0 of 2 in the average, and a "
     "client 1 of 1 of the others'."),
    ({"per_client": [0, 0], "aggregated": [1, 0]}, Federation(clients=2, secure_aggregation=True),
     "Masks hide every single update, but not what the average tells: the server recognises 0 of 2 at each client and "
     "1 of 2 in the average."),
    ({"per_client": [0, 0], "aggregated": [1, 0]}, Federation(clients=2),
     "Averaging hides no more than single updates do: the server recognises 0 of 2 at each client and 1 of 2 in the "
     "average."),
    ({"per_client": [0, 0], "aggregated": [0, 0]}, Federation(clients=2),
     "Nobody is recognisable from anywhere: the server recognises 0 of 2 at each client and 0 of 2 in the average."),
    ({"per_client": [1, 0]}, Federation(), "The server recognises 1 of 2 at each client."),
    ({"client": [1, 1]}, Federation(clients=2), "A client 1 of 1 of the others'."),
])  # fmt: skip
def test_one_sentence_compares_the_places(seen, federation, said):
    assert viewpoints.compare(frame(**seen), federation) == said


def test_notes_of_a_place_are_told_apart_from_those_of_the_round():
    note = "client: It needs others.\nEvery update is masked.\n\nper-client: All recovered."
    assert viewpoints.lost(note, "client") == "It needs others." and viewpoints.lost(note, "aggregated") == ""
    assert viewpoints.remarks(note) == ["Every update is masked."]
    assert viewpoints.titled("client: It needs others.") == "A client: It needs others."
    assert viewpoints.titled("Recovered in 4 s: PSNR 41 dB.") == "Recovered in 4 s: PSNR 41 dB."


@pytest.mark.parametrize("correlation, said", [
    (0.002, "Correlation 0.002, as good as none: from a single packet nothing can be read."),
    (-0.3, "Correlation -0.30: some of the update shows through."),
    (1.0, "Correlation 1.00: the server reads the update nearly as it was."),
])  # fmt: skip
def test_a_correlation_is_said_in_words(correlation, said):
    assert viewpoints.likeness(correlation) == said


def test_an_update_is_shown_as_it_was_and_as_it_arrives():
    shown = embedded(viewpoints.envelopes({"update.true": PIXELS, "update.sent": 255 - PIXELS}))
    assert np.array_equal(shown[0], PIXELS) and np.array_equal(shown[1], 255 - PIXELS)


def test_every_place_is_described_and_masks_are_mentioned_where_they_lie():
    masked = Federation(clients=3, secure_aggregation=True)
    assert len({viewpoints.describe(masked, view) for view in VIEWS}) == 3
    assert "masks" in viewpoints.describe(masked, "per-client")
    assert "masks" not in viewpoints.describe(Federation(secure_aggregation=True), "per-client")
