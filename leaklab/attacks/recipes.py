"""The table of attacks: one row a published attack, each a composition of parts."""

from leaklab.attacks.labels import IDLG, GivenOrIDLG, Jointly
from leaklab.attacks.matching.distances import L2, Cosine
from leaklab.attacks.matching.dummy_updates import FedAvg, FedSGD
from leaklab.attacks.matching.optimisers import LBFGS, Adam
from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Pixels
from leaklab.attacks.recipe import Recipe

_DLG_STAGE = GradientMatching(
    dummy_update=FedSGD(), distance=L2(), priors=(TotalVariation(),), space=Pixels(), optimiser=LBFGS(), iterations=300,
)  # fmt: skip

DLG = Recipe(
    key="dlg", name="DLG", source="zhu2019",
    story="Start from noise, and move image and label together until their gradient is the one that was sent.",
    labels=Jointly(), stages=(_DLG_STAGE,),
)  # fmt: skip

IDLG_ROW = Recipe(
    key="idlg", name="iDLG", source="zhao2020",
    story="Read the label from the gradient first, then search for the image alone.",
    labels=IDLG(), stages=(_DLG_STAGE,),
)  # fmt: skip

IG = Recipe(
    key="ig", name="Inverting Gradients", source="geiping2020",
    story="Match the direction of the gradient, not its length, keep pixels in range, and prefer smooth images.",
    labels=GivenOrIDLG(),
    stages=(
        GradientMatching(
            dummy_update=FedAvg(), distance=Cosine(), priors=(TotalVariation(weight=1e-6),), space=Pixels(boxed=True),
            optimiser=Adam(learning_rate=0.1, signed=True, decay="steps"), iterations=4800,
        ),
    ),
)  # fmt: skip

RECIPES: dict[str, Recipe] = {recipe.key: recipe for recipe in (DLG, IDLG_ROW, IG)}
