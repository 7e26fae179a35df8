"""Drift: how far clients that take several steps end up from one super-client that holds the images of them all."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, ValidationInfo, field_validator
from torch import nn
from torch.nn import functional

from leaklab.experiments.devices import place
from leaklab.experiments.divergence import Shares, divergence, second_order
from leaklab.experiments.drift_cells import Cell, cell, laws, remark, series
from leaklab.experiments.frame import Frame
from leaklab.images.labelled import load_labelled
from leaklab.images.source import Photos, Source
from leaklab.networks.layers import BatchNorm
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import norm
from leaklab.settings import Settings, knob

_AT_ONCE = 64  # images whose gradient is computed together, to bound the memory
_KINKED = (nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.Hardswish, nn.MaxPool2d)

_NOTHING: dict[str | None, str] = {
    "clients": "without a client there is nobody to average; choose 1 or more",
    "local_steps": "without a local step nobody moves, and there is nothing to compare; choose 1 or more",
    "local_lr": "clients that move their weights by nothing cannot drift apart; choose 1e-7 or more",
}
_KINKS = (
    "This network has kinks (ReLU or max pooling), where the derivatives of Lemma 1 do not exist: each one that a "
    "client's step crosses adds to the divergence what the lemma does not count."
)
_TOGETHER = (
    "Batch norm looks at all images of a batch together, so clients and super-client differ from the first step."
)


class Drift(Settings):
    """The distance between averaged clients and a super-client, beside what Lemma 1 says of it.

    Source: Wilson et al. 2025, appendix A.
    """

    kind: Literal["drift"] = "drift"
    source: Source = knob(Photos(), title="Photographs", help="Where the photographs come from.")
    image_size: int = knob(
        32, low=16, high=256, step=16, unit="px", symbol="h = w",
        help="Width and height to which every photograph is shrunk.",
    )  # fmt: skip
    num_classes: int = knob(
        100, low=2, high=1000, title="Classes", symbol="C", level="advanced",
        help="How many classes the network tells apart.",
    )  # fmt: skip
    network: NetworkChoice = NetworkChoice()
    clients: tuple[Annotated[int, Field(ge=1, le=32)], ...] = knob(
        (1, 2, 4), symbol="K", help="How many clients take part, 1 to 32; several numbers are measured in turn.",
    )  # fmt: skip
    samples_per_client: int = knob(
        4, low=1, high=64, log=True, title="Photographs a client", symbol="N/K",
        help="How many photographs each client trains on; the super-client holds all of them.",
    )  # fmt: skip
    local_steps: tuple[Annotated[int, Field(ge=1, le=32)], ...] = knob(
        (1, 2, 3), symbol="τ", help="How many steps the clients take with all their photographs, 1 to 32.",
    )  # fmt: skip
    local_lr: tuple[Annotated[float, Field(ge=1e-7, le=1)], ...] = knob(
        (1e-5, 1e-4, 1e-3, 1e-2), title="Learning rates", symbol="η",
        help="How far one local step moves the weights, 1e-7 to 1.",
    )  # fmt: skip
    repeats: int = knob(
        5, low=1, high=1000, log=True,
        help="How often network and photographs are drawn anew; what is shown is the mean.",
    )  # fmt: skip
    seed: int = knob(
        1234, low=0, high=2**31 - 1,
        help="Draws networks and photographs, of each repeat from the next number; the same seed gives the same again.",
    )  # fmt: skip

    @field_validator("clients", "local_steps", "local_lr", mode="before")
    @classmethod
    def _something(cls, values: Any, info: ValidationInfo) -> Any:
        if isinstance(values, list | tuple):
            if not values:
                raise ValueError("nothing is given here; write one number or more")
            if 0 in values:
                raise ValueError(_NOTHING[info.field_name])
        return values

    @property
    def title(self) -> str:
        """A run's name for a list."""
        clients, steps = max(self.clients), max(self.local_steps)
        many = f"{clients} clients" if clients > 1 else "one client"
        return f"Drift of {many} in {steps} step{'s' if steps > 1 else ''}, {self.network.row.title}"

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame a repeat of each number of clients, with the means so far; the last one is final and sums up.

        Raises: Refusal, when photographs or the network cannot be had.
        """
        start, where, index = time.perf_counter(), place(device), 0
        total = len(self.clients) * self.repeats
        done: list[Cell] = []
        for clients in self.clients:
            met: list[_Measured] = []
            for repeat in range(self.repeats):
                met.append(self._measured(clients, self.seed + repeat, where))
                found, index = done + self._cells(clients, met), index + 1
                note = "\n".join([remark(found), *met[-1].notes]) if index == total else ""
                yield Frame(
                    index - 1, time.perf_counter() - start, {"progress": index / total} | laws(found), series(found),
                    note=note, final=index == total,
                )  # fmt: skip
            done = found

    def _measured(self, clients: int, seed: int, where: torch.device) -> "_Measured":
        shape = (1 if self.source.grey else 3, self.image_size, self.image_size)
        generator = torch.Generator().manual_seed(seed)
        network = self.network.build(shape, self.num_classes, generator).to(where, torch.float64)
        # The lemma speaks of images that are drawn independently, so labels come first and may repeat.
        known = min(self.num_classes, self.source.labelled_classes)
        labels = torch.randint(known, (clients * self.samples_per_client,), generator=generator)
        pictures = load_labelled(self.source, labels, self.image_size, generator)
        targets = functional.one_hot(labels, self.num_classes)
        shares = Shares(*(
            tensor.to(where, torch.float64).unflatten(0, (clients, -1)) for tensor in (pictures.images, targets)
        ))  # fmt: skip
        warning = self.network.check(shape, self.samples_per_client)
        notes = (pictures.note, warning, *_of_layers(network))
        return _Measured(*self._lengths(network, shares), tuple(note for note in notes if note))

    def _lengths(self, network: nn.Module, shares: Shares) -> tuple[dict[tuple[int, float], float], float]:
        """Return the divergence by steps and learning rate, and what its second-order term is a multiple of."""
        at_once = 0 if _looks_at_all(network) else _AT_ONCE
        forward = Pass(network, dict(network.named_buffers()), at_once)
        weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
        apart = {
            (steps, rate): float(norm(delta))
            for rate in self.local_lr
            for steps, delta in divergence(
                forward, weights, shares, steps=self.local_steps, learning_rate=rate
            ).items()
        }  # fmt: skip
        return apart, float(norm(second_order(forward, weights, shares)))

    def _cells(self, clients: int, met: Sequence["_Measured"]) -> list[Cell]:
        return [
            cell(
                clients, steps, rate, images=clients * self.samples_per_client,
                found=[one.apart[steps, rate] for one in met], second=[one.second for one in met],
            )
            for rate in self.local_lr
            for steps in self.local_steps
        ]  # fmt: skip


@dataclass(frozen=True)
class _Measured:
    """One repeat: the divergence by steps and learning rate, the second-order bracket, and what there is to say."""

    apart: dict[tuple[int, float], float]
    second: float
    notes: tuple[str, ...]


def _looks_at_all(network: nn.Module) -> bool:
    return any(isinstance(layer, BatchNorm) and layer.statistics == "batch" for layer in network.modules())


def _of_layers(network: nn.Module) -> Iterator[str]:
    """Yield what keeps a network from following the lemma."""
    if _looks_at_all(network):
        yield _TOGETHER
    if any(isinstance(layer, _KINKED) for layer in network.modules()):
        yield _KINKS
