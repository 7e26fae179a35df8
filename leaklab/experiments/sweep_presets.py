"""What the page Sweeps offers to start from: the ablations of the course project, and two maps of two knobs.

Each sentence says what came out when it was swept, where the course project found something else too.
"""

from leaklab.attacks.labels import GivenOrIDLG
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG, IDLG_ROW
from leaklab.experiments.catalogue import THREE, Preset, tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.experiments.sweep import Axis, Sweep
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.protocol.observation import ThreatModel

# Labels are read where there is one, and told where there are several: then few iterations are enough.
_SEARCH = IDLG_ROW.model_copy(update={"labels": GivenOrIDLG()})


def _attack(recipe: Recipe, *names: str, iterations: int, told: bool = False) -> Inversion:
    """Return a short attack on one client's photographs at 16 pixels: a map wants many attacks."""
    return Inversion(
        scenario=Scenario(
            source=Photos(names=names), image_size=16, federation=Federation(images_per_client=len(names)),
            threat=ThreatModel(labels=told),
        ),
        recipe=tuned(recipe, iterations=iterations),
    )  # fmt: skip


_TOGETHER = _attack(_SEARCH, *THREE, "rocket", iterations=12, told=True)
_AVERAGED = _attack(_SEARCH, *THREE, "rocket", iterations=15, told=True).changed(
    ("scenario", "federation"), Federation(clients=4, view="aggregated")
)
_ALONE = _attack(_SEARCH, "astronaut", iterations=15)

_ROWS = (
    Preset(
        "noise-and-batch", "Noise × batch",
        "One photograph is still seen through noise of 0.01; four in one gradient blend, with noise or without.",
        Sweep(
            inversion=_TOGETHER,
            axes=(Axis(name="noise", values=(0, 1e-4, 1e-3, 1e-2, 0.1)), Axis(name="batch", values=(1, 2, 4))),
        ),
    ),
    Preset(
        "clients-and-tv", "Clients × TV",
        "In an average of four a plain attack finds little; a wish for smooth pictures, at the right, brings all back.",
        Sweep(
            inversion=_AVERAGED,
            axes=(Axis(name="tv-weight", values=(0, 1e-4, 1e-3, 1e-2)), Axis(name="clients", values=(1, 2, 3, 4))),
        ),
    ),
    Preset(
        "restarts", "Restarts 1 to 8",
        "With one start, one seed in three ends in noise; with two none does, and more starts only polish.",
        Sweep(
            inversion=_attack(DLG, "astronaut", iterations=20), axes=(Axis(name="restarts", values=(1, 2, 4, 8)),),
            seeds=3,
        ),
    ),
    Preset(
        "tv", "TV 0 to 0.1",
        "On an exact gradient the wish for smoothness only costs; on a noisy one a strong wish gains three decibels.",
        Sweep(
            inversion=_ALONE,
            axes=(Axis(name="tv-weight", values=(0, 1e-3, 1e-2, 0.1)), Axis(name="noise", values=(0, 1e-2))),
        ),
    ),
    Preset(
        "init-scale", "Init scale",
        "From loud noise the search is slow, at 1 one seed in three fails; starting almost black costs nothing here.",
        Sweep(
            inversion=_attack(DLG, "astronaut", iterations=15),
            axes=(Axis(name="init-scale", values=(0.01, 0.1, 0.5, 1, 2)),), seeds=3,
        ),
    ),
    Preset(
        "image-size", "Image size 16 to 64",
        "At 16 pixels ten iterations are enough; at 32 forty help, and at 64 even they bring nothing yet.",
        Sweep(
            inversion=_ALONE,
            axes=(Axis(name="image-size", values=(16, 32, 48, 64)), Axis(name="iterations", values=(10, 40))),
        ),
    ),
)  # fmt: skip

SWEEP_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
SWEEP_DEFAULT = SWEEP_PRESETS["noise-and-batch"]
