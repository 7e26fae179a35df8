"""A run folder: every picture is the one that was scored, and a place that cannot be written is a sentence."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from leaklab.experiments.frame import Frame
from leaklab.settings import Refusal
from leaklab.views import folder
from leaklab.views.outcome import Attacked, outcome

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 4, 8, 3)).astype(np.uint8)  # the truth, then three guesses
SETTINGS = {
    "scenario": {"threat": {"labels": False}}, "recipe": {"key": "dlg"}, "seed": 7, "precision": "float64",
}  # fmt: skip


def frame(number: int, iteration: int) -> Frame:
    """Return one guess about two images; in the first frame the second attack has not begun."""
    scored = [10.0 + number, 20.0][: 1 if number == 0 else 2]
    series = dict.fromkeys(("psnr", "mse", "ssim", "cosine", "label_true", "label_recovered"), scored)
    series |= {"client": [0.0, 1.0], "losses.0": [1.0]}
    scalars = {"iteration": float(iteration), "evaluations": 1.0, "loss": 1.0}
    pictures = {"reconstruction": PIXELS[number + 1]} | ({"truth": PIXELS[0]} if number == 0 else {})
    return Frame(number, 0.5 * number, scalars, series, pictures)


FRAMES = [frame(0, 0), frame(1, 0), frame(2, 25)]


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_each_iteration_is_kept_once_as_it_stood_last():
    kept = folder.moments(FRAMES)
    assert [moment.index for moment in kept] == [0, 1, 2]
    assert list(kept[0].pictures) == ["truth"]


def test_every_image_has_its_files():
    files = folder.pictures(FRAMES)
    assert sorted(files) == [
        "client-0-image-00-reconstruction.png", "client-0-image-00-truth.png",
        "client-1-image-01-reconstruction.png", "client-1-image-01-truth.png",
        "iteration-00000.png", "iteration-00025.png", "reconstruction.gif", "strip.png",
    ]  # fmt: skip
    np.testing.assert_array_equal(opened(files["client-1-image-01-truth.png"]), PIXELS[0][:, 4:])
    np.testing.assert_array_equal(opened(files["client-0-image-00-reconstruction.png"]), PIXELS[3][:, :4])
    np.testing.assert_array_equal(opened(files["iteration-00000.png"]), PIXELS[2])


def test_a_folder_holds_metrics_settings_pictures_and_link(tmp_path):
    attacked = {"per-client": Attacked(SETTINGS, FRAMES, ())}
    whole = outcome(attacked, device="cpu", seconds=1)
    folder.write(tmp_path, attacked, whole, {"per-client": "?x=1.a"})
    assert json.loads((tmp_path / "metrics.json").read_text()) == whole.model_dump()
    assert json.loads((tmp_path / "settings.json").read_text()) == SETTINGS
    inner = tmp_path / "per-client"
    assert (inner / "link.txt").read_text() == "?x=1.a\n"
    assert json.loads((inner / "settings.json").read_text()) == SETTINGS
    assert {path.name for path in inner.iterdir()} == {*folder.pictures(FRAMES), "link.txt", "settings.json"}


def test_two_runs_of_one_second_have_two_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(folder.time, "strftime", lambda shape: "20260102-030405")
    names = [folder.named(tmp_path, "dlg-lenet").name for _ in range(3)]
    first = "run-20260102-030405-dlg-lenet"
    assert names == [first, f"{first}-2", f"{first}-3"]


def test_a_place_that_cannot_be_a_folder_is_said_before_anything_is_computed(tmp_path):
    (tmp_path / "file").write_text("")
    expected = r"Nothing can be saved in .*file.inner \(Not a directory\): choose another --save-dir, or --no-save."
    with pytest.raises(Refusal, match=expected):
        folder.prepared(tmp_path / "file" / "inner")


def test_a_place_without_permission_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(folder.os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(Refusal, match=r"\(no permission to write there\)"):
        folder.prepared(tmp_path)


def test_a_disk_that_fills_up_is_said(tmp_path, monkeypatch):
    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    attacked = {"per-client": Attacked(SETTINGS, FRAMES, ())}
    with pytest.raises(Refusal, match=r"\(No space left on device\)"):
        folder.write(tmp_path, attacked, outcome(attacked, device="cpu", seconds=1), {"per-client": ""})
