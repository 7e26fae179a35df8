"""What is known of a denoiser before it is loaded."""

from pathlib import Path

import pytest

from leaklab.attacks.generative import outline, shelf
from leaklab.attacks.generative.denoiser import NAME
from leaklab.attacks.generative.outline import Outline
from leaklab.settings import Refusal


def test_the_shipped_denoiser_is_known_by_its_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    card = shelf.Card(
        kind="denoiser", title="A denoiser", side=16, channels=1, data="none", licence="none", steps=0, batch_size=1,
        seed=0, command="", seconds=0.0, machine="",
    )  # fmt: skip
    shelf.write(tmp_path, NAME, card, {})
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    monkeypatch.setattr(outline.Denoiser, "load", lambda which: pytest.fail("it was loaded"))
    assert Outline.of("shipped") == Outline(16, 1)
    assert Outline.of("shipped").fit((3, 8, 8)).missing


@pytest.mark.parametrize("which", ["shipped", "own"])
def test_a_denoiser_that_is_not_there_is_refused(which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    monkeypatch.setenv("LEAKLAB_WEIGHTS", str(tmp_path))
    with pytest.raises(Refusal, match="LEAKLAB_WEIGHTS"):
        Outline.of(which)
