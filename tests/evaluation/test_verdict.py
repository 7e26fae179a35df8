"""Verdicts: a table of cases, and the sentences."""

import inspect

import pytest
import torch

from leaklab.evaluation.baselines import GREY, NOISE, OTHER, baselines
from leaklab.evaluation.scores import score
from leaklab.evaluation.verdict import restarts_recovered, sentence, verdict


def row(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def bars(*values: float) -> dict[str, torch.Tensor]:
    return {NOISE: row(*[8.0] * len(values)), GREY: row(*[value - 1 for value in values]), OTHER: row(*values)}


@pytest.mark.parametrize(
    ("psnr", "best_baseline", "level"),
    [
        (41, 13, "recovered"),
        (30, 13, "recovered"),
        (29.9, 13, "recognisable"),
        (31, 29, "hint"),  # another photograph is as like: 30 dB says nothing
        (49, 60, "recovered"),  # a flat picture come back to the last level
        (20, 17, "recognisable"),
        (22, 19.5, "hint"),
        (15, 13, "hint"),
        (13, 13, "not recovered"),
        (9, 13, "not recovered"),
        (0, 13, "not recovered"),
    ],
)
def test_the_level_of_one_photograph(psnr, best_baseline, level):
    assert verdict(row(psnr), bars(best_baseline)).level == level


def test_a_failed_run_without_any_defence_is_not_recovered():
    truth = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    guess = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    found = verdict(score(guess, truth).values["psnr"], baselines(truth, None, torch.Generator().manual_seed(2)))
    assert found.level == "not recovered" and found.recovered == 0


def test_a_diverged_run_is_not_recovered():
    truth = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    psnr = score(torch.full_like(truth, float("nan")), truth).values["psnr"]
    found = verdict(psnr, baselines(truth, None, torch.Generator().manual_seed(2)))
    assert sentence(found, 2.0).startswith("Not recovered after 2.0 s: PSNR 0 dB;")


def test_a_verdict_is_told_neither_losses_nor_defences():
    assert list(inspect.signature(verdict).parameters) == ["psnr", "baselines", "labels_right"]


def test_the_level_of_several_is_what_half_of_them_reach():
    found = verdict(row(41, 9, 42, 8), bars(13, 13, 13, 13))
    assert (found.level, found.recovered, found.total) == ("recovered", 2, 4)
    assert verdict(row(41, 9, 8), bars(13, 13, 13)).level == "not recovered"


def test_the_baseline_named_is_the_one_that_does_best():
    found = verdict(row(9, 9), {NOISE: row(8, 8), GREY: row(14, 10), OTHER: row(9, 12)})
    assert (found.baseline, found.baseline_psnr) == (GREY, 12)


@pytest.mark.parametrize(
    ("psnr", "right", "said"),
    [
        ([41], [1], "Recovered in 4.1 s: PSNR 41 dB, label right."),
        ([24], [0], "Recognisable after 4.1 s: PSNR 24 dB, label wrong."),
        ([24], None, "Recognisable after 4.1 s: PSNR 24 dB."),
        (
            [15],
            [1],
            "Only a hint after 4.1 s: PSNR 15 dB, label right; "
            "without any attack, the nearest other photograph reaches 13 dB.",
        ),
        (
            [9],
            None,
            "Not recovered after 4.1 s: PSNR 9 dB; without any attack, the nearest other photograph reaches 13 dB.",
        ),
        ([41, 43, 42], [1, 1, 1], "All 3 photographs recovered in 4.1 s: mean PSNR 42 dB, 3 of 3 labels right."),
        (
            [41, 23, 44],
            [1, 1, 0],
            "2 of 3 photographs recovered, 1 recognisable after 4.1 s: mean PSNR 36 dB, 2 of 3 labels right.",
        ),
        (
            [14, 14, 8],
            None,
            "None of 3 photographs recovered, 2 hinted at after 4.1 s: mean PSNR 12 dB; "
            "without any attack, the nearest other photograph reaches 13 dB.",
        ),
    ],
)
def test_the_sentence(psnr, right, said):
    found = verdict(row(*psnr), bars(*[13.0] * len(psnr)), None if right is None else row(*right))
    assert sentence(found, 4.1) == said


def test_long_runs_are_told_in_minutes():
    assert "in 2 min 5 s:" in sentence(verdict(row(41), bars(13)), 125.2)
    assert "in 1 min 0 s:" in sentence(verdict(row(41), bars(13)), 59.6)


@pytest.mark.parametrize(
    ("psnr", "said"),
    [
        ((41, 9, 33, 30, 12), "3 of 5 restarts recovered"),
        ((12,), "0 of 1 restart recovered"),
        ((float("nan"), 35), "1 of 2 restarts recovered"),
    ],
)
def test_restarts_are_counted(psnr, said):
    assert restarts_recovered(row(*psnr)) == said
