"""What the page on defences begins with: an attack that succeeds where nobody defends, and what defences make of it."""

from leaklab.experiments.catalogue import Preset
from leaklab.experiments.defended import UNDEFENDED, Defended
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.protections import PROTECTIONS

DEFENCES_DEFAULT: Inversion = UNDEFENDED


def _with(protection: str, strength: float) -> Defended:
    return Defended(inversion=DEFENCES_DEFAULT).under(PROTECTIONS[protection].defences(strength))


_ROWS = (
    Preset(
        "little-noise", "A little noise",
        "Noise of a thousandth on every number, and the photograph comes back as if there were none.",
        _with("noise", 1e-3),
    ),
    Preset(
        "enough-noise", "Enough noise",
        "A hundred times as much: both attacks find noise. Nothing is promised all the same.", _with("noise", 0.1),
    ),
    Preset(
        "half-left-out", "Half left out",
        "The smaller half of the numbers is not sent. Who sees the zeros leaves them out too, and recovers it.",
        _with("top-k", 0.5),
    ),
    Preset(
        "soteria", "Soteria",
        "One layer keeps a part of its features to itself; who leaves these out of the comparison loses nothing.",
        _with("soteria", 0.5),
    ),
    Preset(
        "signs", "Only signs",
        "One bit a number: the plain attack fails, and one that counts wrong signs sees outlines.", _with("sign", 1),
    ),
    Preset(
        "private", "A real guarantee",
        "DP-SGD with an ε that means something: on one photograph its noise is 150 times the signal.",
        _with("dp-sgd", 1),
    ),
)  # fmt: skip

DEFENCE_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
