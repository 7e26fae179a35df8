"""Pictures: images with their labels and names, as every source hands them out."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

GREY = "Use one channel of grey instead of three of colour."  # a knob of every source
MOST_CLASSES = 1000  # of sources that can answer any label; no data set here has more


@dataclass(frozen=True)
class Pictures:
    """Images with their labels, ready to be handed to the clients; labels index `class_names`."""

    images: Float[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]
    class_names: tuple[str, ...]
    names: tuple[str, ...]
    note: str = ""  # one sentence for the visitor, when something is not as asked for
