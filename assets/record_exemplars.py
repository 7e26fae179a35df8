"""Record the examples of the page Runs: `python assets/record_exemplars.py` writes assets/exemplars/ anew.

With keys behind it, only those are recorded. All seconds are those of one core, whatever else it has to do meanwhile.
"""

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import CINET, FAST_DEEP, FEDAVG_SIM, IG
from leaklab.experiments.catalogue import PRESETS, recipe, tuned
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.experiment import Experiment
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.settings import to_link
from leaklab.views.strips import Film, film, pick

HOME = Path(__file__).parent / "exemplars"
MOMENTS, TILES = 12, 48  # pictures of a strip, and the photographs in all of them together
WAY = "semantic"  # of several ways to enhance, the one whose pictures end the strip


@dataclass(frozen=True)
class Row:
    """One example: what it is called, what it shows in a sentence, and the whole experiment."""

    key: str
    title: str
    sentence: str
    experiment: Experiment


def preset(key: str) -> Inversion:
    """Return the experiment of a preset."""
    return PRESETS[key].experiment


def told(
    network: str, attack: Recipe, *, images: int = 1, classes: int = 0, names: tuple[str, ...] = (),
    num_classes: int = Scenario().num_classes, schedule: Schedule = Schedule(),  # noqa: B008  frozen
) -> Inversion:  # fmt: skip
    """Return an attack on one client, which is told the labels."""
    return Inversion(
        scenario=Scenario(
            source=Photos(names=names, classes=classes), num_classes=num_classes, network=NetworkChoice(name=network),
            federation=Federation(images_per_client=images, schedule=schedule), threat=ThreatModel(labels=True),
        ),
        recipe=attack, precision="float32",
    )  # fmt: skip


ROWS = (
    Row(
        "easy-leak", "Easy leak", "A small smooth network, one photograph: the photograph comes back.",
        preset("easy-leak"),
    ),
    Row(
        "needs-restarts", "Needs restarts", "Of two patches of noise to start from, only one finds the way.",
        preset("needs-restarts"),
    ),
    Row(
        "aggregated-fails", "Aggregated fails",
        "The server has nothing but the average of three clients, and the plain attack ends in noise.",
        preset("aggregated-fails"),
    ),
    Row(
        "aggregated-rescued", "Aggregated rescued",
        "The average of the same three clients, but the search starts near black and prefers smooth pictures.",
        preset("aggregated-rescued"),
    ),
    Row(
        "noise-wins", "Noise wins", "The client adds noise to what it sends: the attack finds noise.",
        preset("noise-wins"),
    ),
    Row(
        "deep-network", "Deep network", "Behind the many layers of a ResNet-18, sixty steps find next to nothing.",
        preset("deep-network"),
    ),
    Row(
        "little-budget", "ResNet, little budget",
        "Thirty steps against a ResNet9: the search has hardly begun, and nobody would be recognised.",
        told("resnet9", tuned(FAST_DEEP, iterations=30), names=("astronaut",)),
    ),
    Row(
        "no-search", "No search at all", "R-GAP solves linear equations, layer by layer: four steps, and it is exact.",
        preset("no-search"),
    ),
    Row(
        "one-division", "One division",
        "Four photographs by dividing two gradients of the first layer. Nothing is searched.",
        preset("one-division"),
    ),
    Row(
        "untrained-painter", "An untrained painter", "A network that has never seen a picture paints four at once.",
        told("convnet2", tuned(CINET, iterations=150).changed(("stages", 0, "space", "width"), 32), images=4),
    ),
    Row(
        "labels-repeat", "Labels repeat", "Six photographs of two classes: those of one class blend into each other.",
        told("convnet2", tuned(IG, iterations=150), images=6, classes=2, num_classes=100),
    ),
    Row(
        "generator", "Drawn by a generator",
        "GIAS searches only among what a generator can draw, then bends the generator.",
        told("convnet2", tuned(recipe("gias"), iterations=80), names=("cat",)),
    ),
    Row(
        "fedavg", "Five local steps", "The client trains for five epochs before it sends; the attacker imitates each.",
        told(
            "convnet2", tuned(FEDAVG_SIM, iterations=120, tv_weight=1e-5), images=2, names=("astronaut", "cat"),
            schedule=Schedule(epochs=5, learning_rate=1e-3),
        ),
    ),
    Row(
        "enhanced", "Enhanced",
        "Eight pixels wide after sixty steps, then painted over by a diffusion model: what is finer was invented.",
        Enhancing(),
    ),
)  # fmt: skip


