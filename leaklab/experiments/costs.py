"""Costs: how many evaluations of the gradient an attack takes, read from its recipe before it runs."""

import json
from dataclasses import dataclass

from leaklab.attacks.closed_form.analytic import AnalyticFirstLayer
from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.matching.optimisers import LBFGS
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Stage
from leaklab.experiments.inversion import Inversion


@dataclass(frozen=True)
class Evaluations:
    """A number of evaluations, each of all restarts together."""

    count: int
    exact: bool  # or as it usually is: a line search takes as many as it needs
    early: bool  # whether the search may stop before, when its loss is low enough


def evaluations(inversion: Inversion) -> Evaluations | None:
    """Return how many evaluations all attacks of an experiment take together; None where nothing tells."""
    recipe, federation = inversion.recipe, inversion.scenario.federation
    counts = [_stage(stage) for stage in recipe.stages]
    if None in counts:
        return None
    searches = [stage for stage in recipe.stages if isinstance(stage, GradientMatching)]
    attacks = federation.clients if federation.view == "per-client" else 1
    exact = not any(isinstance(stage.optimiser, LBFGS) for stage in searches)
    early = any(stage.enough > 0 for stage in searches)
    return Evaluations(recipe.cycles * attacks * sum(counts), exact, early)


def alike(inversion: Inversion) -> str:
    """Return what decides how long one evaluation takes, as text: the same for experiments of the same pace."""
    told = inversion.model_dump(mode="json")
    scenario, recipe = told["scenario"], told["recipe"]
    for stage in recipe["stages"]:
        stage.pop("iterations", None)
    parts = [scenario[name] for name in ("image_size", "network", "federation", "num_classes")]
    return json.dumps([*parts, recipe["stages"], recipe["cycles"], told["precision"]], sort_keys=True)


def _stage(stage: Stage) -> int | None:
    if not isinstance(stage, GradientMatching):
        return 0 if isinstance(stage, AnalyticFirstLayer | RecursiveGradient) else None
    return stage.optimiser.evaluations(stage.iterations)
