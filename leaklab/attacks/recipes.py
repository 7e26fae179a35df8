"""The table of attacks: one row a published attack, each a composition of parts."""

from leaklab.attacks.closed_form.analytic import AnalyticFirstLayer
from leaklab.attacks.closed_form.recursive import RecursiveGradient
from leaklab.attacks.generator_recipes import DDPM_DLG, GGL, GGL_ADAM, GIAS, IGIMS, IGIMS_ADAM, IGIMS_UNTRAINED
from leaklab.attacks.labels import IDLG, ZLR, BiasCorrected, Given, GivenOrIDLG, Jointly
from leaklab.attacks.matching.distances import L2, Cosine
from leaklab.attacks.matching.dummy_updates import AveragedGradient, FedAvg, FedAvgEpoch, FedSGD, SuperClient
from leaklab.attacks.matching.optimisers import LBFGS, Adam
from leaklab.attacks.matching.priors import (
    BatchNormStatistics,
    EpochConsistency,
    GroupConsistency,
    Line,
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
            dummy_update=FedSGD(), distance=L2(), space=Bicubic(),
            optimiser=Adam(learning_rate=0.05, decay="cosine to a tenth"), iterations=100,
        ),
    ),
)  # fmt: skip

_STEPWISE = GradientMatching(
    dummy_update=FedAvg(), distance=Cosine(), priors=(TotalVariation(weight=1e-3),), space=Pixels(start="uniform"),
    optimiser=Adam(learning_rate=0.1, decay="cosine"), iterations=200, rank_by="matching",
)  # fmt: skip


def _by_epochs(together: EpochConsistency) -> GradientMatching:
    priors = (*_STEPWISE.priors, together)
    return _STEPWISE.model_copy(update={"dummy_update": FedAvgEpoch(), "priors": priors})


def _along_the_line(stage: GradientMatching) -> GradientMatching:
    return stage.model_copy(update={"priors": (*stage.priors, Line(weight=1.0))})


FEDAVG_SIM = Recipe(
    key="fedavg-sim", name="FedAvg simulation", source="geiping2020",
    story="Train on the guess exactly as the client trained, step by step, until the same weights come out.",
    choice="Batches in a fixed order unless the order is told. Cosine, TV 1e-3 and 200 steps, as for the rows beside "
    "it, so that they can be compared; the paper states none of them for several steps.",
    labels=Given(), stages=(_STEPWISE,),
)  # fmt: skip

FEDAVG_LINE = Recipe(
    key="fedavg-line", name="FedAvg simulation + Line", source="jobic2025",
    story="The same, but every simulated epoch must move the weights along the straight line from first to last.",
    choice="1 − cos, summed over all epochs: the paper's formula has the other sign and leaves the first one out.",
    labels=Given(), stages=(_along_the_line(_STEPWISE),),
)  # fmt: skip

FEDAVG_EPOCH = Recipe(
    key="fedavg-epoch", name="FedAvg-Epoch", source="dimitrov2022",
    story="Search for one set of pictures an epoch, hold them together by what does not depend on order, and average.",
    choice="Cosine as the Line paper says of it; its own code compares by length, with weights that fall by layer.",
    labels=Given(), stages=(_by_epochs(EpochConsistency(weight=1.0)),),
)  # fmt: skip

FEDAVG_EPOCH_LINE = Recipe(
    key="fedavg-epoch-line", name="FedAvg-Epoch + Line", source="jobic2025",
    story="FedAvg-Epoch, with every simulated epoch drawn to the straight line from the first weights to the last.",
    choice="Epochs are held together by their mean image, as the paper says; behind the stricter prior of the row "
    "FedAvg-Epoch the line gains less. 1 − cos, summed over all epochs, as with the FedAvg simulation.",
    labels=Given(),
    stages=(_along_the_line(_by_epochs(EpochConsistency(weight=0.1, statistic="mean", convolved=False))),),
)  # fmt: skip