def main(keys: Sequence[str]) -> None:
    """Run the experiments one after another and write of each its strip and its numbers."""
    torch.set_num_threads(1)
    time.perf_counter = time.process_time  # by which experiments measure their seconds
    HOME.mkdir(exist_ok=True)
    list(PRESETS["one-division"].experiment.run("cpu"))  # loads what is loaded once: the seconds of nobody's run
    for number, row in enumerate(ROWS, start=1):
        if not keys or row.key in keys:
            frames = list(row.experiment.run("cpu"))
            shown = chosen(frames)
            atlas = np.concatenate([shown.truth, *shown.pictures])
            Image.fromarray(atlas).save(HOME / f"{row.key}.png", optimize=True)
            kept = json.dumps(numbers(number, row, frames[-1], shown), indent=1, allow_nan=False)
            (HOME / f"{row.key}.json").write_text(kept + "\n", encoding="utf-8")


def chosen(frames: list[Frame]) -> Film:
    """Return the strip that is kept, at most so many moments of it."""
    whole = film(frames if "reconstruction" in frames[0].pictures else enhanced(frames))
    return whole.chosen(min(MOMENTS, TILES // whole.tiles))


def enhanced(frames: list[Frame]) -> list[Frame]:
    """Return an enhancing as the frames of one attack: a few of its search, and then of one way, counted on."""
    searched = [frame for frame in frames if WAY not in frame.pictures and "enhancers_done" not in frame.scalars]
    last = searched[-1].scalars["iteration"]
    painted = [frame for frame in frames if WAY in frame.pictures and not frame.final]
    few = [searched[index] for index in pick(len(searched), MOMENTS // 2)]
    later = [painted[index] for index in np.linspace(0, len(painted) - 1, MOMENTS // 2).round().astype(int)]
    return [renamed(frame, "raw", frame.scalars["iteration"]) for frame in few] + [
        renamed(frame, WAY, last + 1 + painted.index(frame)) for frame in later
    ]


def renamed(frame: Frame, column: str, iteration: float) -> Frame:
    """Return a frame with a column of pictures as its reconstruction."""
    return replace(
        frame, scalars={"iteration": iteration}, series={"psnr": frame.series[f"psnr.{column}"]},
        pictures={"reconstruction": frame.pictures[column]}
        | {name: picture for name, picture in frame.pictures.items() if name == "truth"},
    )  # fmt: skip


def numbers(number: int, row: Row, last: Frame, shown: Film) -> dict:
    """Return all that is kept of an example beside its pictures."""
    verdict, *notes = [line for line in last.note.split("\n") if line and "LPIPS" not in line]  # names a folder
    inversion = getattr(row.experiment, "inversion", row.experiment)
    return {
        "number": number, "key": row.key, "title": row.title, "sentence": row.sentence, "kind": row.experiment.kind,
        "attack": inversion.recipe.name, "network": inversion.scenario.network.row.title,
        "verdict": verdict, "notes": notes, "seconds": round(last.seconds, 1),
        "scalars": {name: finite(value, 4) for name, value in last.scalars.items()},
        "tiles": shown.tiles, "iterations": list(shown.iterations),
        "psnr": [[finite(value, 2) for value in values] for values in shown.psnr],
        "link": to_link(row.experiment), "experiment": row.experiment.model_dump(mode="json"),
    }  # fmt: skip


def finite(value: float | None, digits: int) -> float | None:
    """Return a number rounded; None where it is none."""
    return None if value is None or not math.isfinite(value) else round(value, digits)


if __name__ == "__main__":
    main(sys.argv[1:])
