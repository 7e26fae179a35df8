"""The averages that batch norm meets on a batch of images: what an attacker may be told, or match."""

from jaxtyping import Float
from torch import Tensor, nn

from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Weights

Statistics = dict[str, tuple[Tensor, Tensor]]  # layer -> mean (c,) and biased variance (c,) of what enters it


def batch_statistics(forward: Pass, weights: Weights, images: Float[Tensor, "n c h w"]) -> Statistics:
    """Return the mean and variance by channel of what enters every batch norm; differentiable in the images."""
    found: Statistics = {}

    def note(name: str):
        def hook(_: nn.Module, entering: tuple[Tensor, ...]) -> None:
            [maps] = entering
            found[name] = (maps.mean((0, 2, 3)), maps.var((0, 2, 3), unbiased=False))

        return hook

    layers = [(name, layer) for name, layer in forward.network.named_modules() if isinstance(layer, nn.BatchNorm2d)]
    hooks = [layer.register_forward_pre_hook(note(name)) for name, layer in layers]
    try:
        forward.logits(weights, images)
    finally:
        for hook in hooks:
            hook.remove()
    return found
