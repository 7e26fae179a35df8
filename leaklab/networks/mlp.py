"""The plain network: no convolutions, two hidden layers."""

from collections import OrderedDict
from math import prod

from torch import nn

_WIDTH = 200


def mlp(image_shape: tuple[int, int, int], num_classes: int) -> nn.Sequential:
    """Return the 2NN of federated averaging: two hidden layers of 200.

    Source: McMahan et al. 2017, section 3.
    """
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            linear1=nn.Linear(prod(image_shape), _WIDTH), activation1=nn.ReLU(),
            linear2=nn.Linear(_WIDTH, _WIDTH), activation2=nn.ReLU(),
            linear3=nn.Linear(_WIDTH, num_classes),
        )
    )  # fmt: skip
