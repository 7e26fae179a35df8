"""The wall's private side: what is true of one exchange. Only an experiment holds it, and only to keep score."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Secret:
    """The images behind one update, their labels, whose each is, and in which order they were used."""

    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, "n"]
    client: Int[Tensor, "n"]
    batches: tuple[tuple[int, ...], ...]
