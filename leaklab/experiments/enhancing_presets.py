"""What the page Enhance offers to start from: raw pictures that are blurred, speckled or of nothing at all."""

from leaklab.attacks.enhancement import DDRM, Enhancement, MaskedDiffusion, Restoration
from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.experiments.catalogue import Preset
from leaklab.experiments.enhancing import BLURRED, WAYS, Enhancing
from leaklab.experiments.inversion import Inversion

_SIGMA = ("scenario", "federation", "defences", 0, "sigma")
_FINER: Inversion = BLURRED.changed(("recipe", "stages", 0, "space", "factor"), CURIOUS_CLIENT.stages[0].space.factor)


# Longer than any likeness needs, in few steps a sample: a class waits for it.
_AND_ON = MaskedDiffusion(conditional=False, epochs=40, believed=0.0, patience=40, steps=5)


def _noisy(sigma: float) -> Inversion:
    return _FINER.changed(_SIGMA, sigma)


def _ways(direct: DDRM) -> tuple[Enhancement, ...]:
    return direct, *WAYS[1:]


def _denoised(sigma: float) -> tuple[Enhancement, ...]:
    """Return ways that take noise away; what is noise itself the semantic way would follow for long."""
    return DDRM(task="denoising", sigma_y=sigma), WAYS[1].model_copy(update={"epochs": 16}), WAYS[2]


_ROWS = (
    Preset(
        "eight-pixels", "Eight pixels wide",
        "A participant finds four photographs, each eight pixels wide and enlarged: most of what is sharp is invented.",
        Enhancing(),
    ),
    Preset(
        "sixteen-pixels", "Sixteen pixels wide",
        "The same four, found at sixteen pixels: there is more to hold to, and less is left to be invented.",
        Enhancing(inversion=_FINER, enhancers=_ways(DDRM())),
    ),
    Preset(
        "speckled", "Speckled",
        "The clients add a little noise. Taking speckles away is no invention; what stands in their place may be.",
        Enhancing(inversion=_noisy(1e-3), enhancers=_denoised(0.1)),
    ),
    Preset(
        "nothing-leaked", "Nothing leaked",
        "So much noise that the attack finds nothing: whatever is to be seen afterwards, nobody has photographed.",
        Enhancing(inversion=_noisy(0.03), enhancers=_denoised(0.5)),
    ),
    Preset(
        "believed", "Believed to the last digit",
        "The eight pixels count as exact, σ = 0: their means stay as they were, their faults too, and the rest is new.",
        Enhancing(enhancers=_ways(DDRM(factor=4, sigma_y=0.0))),
    ),
    Preset(
        "too-far", "Too many epochs",
        "The semantic way alone, for as long as it likes: in the end its likeness has every fault of the raw picture.",
        Enhancing(enhancers=(_AND_ON,)),
    ),
    Preset(
        "wrong-class", "Told a class",
        "The semantic way believes the astronaut an aeroplane, as the GAN does: turn By class off and compare.",
        Enhancing(enhancers=(WAYS[0], MaskedDiffusion(guidance=3.0, steps=5), Restoration())),
    ),
)  # fmt: skip

ENHANCING_PRESETS: dict[str, Preset] = {preset.key: preset for preset in _ROWS}
ENHANCING_DEFAULT = ENHANCING_PRESETS["eight-pixels"]
