"""Label recovery: which classes were in a batch, and how often, by every method side by side."""

import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import fmean
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor, nn

from leaklab.attacks.labels import METHODS
from leaklab.attacks.labels.head import head
from leaklab.experiments.devices import place
from leaklab.experiments.earlier import BATCH, learnt
from leaklab.experiments.frame import Frame
from leaklab.experiments.referee import tiles
from leaklab.experiments.tally import Tally
from leaklab.federation.rounds import Federation
from leaklab.images.balance import Balance, draw
from leaklab.images.labelled import load_labelled
from leaklab.images.pictures import Pictures
from leaklab.images.public import public
from leaklab.images.source import Photos, Source
from leaklab.networks.layers import BatchNorm
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import Settings, knob

SHOWN = 32  # photographs of the batch in the first frame
_PUBLIC = 128  # photographs of its own an attacker has
_AT_ONCE = 64  # images of the batch whose gradient is computed together, to bound the memory
_POOL = 1024  # different images, at most, that the network has learnt from
_EVERY = 10  # steps of training between two signs of life
_TRAINING = 0.9  # share of a run that training takes, where there is any
_FEWER = "The network tells {} classes apart and these photographs have {}: the others never occur."


class LabelRecovery(Settings):
    """One client's gradient, and what every method reads from it about the labels."""

    kind: Literal["label_recovery"] = "label_recovery"
    source: Source = knob(Photos(), title="Photographs", help="Where the private photographs come from.")
    image_size: int = knob(
        32, low=16, high=256, step=16, unit="px", symbol="h = w",
        help="Width and height to which every photograph is shrunk.",
    )  # fmt: skip
    num_classes: int = knob(
        100, low=2, high=1000, title="Classes", symbol="C", help="How many classes the network tells apart.",
    )  # fmt: skip
    network: NetworkChoice = NetworkChoice()
    batch_size: int = knob(
        64, low=1, high=4096, log=True, symbol="B", help="How many photographs are behind the one gradient.",
    )  # fmt: skip
    balance: Balance = knob(
        "igims", title="Class balance",
        help="How often classes repeat: all alike, never, half of one and a quarter of another, or at random.",
    )  # fmt: skip
    concentration: float = knob(
        0.5, low=0.01, high=100, log=True, symbol="α of Dir(α)", level="advanced",
        help="For the balance dirichlet: the smaller, the fewer classes make up most of the batch.",
    )  # fmt: skip
    training: int = knob(
        0, low=0, high=2000, title="Training before the round", unit="steps",
        help="How long the network has learnt already, from other photographs; 0 leaves it untrained.",
    )  # fmt: skip
    seed: int = knob(
        1234, low=0, high=2**31 - 1,
        help="Draws labels, photographs and network; the same seed gives the same counts again.",
    )  # fmt: skip
    precision: Literal["float32", "float64"] = knob(
        "float32", level="advanced", help="How many digits every number has; float64 takes twice the time.",
    )  # fmt: skip

    @property
    def title(self) -> str:
        """A run's name for a list."""
        what = f"Labels of {self.batch_size} photographs" if self.batch_size > 1 else "Label of one photograph"
        return f"{what}, {self.network.row.title}"

    def outline(self) -> Observation:
        """Return what the attacker will be told, without numbers: enough to ask a method what it misses."""
        training = Schedule()
        return Observation(
            network=self.network.skeleton(self._shape, self.num_classes), weights={}, buffers={}, update={},
            image_shape=self._shape, num_classes=self.num_classes, num_images=self.batch_size, num_clients=1,
            epochs=training.epochs, batch_size=training.batch_size, learning_rate=training.learning_rate,
        )  # fmt: skip

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame when the batch is drawn, some while the network is trained, then one a method.

        The last one is final and holds everything.
        Raises: Refusal, when labels, photographs or the network cannot be had.
        """
        start, where, dtype = time.perf_counter(), place(device), getattr(torch, self.precision)
        generator = torch.Generator().manual_seed(self.seed)
        known = min(self.num_classes, self.source.labelled_classes)
        labels = draw(self.balance, self.batch_size, known, generator, concentration=self.concentration)
        network = self.network.build(self._shape, self.num_classes, generator).to(where, dtype)
        private, others = self._pictures(labels, known, generator)
        tally = Tally(labels, self.num_classes, start)
        fewer = _FEWER.format(self.num_classes, known) if known < self.num_classes else ""
        tally.notes += [private.note, fewer, self.network.check(self._shape, self.batch_size)]
        yield tally.frame(0.0, pictures={"batch": tiles(private.images[:SHOWN])})
        losses = []
        images, labels = others.images.to(where, dtype), others.labels.to(where)
        for lesson in learnt(network, images, labels, steps=self.training, generator=generator):
            losses.append(lesson.loss)
            if lesson.step % _EVERY == 0:
                yield tally.frame(_TRAINING * lesson.step / self.training)
        if losses:
            network = lesson.network
            tally.notes.append(_taught(losses))
        yield from self._methods(self._round(network, private, generator), tally)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return 1 if self.source.grey else 3, self.image_size, self.image_size

    def _pictures(self, labels: Int[Tensor, "n"], known: int, generator: torch.Generator) -> tuple[Pictures, Pictures]:
        """Return the private photographs and those the network is trained on, apart where there are enough."""
        # Nothing is drawn for them, so that the private photographs are the same with and without training.
        others = torch.arange(min(_POOL, BATCH * self.training)) % known
        both = load_labelled(self.source, torch.cat([labels, others]), self.image_size, generator)
        return _part(both, slice(len(labels))), _part(both, slice(len(labels), None))

    def _round(self, network: nn.Module, private: Pictures, generator: torch.Generator) -> Observation:
        """Return what an attacker sees of one client's gradient."""
        like = next(network.parameters())
        together = any(isinstance(layer, BatchNorm) and layer.statistics == "batch" for layer in network.modules())
        [(observation, _)] = Federation().play(
            network, private.images.to(like), private.labels.to(like.device), num_classes=self.num_classes,
            threat=ThreatModel(), generator=generator, at_once=0 if together else _AT_ONCE,
            public=public(private.images, _PUBLIC, titles=private.names).to(like),
        )  # fmt: skip
        return observation

    def _methods(self, observation: Observation, tally: Tally) -> Iterator[Frame]:
        tally.read(head(observation))
        begun = _TRAINING if self.training else 0.0
        for number, (key, method) in enumerate(METHODS.items(), start=1):
            tally.take(key, method, observation)
            last = number == len(METHODS)
            yield tally.frame(begun + (1 - begun) * number / len(METHODS), final=last)


def _part(pictures: Pictures, which: slice) -> Pictures:
    return replace(pictures, images=pictures.images[which], labels=pictures.labels[which], names=pictures.names[which])


def _taught(losses: list[float]) -> str:
    return (
        f"Before the round the network was trained for {len(losses)} steps of {BATCH} pictures; "
        f"its loss went from {losses[0]:.2f} to {fmean(losses[-_EVERY:]):.2f}."
    )
