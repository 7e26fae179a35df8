"""Enhancers that need no weights: each does something simple that can be reckoned, under the names of the real ones."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from leaklab.attacks.enhancement import DDRM, MaskedDiffusion, Restoration
from leaklab.attacks.snapshot import Snapshot
from leaklab.experiments.enhancing import Enhancing
from leaklab.settings import Refusal
from tests.experiments import small

WAYS = (DDRM(), MaskedDiffusion(epochs=3, conditional=False), Restoration())
SMALL = Enhancing(inversion=small.inversion(iterations=2), enhancers=WAYS)

Seen = list[tuple[Tensor, Tensor | None, int]]


def guess(images: Tensor, labels: Tensor) -> Snapshot:
    """Return a snapshot of two restarts of which the second is the better."""
    both = torch.stack([torch.zeros_like(images), images])
    chances = torch.nn.functional.one_hot(labels, 4).double().expand(2, -1, -1)
    return Snapshot(0, 1, 1, torch.tensor([2.0, 1.0]), {}, both, chances, torch.zeros(2, 1))


def stand_in(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Put simple enhancers in the place of the real ones; return what the first of them is shown, call by call."""
    seen: Seen = []

    def flattened(self: DDRM, images: Tensor, labels: Tensor | None, seed: int) -> Iterator[Tensor]:
        seen.append((images, labels, seed))
        yield from (images.clamp(0, 1).lerp(images.new_full((), 0.5), share) for share in (0.5, 1.0))

    def sought(self: MaskedDiffusion, images: Tensor, labels: Tensor | None, seed: int) -> Iterator[Tensor]:
        yield from (images.clamp(0, 1) * share for share in (0.25, 0.5, 1.0))

    def painted(self: Restoration, images: Tensor, labels: Tensor | None, seed: int) -> Iterator[Tensor]:
        raise Refusal("The brush is missing.")
        yield images

    for way, enhance in ((DDRM, flattened), (MaskedDiffusion, sought), (Restoration, painted)):
        monkeypatch.setattr(way, "enhance", enhance)
        monkeypatch.setattr(way, "missing", lambda self, observation: [])
        monkeypatch.setattr(way, "remark", lambda self, raw, shown: "Made of three colours.")
    return seen
