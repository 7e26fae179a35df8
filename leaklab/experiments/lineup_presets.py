"""What the page Compare offers to start from: attacks of which one sees at once what the others lack."""

from leaklab.attacks.generator_recipes import GIAS
from leaklab.attacks.matching.optimisers import Adam
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG, FAST_LENET, IDLG_ROW, IG
from leaklab.experiments.catalogue import THREE, Preset, tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.lineup import QUICK, Entry, Lineup
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel


def _beside(base: Inversion, recipes: dict[str, Recipe]) -> Lineup:
    """Return a line-up of recipes by their titles."""
    return Lineup(base=base, entries=tuple(Entry(title=title, recipe=recipe) for title, recipe in recipes.items()))


_AVERAGE = Inversion(scenario=Scenario(source=Photos(names=THREE), federation=Federation(clients=3, view="aggregated")))
_UNLUCKY = Inversion(
    scenario=Scenario(source=Photos(names=("astronaut",)), image_size=16), seed=6, attack_seed=2,
)  # fmt: skip
_CONVNET = Inversion(
    scenario=Scenario(
        source=Photos(names=("astronaut",)), network=NetworkChoice(name="convnet2"), threat=ThreatModel(labels=True)
    ),
    precision="float32",
)  # fmt: skip
_SHORT_GIAS = GIAS.changed(("stages", 0, "iterations"), 30).changed(("stages", 1, "iterations"), 30)
_BY_ADAM = tuned(DLG.changed(("stages", 0, "optimiser"), Adam()), iterations=800, scale=0.3)

_ROWS = (
    Preset(
        "three-attacks", "Three attacks",
        "DLG and iDLG find the astronaut at the same pace, since one label is soon guessed; Inverting Gradients, made "
        "for deep networks, has cheap steps and needs far more of them here.",
        _beside(
            QUICK, {
                "DLG": tuned(DLG, iterations=46, scale=0.3), "iDLG": tuned(IDLG_ROW, iterations=46, scale=0.3),
                "Inverting Gradients": tuned(IG, iterations=200),
            },
        ),
    ),
    Preset(
        "average-rescued", "The average, rescued",
        "In the average of three clients the plain start finds noise, and a start near black finds stains; with a wish "
        "for smooth pictures besides, all three photographs come.",
        _beside(
            _AVERAGE, {
                "Plain start": tuned(DLG, iterations=12), "Small start": tuned(DLG, iterations=15, scale=0.05),
                "Small start and smooth": tuned(DLG, iterations=17, scale=0.05, tv_weight=2.0),
            },
        ),
    ),
    Preset(
        "solved-or-searched", "Solved or searched",
        "Equations give the photograph exactly after two evaluations, before the search has left its noise.",
        _beside(QUICK, {"By equations": FAST_LENET, "DLG": tuned(DLG, iterations=36, scale=0.3)}),
    ),
    Preset(
        "pixels-or-generator", "Pixels or a generator",
        "The generator's first guess is a picture already, and leads for five evaluations; then the pixels pass it, "
        "and what it ends with is a likeness.",
        _beside(_CONVNET, {"Pixels": tuned(IG, iterations=60), "Generator": _SHORT_GIAS}),
    ),
    Preset(
        "one-or-four", "One start or four",
        "The one start gets stuck in noise; another beside it finds the astronaut, and two more of them gain "
        "nothing that an eye could see.",
        _beside(
            _UNLUCKY, {
                "One start": tuned(DLG, iterations=18), "Two starts": tuned(DLG, restarts=2, iterations=18),
                "Four starts": tuned(DLG, restarts=4, iterations=18),
            },
        ),
    ),
    Preset(
        "two-optimisers", "Two optimisers",
        "The same loss, walked down in two ways: L-BFGS remembers the slope's changes and gets far in few evaluations.",
        _beside(QUICK, {"L-BFGS": tuned(DLG, iterations=40, scale=0.3), "Adam": _BY_ADAM}),
    ),
)  # fmt: skip

LINEUP_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
LINEUP_DEFAULT = LINEUP_PRESETS["three-attacks"]
