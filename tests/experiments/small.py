"""Small experiments: 16 x 16 photographs, the LeNet, and a few iterations."""

from leaklab.attacks.matching.optimisers import LBFGS
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import DLG
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos, Source
from leaklab.protocol.observation import ThreatModel

NAMES = ("cat", "coffee", "rocket")


def scenario(
    federation: Federation = Federation(), *, source: Source | None = None, threat: ThreatModel = ThreatModel()  # noqa: B008
) -> Scenario:  # fmt: skip
    photos = Photos(names=NAMES[: federation.images])
    return Scenario(source=source or photos, image_size=16, federation=federation, threat=threat)


def recipe(*, iterations: int = 3, restarts: int = 1, of: Recipe = DLG) -> Recipe:
    stage = of.stages[0].model_copy(update={"iterations": iterations, "restarts": restarts})
    if isinstance(stage.optimiser, LBFGS):
        stage = stage.model_copy(update={"optimiser": LBFGS(updates=5)})
    return of.model_copy(update={"stages": (stage,)})


def inversion(
    federation: Federation = Federation(), *, iterations: int = 3, restarts: int = 1, of: Recipe = DLG,  # noqa: B008
    threat: ThreatModel = ThreatModel(), record_every: int = 0,  # noqa: B008
) -> Inversion:  # fmt: skip
    return Inversion(
        scenario=scenario(federation, threat=threat), recipe=recipe(iterations=iterations, restarts=restarts, of=of),
        record_every=record_every,
    )  # fmt: skip
