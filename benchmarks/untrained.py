"""Untrained networks as the image: beside plain pixels where labels differ and repeat, by width, on noise."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmarks.table import Row
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import CINET, DIP, IG
from leaklab.evaluation.scores import Scores, score
from leaklab.federation.rounds import Federation
from leaklab.images.collection import data_root
from leaklab.images.source import Folder, Photos, load
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel

SEED = 1234
WIDTHS = (8, 16, 32, 64, 128, 256)  # the paper goes on to 512, which takes a processor half an hour
CLASSES = 68  # with as many, ConvNet2 has 0.33 million weights, as the network of the paper's figure 4


@dataclass(frozen=True)
class Scene:
    """Images and labels behind a network."""

    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, "n"]
    classes: int
    network: NetworkChoice = NetworkChoice(name="convnet2")

    def attacked(self, recipe: Recipe, iterations: int, *, width: int = 0) -> tuple[Scores, float]:
        """Return the scores of a recipe and the seconds it took; its steps are spread over the iterations."""
        stage = recipe.stages[0].model_copy(update={"iterations": iterations})
        if width:
            stage = stage.changed(("space", "width"), width)
        generator = torch.Generator().manual_seed(SEED)
        network = self.network.build((3, 32, 32), self.classes, generator)
        [(observation, _)] = Federation(images_per_client=len(self.labels)).play(
            network, self.images, self.labels, num_classes=self.classes, threat=ThreatModel(labels=True),
            generator=generator,
        )  # fmt: skip
        begun = time.perf_counter()
        for last in recipe.model_copy(update={"stages": (stage,)}).invert(observation, SEED):  # noqa: B007
            pass  # a list of all guesses would hold every weight of the generator hundreds of times
        return score(last.images[last.best], self.images, perceptual=True), time.perf_counter() - begun


def rows(quick: bool) -> Iterator[Row]:
    """Yield SSIM and PSNR of CI-Net and of plain pixels on every scene, then of CI-Net by width."""
    long, short = (20, 20) if quick else (300, 200)
    images = _images(32)
    scenes = {
        "32 images, 32 labels of 100 classes": Scene(images, torch.arange(32), 100),
        "32 images, 10 labels of 10 classes": Scene(images, torch.arange(32) % 10, 10),
        "32 images, 10 labels of 100 classes": Scene(images, torch.arange(32) % 10, 100),
    }
    for number, (title, scene) in enumerate(scenes.items()):
        yield from _told(f"{title}: CI-Net c = 64", scene, CINET, long, wanted=0.95 if number == 0 else None)
        yield from _told(f"{title}: plain pixels", scene, IG, short)
    for title, pictures in {"photographs": images[:4], "noise": _noise(4)}.items():
        scene = Scene(pictures, torch.arange(4), CLASSES)
        yield from _told(f"4 images of {title}: deep image prior (DCGAN)", scene, DIP, long)
        yield from _told(f"4 images of {title}: CI-Net c = 64", scene, CINET, long)
        yield from _told(f"4 images of {title}: plain pixels", scene, IG, short)
    four = Scene(images[:4], torch.arange(4), CLASSES)
    for width in WIDTHS[:2] if quick else WIDTHS:
        yield from _told(f"4 photographs: CI-Net c = {width}", four, CINET, long, width=width)


def deep(quick: bool) -> Iterator[Row]:
    """Yield both attacks behind the paper's own network, a sigmoid ResNet-18 with batch statistics; on few images."""
    iterations = 5 if quick else 150
    network = NetworkChoice(name="resnet18", activation="sigmoid", batch_norm="batch")
    for title, labels in {"8 labels": torch.arange(8), "4 labels": torch.arange(8) % 4}.items():
        scene = Scene(_images(8), labels, 10, network)
        for name, recipe in {"CI-Net c = 64": CINET, "plain pixels": IG}.items():
            yield from _told(f"8 images, {title} of 10 classes, sigmoid ResNet-18: {name}", scene, recipe, iterations)


def _told(
    title: str, scene: Scene, recipe: Recipe, iterations: int, *, wanted: float | None = None, width: int = 0
) -> Iterator[Row]:
    scores, seconds = scene.attacked(recipe, iterations, width=width)
    note = f"{scores.mean('psnr'):.1f} dB, FSIM {scores.mean('fsim'):.3f}, {iterations} iterations, {seconds:.0f} s; "
    note += f"with replacement {scores.with_replacement['psnr']:.1f} dB"
    yield Row(f"{title}: SSIM", tuple(scores.values["ssim"].tolist()), by="mean", at_least=wanted, note=note)


def _images(count: int) -> Float[Tensor, "n c h w"]:
    folder = data_root("") / "cifar10" / "test"
    source = Folder(root=str(folder)) if folder.is_dir() else Photos()
    return load(source, count, 32, torch.Generator().manual_seed(SEED)).images


def _noise(count: int) -> Float[Tensor, "n c h w"]:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(SEED))
