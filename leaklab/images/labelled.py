"""Images of given classes: the labels come first, and a source answers with a picture of each."""

from jaxtyping import Int
from torch import Generator, Tensor

from leaklab.images.pictures import Pictures
from leaklab.images.source import Source
from leaklab.settings import Refusal


def load_labelled(source: Source, labels: Int[Tensor, "n"], size: int, generator: Generator) -> Pictures:
    """Return a picture for every label as a square of `size` pixels; which one of its class, the generator draws.

    No picture is used twice while its class has others.
    Raises: Refusal, when the source has no such classes, or its data are missing.
    """
    known, asked = source.labelled_classes, int(labels.max()) + 1
    if asked > known:
        raise Refusal(
            f"Class {asked - 1} is asked for and these photographs have {known} classes, numbered 0 to {known - 1}: "
            "ask for fewer classes, or choose another source."
        )
    return source.labelled(labels, size, generator)
