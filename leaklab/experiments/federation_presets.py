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


def _of_wide_convolutions(names: tuple[str, ...], federation: Federation) -> Inversion:
    return _told(Photos(names=names), "convnet2", federation, _recipe(150, 1e-6))


def _of_layers(federation: Federation, iterations: int) -> Inversion:
    return _told(Photos(), "mlp", federation, _recipe(iterations, 1e-4))


def _told(photos: Photos, network: str, federation: Federation, recipe: Recipe) -> Inversion:
    return Inversion(
        scenario=Scenario(
            source=photos, network=NetworkChoice(name=network), federation=federation, threat=ThreatModel(labels=True)
        ),
        recipe=recipe, precision="float32",
    )  # fmt: skip


_ROWS = (
    Preset(
        "three-neighbours", "Three neighbours",
        "One photograph and one step each: everybody is recognised, and in the average no worse than alone.",
        _of_wide_convolutions(THREE, Federation(clients=3)),
    ),
    Preset(
        "several-steps", "Several steps",
        "Three steps before anything is sent: alone both are as clear as before, in the average they dissolve.",
        _of_wide_convolutions(THREE[:2], Federation(clients=2, schedule=Schedule(epochs=3, learning_rate=1e-3))),
    ),
    Preset(
        "secure-aggregation", "Secure aggregation",
        "The three neighbours under masks: from a single client the server gets noise, and from the average everybody.",
        _of_wide_convolutions(THREE, Federation(clients=3, secure_aggregation=True)),
    ),
    Preset(
        "many-clients", "Eight clients",
        "Eight clients and a plain network: averaging blurs some of them, and who they are is chance.",
        _of_layers(Federation(clients=8), 100),
    ),
    Preset(
        "uneven", "Uneven shares",
        "One client has five photographs, one three, one a single one: whoever has fewer is seen more clearly.",
        _of_layers(Federation(clients=3, images_per_client=3, partition=Uneven(skew=0.8)), 150),
    ),
)  # fmt: skip

FEDERATION_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
FEDERATION_DEFAULT = FEDERATION_PRESETS["three-neighbours"]
