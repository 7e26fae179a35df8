"""How much memory there is: of a machine, of a container, and of a GPU."""

import os
from pathlib import Path

import pytest
import torch

from leaklab.attacks.matching import memory

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 1,000 pages of 4 KiB, without a container."""
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1000}.__getitem__)
    monkeypatch.setattr(memory, "_LIMITS", ())


def test_a_processor_has_the_memory_of_its_machine(machine: None):
    assert memory.available(CPU) == 4_096_000


@pytest.mark.parametrize(("said", "expected"), [("65536\n", 65_536), ("max\n", 4_096_000), ("99999999999", 4_096_000)])
def test_a_container_may_have_less(
    machine: None, said: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "limit").write_text(said)
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "limit", tmp_path / "nowhere"))
    assert memory.available(CPU) == expected


def test_a_system_that_does_not_say_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "sysconf")
    assert memory.available(CPU) is None


def test_a_gpu_has_what_is_free_and_what_we_hold_without_using_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 9000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 500)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 200)
    assert memory.available(GPU) == 1300
