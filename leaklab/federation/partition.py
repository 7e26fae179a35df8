"""Who holds which images."""

import torch
from jaxtyping import Int
from torch import Tensor


def even(images: int, clients: int) -> list[Int[Tensor, "_"]]:
    """Return each client's image numbers: consecutive, and as even as the division allows."""
    return list(torch.arange(images).tensor_split(clients))
