"""What a training keeps: read back as it was, and never mistaken for another's."""

from pathlib import Path

import pytest
import torch

from leaklab.experiments import kept
from leaklab.experiments.pretraining import Pretraining
from leaklab.settings import Refusal

ASKED = Pretraining(steps=5)


def test_parts_come_back_and_nothing_else(tmp_path: Path):
    place = tmp_path / "below" / "x.training.pt"
    assert kept.read(place, ASKED, ("seed",), ("step",)) == {}
    kept.write(place, ASKED, {"step": 3, "trainee": {"weights": torch.ones(2)}, "other": 1})
    found = kept.read(place, ASKED.changed(("steps",), 9), ("seed",), ("step", "trainee"))
    assert found["step"] == 3 and torch.equal(found["trainee"]["weights"], torch.ones(2)) and len(found) == 2
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_a_file_that_asks_for_code_is_never_run(tmp_path: Path):
    torch.save({"settings": ASKED}, tmp_path / "x")
    with pytest.raises(Refusal, match="cannot be read as a training"):
        kept.read(tmp_path / "x", ASKED, (), ())


def test_what_is_fixed_must_be_the_same(tmp_path: Path):
    kept.write(tmp_path / "x", ASKED, {})
    with pytest.raises(Refusal, match=r"was begun with training\.width = 512 and not 64: set it back"):
        kept.read(tmp_path / "x", ASKED.changed(("training", "width"), 64), ("training",), ())
