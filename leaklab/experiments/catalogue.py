"""What faces and command line offer: presets to start from, the recipes by key, and what may be seen by others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import ANALYTIC, CINET, DLG, FAST_LENET, GIAS, IG, RECIPES, RGAP
from leaklab.experiments.experiment import Experiment
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.noise import Noise
from leaklab.images.source import Photos, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.observation import ThreatModel
from leaklab.settings import Refusal, Settings

THREE = ("astronaut", "cat", "coffee")


@dataclass(frozen=True)
class Preset:
    """A whole experiment to start from, with one sentence on what one will see."""

    key: str
    title: str
    sentence: str
    experiment: Experiment


def tuned(
    recipe: Recipe,
    *,
    restarts: int | None = None,
    iterations: int | None = None,
    scale: float | None = None,
    tv_weight: float | None = None,
) -> Recipe:
    """Return a recipe with some knobs set in every stage that has them; those left None stay as they are."""
    priors = None if tv_weight is None else (TotalVariation(weight=tv_weight),)
    given = {"restarts": restarts, "iterations": iterations, "priors": priors}
    stages = (_with(stage, given | {"space": _scaled(stage, scale)}) for stage in recipe.stages)
    return recipe.model_copy(update={"stages": tuple(stages)})


def _scaled(stage: Settings, scale: float | None) -> Settings | None:
    return _with(stage.space, {"scale": scale}) if "space" in type(stage).model_fields else None


def _with(part: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return a part with those changes that are asked for and for which it has a field."""
    fields = type(part).model_fields
    return part.model_copy(
        update={name: value for name, value in changes.items() if value is not None and name in fields}
    )


# A class waits for it: from paler noise the way is shorter, and what is better than 35 dB nobody sees.
QUICK = tuned(DLG, scale=0.3, iterations=100).changed(("stages", 0, "enough"), 1e-7)
_AGGREGATED = Scenario(source=Photos(names=THREE), federation=Federation(clients=3, view="aggregated"))

