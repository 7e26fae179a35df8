"""Whether a trained network leaks less: one is trained, written down on the way, and attacked at each of these stages.

CIFAR-10 where it is at hand, or else the small digits; the attack is Inverting Gradients, labels told, on test images.
"""

import tempfile
from collections.abc import Iterator

import torch

from benchmarks.attack import attack
from benchmarks.table import Row
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.pretraining import Pretraining
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.victim import Victim
from leaklab.images.collection import data_root
from leaklab.images.digits import Digits
from leaklab.images.source import Folder, Source, load
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel

NETWORKS = {"cnn2": "CNN2", "convnet2": "ConvNet2"}
EPOCHS, EPOCH, BATCH = (0, 1, 2, 5, 10), 10_000, 64  # an epoch is of so many images
FIRST, COUNT, ITERATIONS, TESTED = 100, 5, 200, 1000


def rows(quick: bool) -> Iterator[Row]:
    """Yield the network's accuracy and the attack's PSNR after every so many epochs."""
    epochs, epoch, count, iterations = ((0, 1), 640, 1, 10) if quick else (EPOCHS, EPOCH, COUNT, ITERATIONS)
    title, learnt, asked = _sources()
    for name, network in NETWORKS.items():
        with tempfile.TemporaryDirectory() as folder:
            victim = Victim(network=NetworkChoice(name=name), epochs=epochs, epoch=epoch, folder=folder, name=name)
            pretraining = Pretraining(
                training=victim, source=learnt, steps=max(epochs) * epoch // BATCH + 1, batch_size=BATCH, out=folder,
                keep_every=max(epochs) * epoch // BATCH + 1,
            )  # fmt: skip
            for _ in pretraining.run("cpu"):
                pass  # it writes its checkpoints on the way
            for done in epochs:
                choice = NetworkChoice(name=name, checkpoint=str(victim.checkpoint(done)))
                scenario = Scenario(source=asked, network=choice, threat=ThreatModel(labels=True))
                found = [
                    attack(Inversion(scenario=scenario, recipe=tuned(RECIPES["ig"], iterations=iterations), seed=seed,
                                     precision="float32"))
                    for seed in range(FIRST, FIRST + count)
                ]  # fmt: skip
                values = tuple(value for outcome in found for value in outcome.psnr)
                note = f"right on {_right(choice, asked):.0%} of the test images"
                yield Row(f"{network}, {title}, after {done} epochs: PSNR", values, "dB", by="mean", note=note)


@torch.no_grad()
def _right(choice: NetworkChoice, source: Source) -> float:
    """Return how often a network is right on images that it has not learnt from."""
    dice = torch.Generator().manual_seed(FIRST)
    found = load(source, TESTED, 32, dice)
    network = choice.build(tuple(found.images.shape[1:]), source.num_classes, dice)
    return float((network(found.images).argmax(1) == found.labels).float().mean())


def _sources() -> tuple[str, Source, Source]:
    folder = data_root("") / "cifar10"
    if (folder / "train").is_dir() and (folder / "test").is_dir():
        return "CIFAR-10", Folder(root=str(folder / "train")), Folder(root=str(folder / "test"))
    return "digits", Digits(), Digits()
