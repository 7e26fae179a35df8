"""Find the noise from which a class-conditional diffusion model draws the raw picture: its likeness, only sharper."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.enhancement.classes import known, strange
from leaklab.attacks.enhancement.kept import finite, left
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.generative.schedule import CLEAN, Epsilon, sampled, share, spaced
from leaklab.attacks.generative.transformer import Transformer, guided
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

_SHOWN = 10  # pictures of progress in a strip
_WHO = "The masked diffusion enhancer"


class MaskedDiffusion(Settings):
    """Optimise the starting noise so that the sample drawn from it comes out as the raw reconstruction.

    The predicted noise counts as constant, so the slope of the sample is √(1/ᾱ_T) times that of its distance; it is
    brought to length one, since the factor is beyond a hundred. Going on for long copies the faults of the raw
    picture too. The published choice of the best epoch is by eye; here an attacker's own means decide: the first
    epoch that comes as near to the raw picture as that is believed to be to the truth (Morozov's principle of
    discrepancy), or else the nearest.

    Source: Wilson et al. (curious client), section 3.3, equation 4; its model is MDTv2-XL at 256 pixels, 250 steps,
    guidance 4, Adam at 0.01 for 100 epochs; here a small one at 32 pixels, and as many steps as two cores bear.
    """

    kind: Literal["masked_diffusion"] = "masked_diffusion"
    epochs: int = knob(40, low=1, high=1000, log=True, help="How often the noise is moved and a sample drawn from it.")
    steps: int = knob(
        8, low=2, high=250, log=True, title="Diffusion steps", help="In how many steps a sample is drawn from noise."
    )
    learning_rate: float = knob(
        0.05, low=1e-4, high=1, log=True, title="Enhancer's step", symbol="α",
        help="How far one epoch moves each number of the noise.",
    )  # fmt: skip
    conditional: bool = knob(
        True, title="By class", symbol="ε(x, t, y)",
        help="Draw pictures of the class the attacker believes in, which must be one of the model's own classes; "
        "otherwise of any.",
    )  # fmt: skip
    guidance: float = knob(
        1.0, low=1, high=10, title="Guidance", symbol="w: ε₀ + w·(ε_y − ε₀)", level="advanced",
        help="How much the class is exaggerated; beyond 1 every step is reckoned twice.",
    )  # fmt: skip
    believed: float = knob(
        0.08, low=0, high=0.5, step=0.01, title="Believed error", symbol="‖x − raw‖ ≤ δ", level="advanced",
        help="How far from the truth the raw picture is believed to be, a pixel; a sample as near to it is good "
        "enough, a nearer one would copy its faults.",
    )  # fmt: skip
    patience: int = knob(
        15, low=1, high=1000, unit="epochs", level="advanced",
        help="After how many epochs without a nearer sample it stops.",
    )  # fmt: skip
    transformer: Literal["shipped", "own"] = knob(
        "shipped", title="Model", level="advanced",
        help="The model that comes with this program, or one of yours from the folder LEAKLAB_WEIGHTS.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        try:
            model = Transformer.load(self.transformer)
        except Refusal as refusal:
            return [str(refusal)]
        unlike = strange(_WHO, model.num_classes, observation) if self.conditional else []
        return [*unlike, *Fit.beside(model, observation.image_shape).missing]

    def enhance(
        self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None, seed: int
    ) -> Iterator[Float[Tensor, "n c h w"]]:
        """Yield samples as they come nearer, and the best at last; image k of seed s is the first of seed s + k.

        Raises: Refusal, when classes are needed and not known.
        """
        told = known(_WHO, labels).to(images.device) if self.conditional else None
        model = Transformer.load(self.transformer).to(images.device)
        epsilon = guided(model.epsilon, told, self.guidance)
        yield from self.searched(images, epsilon, Fit.beside(model, images.shape[1:]), seed)

    def remark(self, raw: Float[Tensor, "n c h w"], shown: Float[Tensor, "n c h w"]) -> str:
        """Return what is to be said of a result, empty where all went as always."""
        fit = Fit.beside(Transformer.load(self.transformer), raw.shape[1:])
        return " ".join(filter(None, [fit.remark, left(raw, shown)]))

    def searched(
        self, images: Float[Tensor, "n c h w"], epsilon: Epsilon, fit: Fit, seed: int
    ) -> Iterator[Float[Tensor, "n c h w"]]:
        """Yield samples of a model as they come nearer to the images, and the best at last."""
        target = fit.into(images.clamp(0, 1)).float()
        start = _drawn(target, seed).requires_grad_()
        adam = torch.optim.Adam([start], lr=self.learning_rate)
        best = Best.none(target)
        for epoch in range(self.epochs + 1):
            sample = self.sampled(start.detach(), epsilon)
            best = best.beside((sample + 1) / 2, target, enough=self.believed)
            if best.idle >= self.patience or bool((best.distances <= self.believed).all()):
                break
            if epoch % -(-self.epochs // _SHOWN) == 0:
                yield self._shown(sample, images, fit)
            start.grad = normalised(self.slope(sample, 2 * target - 1))
            adam.step()
        yield self._shown(2 * best.images - 1, images, fit)

    @torch.no_grad()
    def sampled(self, start: Float[Tensor, "n d s s"], epsilon: Epsilon) -> Float[Tensor, "n d s s"]:
        """Return the samples, in [-1, 1], that noise leads to when each step is as the model says."""
        return sampled(start, epsilon, self.steps)

    def slope(
        self, sample: Float[Tensor, "n d s s"], target: Float[Tensor, "n d s s"]
    ) -> Float[Tensor, "n d s s"]:  # fmt: skip
        """Return the slope of each sample's mean squared distance along its starting noise, the predictions constant.

        Source: Wilson et al., section 3.3; as ᾱ_0 = 1, the sample's own slope is √(ᾱ_0 / ᾱ_T) times the unit matrix.
        """
        stretch = (CLEAN / share(spaced(self.steps)[0])) ** 0.5
        return stretch * 2 * (sample - target) / sample[0].numel()

    def _shown(
        self, sample: Float[Tensor, "n d s s"], images: Float[Tensor, "n c h w"], fit: Fit
    ) -> Float[Tensor, "n c h w"]:  # fmt: skip
        return finite(fit.back(((sample + 1) / 2).clamp(0, 1)).to(images), images)


@dataclass(frozen=True)
class Best:
    """The samples nearest to their targets so far: of one that is near enough, the first."""

    images: Float[Tensor, "n d s s"]
    distances: Float[Tensor, "n"]  # root mean squares, pictures in [0, 1]
    idle: int  # epochs since any came nearer

    @classmethod
    def none(cls, target: Float[Tensor, "n d s s"]) -> "Best":
        """Return what stands before the first sample: nothing, infinitely far."""
        return cls(torch.full_like(target, torch.nan), target.new_full((len(target),), torch.inf), 0)

    def beside(
        self, images: Float[Tensor, "n d s s"], target: Float[Tensor, "n d s s"], *, enough: float
    ) -> "Best":  # fmt: skip
        """Return the best of these and what was best before."""
        distances = (images.clamp(0, 1) - target).square().flatten(1).mean(1).sqrt()
        nearer = (distances < self.distances) & (self.distances > enough)
        return replace(
            self, images=images.where(nearer[:, None, None, None], self.images),
            distances=distances.where(nearer, self.distances), idle=0 if bool(nearer.any()) else self.idle + 1,
        )  # fmt: skip


def normalised(slope: Float[Tensor, "n d s s"]) -> Float[Tensor, "n d s s"]:
    """Return slopes of length one, each image's by itself; none where a slope is nothing or not a number."""
    length = slope.flatten(1).norm(dim=1)[:, None, None, None]
    return (slope / length).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)


def _drawn(like: Float[Tensor, "n d s s"], seed: int) -> Float[Tensor, "n d s s"]:
    """Return starting noise, each image's from its own dice; on the CPU, so that every device starts alike."""
    dice = [torch.Generator().manual_seed(seed + number) for number in range(len(like))]
    return torch.stack([torch.randn(like.shape[1:], generator=one) for one in dice]).to(like)
