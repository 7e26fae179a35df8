"""What an attacker brings along, against plain pixels: table 1 and figures 5 and 6 of IGIMS's paper, on a processor.

Every recipe may evaluate the objective as often as every other; a population counts each of its guesses. Images of
CIFAR-10's test set, which no generator has learnt from, or photographs where it is not at hand.
"""

from collections.abc import Iterator
from statistics import fmean

from benchmarks.attack import Outcome, attack
from benchmarks.table import Row
from leaklab.attacks.matching.optimisers import CMAES
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.images.collection import data_root
from leaklab.images.source import Folder, Photos, Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Refusal

FIRST, COUNT, BUDGET = 100, 5, 300
NETWORKS = {"lenet": "LeNet", "convnet2": "ConvNet2"}
ORDER = ("igims", "igims-adam", "igims-untrained", "gias", "ig")  # as the paper ranks them
OTHERS = ("ggl", "ggl-adam")
LATENT = 100  # numbers that a generator draws an image from
_PAIRS = (  # who should do better than whom, and where the paper says so
    ("igims", "gias", "table 1"), ("gias", "ig", "table 1"), ("igims", "igims-adam", "figure 5: populations"),
    ("igims-adam", "gias", "figures 5 and 6: cycles"), ("igims-adam", "igims-untrained", "figure 5: training"),
)  # fmt: skip


def rows(quick: bool) -> Iterator[Row]:
    """Yield the PSNR of every recipe on every network, and what the better one of each pair gains."""
    count, budget = (1, 60) if quick else (COUNT, BUDGET)
    for name, title in NETWORKS.items():
        found: dict[str, list[Outcome]] = {}
        for key in (*ORDER, *OTHERS):
            try:
                found[key] = [attack(_inversion(key, name, seed, budget)) for seed in range(FIRST, FIRST + count)]
            except Refusal as refusal:
                yield Row(f"{title}, {key}: PSNR", note=f"left out: {refusal}")
                continue
            yield _row(f"{title}, {key}", found[key])
        for better, worse, where in _PAIRS:
            if better in found and worse in found:
                gains = zip(found[better], found[worse], strict=True)
                values = tuple(fmean(one.psnr) - fmean(other.psnr) for one, other in gains)
                yield Row(f"{title}: {better} less {worse}", values, "dB", by="mean", at_least=0, note=where)


def within(recipe: Recipe, budget: int) -> Recipe:
    """Return a recipe whose stages share so many evaluations as its own iterations are to each other."""
    costs = [stage.iterations * _cost(stage) for stage in recipe.stages]
    times = budget / (recipe.cycles * sum(costs))
    stages = (
        stage.model_copy(update={"iterations": max(1, round(times * stage.iterations))}) for stage in recipe.stages
    )
    return recipe.model_copy(update={"stages": tuple(stages)})


def _cost(stage: GradientMatching) -> int:
    """Return how often an iteration asks for the loss of one guess."""
    optimiser = stage.optimiser
    return stage.restarts * (optimiser.size(LATENT) if isinstance(optimiser, CMAES) else 1)


def _inversion(key: str, network: str, seed: int, budget: int) -> Inversion:
    scenario = Scenario(source=source(), network=NetworkChoice(name=network), threat=ThreatModel(labels=True))
    return Inversion(scenario=scenario, recipe=within(RECIPES[key], budget), seed=seed, precision="float32")


def source() -> Source:
    folder = data_root("") / "cifar10" / "test"
    return Folder(root=str(folder)) if folder.is_dir() else Photos()


def _row(title: str, outcomes: list[Outcome]) -> Row:
    values = tuple(value for outcome in outcomes for value in outcome.psnr)
    evaluations = fmean(outcome.evaluations for outcome in outcomes)
    losses = fmean(float(last.losses.min()) for outcome in outcomes for last in outcome.last)
    seconds = fmean(outcome.seconds for outcome in outcomes)
    note = f"{evaluations:.0f} evaluations, ends with a loss of {losses:.3g}, {seconds:.0f} s an image"
    return Row(f"{title}: PSNR", values, "dB", by="mean", note=note)
