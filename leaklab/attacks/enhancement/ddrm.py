"""Restore a reconstruction with a denoiser that knows photographs, held to what was measured."""

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.enhancement.blocks import Blocks
from leaklab.attacks.enhancement.kept import finite, left
from leaklab.attacks.generative.denoiser import Denoiser
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.generative.outline import Outline
from leaklab.attacks.generative.schedule import levels, spaced
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

Denoise = Callable[[Float[Tensor, "n d s s"], float], Float[Tensor, "n d s s"]]


class DDRM(Settings):
    """Diffuse back from noise to a picture whose blocks have the means of the raw one's, or that lies near it.

    The raw reconstruction counts as a measurement y = H·x + σ_y·n, with H the mean of each block (super-resolution)
    or nothing at all (denoising). At σ_y = 0 the means of the result are those of the raw, whatever the denoiser
    says; what lies below a block is invented. A prior of 32 x 32 pixels cannot make a picture larger than that: it
    gives back what is finer than a block, which suits an attack that searched a small picture, and blocks of 4 pixels
    stand for "8 x 8, shown four times as large". The sampler is deepinv's, called so that it is the published one.

    Source: Kawar et al. 2022, equations 7 and 8; as "direct post-processing" Wilson et al. (curious client), section 3.
    """

    kind: Literal["ddrm"] = "ddrm"
    task: Literal["super-resolution", "denoising"] = knob(
        "super-resolution", symbol="y = H·x + σ·n",
        help="What is believed of the raw picture: that the means of its blocks are right and all finer is not, or "
        "that every pixel is right up to noise.",
    )  # fmt: skip
    factor: Literal[2, 4, 8] = knob(
        2, title="Block", unit="px", symbol="s: H the mean of s x s pixels",
        help="Width of the blocks whose means are believed; wider blocks leave more to be invented.",
    )  # fmt: skip
    sigma_y: float = knob(
        0.05, low=0, high=0.5, step=0.01, title="Believed noise", symbol="σ_y",
        help="How far from the truth the measurement is believed to be; 0 keeps it to the last digit.",
    )  # fmt: skip
    steps: int = knob(20, low=2, high=250, log=True, help="How often the denoiser is asked on the way from noise.")
    eta: float = knob(
        0.85, low=0, high=1, step=0.05, title="Fresh noise", symbol="η", level="advanced",
        help="How much of the noise is drawn anew in each step where nothing was measured.",
    )  # fmt: skip
    eta_b: float = knob(
        1.0, low=0, high=1, step=0.05, title="Hold to the measurement", symbol="η_b", level="advanced",
        help="How much of the measurement replaces the denoiser's guess wherever it is the more exact of the two.",
    )  # fmt: skip
    denoiser: Literal["shipped", "own"] = knob(
        "shipped", level="advanced",
        help="The denoiser that comes with this program, or one of yours from the folder LEAKLAB_WEIGHTS.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        try:
            return self._unfit(Outline.of(self.denoiser), observation.image_shape)
        except Refusal as refusal:
            return [str(refusal)]

    def enhance(
        self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None, seed: int
    ) -> Iterator[Float[Tensor, "n c h w"]]:
        """Yield the images, one more of them restored each time; image k of seed s is the first of seed s + k."""
        denoiser = Denoiser.load(self.denoiser).to(images.device)
        fit = Fit.beside(denoiser, images.shape[1:])
        yield from self.restored(images, denoiser, fit, seed)

    def remark(self, raw: Float[Tensor, "n c h w"], shown: Float[Tensor, "n c h w"]) -> str:
        """Return what is to be said of a result, empty where all went as always."""
        fit = Outline.of(self.denoiser).fit(raw.shape[1:])
        return " ".join(filter(None, [fit.remark, left(raw, shown)]))

    def restored(
        self, images: Float[Tensor, "n c h w"], denoise: Denoise, fit: Fit, seed: int
    ) -> Iterator[Float[Tensor, "n c h w"]]:
        """Yield the images, one more of them restored each time, by a denoiser of pictures of one size."""
        # An attacker knows what a photograph can be: nothing beyond black and white is believed.
        measured = fit.into(images.clamp(0, 1))
        shown = images
        for number, picture in enumerate(measured.split(1)):
            if bool(picture.isfinite().all()):
                found = fit.back(self.sample(picture, denoise, seed + number)).to(images)
                shown = finite(torch.cat([shown[:number], found, shown[number + 1 :]]), images)
            yield shown

    def sample(self, picture: Float[Tensor, "1 d s s"], denoise: Denoise, seed: int) -> Float[Tensor, "1 d s s"]:
        """Return one picture that agrees with a measurement of the one given.

        deepinv divides the noise of every step by √2, and takes for unmeasured what is noisier than 1 where the paper
        has the noise it starts from. In units of √2 times that noise both are as published: x' = x / (√2·σ_T), of
        noise that is called σ / σ_T and drawn with σ / (√2·σ_T).
        """
        # deepinv takes seconds to import, and most attacks never ask for it.
        from deepinv.physics import DecomposablePhysics, GaussianNoise
        from deepinv.sampling import DDRM as Sampler

        noise = [float(levels()[step]) / 2 for step in spaced(self.steps)]  # pictures are half as wide here: [0, 1]
        unit = 2**0.5 * noise[0]

        def asked(noisy: Tensor, share: float) -> Tensor:
            if not share:  # the end: nothing is left to be taken away, and the measurement stands as it is
                return noisy
            return denoise((noisy * unit).to(picture.device, torch.float32), share * noise[0]).to(noisy) / unit

        # In double precision, on any device's CPU: the noise is a hundred times the picture that is to come out exact.
        blocks, whole = Blocks(self._side), picture.cpu().double()
        physics = DecomposablePhysics(
            V_adjoint=blocks.analysed, V=blocks.composed, mask=blocks.singular_values(whole),
            noise_model=GaussianNoise(self.sigma_y / noise[0]),
        )  # fmt: skip
        shares = [level / noise[0] for level in noise]
        sampler = Sampler(asked, sigmas=[*shares, 0.0], eta=self.eta, etab=self.eta_b, eps=0.0)
        # The sampler throws the global dice: they are put back.
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return (sampler(physics.A(whole / unit), physics) * unit).to(picture)

    @property
    def _side(self) -> int:
        return self.factor if self.task == "super-resolution" else 1

    def _unfit(self, known: Outline, shape: tuple[int, int, int]) -> list[str]:
        if known.side % self._side:
            return [
                f"A picture of {known.side} x {known.side} pixels, as the denoiser knows them, has no whole blocks of "
                f"{self._side}: choose a smaller factor."
            ]
        return known.fit(shape).missing
