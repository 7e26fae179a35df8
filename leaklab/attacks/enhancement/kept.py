"""A picture that could not be made presentable stays raw, and is said to."""

from jaxtyping import Bool, Float
from torch import Tensor


def finite(shown: Float[Tensor, "n c h w"], raw: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """Return the pictures, the raw one wherever a picture is not all numbers."""
    return shown.where(_numbers(shown)[:, None, None, None], raw)


def left(raw: Float[Tensor, "n c h w"], shown: Float[Tensor, "n c h w"]) -> str:
    """Return a sentence on how many pictures were left as they were; empty where none was."""
    same = int((~_numbers(raw) | (raw == shown).flatten(1).all(1)).sum())
    if not same:
        return ""
    return (
        f"{same} of {len(raw)} pictures stayed raw: one whose enhancement comes to something that is not a number is "
        "left as it was."
    )


def _numbers(images: Float[Tensor, "n c h w"]) -> Bool[Tensor, "n"]:
    return images.isfinite().flatten(1).all(1)
