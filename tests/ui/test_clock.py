"""Times as a person says them."""

import time

import pytest

from leaklab.ui.clock import since


@pytest.mark.parametrize(
    "seconds, said",
    [(3, "just now"), (61, "1 minute ago"), (179, "2 minutes ago"), (3700, "1 hour ago"), (200_000, "2 days ago")],
)
def test_how_long_ago(monkeypatch: pytest.MonkeyPatch, seconds: float, said: str):
    monkeypatch.setattr(time, "time", lambda: 1e9 + seconds)
    assert since(1e9) == said