AGA = Recipe(
    key="aga", name="Averaged gradient (AGA)", source="fang2024",
    story="Divide the update by the number of local steps and attack it as if it were one gradient: drift is ignored.",
    choice="Cosine, so that the division changes nothing; all else as in the FedAvg simulation, to compare them.",
    labels=Given(), stages=(_STEPWISE.model_copy(update={"dummy_update": AveragedGradient()}),),
)  # fmt: skip

ROG_FEDAVG = Recipe(
    key="rog-fedavg", name="ROG on FedAvg", source="yue2023",
    story="ROG with every local step imitated: a small picture, enlarged and trained on as the client trained.",
    choice="The published code attacks from the weights after training, which the paper does not mean; here from those "
    "before.",
    labels=Given(), stages=(ROG.stages[0].model_copy(update={"dummy_update": FedAvg()}),),
)  # fmt: skip

CURIOUS_CLIENT = Recipe(
    key="curious-client", name="Curious client", source="wilson2025",
    story="A participant subtracts two global models and inverts the difference as if one client had held all images.",
    choice="Small pictures enlarged by 2, where the paper has 4 at 128 pixels; its formula 3 has sign and scale wrong.",
    labels=Given(),
    stages=(
        GradientMatching(
            dummy_update=SuperClient(), distance=L2(), space=Bicubic(factor=2),
            optimiser=Adam(learning_rate=0.1, decay="cosine to a tenth"), iterations=100,
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

FAST_LENET = Recipe(
    key="fast-lenet", name="Fast, by equations", source="zhu2021",
    story="Read the label, solve the layers, and search only if noise or rounding has left something to mend.",
    choice="Our own combination for small networks without pooling: the search ends at once where nothing is left.",
    labels=GivenOrIDLG(), stages=(RecursiveGradient(), _DLG_STAGE.model_copy(update={"iterations": 100})),
)  # fmt: skip

FAST_SEARCH = Recipe(
    key="fast-search", name="Fast, by search", source="zhao2020",
    story="Read the label, start from three patches of noise, and soon go on with the one whose gradient fits best.",
    choice="Our own combination for small smooth networks: iDLG with restarts that are halved every five iterations.",
    labels=GivenOrIDLG(), stages=(_DLG_STAGE.model_copy(update={"restarts": 3, "halving": 5}),),
)  # fmt: skip


def _quick_steps(iterations: int, restarts: int, halving: int) -> GradientMatching:
    optimiser = Adam(learning_rate=0.1, sign="soft", decay="cosine")
    return IG.stages[0].model_copy(
        update={"optimiser": optimiser, "iterations": iterations, "restarts": restarts, "halving": halving}
    )


FAST_CONVNET = Recipe(
    key="fast-convnet", name="Fast, convolutional networks", source="geiping2020",
    story="Inverting Gradients with a soft sign and a step that fades from the start, so that it can end early.",
    choice="Our own settings for ConvNets: 120 steps where the paper has 4,800; starting coarse was tried and lost.",
    labels=GivenOrIDLG(), stages=(_quick_steps(120, restarts=2, halving=10),),
)  # fmt: skip

FAST_DEEP = Recipe(
    key="fast-deep", name="Fast, deep networks", source="geiping2020",
    story="The same for residual networks, whose every step is dear: one start, and a few more steps.",
    choice="Our own settings for ResNets: in as many steps a soft sign got further than a hard one.",
    labels=GivenOrIDLG(), stages=(_quick_steps(150, restarts=1, halving=0),),
)  # fmt: skip

_ROWS = (
    DLG, IDLG_ROW, IG, ANALYTIC, RGAP, RGAP_POLISH, GRADINVERSION, CPL, MODERN, ROG, CINET, DIP, FEDAVG_SIM,
    FEDAVG_LINE, FEDAVG_EPOCH, FEDAVG_EPOCH_LINE, AGA, ROG_FEDAVG, CURIOUS_CLIENT, GIAS, GGL, GGL_ADAM, IGIMS,
    IGIMS_ADAM, IGIMS_UNTRAINED, DDPM_DLG, FAST_LENET, FAST_SEARCH, FAST_CONVNET, FAST_DEEP,
)  # fmt: skip

RECIPES: dict[str, Recipe] = {recipe.key: recipe for recipe in _ROWS}