# A strong prior finds the right valley, and the stronger the sooner; a weak one spoils nothing there. The rounded kink
# lets L-BFGS pass.
_FADED = DLG.model_copy(
    update={
        "stages": tuple(
            tuned(DLG, scale=0.05, iterations=iterations)
            .stages[0]
            .model_copy(update={"priors": (TotalVariation(weight=weight, rounding=0.02),), "enough": 0.0})
            for weight, iterations in ((3.0, 12), (0.3, 8), (0.03, 8))
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

_PAINTED = Inversion(
    scenario=Scenario(
        source=Photos(), num_classes=68, network=NetworkChoice(name="convnet2"),
        federation=Federation(images_per_client=8), threat=ThreatModel(labels=True),
    ),
    recipe=CINET.changed(("stages", 0, "iterations"), 110).changed(("stages", 0, "space", "width"), 32),
    precision="float32",
)  # fmt: skip

_BROUGHT_ALONG = Inversion(
    scenario=Scenario(
        source=Photos(names=("astronaut",)), network=NetworkChoice(name="convnet2"), threat=ThreatModel(labels=True)
    ),
    recipe=GIAS.changed(("stages", 0, "iterations"), 50).changed(("stages", 1, "iterations"), 100),
    precision="float32",
)  # fmt: skip

_ROWS = (
    Preset(
        "easy-leak", "Easy leak", "One photograph, one gradient, a small smooth network: the photograph comes back.",
        Inversion(scenario=Scenario(source=Photos(names=("astronaut",))), recipe=QUICK),
    ),
    Preset(
        "needs-restarts", "Needs restarts",
        "The search from the first patch of noise gets stuck; another one beside it finds the way.",
        Inversion(
            scenario=Scenario(source=Photos(names=("cat",))), recipe=tuned(QUICK, restarts=2), seed=6, attack_seed=12
        ),
    ),
    Preset(
        "aggregated-fails", "Aggregated fails",
        "The server sees only the average of three clients; the plain attack ends in noise.",
        Inversion(scenario=_AGGREGATED, recipe=tuned(DLG, iterations=34)),  # after 300 it is no nearer
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
            recipe=tuned(DLG, restarts=2, iterations=36),
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
        "no-search", "No search at all",
        "Layer by layer, from the last to the first, the photograph follows from linear equations: exactly.",
        Inversion(scenario=Scenario(source=Photos(names=("astronaut",))), recipe=RGAP),
    ),
    Preset(
        "solved-and-mended", "Solved, then mended",
        "With a little noise the equations give a speckled photograph; a short search from there cleans it.",
        Inversion(
            scenario=Scenario(
                source=Photos(names=("astronaut",)), federation=Federation(defences=(GaussianNoise(sigma=3e-4),))
            ),
            recipe=tuned(FAST_LENET, iterations=20),
        ),
    ),
    Preset(
        "one-division", "One division",
        "The first layer is linear and has a bias: dividing two of its gradients gives four photographs in an instant.",
        Inversion(
            scenario=Scenario(
                source=Photos(names=(*THREE, "rocket")), network=NetworkChoice(name="mlp"),
                federation=Federation(images_per_client=4),
            ),
            recipe=ANALYTIC,
        ),
    ),
    Preset(
        "brought-along", "A generator brought along",
        "A generator that has seen thousands of photographs is bent to the gradient: soon a likeness, and hardly more.",
        _BROUGHT_ALONG,
    ),
    Preset(
        "untrained-painter", "An untrained painter",
        "A network that has never seen a picture paints eight photographs at once, until their gradient fits.",
        _PAINTED,
    ),
    Preset(
        "painted-noise", "The painter and noise",
        "The same with eight pictures of noise, which no painter of natural pictures should manage. See for yourself.",
        _PAINTED.changed(("scenario", "source"), Noise()),
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

_LABEL_ROWS = (
    Preset(
        "half-alike", "Half of one class",
        "Half of 64 photographs show one thing, a quarter another: the gradient tells how many of each.",
        LabelRecovery(),
    ),
    Preset(
        "one-label", "One photograph", "One bar lies below zero: that is its class, and no method can miss it.",
        LabelRecovery(batch_size=1, balance="unique"),
    ),
    Preset(
        "all-different", "All different", "Every photograph has a class of its own, as the oldest methods ask for.",
        LabelRecovery(balance="unique"),
    ),
    Preset(
        "two-of-each", "Two of each",
        "Forty photographs of twenty classes: half of the bars no longer go below zero, and counting sets in.",
        LabelRecovery(network=NetworkChoice(name="lenet5"), num_classes=20, batch_size=40, balance="balanced"),
    ),
    Preset(
        "deep-and-labelled", "Deep network",
        "A ResNet-18 hides the photographs themselves, and their labels not at all.",
        LabelRecovery(network=NetworkChoice(name="resnet18"), batch_size=32),
    ),
    Preset(
        "learnt-already", "Learnt already",
        "After some training the network answers every photograph differently, and the counts go astray.",
        LabelRecovery(training=300),
    ),
    Preset(
        "four-thousand", "4,096 photographs",
        "So many photographs in one gradient cannot be told apart any more, but their labels can be counted.",
        LabelRecovery(network=NetworkChoice(name="lenet5"), batch_size=4096, balance="dirichlet"),
    ),
)  # fmt: skip

LABEL_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _LABEL_ROWS}
LABEL_DEFAULT = LABEL_PRESETS["half-alike"]


def recipe(key: str) -> Recipe:
    """Return the recipe of a key.

    Raises: Refusal, when there is none.
    """
    if key not in RECIPES:
        raise Refusal(f"There is no recipe {key!r}: choose one of {', '.join(RECIPES)}.")
    return RECIPES[key]


def is_private(experiment: Experiment) -> bool:
    """Return whether an experiment holds photographs that belong to a visitor."""
    source = experiment.source
    return isinstance(source, Uploads) and bool(source.pictures)


def title(experiment: Experiment) -> str:
    """Return a run's name for a list: what is attacked, how, and on which network."""
    return experiment.title
