"""How is a reconstruction made presentable? What an enhancer adds is its own knowledge, never the photograph's.

Contract: missing(observation) -> sentences; enhance(images (n, c, h, w), labels (n,) or None, seed) yields images of
the same shape as they come on, the last of them being the result; remark(raw, result) -> a sentence, or nothing, on
what was done beside: resized, or left raw. A picture that comes to no numbers stays raw. Nobody else's dice are thrown.
"""

from typing import Annotated

from pydantic import Field

from leaklab.attacks.enhancement.ddrm import DDRM
from leaklab.attacks.enhancement.masked_diffusion import MaskedDiffusion
from leaklab.attacks.enhancement.restoration import Restoration

Enhancement = Annotated[DDRM | MaskedDiffusion | Restoration, Field(discriminator="kind")]
