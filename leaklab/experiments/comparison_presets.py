"""What the page Defences offers to start from: defences that differ, and one start for each way in which they fail."""

from leaklab.attacks.recipes import DLG, IG
from leaklab.experiments.catalogue import THREE, Preset, tuned
from leaklab.experiments.comparison import QUICK, Column, Comparison
from leaklab.experiments.defence_presets import DEFENCES_DEFAULT
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice

Columns = dict[str, float]  # key of a defence -> its strength


def _beside(columns: Columns, inversion: Inversion = QUICK, *, bound: float = 1.0) -> Comparison:
    shown = tuple(Column(protection=key, strength=strength) for key, strength in columns.items())
    return Comparison(inversion=inversion, columns=shown, bound=bound)


def _among(photos: Photos, federation: Federation, network: str = "convnet2") -> Inversion:
    """Return the quick attack on other photographs and another round."""
    victim = {"source": photos, "federation": federation, "network": NetworkChoice(name=network)}
    return QUICK.model_copy(update={"scenario": QUICK.scenario.model_copy(update=victim)})


_LONGER = QUICK.model_copy(update={"recipe": tuned(IG, iterations=300)})
_FOUR = _among(Photos(names=(*THREE, "rocket")), Federation(images_per_client=4, defences=()))
# Mixtures have mixed labels, which an attack has to search for as well.
_MIXED = _FOUR.model_copy(update={"recipe": tuned(DLG, iterations=30, scale=0.05), "precision": "float64"}).changed(
    ("scenario", "threat", "labels"), False
)

_ROWS = (
    Preset(
        "four-defences", "Four defences",
        "Noise blurs, a guarantee drowns everything, and two defences hold until somebody knows of them.",
        Comparison(),
    ),
    Preset(
        "little-noise", "Noise too small",
        "A ten-thousandth on every number: the noise is there, and the photograph comes back all the same.",
        _beside({"noise": 1e-4, "laplace": 1e-4}),
    ),
    Preset(
        "dead-slider", "A dead slider",
        "An ε of half a million and one of five: on 200,000 weights the noise is so long that both look alike.",
        _beside({"dp-sgd": 1e-3, "clip": 1}),
    ),
    Preset(
        "signs-and-pruning", "Signs and pruning",
        "One bit a number, or one number in a hundred: the plain attack is lost, the one that knows is not.",
        _beside({"sign": 1, "top-k": 0.99, "random-k": 0.9}, _LONGER),
    ),
    Preset(
        "clipping-alone", "Clipping alone",
        "Shortened to a tenth and nothing more: the same direction, and the same photograph.",
        _beside({"clip": 0, "dp-sgd": 0}, bound=0.1),
    ),
    Preset(
        "soteria", "Soteria by-passed",
        "Most features are silenced, but zeros say which: whoever leaves these out of the comparison sees it all.",
        _beside({"soteria": 0.9, "dropout": 0.5}),
    ),
    Preset(
        "precode", "PRECODE by-passed",
        "A layer with dice blurs what lies behind it, and says nothing about what lies before.",
        _beside({"precode": 1}, _among(Photos(names=("astronaut",)), Federation(defences=()), "mlp")),
    ),
    Preset(
        "mixing", "Mixed photographs",
        "Each photograph is laid over another before training: the attack finds the mixtures, the eye both in each.",
        _beside({"mixup": 2, "instahide": 2}, _MIXED),
    ),
    Preset(
        "few-clients", "A sum of two",
        "Masks hide each client, and the server sees only the sum of two: it is enough.",
        _beside(
            {"noise": 1e-3, "top-k": 0.9},
            _among(
                Photos(names=THREE[:2]),
                Federation(clients=2, view="aggregated", secure_aggregation=True, defences=()),
            ),
        ),
    ),
    Preset(
        "classic", "The classic network",
        "LeNet and an attack that must find the length of the gradient as well: slower, and easier to disturb.",
        _beside({"noise": 1e-2, "top-k": 0.5, "soteria": 0.5}, DEFENCES_DEFAULT),
    ),
)  # fmt: skip

COMPARISON_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
COMPARISON_DEFAULT = COMPARISON_PRESETS["four-defences"]
