"""The JSON object of a run: numbers in their places, null for what is not finite, and lines to read."""

import json
from dataclasses import replace

import pytest

from leaklab.experiments.frame import Frame
from leaklab.views.outcome import Attacked, Outcome, mode, outcome, summary, table

INF, NAN = float("inf"), float("nan")
SETTINGS = {
    "scenario": {
        "network": {"name": "lenet"}, "threat": {"labels": False}, "federation": {"clients": 2, "images_per_client": 1},
    },
    "recipe": {"key": "dlg", "name": "DLG"}, "seed": 7, "precision": "float64",
}  # fmt: skip
FIRST = Frame(0, 0.0, note="A pitfall.")
LAST = Frame(
    index=1, seconds=2.0, final=True, note="Recovered.\nLPIPS is not measured.",
    scalars={
        "iteration": 3.0, "evaluations": 60.0, "loss": 0.5, "mse": 0.25, "psnr": INF, "ssim": NAN, "cosine": 0.75,
        "label_accuracy": 0.5, "progress": 1.0,
    },
    series={
        "client": [0.0, 1.0], "mse": [0.5, 0.0], "psnr": [3.0, INF], "ssim": [0.5, NAN], "cosine": [0.5, 1.0],
        "label_true": [3.0, 1.0], "label_recovered": [3.0, 0.0], "losses.0": [0.5, NAN], "losses.1": [INF, 0.0],
    },
)  # fmt: skip


@pytest.fixture
def attacked() -> Attacked:
    return Attacked(SETTINGS, [FIRST, LAST], ("how the clients train",))


def test_a_mode_holds_the_final_frames_numbers():
    found = mode(LAST)
    assert found.mean.model_dump() == {
        "mse": 0.25, "psnr": None, "ssim": None, "cosine": 0.75, "label_accuracy": 0.5, "fsim": None, "lpips": None,
        "psnr_with_replacement": None, "ssim_with_replacement": None,
    }  # fmt: skip
    assert found.images[1].model_dump() == {
        "client": 1, "index": 1, "mse": 0.0, "psnr": None, "ssim": None, "cosine": 1.0,
        "label_true": 1, "label_recovered": 0,
    }  # fmt: skip
    assert found.final_losses == [[0.5, None], [None, 0.0]]


def test_lpips_is_there_when_it_was_measured():
    assert mode(replace(LAST, scalars=LAST.scalars | {"lpips": 0.125})).mean.lpips == 0.125


def test_modes_are_summed(attacked):
    whole = outcome({"per-client": attacked, "aggregated": attacked}, device="cpu", seconds=1.5)
    assert (whole.evaluations, whole.iterations, whole.final_loss) == (120, 3, 1.0)
    assert (whole.recipe, whole.seed, whole.device, whole.dtype, whole.saved) == ("dlg", 7, "cpu", "float64", None)
    assert list(whole.modes) == ["per-client", "aggregated"]
    assert whole.settings == SETTINGS
    json.dumps(whole.model_dump(), allow_nan=False)


def test_an_infinite_loss_is_null(attacked):
    last = replace(LAST, scalars=LAST.scalars | {"loss": INF})
    whole = outcome({"per-client": replace(attacked, frames=[FIRST, last])}, device="cpu", seconds=1)
    assert whole.final_loss is None


def test_the_verdict_is_no_warning(attacked):
    assert attacked.verdict == "Recovered."
    assert attacked.warnings == ["A pitfall.", "LPIPS is not measured."]


def test_told_labels_are_said(attacked):
    told = {**SETTINGS, "scenario": {**SETTINGS["scenario"], "threat": {"labels": True}}}
    assert any(
        warning.startswith("The attacker is told the labels") for warning in replace(attacked, settings=told).warnings
    )


def test_a_warning_of_one_view_names_it(attacked):
    other = replace(attacked, frames=[replace(FIRST, note="A pitfall.\nAnother."), LAST])
    whole = outcome({"per-client": attacked, "aggregated": other}, device="cpu", seconds=1)
    assert whole.warnings == ["A pitfall.", "LPIPS is not measured.", "aggregated: Another."]


def test_the_summary_tells_verdict_table_and_what_was_told(attacked):
    whole = outcome({"aggregated": attacked}, device="cpu", seconds=1.5).model_copy(update={"saved": "somewhere"})
    lines = list(summary({"aggregated": attacked}, whole))
    assert lines[:2] == [
        "DLG on lenet: 2 clients, 1 image each, aggregated, seed 7, cpu, float64",
        "The attacker is told: how the clients train.",
    ]
    assert [" ".join(line.split()) for line in lines[3:6]] == [
        "client image PSNR (dB) SSIM MSE cosine label recovered",
        "0 0 3.00 0.5000 5.00e-01 0.5000 3 3",
        "1 1 – – 0.00e+00 1.0000 1 0",
    ]
    assert lines[7] == "Recovered."
    assert lines[-4:] == [
        "3 iterations, 60 evaluations of the objective, 1.5 s",
        "Note: A pitfall.",
        "Note: LPIPS is not measured.",
        "Saved in somewhere",
    ]


def test_columns_of_numbers_are_set_to_the_right():
    assert list(table([("key", "n"), ("a", "1"), ("bcde", "200")])) == ["key     n", "a       1", "bcde  200"]


def test_the_object_refuses_what_it_does_not_know(attacked):
    whole = outcome({"per-client": attacked}, device="cpu", seconds=1)
    assert Outcome.model_validate(whole.model_dump()) == whole
