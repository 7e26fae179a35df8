"""What a bound space says of itself where it has nothing particular to say: it has no codes but images."""

from jaxtyping import Float
from torch import Tensor

Codes = dict[str, Tensor]  # what a code holds by name, each (r, d): "latent" numbers of images, a shift of "weights"


class Bound:
    """The answers of a space whose code is no more than images written down."""

    remark = ""  # on what it makes of the images, where there is something to say
    maps = 0  # numbers that are left behind on the way from one row to its images

    def codes(self, code: Float[Tensor, "r d"]) -> Codes:
        """Return what is in a code that a later stage may start from, or a prior may be about."""
        return {}

    def alone(self, codes: Codes) -> bool:
        """Return whether of an earlier stage's restarts the best alone goes on here."""
        return False

    def encode(self, images: Float[Tensor, "r n c h w"]) -> Float[Tensor, "r d"] | None:
        """Return the code of given images; None where none is known."""
        return None

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the code as it is: all of it is allowed."""
        return code

    def resumed(self, codes: Codes, images: Float[Tensor, "r n c h w"]) -> tuple["Bound", Float[Tensor, "r d"]] | None:
        """Return the space and the code that go on from what an earlier stage has found; None where nothing can."""
        code = self.encode(images)
        return None if code is None else (self, code)
