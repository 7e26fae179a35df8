"""Utility: what a defence costs in learning: the federation is trained for real, and tested after every round."""

import time
from collections.abc import Iterator
from typing import Literal

import torch

from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.learnt import Learnt, Tested, tested
from leaklab.experiments.protections import spoken
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.digits import Digits
from leaklab.images.faces import Faces
from leaklab.images.source import Cifar10, Mnist, Pictures, Source, load
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.training import Pass, Schedule
from leaklab.settings import Refusal, Settings, knob

_SPLIT = "{} Training takes {} images and the test {} others."
_UNRELATED = (
    "No class of the {} test images is among those that the clients train on, so nothing could ever be learnt: choose "
    "a data set with several images of each class."
)


def _small(source: Source, network: NetworkChoice, *, size: int = 16, images: int = 48, epochs: int = 1) -> Scenario:
    training = Schedule(epochs=epochs, batch_size=16, learning_rate=0.15)
    together = Federation(clients=10, images_per_client=images, rounds=20, schedule=training, defences=())
    return Scenario(source=source, image_size=size, network=network, federation=together)


_GREY, _COLOUR = NetworkChoice(name="mlp", normalise="mnist"), NetworkChoice(name="mlp", normalise="cifar10")


class Utility(Settings):
    """Federated learning under a chain of defences, by how well it does on images that nobody has trained on."""

    kind: Literal["utility"] = "utility"
    scenario: Scenario = _small(Digits(), _GREY)
    seeds: int = knob(
        3, low=1, high=10,
        help="How often all is drawn anew and trained again; what is shown is the mean.",
    )  # fmt: skip
    test: int = knob(
        500, low=10, high=10_000, log=True, title="Test images", unit="images",
        help="How many images the network is tested on after every round; none of them is ever trained on.",
    )  # fmt: skip
    delta: float = knob(
        1e-5, low=1e-12, high=0.5, log=True, title="δ", symbol="δ of (ε, δ)", level="advanced",
        help="The chance that a guarantee may be broken; it should be well below one in the number of those protected.",
    )  # fmt: skip
    seed: int = knob(
        1234, low=0, high=2**31 - 1,
        help="Draws images, networks and dice, of each repetition from the next number.",
    )  # fmt: skip

    @property
    def source(self) -> Source:
        """Where the images come from."""
        return self.scenario.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        defences = self.scenario.federation.defences
        return f"Learning with {spoken(defences)}, {self.scenario.network.row.title}"

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame a round with the means over all seeds; the last one is final and sums up in a sentence.

        A client that diverges ends the training: the last frame then says so, and holds what was learnt before.
        Raises: Refusal, when images are missing or too few, or a defence cannot work with the network.
        """
        start, where, rounds = time.perf_counter(), place(device), self.scenario.federation.rounds
        courses = [self._course(self.seed + number, where) for number in range(self.seeds)]
        record = Learnt(
            self.scenario.federation, [[next(course)] for course in courses],
            images=self.test, classes=self.source.num_classes, delta=self.delta,
        )  # fmt: skip
        for number in range(1, rounds + 1):
            try:
                tests = [next(course) for course in courses]
            except Refusal as refusal:
                note = record.broken(number, str(refusal))
                yield record.frame(number - 1, time.perf_counter() - start, note, final=True)
                return
            record.add(tests)
            lines = [record.sentence] if number == rounds else []
            lines += record.warnings if number == 1 else []
            yield record.frame(number - 1, time.perf_counter() - start, "\n".join(lines), final=number == rounds)

    def _course(self, seed: int, where: torch.device) -> Iterator[Tested]:
        """Yield how well the network does before the first round, and after each."""
        scenario, generator = self.scenario, torch.Generator().manual_seed(seed)
        federation = scenario.federation
        federation.check()
        pictures, trained = self._pictures(generator), federation.images
        shape = tuple(pictures.images.shape[1:])
        warning = scenario.network.check(shape, federation.images_per_client)
        network = scenario.network.build(shape, scenario.classes, generator).to(where)
        network = federation.trained_network(network, generator)
        images, labels = pictures.images.to(where), pictures.labels.to(where)
        exam = images[trained:], labels[trained:]
        weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
        notes = tuple(note for note in (pictures.note, warning) if note)
        yield tested(Pass(network, dict(network.named_buffers())), weights, *exam, notes=notes)
        played = federation.played(
            network, images[:trained], labels[:trained], num_classes=scenario.classes, generator=generator
        )
        for last in played:
            counts = dict(zip(last.numbers, last.counts, strict=True))
            yield tested(last.forward, federation.after(last), *exam, counts=counts)

    def _pictures(self, generator: torch.Generator) -> Pictures:
        """Return the images to train on and, behind them, those to test on."""
        trained = self.scenario.federation.images
        try:
            found = load(self.scenario.source, trained + self.test, self.scenario.image_size, generator)
        except Refusal as refusal:
            raise Refusal(_SPLIT.format(refusal, trained, self.test)) from refusal
        if not torch.isin(found.labels[trained:], found.labels[:trained]).any():
            raise Refusal(_UNRELATED.format(self.test))
        return found


UTILITIES: dict[str, Utility] = {
    "digits": Utility(),
    "faces": Utility(scenario=_small(Faces(), _GREY, images=12), test=80),
    "mnist": Utility(scenario=_small(Mnist(split="train"), _GREY, size=32)),
    "cifar10": Utility(scenario=_small(Cifar10(split="train"), _COLOUR, size=32, epochs=4)),
}  # data sets to learn on, by name
