"""Where an experiment computes: asked for, chosen, or refused."""

from collections.abc import Iterator

import pytest
import torch

from leaklab.experiments.devices import available, place
from leaklab.settings import Refusal

SWITCHES = (
    (torch.backends.cuda.matmul, "allow_tf32"), (torch.backends.cudnn, "allow_tf32"),
    (torch.backends.cudnn, "deterministic"), (torch.backends.cudnn, "benchmark"),
)  # fmt: skip


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Say that there is a GPU, and give its switches back afterwards."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    before = [getattr(owner, name) for owner, name in SWITCHES]
    yield
    for (owner, name), value in zip(SWITCHES, before, strict=True):
        setattr(owner, name, value)
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_everything_is_the_processor():
    assert place("auto") == place("cpu") == torch.device("cpu") and available() == ("cpu",)


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_refused(device: str):
    with pytest.raises(Refusal, match=f"The device '{device}' was asked for .* choose cpu or auto"):
        place(device)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_taken_where_there_is_one_and_never_shortens_its_numbers():
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    assert place("auto") == torch.device("cuda") and "cuda" in available()
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.usefixtures("gpu")
def test_the_processor_may_be_asked_for_beside_a_gpu():
    assert place("cpu") == torch.device("cpu") and place("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize("device", ["", "gpu", "cpu:x"])
def test_a_device_nobody_knows_is_refused(device: str):
    with pytest.raises(Refusal, match=f"There is no device '{device}': choose cpu, cuda or auto."):
        place(device)
