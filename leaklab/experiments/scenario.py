"""Scenario: the victim's side as a value: whose images, which network, which federation, what the attacker is told."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.evaluation.retrieval import TEN
from leaklab.experiments.pitfalls import pitfalls
from leaklab.federation.rounds import Exchange, Federation
from leaklab.images.public import public
from leaklab.images.source import Photos, Pictures, Source, Uploads, load
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.settings import Refusal, Settings, knob

_PUBLIC = 128  # photographs of its own an attacker has; its guesses about averages need no more


@dataclass(frozen=True)
class Played:
    """A scenario after its round: what attackers see beside what is true, and what the round was about."""

    exchanges: list[Exchange]
    pictures: Pictures
    others: Float[Tensor, "m c h w"]  # photographs that took no part, to compare with
    warnings: tuple[str, ...]
    alike: Float[Tensor, "k c h w"] | None = None  # pictures of the same source, to pick the private ones out of


class Scenario(Settings):
    """Who trains what on which photographs, and what an attacker gets to know of it."""

    source: Source = knob(Photos(), title="Photographs", help="Where the private photographs come from.")
    image_size: int = knob(
        32, low=16, high=256, step=16, unit="px", symbol="h = w",
        help="Width and height to which every photograph is shrunk; larger ones are harder to rebuild.",
    )  # fmt: skip
    num_classes: int = knob(
        0, low=0, high=1000, title="Classes", symbol="C", level="advanced",
        help="How many classes the network tells apart; 0 takes as many as the photographs have.",
    )  # fmt: skip
    network: NetworkChoice = NetworkChoice()
    federation: Federation = Federation()
    threat: ThreatModel = ThreatModel()

    @property
    def classes(self) -> int:
        """How many classes the network tells apart.

        Raises: Refusal, when fewer are asked for than the photographs have.
        """
        needed = self.source.num_classes
        if self.num_classes and self.num_classes < needed:
            raise Refusal(
                f"Classes: {self.num_classes} are asked for and these photographs have {needed}; "
                f"choose {needed} or more, or 0 for as many as there are."
            )
        return self.num_classes or needed

    def outline(self) -> Observation:
        """Return what an attacker would be told, without numbers: enough to ask a recipe what it misses.

        Raises: Refusal, when choices contradict each other.
        """
        federation, size, threat = self.federation, self.image_size, self.threat
        federation.check()
        one, training = federation.view == "per-client", federation.schedule
        counts = federation.partition.counts(federation.images, federation.clients)
        most = max(counts) if counts else federation.images_per_client
        count = most if one else federation.images
        shape = (1 if self.source.grey else 3, size, size)
        network = self.network.skeleton(shape, self.classes)
        return Observation(
            network=federation.trained_network(network, torch.Generator()),
            weights={}, buffers={}, update={}, image_shape=shape, num_classes=self.classes,
            num_images=count if threat.number else 0,
            num_clients=1 if one else federation.clients,
            epochs=training.epochs if threat.epochs else None,
            batch_size=training.batch_size if threat.batch_size else None,
            learning_rate=training.learning_rate if threat.learning_rate else None,
            counts=((count,) if one else counts or (most,) * federation.clients) if threat.counts else None,
            labels=torch.zeros(count, dtype=torch.int64) if threat.labels else None,
            defences=federation.defences if threat.defences else None,
            batch_statistics={} if threat.batch_statistics else None,
        )  # fmt: skip

    def play(self, seed: int, *, device: torch.device, dtype: torch.dtype) -> Played:
        """Draw the photographs and the network, play one round, and return both sides of the wall.

        Raises: Refusal, when photographs, weights or memory are missing, or choices contradict each other.
        """
        generator = torch.Generator().manual_seed(seed)
        pictures = load(self.source, self.federation.images, self.image_size, generator)
        shape = tuple(pictures.images.shape[1:])
        classes = self.classes
        warning = self.network.check(shape, self.federation.images_per_client)
        network = self.network.build(shape, classes, generator).to(device=device, dtype=dtype)
        exchanges = self.federation.play(
            network, pictures.images.to(device, dtype), pictures.labels.to(device),
            num_classes=classes, threat=self.threat, generator=generator,
            public=public(pictures.images, _PUBLIC).to(device, dtype),
        )  # fmt: skip
        notes = (pictures.note, warning, *pitfalls(self.federation, exchanges))
        alike = _alike(self.source, len(pictures.images), shape)
        return Played(exchanges, pictures, _album(shape), tuple(note for note in notes if note), alike)


def _album(shape: tuple[int, ...]) -> Float[Tensor, "m c h w"]:
    album = Photos(grey=shape[0] == 1)
    return load(album, album.num_classes, shape[1], torch.Generator().manual_seed(0)).images


def _alike(source: Source, taken: int, shape: tuple[int, ...]) -> Float[Tensor, "k c h w"] | None:
    """Return pictures of a source, enough to pick private ones out of; None where it is the album or has no more."""
    if isinstance(source, Photos | Uploads):
        return None
    free = source.changed(("indices",), ()) if hasattr(source, "indices") else source
    try:
        return load(free, taken + TEN, shape[1], torch.Generator().manual_seed(0)).images
    except Refusal:
        return None
