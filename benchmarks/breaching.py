"""Breaching's own attacker, imported from a checkout and run on an update of ours; nothing of it is kept here.

`BREACHING` names the checkout: `git clone https://github.com/JonasGeiping/breaching`. It reads its settings with
hydra-core and omegaconf, which are not among our requirements. What it comes by is weighed afterwards, by our loss.
"""

import copy
import importlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from benchmarks.attack import play
from benchmarks.course_project import commit, importable, refuse_another
from benchmarks.table import Row
from benchmarks.trail import Trail, ours
from leaklab.attacks.matching.objective import MATCHING, Objective
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Exchange
from leaklab.images.source import Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Observation, ThreatModel
from leaklab.settings import Refusal

_CLONE = "`git clone https://github.com/JonasGeiping/breaching`"
ABSENT = f"left out: BREACHING names no checkout of breaching; {_CLONE} and give its folder"
UNREADABLE = "left out: breaching reads its settings with hydra: `pip install hydra-core omegaconf`"
SEED, ROUNDS, STEPS, FASTER = 1234, 4, 100, 1.5
FAST = "fast-deep"


@dataclass(frozen=True)
class Way:
    """How one attack went: the images it came by, and the loss of each as ours weighs it, 1 - cos."""

    trail: Trail
    losses: list[float]

    @property
    def pace(self) -> float:
        """The seconds of a step, the middle one of all."""
        return median(self.trail.steps)

    def until(self, wanted: float) -> float:
        """Return the seconds until the loss was as low as wanted; infinity where it never was."""
        return self.trail.reached([-loss for loss in self.losses], -wanted)


@dataclass(frozen=True)
class Pair:
    """Both attacks on one image, from one start, and our quicker settings of as many steps."""

    theirs: Way
    ours: Way
    fast: Way

    @property
    def common(self) -> float:
        """The loss that both reach: the worse of those they end with."""
        return max(self.theirs.losses[-1], self.ours.losses[-1])


def rows(quick: bool, source: Source) -> Iterator[Row]:
    """Yield Inverting Gradients on a ResNet-18, ours beside breaching's, or why that is left out."""
    folder = checkout()
    if folder is None or absent():
        yield Row("ResNet-18, breaching", note=absent())
        return
    rounds, steps = (1, 4) if quick else (ROUNDS, STEPS)
    _pair(folder, source, SEED, 2)  # so that all is imported
    pairs = [_pair(folder, source, SEED + turn, steps, ours_first=turn % 2 == 1) for turn in range(rounds)]
    yield from compared(pairs, f"ResNet-18, one image, {steps} steps", f"commit {commit(folder)}")


def compared(pairs: list[Pair], what: str, note: str) -> Iterator[Row]:
    """Yield seconds and losses of both, and the ratios within each round."""
    alike = "both: signed Adam, TV, steps and start alike; theirs divides the rate one step earlier the first time"
    yield Row(f"{what}, breaching: seconds a step", tuple(pair.theirs.pace for pair in pairs), "s", note=note)
    prepared = median(pair.ours.trail.seconds[0] for pair in pairs)
    remark = " ".join(sorted({pair.ours.trail.remark for pair in pairs}))
    note = f"and once {prepared:.1f} s before the first, theirs {median(p.theirs.trail.seconds[0] for p in pairs):.1f}"
    yield Row(
        f"{what}, ours: seconds a step",
        tuple(pair.ours.pace for pair in pairs),
        "s",
        note=f"{note} s. {remark}".strip(),
    )
    faster = tuple(pair.theirs.pace / pair.ours.pace for pair in pairs)
    yield Row(f"{what}: times faster a step", faster, "x", at_least=FASTER, note=alike)
    yield Row(f"{what}, breaching: 1 − cos at the end", tuple(pair.theirs.losses[-1] for pair in pairs))
    yield Row(f"{what}, ours: 1 − cos at the end", tuple(pair.ours.losses[-1] for pair in pairs))
    reached = tuple(pair.theirs.until(pair.common) / pair.ours.until(pair.common) for pair in pairs)
    yield Row(f"{what}: times faster from nothing to the worse of both losses", reached, "x", at_least=FASTER)
    yield Row(f"{what}, {FAST}: 1 − cos at the end", tuple(pair.fast.losses[-1] for pair in pairs))
    reached = tuple(
        pair.theirs.until(pair.theirs.losses[-1]) / pair.fast.until(pair.theirs.losses[-1]) for pair in pairs
    )
    yield Row(f"{what}, {FAST}: times faster from nothing to the loss theirs ends with", reached, "x", at_least=FASTER)


