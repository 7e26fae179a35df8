"""What faces and command line offer: presets to start from, the recipes by key, and what may be seen by others."""

from dataclasses import dataclass

from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG, IG, RECIPES
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Refusal

THREE = ("astronaut", "cat", "coffee")


@dataclass(frozen=True)
class Preset:
    """A whole experiment to start from, with one sentence on what one will see."""

    key: str
    title: str
    sentence: str
    experiment: Inversion


def tuned(
    recipe: Recipe,
    *,
    restarts: int | None = None,
    iterations: int | None = None,
    scale: float | None = None,
    tv_weight: float | None = None,
) -> Recipe:
    """Return a recipe with some knobs of every stage set; those left None stay as they are."""
    stages = []
    for stage in recipe.stages:
        given = {"restarts": restarts, "iterations": iterations}
        changes = {name: value for name, value in given.items() if value is not None}
        if scale is not None:
            changes["space"] = stage.space.model_copy(update={"scale": scale})
        if tv_weight is not None:
            changes["priors"] = (TotalVariation(weight=tv_weight),)
        stages.append(stage.model_copy(update=changes))
    return recipe.model_copy(update={"stages": tuple(stages)})


_AGGREGATED = Scenario(source=Photos(names=THREE), federation=Federation(clients=3, view="aggregated"))

# A strong prior finds the right valley, a weak one spoils nothing there; the rounded kink lets L-BFGS pass.
_FADED = DLG.model_copy(
    update={
        "stages": tuple(
            tuned(DLG, scale=0.05, iterations=100)
            .stages[0]
            .model_copy(update={"priors": (TotalVariation(weight=weight, rounding=0.02),), "enough": 0.0})
            for weight in (1e-1, 1e-2, 1e-3)
        )
    }
)

_THIRTY_TWO = Inversion(
    scenario=Scenario(
        source=Photos(), num_classes=100, network=NetworkChoice(name="convnet2"),
        federation=Federation(images_per_client=32), threat=ThreatModel(labels=True),
    ),
    recipe=tuned(IG, iterations=200), precision="float32",
)  # fmt: skip

_ROWS = (
    Preset(
        "easy-leak", "Easy leak", "One photograph, one gradient, a small smooth network: the photograph comes back.",
        Inversion(scenario=Scenario(source=Photos(names=("astronaut",))), recipe=tuned(DLG, restarts=2)),
    ),
    Preset(
        "needs-restarts", "Needs restarts",
        "The search from the first patch of noise gets stuck; out of four starts, some find the way.",
        Inversion(
            scenario=Scenario(source=Photos(names=("cat",))), recipe=tuned(DLG, restarts=4), seed=6, attack_seed=7
        ),
    ),
    Preset(
        "aggregated-fails", "Aggregated fails",
        "The server sees only the average of three clients; the plain attack ends in noise.",
        Inversion(scenario=_AGGREGATED, recipe=DLG),
    ),
    Preset(
        "aggregated-rescued", "Aggregated rescued",
        "The same average, but the search starts from near black and prefers smooth pictures.",
        Inversion(scenario=_AGGREGATED, recipe=tuned(DLG, scale=0.05, tv_weight=1e-3)),
    ),
    Preset(
        "aggregated-faded", "Aggregated, fading smoothness",
        "The same average once more: very smooth pictures first, then the wish for smoothness fades in three stages.",
        Inversion(scenario=_AGGREGATED, recipe=_FADED),
    ),
    Preset(
        "noise-wins", "Noise wins", "The client adds noise to what it sends; the attack finds noise.",
        Inversion(
            scenario=Scenario(
                source=Photos(names=("astronaut",)), federation=Federation(defences=(GaussianNoise(sigma=0.1),))
            ),
            recipe=tuned(DLG, restarts=2, iterations=60),
        ),
    ),
    Preset(
        "deep-network", "Deep network",
        "The same photograph behind a ResNet-18: many layers and ReLUs, and little comes through.",
        Inversion(
            scenario=Scenario(source=Photos(names=("astronaut",)), network=NetworkChoice(name="resnet18")),
            recipe=tuned(IG, iterations=60), precision="float32",
        ),
    ),
    Preset(
        "thirty-two", "Thirty-two at once",
        "Thirty-two photographs in one gradient, each of its own class: every single one comes back.",
        _THIRTY_TWO,
    ),
    Preset(
        "thirty-two-repeated", "The same with repeated labels",
        "The same thirty-two, but only ten classes among them: pictures of one class blend into each other.",
        _THIRTY_TWO.changed(("scenario", "source", "classes"), 10),
    ),
)  # fmt: skip

PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
DEFAULT = PRESETS["easy-leak"]


def recipe(key: str) -> Recipe:
    """Return the recipe of a key.

    Raises: Refusal, when there is none.
    """
    if key not in RECIPES:
        raise Refusal(f"There is no recipe {key!r}: choose one of {', '.join(RECIPES)}.")
    return RECIPES[key]


def is_private(experiment: Inversion | Landscape) -> bool:
    """Return whether an experiment holds photographs that belong to a visitor."""
    inversion = experiment.inversion if isinstance(experiment, Landscape) else experiment
    source = inversion.scenario.source
    return isinstance(source, Uploads) and bool(source.pictures)


def title(experiment: Inversion | Landscape) -> str:
    """Return a run's name for a list: what is attacked, how, and on which network."""
    inversion = experiment.inversion if isinstance(experiment, Landscape) else experiment
    scenario = inversion.scenario
    who = f"{scenario.federation.images} photographs" if scenario.federation.images > 1 else "one photograph"
    kind = "Landscape of " if isinstance(experiment, Landscape) else ""
    averaged = " in one average" if scenario.federation.view == "aggregated" else ""
    return f"{kind}{inversion.recipe.name} on {who}{averaged}, {scenario.network.row.title}"
