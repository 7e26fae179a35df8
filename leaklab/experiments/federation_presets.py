"""What the page Federation offers to start from: rounds in which the three places see differently much."""

from leaklab.attacks.matching.dummy_updates import SuperClient
from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import IG
from leaklab.experiments.catalogue import THREE, Preset
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.partition import Uneven
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule


def _recipe(iterations: int, tv_weight: float) -> Recipe:
    """Return Inverting Gradients in few iterations, with all clients imitated as if they were one."""
    [stage] = IG.stages
    changed = {
        "dummy_update": SuperClient(), "priors": (TotalVariation(weight=tv_weight),), "iterations": iterations
    }  # fmt: skip
    return IG.model_copy(update={"stages": (stage.model_copy(update=changed),)})


def _round(
    photos: Photos, federation: Federation, *, network: str = "convnet2", iterations: int = 150, tv_weight: float = 1e-6
) -> Inversion:  # fmt: skip
    """Return an attack that is told the labels; ConvNet2 tells much and is soon attacked."""
    return Inversion(
        scenario=Scenario(
            source=photos, network=NetworkChoice(name=network), federation=federation, threat=ThreatModel(labels=True)
        ),
        recipe=_recipe(iterations, tv_weight), precision="float32",
    )  # fmt: skip


_THREE = Photos(names=THREE)

_ROWS = (
    Preset(
        "three-neighbours", "Three neighbours",
        "One photograph and one step each: everybody is recognised, and in the average no worse than alone.",
        _round(_THREE, Federation(clients=3)),
    ),
    Preset(
        "several-steps", "Several steps",
        "Three steps before anything is sent: alone both are as clear as before, in the average they dissolve.",
        _round(Photos(names=THREE[:2]), Federation(clients=2, schedule=Schedule(epochs=3, learning_rate=1e-3))),
    ),
    Preset(
        "secure-aggregation", "Secure aggregation",
        "The three neighbours under masks: from a single client the server gets noise, and from the average everybody.",
        _round(_THREE, Federation(clients=3, secure_aggregation=True)),
    ),
    Preset(
        "many-clients", "Eight clients",
        "Alone everybody is seen. In the average whoever has a label to itself is seen as well; the others blend.",
        _round(Photos(classes=9), Federation(clients=8), iterations=120),
    ),
    Preset(
        "uneven", "Uneven shares",
        "One client has five photographs, one three, one a single one: whoever has fewer is seen more clearly.",
        _round(
            Photos(), Federation(clients=3, images_per_client=3, partition=Uneven(skew=0.8)), network="mlp",
            tv_weight=1e-4,
        ),
    ),
)  # fmt: skip

FEDERATION_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
FEDERATION_DEFAULT = FEDERATION_PRESETS["three-neighbours"]
