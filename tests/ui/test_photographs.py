"""Whose photographs: the album, one's own, data sets; what is sent is shrunk, what is bad gets its sentence."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from leaklab.images.source import Cifar10, Digits, Mnist, Photos, Uploads
from leaklab.runs.store import Store
from leaklab.settings import Refusal
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

PICTURES = ("scenario", "source", "pictures")


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


pytestmark = pytest.mark.usefixtures("store")


def photograph(seed: int = 0, mode: str = "RGB", form: str = "PNG", **options: object) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (80, 100, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def deep() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(80 * 80, dtype=np.uint16).reshape(80, 80)).save(buffer, "PNG")
    return buffer.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[274], exif[271] = 6, "a camera of mine"
    return photograph(form="JPEG", exif=exif)


def animated() -> bytes:
    first, second = (Image.open(io.BytesIO(photograph(seed))) for seed in (1, 2))
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=[second])
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (16_000, 16_000)).save(buffer, "PNG")
    return buffer.getvalue()


def own() -> AppTest:
    page = app.opened("playground", x=app.link())
    return app.widget(page, ".where").set_value("Your own").run()


def send(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    page = page.file_uploader[0].set_value([(name, raw, "image/png") for name, raw in files]).run()
    assert not page.exception
    return page


def test_the_three_places_photographs_come_from():
    page = own()
    assert app.held(page).scenario.source == Uploads()
    page = app.widget(page, ".where").set_value("Data set").run()
    assert app.held(page).scenario.source == Cifar10()
    page = app.widget(page, ".where").set_value("Album").run()
    assert app.held(page).scenario.source == Photos() and "1 of 1 are drawn by the seed." in app.shown(page)
    assert not page.exception and not page.error


def test_another_data_set_begins_with_its_own_settings():
    page = app.widget(app.opened("playground", x=app.link()), ".where").set_value("Data set").run()
    page = app.widget(page, "more.Photographs").set_value(True).run()
    assert not app.widget(page, "source.grey").value
    page = app.widget(page, ".data").set_value("mnist").run()
    assert app.held(page).scenario.source == Mnist() and app.widget(page, "source.grey").value
    assert any(sentence.startswith("Read from this machine") for sentence in app.shown(page))
    page = app.widget(page, ".data").set_value("digits").run()
    assert app.held(page).scenario.source == Digits()
    assert not any(sentence.startswith("Read from this machine") for sentence in app.shown(page))
    assert not page.exception and not page.error


@pytest.mark.parametrize(
    "raw",
    [photograph(), photograph(form="JPEG"), turned(), photograph(mode="CMYK", form="JPEG"), deep(),
     photograph(mode="RGBA"), animated(), photograph(form="WEBP"), photograph(form="AVIF")],
    ids=["png", "jpeg", "exif", "cmyk", "16-bit", "alpha", "animated", "webp", "avif"],
)  # fmt: skip
def test_a_photograph_of_ones_own_is_shrunk_and_taken(raw: bytes):
    page = send(own(), ("mine.png", raw))
    (kept,) = app.held(page).at(PICTURES)
    assert not page.error and len(kept) < 20_000 and kept not in page.query_params["x"]
    assert page.file_uploader[0].value == []  # the original is gone
    assert len(page.image) == 1 and not app.widget(page, "attack").disabled


@pytest.mark.parametrize(
    "raw, sentence",
    [
        (b"", "mine.png: This file is empty: choose a JPEG"),
        (b"Dear diary", "mine.png: This file is not a picture leaklab can read: choose a JPEG"),
        (photograph()[:400], "mine.png: "),
        (bomb(), "mine.png: "),
    ],
    ids=["empty", "no image", "damaged", "bomb"],
)
def test_what_is_no_photograph_gets_a_sentence_and_changes_nothing(raw: bytes, sentence: str):
    page = send(own(), ("mine.png", raw))
    (complaint,) = page.error
    assert complaint.value.startswith(sentence) and len(complaint.value) > 40
    assert app.held(page).scenario.source == Uploads() and not page.run().error


def test_good_ones_are_taken_beside_bad_ones_and_later_ones_added():
    page = send(own(), ("a.png", photograph(1)), ("b.png", b""))
    assert len(page.error) == 1 and len(app.held(page).at(PICTURES)) == 1
    first = app.held(page).at(PICTURES)
    page = send(page, ("c.png", photograph(2)))
    assert len(app.held(page).at(PICTURES)) == 2 and app.held(page).at(PICTURES)[:1] == first
    assert any(sentence.startswith("The first 1 of 2 are attacked") for sentence in app.shown(page))
    page = app.widget(app.widget(page, ".where").set_value("Album").run(), ".where").set_value("Your own").run()
    assert len(app.held(page).at(PICTURES)) == 2


def test_a_run_with_ones_own_photograph_is_private_and_forgotten_at_once(store: Store):
    page = app.widget(send(own(), ("mine.png", photograph())), "attack").click().run()
    me = store.run(page.session_state["playground.runs"][0], _owner(page)).owner
    (photograph_in_text,) = app.held(page).at(PICTURES)
    assert photograph_in_text in repr(page.session_state)
    app.carry_out(store)
    page = page.run()
    assert [run.private for run in store.runs(me)] == [True] and store.runs() == []
    page = app.widget(page, "forget").click().run()
    assert store.runs(me) == [] and app.held(page).scenario.source == Uploads()
    assert not page.image and not page.get("download_button") and "run" not in page.query_params
    assert not page.exception and not page.error and not page.info
    assert photograph_in_text not in repr(page.session_state)


def test_private_runs_can_be_forgotten_when_the_photographs_are_no_longer_here(store: Store):
    page = own()
    assert not [button for button in page.button if button.key.endswith("forget")]
    store.enqueue(small.inversion().model_dump_json(), owner=_owner(page), private=True)
    page = app.widget(page.run(), "forget").click().run()
    assert store.runs(_owner(page)) == [] and not page.exception


def test_what_could_not_be_forgotten_is_said(store: Store, monkeypatch: pytest.MonkeyPatch):
    page = send(own(), ("mine.png", photograph()))

    def locked(owner: str) -> int:
        raise Refusal("The run store is locked.")

    monkeypatch.setattr(store, "delete_private", locked)
    page = app.widget(page, "forget").click().run()
    assert [error.value for error in page.error] == ["The run store is locked."]
    assert len(app.held(page).at(PICTURES)) == 1 and not page.exception


def _owner(page: AppTest) -> str:
    from leaklab.runs.private import owner

    return owner(page.session_state["visitor.secret"])
