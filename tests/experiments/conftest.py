"""LPIPS looks for its weights in torch's cache: here there is none, whoever runs the tests."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_published_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
