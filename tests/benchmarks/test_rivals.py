"""The comparison with others: what they lose is left out of the ratio and said so, and absence is a sentence."""

import math

import pytest
import torch

from benchmarks import breaching, rivals
from benchmarks.rivals import Round
from benchmarks.trail import Trail
from leaklab.experiments.inversion import Inversion
from leaklab.images.source import Photos
from leaklab.settings import Refusal


def _way(seconds: list[float], psnr: list[float]) -> rivals.Way:
    return rivals.Way(Trail(began=0.0, seconds=seconds), psnr)


def _round(name: str, psnr: float) -> Round:
    theirs = _way([0.0, 6.0, 20.0], [5.0, psnr, psnr])
    return Round(name, theirs, _way([0.5, 1.0], [20.0, 90.0]), _way([1.0, 2.0, 3.0], [10.0, 41.0, 60.0]), psnr)


def test_an_image_they_lose_is_left_out_of_the_searches_ratio_alone():
    rows = {row.what: row for row in rivals.lenet([_round("cat", 40.0), _round("dog", 5.0)], "LeNet", "commit 1")}
    assert rows["LeNet, course project: above 20 dB of 2"].values == (1,)
    assert rows["LeNet, fast-lenet: seconds to 35 dB"].values == (1, 1)
    assert rows["LeNet, fast-lenet: times faster"].values == (20, 20)
    search = rows["LeNet, fast-search: times faster than all of theirs"]
    assert search.values == (10,) and search.met and search.note == "left out, lost by theirs: dog"
    assert rows["LeNet, fast-search: times faster than theirs to get there"].values == (3,)


def test_a_quality_never_reached_is_a_ratio_of_nothing():
    rows = {row.what: row for row in rivals.lenet([_round("cat", 61.0)], "LeNet", "")}
    assert rows["LeNet, fast-search: seconds to their PSNR"].values == (math.inf,)
    assert rows["LeNet, fast-search: times faster than all of theirs"].met is False


def test_without_checkouts_both_are_left_out(monkeypatch):
    monkeypatch.delenv("COURSE_PROJECT", raising=False)
    monkeypatch.delenv("BREACHING", raising=False)
    notes = [row.note for row in rivals.rows(True)]
    assert len(notes) == 2 and all(note.startswith("left out: ") for note in notes)


def test_a_folder_that_is_not_breaching_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("BREACHING", str(tmp_path))
    with pytest.raises(Refusal, match="where there is no breaching/attacks"):
        breaching.checkout()


def test_breaching_without_hydra_is_left_out_with_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "breaching" / "attacks").mkdir(parents=True)
    monkeypatch.setenv("BREACHING", str(tmp_path))
    monkeypatch.setattr(breaching.importlib.util, "find_spec", lambda name: None)
    assert [row.note for row in breaching.rows(True, Photos())] == [breaching.UNREADABLE]


def test_both_are_timed_to_the_worse_of_their_losses():
    theirs = breaching.Way(Trail(began=0.0, seconds=[0.0, 3.0, 6.0]), [0.5, 0.3, 0.2])
    ours = breaching.Way(Trail(began=0.0, seconds=[1.0, 2.0, 3.0]), [0.5, 0.2, 0.1])
    fast = breaching.Way(Trail(began=0.0, seconds=[1.0, 1.5, 2.0]), [0.5, 0.2, 0.05])
    rows = {row.what: row for row in breaching.compared([breaching.Pair(theirs, ours, fast)], "x", "commit 1")}
    assert rows["x: times faster a step"].values == (3,)
    assert rows["x: times faster from nothing to the worse of both losses"].values == (3,)
    assert rows["x, fast-deep: times faster from nothing to the loss theirs ends with"].values == (4,)


STAND_IN = """
from torch.nn import Module

class attacks:
    @staticmethod
    def prepare_attack(model, loss, settings):
        return Attacker(settings)

class Objective(Module):
    def forward(self, model, update, image, labels):
        return 0

class Attacker:
    def __init__(self, settings):
        self.settings, self.objective = settings, Objective()

    def _score_trial(self, image, *given):
        return 0

    def reconstruct(self, payload, shared, secrets, initial_data):
        image = initial_data.clone()
        for _ in range(int(self.settings["optim.max_iterations"])):
            self.objective(None, shared[0]["gradients"], image, shared[0]["metadata"]["labels"])
            image += 1
        self._score_trial(image, None)

def get_attack_config(name, overrides):
    return dict(one.split("=") for one in overrides)
"""


def test_its_attacker_is_followed_step_by_step(tmp_path, monkeypatch):
    folder = tmp_path / "breaching"
    folder.mkdir()
    (folder / "__init__.py").write_text(STAND_IN)
    inversion = Inversion(recipe=rivals.tuned(rivals.RECIPES["ig"], iterations=3), precision="float32")
    inversion = inversion.changed(("scenario", "image_size"), 16).changed(("scenario", "threat", "labels"), True)
    exchange = rivals.play(inversion).exchanges[0]
    start = torch.zeros(1, 3, 16, 16)
    monkeypatch.delitem(breaching.importlib.sys.modules, "breaching", raising=False)
    found = breaching.attack(tmp_path, exchange, inversion.recipe.stages[0], start)
    monkeypatch.delitem(breaching.importlib.sys.modules, "breaching")
    assert [float(image.mean()) for image in found.images] == [0, 1, 2, 3] and len(found.steps) == 3
