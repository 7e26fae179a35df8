"""The course project's own code, imported from a checkout of it and run on a scene of ours; nothing of it is kept here.

`COURSE_PROJECT` names the checkout: `git clone https://github.com/hridoy100/gradient-inversion-attack`.
"""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch

from benchmarks.attack import play
from benchmarks.trail import Trail
from leaklab.evaluation.scores import Scores, score
from leaklab.experiments.inversion import Inversion
from leaklab.settings import Refusal

ABSENT = (
    "left out: COURSE_PROJECT names no checkout of the course project; "
    "`git clone https://github.com/hridoy100/gradient-inversion-attack` and give its folder"
)


def checkout() -> Path | None:
    """Return the folder that COURSE_PROJECT names, or None where it names none.

    Raises: Refusal, when it names a folder that is no such checkout.
    """
    named = os.environ.get("COURSE_PROJECT", "")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not (folder / "federated.py").is_file():
        raise Refusal(
            f"COURSE_PROJECT is {named!r}, where there is no federated.py: name a checkout of the course project."
        )
    return folder


def attack(folder: Path, inversion: Inversion, trail: Trail | None = None) -> tuple[Scores, float]:
    """Return the scores and seconds of its inversion: our images, labels, weights and seed, its every line of attack.

    It computes in float32, whatever the inversion's precision; seeded alike, it draws the same start as ours. A trail
    keeps every image that its network is shown.
    Raises: Refusal, when its gradient of this scene is not ours.
    """
    stage = inversion.recipe.stages[0]
    federated, vision = _modules(folder)
    observation, secret = play(inversion.model_copy(update={"precision": "float32"})).exchanges[0]
    model = vision.build_model("lenet", observation.num_classes)
    with torch.no_grad():
        for its, ours in zip(model.parameters(), observation.weights.values(), strict=True):
            its.copy_(ours)
    clients = [
        federated.FederatedClient(number, images, labels, "cpu", observation.num_classes)
        for number, (images, labels) in enumerate(_held(secret.images, secret.labels, secret.client))
    ]
    server = federated.FederatedServer(model, "cpu", observation.num_classes)
    target = server.aggregate_gradients([client.compute_gradients(model)[0] for client in clients])
    refuse_another(target, list(observation.update.values()), folder)
    if trail:
        trail.start()
        model.register_forward_pre_hook(lambda _, given: trail.keep(given[0]))
    start = time.perf_counter()
    with torch.random.fork_rng():  # it seeds the global generator
        guess, labels, _ = server.reconstruct_data(
            target, secret.images.shape, iterations=stage.iterations, log_every=stage.iterations,
            restarts=stage.restarts, init_seed=inversion.seed, init_scale=stage.space.scale,
            tv_weight=stage.priors[0].weight,
        )  # fmt: skip
    seconds = time.perf_counter() - start
    return score(guess, secret.images, labels=labels.argmax(1), true_labels=secret.labels), seconds


def commit(folder: Path) -> str:
    """Return the short hash of a checkout's commit, or that it is unknown."""
    asked = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    return said.stdout.strip() if said.returncode == 0 else "unknown"


def _modules(folder: Path) -> tuple[ModuleType, ModuleType]:
    with importable(folder):
        return importlib.import_module("federated"), importlib.import_module("models.vision_new")


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let what lies in a folder be imported for a while."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _held(images: torch.Tensor, labels: torch.Tensor, client: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(images[client == number], labels[client == number]) for number in client.unique().tolist()]


def refuse_another(target: list[torch.Tensor], update: list[torch.Tensor], folder: Path) -> None:
    """Refuse a checkout whose gradient of a scene is not ours.

    Raises: Refusal, when the two are further apart than rounding explains.
    """
    away = torch.cat([(its - ours).flatten() for its, ours in zip(target, update, strict=True)]).norm()
    share = float(away / torch.cat([ours.flatten() for ours in update]).norm())
    if share > 1e-4:
        raise Refusal(f"The checkout at {folder} finds another gradient for this scene, {share:.0e} away from ours.")
