"""What the page on drift offers to start from: walks of one client's weights, and measured drifts of several."""

from leaklab.experiments.catalogue import Preset
from leaklab.experiments.drift import Drift
from leaklab.experiments.paths import Paths
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.training import Schedule

_FEDERATION, _SOURCE = (("inversion", "scenario", part) for part in ("federation", "source"))


def _trained(schedule: Schedule, *, photographs: int = 4) -> Paths:
    """Return the walk of a client with so many photographs that trains as said."""
    walk = Paths()
    changes = {
        (*_FEDERATION, "images_per_client"): photographs, (*_FEDERATION, "schedule"): schedule,
        (*_SOURCE, "names"): walk.source.names[:photographs],
    }  # fmt: skip
    for path, value in changes.items():
        walk = walk.changed(path, value)
    return walk


_PATHS = (
    Preset(
        "a-bend", "A bend",
        "Two epochs of two steps: the client's path bends, and all the server knows of it are its two ends.",
        Paths(),
    ),
    Preset(
        "one-photograph", "One photograph",
        "Four steps with the same photograph: nothing can come in the wrong order, and the path bends all the same.",
        _trained(Schedule(epochs=4, learning_rate=0.05), photographs=1),
    ),
    Preset(
        "five-epochs", "Five epochs",
        "Ten steps that lead more or less the same way: here the wish for a straight line helps the plain simulation.",
        _trained(Schedule(epochs=5, batch_size=2, learning_rate=0.02)).changed(("iterations",), 22),
    ),
    Preset(
        "almost-straight", "Almost straight",
        "A tenth of the learning rate: the client hardly leaves the straight line, so the line has little to teach.",
        _trained(Schedule(epochs=2, batch_size=2, learning_rate=0.005)),
    ),
    Preset(
        "sharp-turns", "Sharp turns",
        "Six times the learning rate: the path turns sharply, every simulation goes astray, and so do the photographs.",
        _trained(Schedule(epochs=2, batch_size=2, learning_rate=0.3)),
    ),
)  # fmt: skip

PATHS_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _PATHS}
PATHS_DEFAULT = PATHS_PRESETS["a-bend"]

# One client comes last: with one alone there is nothing to draw.
_DRIFT = (
    Preset(
        "the-lemma", "The lemma, measured",
        "Up to four clients and three steps, four learning rates: the lines are straight, and as steep as proven.",
        Drift(clients=(2, 4, 1)),
    ),
    Preset(
        "eight-steps", "Up to eight steps",
        "Eight steps lead clients twenty-eight times as far apart as two, as τ(τ − 1) says; at 0.01 no longer.",
        Drift(clients=(2, 4), local_steps=(2, 3, 4, 6, 8), local_lr=(1e-4, 1e-3, 1e-2)),
    ),
    Preset(
        "too-fast", "Too fast",
        "Learning rates up to 1: above 0.01 the solid lines leave the dashed ones, and the lemma ends.",
        Drift(clients=(2, 4), local_steps=(2, 3), local_lr=(1e-3, 1e-2, 0.1, 0.3, 1.0)),
    ),
    Preset(
        "kinks", "Kinks",
        "The same network with ReLU, which has no second derivative to speak of: neither power holds.",
        Drift(clients=(2, 4), local_steps=(2, 3), network=NetworkChoice(activation="relu")),
    ),
)  # fmt: skip

DRIFT_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _DRIFT}
DRIFT_DEFAULT = DRIFT_PRESETS["the-lemma"]
