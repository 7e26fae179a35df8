"""One look by a network that was taught to make reconstructions look like photographs of their class."""

from collections.abc import Callable, Iterator
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.enhancement.classes import known, strange
from leaklab.attacks.enhancement.kept import finite, left
from leaklab.attacks.generative.fitting import Fit
from leaklab.attacks.generative.restoration import Restorer
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal, Settings, knob

Restore = Callable[[Float[Tensor, "n d s s"]], Float[Tensor, "n d s s"]]

_WHO = "The restoration network"


class Restoration(Settings):
    """A class-conditional U-Net, trained as a GAN on spoilt photographs, paints over the raw picture in one pass.

    Source: Yue et al. 2023 (ROG), whose result is the mean of such a network's answer and of a direct one.
    """

    kind: Literal["restoration"] = "restoration"
    mix: float = knob(
        0.0, low=0, high=1, step=0.05, title="Share of the raw picture", symbol="(1 − m)·G(raw, y) + m·raw",
        help="How much of the raw picture is mixed into the network's answer: nothing, or half as in ROG.",
    )  # fmt: skip
    conditional: bool = knob(
        True, title="By class", symbol="G(x, y)",
        help="Paint a picture of the class the attacker believes in, which must be one of the network's own classes; "
        "otherwise of any.",
    )  # fmt: skip
    network: Literal["shipped", "own"] = knob(
        "shipped", level="advanced",
        help="The network that comes with this program, or one of yours from the folder LEAKLAB_WEIGHTS.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        try:
            model = Restorer.load(self.network)
        except Refusal as refusal:
            return [str(refusal)]
        unlike = strange(_WHO, model.num_classes, observation) if self.conditional else []
        return [*unlike, *Fit.beside(model, observation.image_shape).missing]

    def enhance(
        self, images: Float[Tensor, "n c h w"], labels: Int[Tensor, "n"] | None, seed: int
    ) -> Iterator[Float[Tensor, "n c h w"]]:
        """Yield the images as the network paints them; nothing is drawn, so the seed is without effect.

        Raises: Refusal, when classes are needed and not known.
        """
        told = known(_WHO, labels).to(images.device) if self.conditional else None
        model = Restorer.load(self.network).to(images.device)
        yield self.painted(images, lambda spoilt: model(spoilt, told), Fit.beside(model, images.shape[1:]))

    def remark(self, raw: Float[Tensor, "n c h w"], shown: Float[Tensor, "n c h w"]) -> str:
        """Return what is to be said of a result, empty where all went as always."""
        fit = Fit.beside(Restorer.load(self.network), raw.shape[1:])
        return " ".join(filter(None, [fit.remark, left(raw, shown)]))

    def painted(self, images: Float[Tensor, "n c h w"], restore: Restore, fit: Fit) -> Float[Tensor, "n c h w"]:
        """Return images painted over by a network, the raw ones mixed in as far as is asked for."""
        spoilt = images.clamp(0, 1)
        answer = fit.back(restore(fit.into(spoilt).float())).to(images)
        return finite(answer.lerp(spoilt, self.mix), images)
