"""The rows whose attacker brings along what draws pictures: a generator to search, or a denoiser on the way."""

from leaklab.attacks.generative.in_the_loop import DiffusionInTheLoop
from leaklab.attacks.labels import GivenOrIDLG, Jointly
from leaklab.attacks.matching.distances import L2, Cosine
from leaklab.attacks.matching.dummy_updates import FedSGD
from leaklab.attacks.matching.optimisers import CMAES, Adam
from leaklab.attacks.matching.priors import LatentKL, Shift, TotalVariation
from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces import GeneratorLatent, GeneratorWeights
from leaklab.attacks.recipe import Recipe

_SMOOTH = TotalVariation(weight=1e-6)
_LATENT = GradientMatching(
    dummy_update=FedSGD(), distance=Cosine(), priors=(_SMOOTH,), space=GeneratorLatent(),
    optimiser=Adam(learning_rate=0.03, decay="steps"), iterations=200,
)  # fmt: skip
_WEIGHTS = _LATENT.model_copy(
    update={
        "space": GeneratorWeights(), "optimiser": Adam(learning_rate=1e-4, decay="steps"), "iterations": 300,
    }
)  # fmt: skip

GIAS = Recipe(
    key="gias", name="GIAS", source="jeon2021",
    story="Find what a trained generator must draw from, then bend the generator itself until the gradient fits.",
    choice="200 and 300 steps from two starts, for two cores; the published script for this size takes 500 and 5,000 "
    "from four. In so few the weights never get over the first of its steps of 1e-3: 1e-4. A DCGAN trained on "
    "CIFAR-10, and no batch-norm prior: its averages are the private photographs' there.",
    labels=GivenOrIDLG(), stages=(_LATENT.model_copy(update={"restarts": 2}), _WEIGHTS),
)  # fmt: skip

_GGL_STAGE = _LATENT.model_copy(
    update={
        "distance": L2(), "adapt": "estimated", "priors": (LatentKL(weight=0.1),),
        "space": GeneratorLatent(start="zero"), "optimiser": CMAES(population=50), "iterations": 100,
    }
)  # fmt: skip

GGL = Recipe(
    key="ggl", name="GGL", source="li2022",
    story="Search only what a generator draws from, without gradients, and send guesses through the defence made out.",
    choice="100 populations of 50, for two cores, where the published code takes 500. Its distance is the mean over "
    "layers, here their sum. A DCGAN in place of its generators, which know faces, or ImageNet by class.",
    labels=GivenOrIDLG(), stages=(_GGL_STAGE,),
)  # fmt: skip

GGL_ADAM = Recipe(
    key="ggl-adam", name="GGL*", source="li2022",
    story="The same by gradients: Adam in place of populations.",
    choice="400 steps, for two cores, that rise over 20 and fade along a cosine; the published code takes 2,500.",
    labels=GivenOrIDLG(),
    stages=(
        _GGL_STAGE.model_copy(
            update={
                "space": GeneratorLatent(), "optimiser": Adam(learning_rate=0.1, warm_up=20, decay="cosine"),
                "iterations": 400,
            }
        ),
    ),
)  # fmt: skip


def _mixed(z: GradientMatching, generator: str) -> tuple[GradientMatching, ...]:
    """Return the two stages of IGIMS over a generator: one over its latent numbers as given, one over its weights."""
    priors = (_SMOOTH, LatentKL(weight=1e-3)), (_SMOOTH, Shift(weight=1e-4))
    spaces = GeneratorLatent(generator=generator, start=z.space.start), GeneratorWeights(generator=generator)
    return tuple(
        stage.model_copy(update={"priors": held, "space": space})
        for stage, held, space in zip((z, _WEIGHTS.model_copy(update={"iterations": 75})), priors, spaces, strict=True)
    )


_IGIMS_CMA = _LATENT.model_copy(
    update={"space": GeneratorLatent(start="zero"), "optimiser": CMAES(population=0), "iterations": 25}
)
_IGIMS_ADAM = _LATENT.model_copy(update={"iterations": 50})
_IGIMS_CHOICE = (
    "Four cycles whose steps halve; the paper adjusts their number to GIAS, and states neither its steps nor the "
    "weights of its priors: 1e-3 and 1e-4 are ours, the steps those of GIAS here. Its generator has learnt from "
    "gradients alone (GIML); here it is GIAS's, and one of that kind the choice 'giml', once it was trained."
)

IGIMS = Recipe(
    key="igims", name="IGIMS", source="fang2024",
    story="Take turns: what the generator draws from by populations, then its weights, and again with shorter steps.",
    choice="25 populations and 75 steps a cycle, for two cores, where the paper takes 300 and 1,000. " + _IGIMS_CHOICE,
    labels=GivenOrIDLG(), stages=_mixed(_IGIMS_CMA, "dcgan"), cycles=4, fading=0.5,
)  # fmt: skip

IGIMS_ADAM = Recipe(
    key="igims-adam", name="IGIMS*", source="fang2024",
    story="The same with Adam for what the generator draws from.",
    choice="50 and 75 steps a cycle, for two cores, where the paper takes 1,000 each. " + _IGIMS_CHOICE,
    labels=GivenOrIDLG(), stages=_mixed(_IGIMS_ADAM, "dcgan"), cycles=4, fading=0.5,
)  # fmt: skip

IGIMS_UNTRAINED = Recipe(
    key="igims-untrained", name="IGIMS*, untrained", source="fang2024",
    story="The same over a generator that has learnt nothing: what is left is the shape of the network.",
    choice="As IGIMS*. Its batch norms run with the averages that the fresh generator meets on noise.",
    labels=GivenOrIDLG(), stages=_mixed(_IGIMS_ADAM, "untrained"), cycles=4, fading=0.5,
)  # fmt: skip

DDPM_DLG = Recipe(
    key="ddpm-dlg", name="DLG with a diffusion prior", source="alam2025",
    story="On the way from noise to a picture, pull every clean picture in sight towards the gradient that was sent.",
    choice="A small denoiser that ships, for google/ddpm-cifar10-32 of the project, which may be put in its place.",
    labels=Jointly(), stages=(DiffusionInTheLoop(),),
)  # fmt: skip
