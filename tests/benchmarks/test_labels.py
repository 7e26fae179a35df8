"""The benchmark of label recovery: what is promised of whom, and what stands in for CIFAR-100."""

import pytest

from benchmarks import labels
from leaklab.experiments.frame import Frame
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.images.source import Photos


@pytest.fixture
def asked(monkeypatch, tmp_path) -> list[LabelRecovery]:
    """Keep what is asked for instead of computing it; the seed counts the percent that are wrong."""
    kept = []

    def last(experiment: LabelRecovery, seed: int) -> Frame:
        kept.append(experiment)
        right = 1 - (seed - labels.SEED) / 100
        shares = {"alr": right, "zlr": 0.375, "geng": 0.5}
        scalars = {f"accuracy.{key}": share for key, share in shares.items()}
        return Frame(0, 0.0, scalars | {f"seconds.{key}": 0.25 for key in shares}, final=True)

    monkeypatch.setattr(labels, "_last", last)
    monkeypatch.setenv("LEAKLAB_DATA", str(tmp_path))
    return kept


def test_what_is_promised_depends_on_network_and_batch(asked):
    rows = {row.what: row for row in labels.rows(False) if "seconds" not in row.what}
    wanted = {what.split(" of ")[0]: row.at_least for what, row in rows.items()}
    assert [wanted[f"alr, ResNet18, {batch} labels"] for batch in labels.BATCHES] == [100, 100, 99, 99, 98]
    assert {wanted[f"alr, LeNet, {batch} labels"] for batch in labels.BATCHES} == {95}
    assert wanted["zlr, LeNet, 16 labels"] == 37.5 and wanted["geng, LeNet, 16 labels"] is None
    assert rows["alr, ResNet18, 64 labels of crops of the album"].values == (100, 99, 98, 97, 96)
    assert "98.4 %" in rows["alr, ResNet18, 64 labels of crops of the album"].note
    assert not [what for what in rows if what.startswith("idlg")]
    assert {experiment.source for experiment in asked} == {Photos()} and max(e.batch_size for e in asked) == 4096


def test_the_quick_one_asks_for_little(asked):
    *_, last = labels.rows(True)
    assert last.measured == 0.25 and last.at_most == 1
    assert max(experiment.batch_size for experiment in asked) == 256 and len(asked) == 5
