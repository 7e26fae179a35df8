"""Label recovery: which classes were in the batch, read from the update before any image is rebuilt.

Contract: `recover(observation)` returns the labels (n,) sorted by class, or None when they are to be optimised with
the images; `missing(observation)` returns the sentences that keep it from working, by the network's layers alone;
`doubts(observation)` those on what it takes for granted and can be measured not to hold.
"""

from typing import Annotated

from pydantic import Field

from leaklab.attacks.labels.answers import ALR, Geng
from leaklab.attacks.labels.equations import ILRG
from leaklab.attacks.labels.impact import LLG, BiasCorrected
from leaklab.attacks.labels.signs import IDLG, ZLR
from leaklab.attacks.labels.told import Given, GivenOrIDLG, Jointly

Labels = Annotated[
    Given | Jointly | IDLG | GivenOrIDLG | ZLR | LLG | BiasCorrected | ALR | Geng | ILRG,
    Field(discriminator="kind"),
]

METHODS: dict[str, IDLG | ZLR | LLG | BiasCorrected | ALR | Geng | ILRG] = {
    method.kind: method for method in (IDLG(), ZLR(), LLG(), BiasCorrected(), ALR(), Geng(), ILRG())
}
