"""A worker is warm before it takes its first run."""

import logging

import pytest
import torch

from leaklab.experiments import experiment
from leaklab.runs import worker


def test_a_worker_knows_its_threads_and_whether_there_is_a_gpu():
    before = torch.get_num_threads()
    assert worker._warm_up("cpu", 1) is False
    assert worker._warm_up("auto", 1) is torch.cuda.is_available()
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_an_experiment_that_breaks_does_not_keep_the_worker_from_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(text: str) -> None:
        raise ZeroDivisionError(text)

    monkeypatch.setattr(experiment, "read", broken)
    with caplog.at_level(logging.ERROR):
        assert worker._reader("cpu") is broken
    assert "The first experiment broke" in caplog.text
