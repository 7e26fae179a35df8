"""Viewpoints: one round from three places, each as an inversion by itself has it, and what masks do to an update."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from leaklab.attacks.labels import Given
from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.experiments.frame import Frame
from leaklab.experiments.viewpoints import VIEWS, Look, Viewpoints, correlation, square
from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small

ROUND = Federation(clients=2)
OPEN = Viewpoints(inversion=small.inversion(ROUND, of=CURIOUS_CLIENT, iterations=4, threat=ThreatModel(labels=True)))
MASKED = OPEN.changed(("inversion", "scenario", "federation", "secure_aggregation"), True)
ALONE = OPEN.changed(("inversion", "scenario", "federation", "clients"), 1).changed(
    ("inversion", "scenario", "source", "names"), ["cat"]
)


@cache
def frames(experiment: Viewpoints) -> list[Frame]:
    return list(experiment.run("cpu"))


def test_every_frame_keeps_the_contract():
    found = frames(OPEN)
    assert [frame.index for frame in found] == list(range(len(found)))
    assert all(before.seconds <= after.seconds for before, after in pairwise(found))
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    for frame in found:
        named = {f"reconstruction.{view}" for view in VIEWS}
        once = {f"truth.{view}" for view in VIEWS} | {"update.true", "update.sent"}
        assert set(frame.pictures) == (named | once if frame.index == 0 else named)
        assert all(frame.pictures[name].shape == (16, 2 * 16, 3) for name in named)
        assert set(frame.scalars) == {"progress", "mask_correlation"} | {
            f"{name}.{view}" for name in ("psnr", "ssim") for view in VIEWS
        }
        kept = ("psnr", "ssim", "client", *(["recognised"] if frame.final else []))
        assert set(frame.series) == {f"{name}.{view}" for name in kept for view in VIEWS}
        assert all(frame.series[f"client.{view}"] == [0, 1] for view in VIEWS)
        assert all(len(row) == 2 for row in frame.series.values())


@pytest.mark.parametrize("view", VIEWS)
def test_each_place_sees_what_an_inversion_from_there_sees(view: str):
    *_, alone = OPEN.inversion.changed(("scenario", "federation", "view"), view).run("cpu")
    first, last = frames(OPEN)[0], frames(OPEN)[-1]
    assert np.array_equal(last.pictures[f"reconstruction.{view}"], alone.pictures["reconstruction"])
    assert last.series[f"psnr.{view}"] == alone.series["psnr"] and last.scalars[f"ssim.{view}"] == alone.scalars["ssim"]
    assert np.array_equal(first.pictures[f"truth.{view}"], first.pictures["truth.per-client"])


def test_all_pictures_emerge_together():
    found = frames(OPEN)
    half = next(frame for frame in found if frame.scalars["progress"] >= 0.5)
    for view in VIEWS:
        name = f"reconstruction.{view}"
        assert not np.array_equal(half.pictures[name], found[0].pictures[name])
        assert not np.array_equal(half.pictures[name], found[-1].pictures[name])


def test_without_masks_the_server_receives_what_the_client_sends():
    first = frames(OPEN)[0]
    assert first.scalars["mask_correlation"] == pytest.approx(1)
    assert np.array_equal(first.pictures["update.true"], first.pictures["update.sent"])


def test_masks_make_noise_of_an_update_and_leave_the_average_as_it_is():
    first, last, unmasked = frames(MASKED)[0], frames(MASKED)[-1], frames(OPEN)
    assert abs(first.scalars["mask_correlation"]) < 0.05
    assert np.array_equal(first.pictures["update.true"], unmasked[0].pictures["update.true"])
    assert first.pictures["update.sent"].std() > 60  # black to white alike: even noise has 74
    for view in ("aggregated", "client"):
        assert last.scalars[f"psnr.{view}"] == pytest.approx(unmasked[-1].scalars[f"psnr.{view}"], abs=1e-3)
    assert last.scalars["psnr.per-client"] < unmasked[-1].scalars["psnr.per-client"]


def test_a_place_from_which_nothing_can_be_seen_is_left_out_with_its_sentence():
    found = frames(ALONE)
    for frame in (found[0], found[-1]):
        assert any(line.startswith("client: A client that looks needs other") for line in frame.note.split("\n"))
    assert not any(name.endswith(".client") for frame in found for name in {*frame.pictures, *frame.series})
    assert found[-1].scalars["progress"] == 1 and "psnr.aggregated" in found[-1].scalars


def test_the_last_frame_carries_a_verdict_a_place():
    lines = frames(OPEN)[-1].note.split("\n")
    assert [line.split(":")[0] for line in lines] == [*VIEWS, "LPIPS is not measured"]
    assert all("PSNR" in line and "label" not in line for line in lines[:3])  # the labels were told


def test_where_nothing_can_be_seen_from_anywhere_it_is_refused_once():
    untold = OPEN.changed(("inversion", "scenario", "threat", "labels"), False)
    with pytest.raises(Refusal, match="tick 'Labels are told'") as refused:
        next(untold.changed(("inversion", "recipe", "labels"), Given()).run("cpu"))
    assert str(refused.value).count("tick 'Labels are told'") == 1


SERIES = {
    "psnr": [35.0, 21.0, 12.0, 21.0], "baseline.noise": [8.0] * 4, "baseline.best grey": [11.0, 11.0, 11.0, 19.0],
    "label_true": [1.0, 2.0, 3.0, 4.0], "label_recovered": [1.0, 2.0, 4.0, 3.0],
}  # fmt: skip


def given(*, told: bool, ends: bool = True) -> Iterator[Frame]:
    yield Frame(0, 0.0, {"progress": 0.25}, SERIES, final=ends)
    raise Refusal("It broke.")


def test_recognised_is_what_the_verdict_calls_recognisable_or_better():
    look = Look("aggregated", given(told=False), told=False)
    look.advance()
    assert look.recognised == [1, 1, 0, 0] and look.over and look.progress == 1
    assert look.sentence.startswith("aggregated: 1 of 4 photographs recovered, 1 recognisable, 2 hinted at after")
    assert look.sentence.endswith("2 of 4 labels right.")
    told = Look("client", given(told=True), told=True)
    told.advance()
    assert "labels" not in told.sentence


def test_an_attack_that_breaks_off_keeps_its_last_guess_and_says_why():
    look = Look("per-client", given(told=True, ends=False), told=True)
    look.advance()
    assert not look.over and look.progress == 0.25
    look.advance()
    assert look.over and look.frame.series is SERIES and look.sentence == "per-client: It broke."


def test_the_square_shows_an_updates_first_numbers_by_the_largest_of_them():
    few = square({"weight": torch.tensor([[0.0, 2.0], [-1.0, -2.0]])})
    assert few.shape == (64, 64, 3) and few[0, :5, 0].tolist() == [128, 255, 64, 0, 128]
    many = square({"weight": torch.cat([torch.ones(64 * 64), torch.tensor([9.0])])})
    assert (many == 255).all()
    assert (square({"weight": torch.zeros(3)}) == 128).all()


def test_the_correlation_is_pearsons():
    one = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([[4.0]])}
    line = {name: 3 - 2 * part for name, part in one.items()}
    other = {"a": torch.tensor([2.0, -1.0]), "b": torch.tensor([[3.0]])}
    assert correlation(one, one) == pytest.approx(1) and correlation(one, line) == pytest.approx(-1)
    assert correlation(one, other) == pytest.approx(np.corrcoef([1, 2, 4], [2, -1, 3])[0, 1])
    assert correlation(one, {name: torch.ones_like(part) for name, part in one.items()}) == 0


def test_it_has_a_name_travels_in_a_link_and_survives_the_store():
    assert OPEN.title == "Curious client on 2 photographs from three places, LeNet"
    assert OPEN.source == OPEN.inversion.scenario.source
    assert from_link(Viewpoints, to_link(MASKED)) == MASKED
    last = frames(OPEN)[-1]
    back = records.read(records.written(last))
    assert back.scalars == last.scalars and back.series == last.series and back.note == last.note
