"""A network that is a last layer alone, so that every gradient is known: its images are the features themselves."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Pass, Schedule
from tests.scene import dice, trained


def observed(
    features: Tensor, labels: Tensor, weight: Tensor, bias: Tensor | None, *, public: Tensor | None = None
) -> Observation:
    """Return what is seen of one step on some features, in double precision."""
    classes, width = weight.shape
    with torch.device("meta"):
        layers = OrderedDict(flatten=nn.Flatten(), linear=nn.Linear(width, classes, bias=bias is not None))
    network = nn.Sequential(layers)
    weights = {"linear.weight": weight} | ({} if bias is None else {"linear.bias": bias})
    images, targets = as_images(features), functional.one_hot(labels, classes).to(features)
    seen = Observation(
        network=network, weights=weights, buffers={}, update=Pass(network, {}).gradient(weights, images, targets),
        image_shape=(1, 1, width), num_classes=classes, num_images=len(labels), num_clients=1,
        public=None if public is None else as_images(public),
    )  # fmt: skip
    return trained(seen, Schedule())


def as_images(features: Tensor) -> Tensor:
    """Return features as pictures of one line."""
    return features[:, None, None, :]


def untrained(counts: list[int], *, width: int = 32, spread: float = 1e-3, seed: int = 3) -> Observation:
    """Return a batch with some counts whose features hardly differ, as those of untrained networks; public ones too."""
    generator, labels = dice(seed), spelled(counts)
    mean = 0.2 + 0.6 * torch.rand(width, generator=generator, dtype=torch.float64)

    def near(count: int) -> Tensor:
        return mean + spread * torch.randn(count, width, generator=generator, dtype=torch.float64)

    weight, bias = normal(len(counts), width, scale=0.1, seed=seed), normal(len(counts), scale=0.1, seed=seed + 1)
    return observed(near(len(labels)), labels, weight, bias, public=near(16))


def normal(*shape: int, scale: float = 1.0, seed: int = 0) -> Tensor:
    return scale * torch.randn(shape, generator=dice(seed), dtype=torch.float64)


def spelled(counts: list[int]) -> Tensor:
    return torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
