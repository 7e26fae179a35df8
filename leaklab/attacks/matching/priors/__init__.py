"""What else must hold of a good guess? A prior says so in one number a restart.

Contract: a prior has a `weight`; `missing(observation)` returns the sentences that keep it from working, which look
at layers and at what is told and never at numbers; `bind(observation)` returns a function (Dummy) -> (r,) that sees
all restarts at once and leaves the weight to the objective. What is no picture but a code has `about`: its name.
"""

from typing import Annotated

from pydantic import Field

from leaklab.attacks.matching.priors.batch_norm import BatchNormStatistics
from leaklab.attacks.matching.priors.bounds import Range
from leaklab.attacks.matching.priors.epochs import EpochConsistency
from leaklab.attacks.matching.priors.features import Features
from leaklab.attacks.matching.priors.group import GroupConsistency
from leaklab.attacks.matching.priors.latent_kl import LatentKL
from leaklab.attacks.matching.priors.line import Line
from leaklab.attacks.matching.priors.norm import Norm
from leaklab.attacks.matching.priors.penalty import Penalty
from leaklab.attacks.matching.priors.prediction import Prediction
from leaklab.attacks.matching.priors.shift import Shift
from leaklab.attacks.matching.priors.variation import TotalVariation, total_variation

__all__ = [
    "BatchNormStatistics",
    "EpochConsistency",
    "Features",
    "GroupConsistency",
    "LatentKL",
    "Line",
    "Norm",
    "Penalty",
    "Prediction",
    "Prior",
    "Range",
    "Shift",
    "TotalVariation",
    "total_variation",
]

Prior = Annotated[
    TotalVariation
    | Norm
    | Range
    | BatchNormStatistics
    | Features
    | GroupConsistency
    | Prediction
    | EpochConsistency
    | Line
    | LatentKL
    | Shift,
    Field(discriminator="kind"),
]
