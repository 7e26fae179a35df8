"""The tally: what a method counted, how well, and what is said where it does not apply."""

import time
from dataclasses import dataclass

import pytest
import torch

from leaklab.attacks.labels.head import head
from leaklab.experiments.tally import Tally, outcomes, remarks
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Refusal
from tests.scene import CLASSES, scene

TRUE = torch.tensor([2, 0, 2, 1])
SEEN = scene(4).observation(ThreatModel())


@dataclass(frozen=True)
class Fake:
    """A method that names the labels it is told to, or does not apply, or gives up, or doubts itself."""

    found: tuple[int, ...] = ()
    lacks: tuple[str, ...] = ()
    doubt: tuple[str, ...] = ()
    gives_up: str = ""

    def missing(self, observation):
        return list(self.lacks)

    def doubts(self, observation):
        return list(self.doubt)

    def recover(self, observation):
        if self.gives_up:
            raise Refusal(self.gives_up)
        return torch.tensor(self.found)


def tallied(**methods: Fake):
    tally = Tally(TRUE, CLASSES, time.perf_counter())
    for key, method in methods.items():
        tally.take(key, method, SEEN)
    return tally.frame(1.0, final=True)


def test_counts_are_scored_as_a_multiset_and_by_presence():
    frame = tallied(alr=Fake((0, 2, 2, 3)))
    assert frame.series["true"] == [1, 1, 2, 0] and frame.series["counts.alr"] == [1, 0, 2, 1]
    assert frame.scalars["accuracy.alr"] == 0.75 and frame.scalars["exists.alr"] == 0.5
    assert 0 <= frame.scalars["seconds.alr"] < 1


@pytest.mark.parametrize("method", [Fake(lacks=("No bias.", "No sign.")), Fake(gives_up="No bias. No sign.")])
def test_a_method_that_does_not_apply_leaves_its_reason_and_no_number(method):
    frame = tallied(alr=method, zlr=Fake((0, 1, 2, 2)))
    assert "alr: No bias. No sign." in frame.note.split("\n")
    assert not [name for name in (*frame.scalars, *frame.series) if name.endswith(".alr")]
    assert frame.scalars["methods_done"] == 2 and frame.scalars["accuracy.zlr"] == 1


def test_doubts_are_said_beside_the_numbers():
    frame = tallied(alr=Fake((0, 1, 2, 2), doubt=("It is trained.",)))
    assert frame.note.split("\n")[1:] == ["alr: It is trained."] and frame.scalars["accuracy.alr"] == 1


@pytest.mark.parametrize(("methods", "verdict"), [
    ({"alr": Fake((0, 1, 2, 2)), "zlr": Fake((0, 1, 2, 2)), "llg": Fake((3, 3, 3, 3)), "ilrg": Fake((2, 2, 1, 0))},
     "All 4 labels were read by zlr, alr and ilrg."),
    ({"alr": Fake((0, 1, 2, 3)), "zlr": Fake((0, 1, 3, 3))}, "75.0% of 4 labels were read by alr."),
    ({"alr": Fake((3, 3, 3, 3))}, "No method read a single label."),
    ({"alr": Fake(lacks=("No bias.",))}, "No method applies to these labels."),
])  # fmt: skip
def test_the_verdict_names_the_best_methods(methods, verdict):
    assert tallied(**methods).note.split("\n")[0] == verdict


def test_what_the_methods_look_at_is_kept():
    tally, seen = Tally(TRUE, CLASSES, time.perf_counter()), head(SEEN)
    tally.read(seen)
    series = tally.frame(0.5).series
    assert series["bias"] == seen.bias_gradient.tolist() and series["rows"] == seen.weight_gradient.sum(1).tolist()
    assert len(series["rows"]) == CLASSES


def test_frames_are_numbered_and_a_later_one_changes_no_earlier_one():
    tally = Tally(TRUE, CLASSES, time.perf_counter())
    first = tally.frame(0.0)
    tally.take("alr", Fake((0, 1, 2, 2)), SEEN)
    second = tally.frame(1.0, final=True)
    assert (first.index, second.index, first.final, second.final) == (0, 1, False, True)
    assert set(first.series) == {"true"} and "accuracy.alr" not in first.scalars


def test_outcomes_hold_an_object_a_method_with_none_where_there_is_no_number():
    frame = tallied(alr=Fake((0, 1, 2, 2), doubt=("Trained: very much so.",)), zlr=Fake(lacks=("No sign.",)))
    found = {one["method"]: one for one in outcomes(frame)}
    assert list(found) == ["idlg", "zlr", "llg", "bias_corrected", "alr", "geng", "ilrg"]
    assert found["alr"] | {"seconds": 0} == {
        "method": "alr", "accuracy": 1.0, "exists_accuracy": 1.0, "counts_true": [1, 1, 2, 0],
        "counts_recovered": [1, 1, 2, 0], "seconds": 0, "note": "Trained: very much so.",
    }  # fmt: skip
    assert found["zlr"] == {
        "method": "zlr", "accuracy": None, "exists_accuracy": None, "counts_true": [1, 1, 2, 0],
        "counts_recovered": None, "seconds": None, "note": "No sign.",
    }  # fmt: skip


def test_remarks_are_what_is_said_of_no_single_method():
    tally = Tally(TRUE, CLASSES, time.perf_counter())
    tally.notes += ["", "Warning: two of them."]
    tally.take("zlr", Fake(lacks=("No sign.",)), SEEN)
    assert remarks(tally.frame(1.0, final=True)) == ["No method applies to these labels.", "Warning: two of them."]
