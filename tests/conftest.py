"""What every test stands on: fixed seeds, one thread, and a home that is nobody's."""

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is first imported: the workers share the cores

import numpy as np
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

from tests import shapes

if TYPE_CHECKING:
    from leaklab.ui.session import Services

install_import_hook(shapes.written_down(), f"{shapes.__name__}.checked")  # shapes are checked in tests only
settings.register_profile("leaklab", deadline=None, derandomize=True)
settings.load_profile("leaklab")


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Seed the global generators, which only foreign code may use."""
    random.seed(0)
    np.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def tmp_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep runs, checkpoints and data sets of a test in a folder of its own, and return it."""
    home = tmp_path / "home"
    monkeypatch.setenv("LEAKLAB_HOME", str(home))
    monkeypatch.setenv("LEAKLAB_COMPILE", "0")  # a compilation would go on behind the test that ordered it
    return home


@pytest.fixture
def nothing_to_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, without data sets, weights or a GPU."""
    import torch

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEAKLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def services(tmp_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Services"]:
    """Give a test's pages a store of their own, and no workers."""
    from tests import app

    with app.serving(monkeypatch) as made:
        yield made
