"""Random weights out of an explicit generator: each function fills a network's layers, whatever they held before.

With the same seed they give the numbers that PyTorch and torchvision draw from the global generator.
"""

import math

import torch
from torch import nn


def pytorch(network: nn.Module, generator: torch.Generator) -> None:
    """Fill every layer as its PyTorch constructor would: U(±1/√fan-in) for weights and biases, batch norm 1 and 0.

    Raises: TypeError, for a layer with weights of another kind.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            if layer.bias is not None:
                bound = 1 / math.sqrt(layer.weight[0].numel())
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()
        elif list(layer.parameters(recurse=False)):
            raise TypeError(f"no initialisation is known for {type(layer).__name__}")


def uniform(network: nn.Module, generator: torch.Generator) -> None:
    """Fill every weight and bias from U(-0.5, 0.5).

    Source: Zhu et al. 2019, the published code (weights_init).
    """
    pytorch(network, generator)
    for parameter in network.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5, generator=generator)


def kaiming(network: nn.Module, generator: torch.Generator) -> None:
    """Fill convolutions from a normal distribution scaled by fan-out, all else as PyTorch does.

    Source: He et al. 2015, equation 14; torchvision's ResNet.
    """
    pytorch(network, generator)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)


def kaiming_small_head(network: nn.Module, generator: torch.Generator) -> None:
    """Fill convolutions as `kaiming` and linear layers from N(0, 0.01²) with biases of zero.

    Source: torchvision's MobileNetV2.
    """
    pytorch(network, generator)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", generator=generator)
        elif isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.01, generator=generator)
            nn.init.zeros_(layer.bias)
