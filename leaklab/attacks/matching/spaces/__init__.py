"""What is searched: a space turns a code (r, d) into images.

Contract: `missing(observation, restarts=...)` returns the sentences that keep it from working; `bind(observation)`
returns an object with start(generator) -> (d,) for one restart, decode(code (r, d)) -> (r, n, c, h, w), its reverse
encode(images) -> code or None where there is none, and project(code) -> code, back into what is allowed. Where a code
holds more than images, `codes(code)` names it and `resumed(codes, images)` goes on from it (`Bound` says the rest);
`holds` names on the settings what that is, so that a prior about something else is refused.
"""

from typing import Annotated

from pydantic import Field

from leaklab.attacks.matching.spaces.bicubic import Bicubic
from leaklab.attacks.matching.spaces.generator_weights import GeneratorWeights
from leaklab.attacks.matching.spaces.latent import GeneratorLatent
from leaklab.attacks.matching.spaces.pixels import Pixels
from leaklab.attacks.matching.spaces.untrained import Untrained

Space = Annotated[Pixels | Bicubic | Untrained | GeneratorLatent | GeneratorWeights, Field(discriminator="kind")]