def checkout() -> Path | None:
    """Return the folder that BREACHING names, or None where it names none.

    Raises: Refusal, when it names a folder that is no such checkout.
    """
    named = os.environ.get("BREACHING", "")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not (folder / "breaching" / "attacks").is_dir():
        raise Refusal(f"BREACHING is {named!r}, where there is no breaching/attacks: name a checkout of breaching.")
    return folder


def absent() -> str:
    """Return why breaching cannot be run here; nothing where it can."""
    if checkout() is None:
        return ABSENT
    return "" if all(importlib.util.find_spec(name) for name in ("hydra", "omegaconf")) else UNREADABLE


def attack(folder: Path, exchange: Exchange, stage: GradientMatching, start: Tensor) -> Trail:
    """Return what its "invertinggradients" came by from our start, the image it returns last, with a stage's settings.

    Raises: Refusal, when its network's gradient of this scene is not ours.
    """
    observation, secret = exchange
    network, loss = _network(observation), nn.CrossEntropyLoss()
    slopes = torch.autograd.grad(loss(network(secret.images), secret.labels), list(network.parameters()))
    update = [observation.update[name] for name, _ in network.named_parameters()]
    refuse_another(list(slopes), update, folder)
    trail = Trail()
    with importable(folder):
        library = importlib.import_module("breaching")
        settings = library.get_attack_config("invertinggradients", overrides=overrides(stage))
        trail.start()
        attacker = library.attacks.prepare_attack(network, loss, settings)
        _follow(attacker, trail)
        attacker.reconstruct(_payload(observation, network), _shared(observation, update), {}, initial_data=start)
    return trail


def overrides(stage: GradientMatching) -> list[str]:
    """Return what is to be set otherwise than it publishes so that it does what a stage does, as hydra reads it."""
    return [
        f"optim.max_iterations={stage.iterations}",
        f"optim.step_size={stage.optimiser.learning_rate}",
        f"regularization.total_variation.scale={stage.priors[0].weight}",
    ]


def _pair(folder: Path, source: Source, seed: int, steps: int, *, ours_first: bool = False) -> Pair:
    scenario = Scenario(source=source, network=NetworkChoice(name="resnet18"), threat=ThreatModel(labels=True))
    recipe = tuned(RECIPES["ig"], iterations=steps)
    inversion = Inversion(scenario=scenario, recipe=recipe, seed=seed, precision="float32")
    played, stage = play(inversion), recipe.stages[0]
    observation, secret = exchange = played.exchanges[0]
    objective = stage.bind(observation, secret.labels)
    start = objective.project(objective.start(1, seed)).view(1, *observation.image_shape)
    fast = inversion.model_copy(update={"recipe": tuned(RECIPES[FAST], iterations=steps)})
    ways = {
        "fast": lambda: ours(fast, played),
        "ours": lambda: ours(inversion, played),
        "theirs": lambda: attack(folder, exchange, stage, start),
    }
    trails = {name: ways[name]() for name in sorted(ways, reverse=not ours_first)}
    return Pair(**{name: Way(trail, _losses(objective, trail)) for name, trail in trails.items()})


def _losses(objective: Objective, trail: Trail) -> list[float]:
    return [float(objective.terms(image.flatten()[None])[MATCHING]) for image in trail.images]


def _network(observation: Observation) -> nn.Module:
    network = copy.deepcopy(observation.network).to_empty(device="cpu")
    network.load_state_dict({**observation.weights, **observation.buffers})
    return network.requires_grad_(True)


def _follow(attacker: object, trail: Trail) -> None:
    """Keep the image before every step, and the one it has chosen when it begins to score it."""
    scored = attacker._score_trial

    def score(candidate: Tensor, *given: object) -> Tensor:
        trail.keep(candidate)
        return scored(candidate, *given)

    attacker._score_trial = score
    attacker.objective.register_forward_pre_hook(lambda _, given: trail.keep(given[2]))


def _payload(observation: Observation, network: nn.Module) -> list[dict[str, object]]:
    # Without a mean, it keeps pixels between nothing and one, as ours does.
    metadata = SimpleNamespace(shape=observation.image_shape, modality="vision")
    return [{"parameters": list(network.parameters()), "buffers": list(network.buffers()), "metadata": metadata}]


def _shared(observation: Observation, update: list[Tensor]) -> list[dict[str, object]]:
    metadata = {"num_data_points": observation.num_images, "labels": observation.labels, "local_hyperparams": None}
    return [{"gradients": update, "buffers": None, "metadata": metadata}]
