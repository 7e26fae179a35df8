"""The table of attacks: one row a published attack, each a composition of parts."""

from leaklab.attacks.closed_form.analytic import AnalyticFirstLayer
from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.labels import IDLG, ZLR, BiasCorrected, Given, GivenOrIDLG, Jointly
from leaklab.attacks.matching.distances import L2, Cosine
from leaklab.attacks.matching.dummy_updates import FedAvg, FedSGD
from leaklab.attacks.matching.optimisers import LBFGS, Adam
from leaklab.attacks.matching.priors import (
    BatchNormStatistics,
    GroupConsistency,
    Norm,
    Prediction,
    TotalVariation,
)
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import Bicubic, Pixels, Untrained
from leaklab.attacks.recipe import Recipe

_DLG_STAGE = GradientMatching(
    dummy_update=FedSGD(), distance=L2(), priors=(TotalVariation(),), space=Pixels(), optimiser=LBFGS(), iterations=300,
)  # fmt: skip

DLG = Recipe(
    key="dlg", name="DLG", source="zhu2019",
    story="Start from noise, and move image and label together until their gradient is the one that was sent.",
    choice="L-BFGS has a line search here, where the published code takes fixed steps and often diverges.",
    labels=Jointly(), stages=(_DLG_STAGE,),
)  # fmt: skip

IDLG_ROW = Recipe(
    key="idlg", name="iDLG", source="zhao2020",
    story="Read the label from the gradient first, then search for the image alone.",
    labels=IDLG(), stages=(_DLG_STAGE,),
)  # fmt: skip

ANALYTIC = Recipe(
    key="analytic", name="Analytic first layer", source="geiping2020",
    story="Divide two gradients of a first layer that is linear and has a bias: the quotient is the image.",
    choice="With several images, neurons whose quotients agree are believed; the paper treats a single image.",
    labels=BiasCorrected(), stages=(AnalyticFirstLayer(),),
)  # fmt: skip

RGAP = Recipe(
    key="rgap", name="R-GAP", source="zhu2021",
    story="Solve for what entered each layer, from the last to the first: linear equations, no search.",
    choice="Cross-entropy over all classes, and biases where there are any; the paper has two classes and no biases.",
    labels=IDLG(), stages=(RecursiveGradient(),),
)  # fmt: skip

RGAP_POLISH = Recipe(
    key="rgap-polish", name="R-GAP, polished", source="zhu2021",
    story="Start from the solution of the equations, and let gradient matching mend what rounding or noise spoilt.",
    choice="Our own combination: no paper polishes R-GAP.",
    labels=IDLG(), stages=(RecursiveGradient(), _DLG_STAGE.model_copy(update={"iterations": 100})),
)  # fmt: skip

IG = Recipe(
    key="ig", name="Inverting Gradients", source="geiping2020",
    story="Match the direction of the gradient, not its length, keep pixels in range, and prefer smooth images.",
    choice="TV 1e-6 and 4,800 steps, as published for small images; the authors' command line takes 24,000 and 1e-4.",
    labels=GivenOrIDLG(),
    stages=(
        GradientMatching(
            dummy_update=FedAvg(), distance=Cosine(), priors=(TotalVariation(weight=1e-6),), space=Pixels(boxed=True),
            optimiser=Adam(learning_rate=0.1, sign="hard", decay="steps"), iterations=4800, rank_by="matching",
        ),
    ),
)  # fmt: skip

GRADINVERSION = Recipe(
    key="gradinversion", name="GradInversion-style", source="yin2021",
    story="Match the gradient while averages inside the network stay those of natural images and several starts agree.",
    choice="The starts are drawn to their plain mean: the paper registers them by optical flow and published no code. "
    "Scale 1e-3 and noise 0.01 of the several values in use.",
    labels=ZLR(),
    stages=(
        GradientMatching(
            dummy_update=FedSGD(), distance=L2(scale=1e-3),
            priors=(
                TotalVariation(weight=1e-4), Norm(weight=1e-6), BatchNormStatistics(weight=0.1),
                GroupConsistency(weight=1e-2),
            ),
            space=Pixels(), optimiser=Adam(learning_rate=0.1, decay="cosine", warm_up=50, noise=0.01),
            restarts=4, iterations=20_000,
        ),
    ),
)  # fmt: skip

CPL = Recipe(
    key="cpl", name="CPL", source="wei2020",
    story="DLG from a small pattern repeated over the image, which must also be classified as its label says.",
    choice="The label term weighs 1e-2: the paper states no weight, and re-implementations differ.",
    labels=GivenOrIDLG(),
    stages=(
        GradientMatching(
            dummy_update=FedSGD(), distance=L2(), priors=(Prediction(weight=1e-2),),
            space=Pixels(start="patterned", tile=16), optimiser=LBFGS(), iterations=300,
        ),
    ),
)  # fmt: skip

MODERN = Recipe(
    key="modern", name="Modern pixels", source="geiping2023",
    story="The tricks that help a search among pixels most: a patterned start, a soft sign, a warm-up, smooth colours.",
    choice="TV 1e-6 as with small images elsewhere, where the library's preset says 0.1; without its feature prior.",
    labels=GivenOrIDLG(),
    stages=(
        GradientMatching(
            dummy_update=FedAvg(), distance=Cosine(),
            priors=(TotalVariation(weight=1e-6, form="isotropic", colours=True),),
            space=Pixels(start="patterned", boxed=True),
            optimiser=Adam(learning_rate=0.1, sign="soft", decay="cosine", warm_up=50), iterations=4800,
            rank_by="matching",
        ),
    ),
)  # fmt: skip

ROG = Recipe(
    key="rog", name="ROG", source="yue2023",
    story="Search for a picture a quarter as wide and enlarge it: fewer unknowns for a gradient that says little.",
    choice="Bicubic codes, as in the published code; the paper's auto-encoder and repair network are not to be had.",
    labels=Given(),
    stages=(
        GradientMatching(
            dummy_update=FedAvg(), distance=L2(), space=Bicubic(),
            optimiser=Adam(learning_rate=0.05, decay="cosine to a tenth"), iterations=100,
        ),
    ),
)  # fmt: skip

CINET = Recipe(
    key="cinet", name="CI-Net", source="zhang2023",
    story="Let an untrained network paint all images at once, and train it until their gradient is what was sent.",
    choice="Width 64 to begin with. The paper wants more weights than the victim has, its code takes far fewer: "
    "width 0 follows either rule.",
    labels=Given(),
    stages=(
        GradientMatching(
            dummy_update=FedSGD(), distance=Cosine(), space=Untrained(width=64),
            optimiser=Adam(learning_rate=1e-3, sign="hard"), iterations=2000,
        ),
    ),
)  # fmt: skip

DIP = Recipe(
    key="dip", name="Deep image prior", source="ulyanov2018",
    story="The same with the layers of a DCGAN: a network that has seen no picture still prefers natural ones.",
    choice="The generator that gradient inversion papers use for 32 pixels, untrained; TV 1e-6 as they have it.",
    labels=Given(),
    stages=(
        GradientMatching(
            dummy_update=FedSGD(), distance=Cosine(), priors=(TotalVariation(weight=1e-6),),
            space=Untrained(architecture="dcgan"), optimiser=Adam(learning_rate=1e-3), iterations=2000,
        ),
    ),
)  # fmt: skip

_ROWS = (DLG, IDLG_ROW, IG, ANALYTIC, RGAP, RGAP_POLISH, GRADINVERSION, CPL, MODERN, ROG, CINET, DIP)

RECIPES: dict[str, Recipe] = {recipe.key: recipe for recipe in _ROWS}
