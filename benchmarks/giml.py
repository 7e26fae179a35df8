"""Whether a generator that has learnt from gradients alone serves GIAS better than the one it started as.

Tasks of four photographs of CIFAR-10's training set, the start and what came of it searched by GIAS on test images.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from unittest.mock import patch

from benchmarks.attack import attack
from benchmarks.generators import source, within
from benchmarks.table import Row
from leaklab import checkpoints
from leaklab.attacks.recipes import GIAS
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.metalearning import MetaLearning
from leaklab.experiments.pretraining import Pretraining
from leaklab.experiments.scenario import Scenario
from leaklab.images.collection import data_root
from leaklab.images.source import Folder, Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel

TASKS, AT_A_TIME, SEED = 20, 4, 1
FIRST, COUNT, BUDGET = 100, 5, 300
SHAPE, CLASSES = (3, 32, 32), 10
_NAME = "giml"


def rows(quick: bool) -> Iterator[Row]:
    """Yield the loss of the learner's searches, task by task, and the PSNR of GIAS with both generators."""
    tasks, count, budget = (1, 1, 30) if quick else (TASKS, COUNT, BUDGET)
    folder = data_root("") / "cifar10" / "train"
    learning = MetaLearning()
    with tempfile.TemporaryDirectory() as home:
        root = Path(os.environ.get("LEAKLAB_GIML", home))  # keeps what was learnt, so that a measurement can go on
        pretraining = Pretraining(
            training=learning, source=Folder(root=str(folder)) if folder.is_dir() else Photos(), steps=tasks,
            batch_size=AT_A_TIME, seed=SEED, keep_every=1, out=str(root), name=_NAME,
        )  # fmt: skip
        losses = [frame.scalars["weights"] for frame in pretraining.run("cpu") if "weights" in frame.scalars]
        if losses:
            note = f"{losses[0]:.3g} in the first of these tasks, {losses[-1]:.3g} in the last of {tasks}"
            yield Row("loss at the end of a task's search", tuple(losses), note=note)
        learnt = root / f"{_NAME}.safetensors"
        begun = Path(home) / "start.safetensors"
        checkpoints.save(learning.start(SHAPE, CLASSES, SEED).weights(), begun)
        found = {what: _attacked(place, home, count, budget) for what, place in (("start", begun), ("learnt", learnt))}
    for what, title in (("start", "its own start"), ("learnt", f"what it learnt in {tasks} tasks")):
        yield Row(f"GIAS with {title}: PSNR", found[what], "dB", by="mean")
    gains = tuple(after - before for before, after in zip(found["start"], found["learnt"], strict=True))
    yield Row("learnt less start", gains, "dB", by="mean", at_least=0, note=f"{fmean(g > 0 for g in gains):.0%} gain")


def _attacked(weights: Path, home: str, count: int, budget: int) -> tuple[float, ...]:
    """Return the PSNR of GIAS on test images with one generator, as somebody who brings it along would have it."""
    place = Path(home) / weights.stem
    place.mkdir(exist_ok=True)
    (place / "dcgan.safetensors").write_bytes(weights.read_bytes())
    recipe = within(GIAS, budget)
    for number in range(len(recipe.stages)):
        recipe = recipe.changed(("stages", number, "space", "generator"), "own")
    scenario = Scenario(source=source(), network=NetworkChoice(name="cnn2"), threat=ThreatModel(labels=True))
    with patch.dict(os.environ, LEAKLAB_WEIGHTS=str(place)):
        attacks = [
            attack(Inversion(scenario=scenario, recipe=recipe, seed=seed, precision="float32"))
            for seed in range(FIRST, FIRST + count)
        ]
    return tuple(value for outcome in attacks for value in outcome.psnr)
