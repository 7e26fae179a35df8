"""The averages batch norm meets, against those torch's own layers keep."""

import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from leaklab.networks.layers import BatchNorm
from leaklab.protocol.observation import skeleton
from leaklab.protocol.statistics import batch_statistics
from leaklab.protocol.training import Pass
from tests import scene as plain
from tests.scene import dice

IMAGES = torch.rand(4, 2, 6, 6, dtype=torch.float64, generator=dice(3))


def layers(norm) -> nn.Sequential:
    """Return a network of two batch norms, the second of which sees what the first lets through."""
    with torch.device("meta"):  # nothing is drawn from the global generator
        whole = nn.Sequential(nn.Conv2d(2, 3, 3), norm(3), nn.Sigmoid(), nn.Conv2d(3, 2, 3), norm(2), nn.Flatten())
    whole.to_empty(device="cpu").to(torch.float64)
    generator = dice(4)
    with torch.no_grad():
        for name, tensor in whole.state_dict().items():
            if tensor.is_floating_point():
                tensor.uniform_(0.5 if "var" in name else -1, 1.5, generator=generator)
            else:
                tensor.zero_()
    return whole


def ours(statistics: str = "batch") -> tuple[Pass, dict[str, Tensor]]:
    network = layers(lambda channels: BatchNorm(channels, statistics))
    weights = {name: tensor.detach() for name, tensor in network.named_parameters()}
    return Pass(skeleton(network), dict(network.named_buffers())), weights


def met(images: Tensor, statistics: str = "batch") -> dict[str, tuple[Tensor, Tensor]]:
    forward, weights = ours(statistics)
    return batch_statistics(forward, weights, images)


def seen_by_torch(momentum: float) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the buffers of torch's own layers before and after one pass in training mode."""
    network = layers(lambda channels: nn.BatchNorm2d(channels, momentum=momentum)).train()
    before = {name: tensor.clone() for name, tensor in network.named_buffers()}
    network(IMAGES)
    return before, dict(network.named_buffers())


def values(name: str) -> int:
    """Return how many numbers a layer averages in one channel."""
    return 4 * {"1": 16, "4": 4}[name]


def test_they_are_what_torch_remembers_of_the_batch_alone():
    _, after = seen_by_torch(momentum=1)
    found = met(IMAGES)
    assert list(found) == ["1", "4"]
    for name, (mean, variance) in found.items():
        count = values(name)
        assert torch.allclose(mean, after[f"{name}.running_mean"], rtol=1e-12)
        assert torch.allclose(variance * count / (count - 1), after[f"{name}.running_var"], rtol=1e-12)


def test_they_can_be_worked_out_from_running_averages_before_and_after():
    before, after = seen_by_torch(momentum=0.1)
    for name, (mean, variance) in met(IMAGES).items():
        count = values(name)
        moved = [(after[key] - 0.9 * before[key]) / 0.1 for key in (f"{name}.running_mean", f"{name}.running_var")]
        assert torch.allclose(moved[0], mean, rtol=1e-10)
        assert torch.allclose(moved[1] * (count - 1) / count, variance, rtol=1e-10)


def test_with_running_averages_later_layers_see_something_else():
    running, batch = met(IMAGES, "running"), met(IMAGES)
    assert torch.equal(running["1"][0], batch["1"][0]) and not torch.allclose(running["4"][0], batch["4"][0])


def test_many_batches_at_once_are_each_measured_alone():
    forward, weights = ours()
    images = torch.rand(3, 4, 2, 6, 6, dtype=torch.float64, generator=dice(5))
    together = torch.func.vmap(lambda rows: batch_statistics(forward, weights, rows))(images)
    for row in range(3):
        for name, alone in batch_statistics(forward, weights, images[row]).items():
            assert all(
                torch.allclose(one, each[row], rtol=1e-12) for one, each in zip(alone, together[name], strict=True)
            )


def test_they_are_differentiable_and_can_be_traced():
    forward, weights = ours()

    def size(images: Tensor) -> Tensor:
        return sum(part.square().sum() for pair in batch_statistics(forward, weights, images).values() for part in pair)

    assert torch.autograd.gradcheck(size, IMAGES.clone().requires_grad_())
    slope = torch.func.grad(size)
    replay = make_fx(slope)(IMAGES)
    other = IMAGES.flip(0) + 0.1  # not what was traced
    assert torch.allclose(replay(other), slope(other), rtol=1e-12) and replay(other).abs().max() > 0


@pytest.mark.parametrize("channels", [2, 5], ids=["a pass", "a pass that fails"])
def test_no_hook_stays_behind(channels: int):
    forward, weights = ours()
    images = torch.rand(4, channels, 6, 6, dtype=torch.float64, generator=dice())
    if channels == 2:
        batch_statistics(forward, weights, images)
    else:
        with pytest.raises(RuntimeError):
            batch_statistics(forward, weights, images)
    assert not any(layer._forward_pre_hooks for layer in forward.network.modules())


def test_the_buffers_are_left_as_they_were():
    forward, weights = ours("running")
    before = {name: tensor.clone() for name, tensor in forward.buffers.items()}
    batch_statistics(forward, weights, IMAGES)
    assert all(torch.equal(forward.buffers[name], before[name]) for name in before)


def test_a_network_without_batch_norm_has_none():
    one = plain.scene(2)
    assert batch_statistics(one.forward, one.weights, one.images) == {}
