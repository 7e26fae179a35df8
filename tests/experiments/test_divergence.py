"""The divergence of averaged clients from a super-client, against closed forms and against the lemma's expectation."""

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab.experiments.divergence import Shares, divergence, second_order
from leaklab.protocol.training import Pass
from leaklab.protocol.updates import Update, Weights, flatten, mean, norm, scaled, step

CLASSES, PIXELS = 3, 5
PARTITIONS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))  # all ways to give four images to two clients, two each


class Quadratic(Pass):
    """A network of one linear layer under the squared error, whose Jacobian is the same everywhere."""

    def loss(
        self, weights: Weights, images: Float[Tensor, "n c h w"], labels: Float[Tensor, "n classes"]
    ) -> Float[Tensor, ""]:
        return (images.flatten(1) @ weights["w"] - labels).square().sum() / (2 * len(images))


def shares(clients: int, each: int) -> Shares:
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(clients, each, 1, 1, PIXELS, generator=generator, dtype=torch.float64)
    labels = torch.randint(CLASSES, (clients, each), generator=generator)
    return Shares(images, nn.functional.one_hot(labels, CLASSES).double())


def smooth() -> tuple[Pass, Weights]:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(PIXELS, 4), nn.Tanh(), nn.Linear(4, CLASSES)).double()
    return Pass(network, {}), {name: tensor.detach() for name, tensor in network.named_parameters()}


def quadratic() -> tuple[Pass, Weights]:
    return Quadratic(nn.Identity(), {}), {"w": torch.ones(PIXELS, CLASSES, dtype=torch.float64)}


def bracket(held: Shares, weights: Weights) -> Tensor:
    """Return mean(H g) - H̄ ḡ of the quadratic, in matrices."""

    def both(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        inputs = images.flatten(1)
        return inputs.T @ inputs / len(inputs), inputs.T @ (inputs @ weights["w"] - labels) / len(inputs)

    each = [both(images, labels) for images, labels in zip(held.images, held.labels, strict=True)]
    hessian, gradient = both(held.together.images[0], held.together.labels[0])
    return sum(one @ other for one, other in each) / len(each) - hessian @ gradient


def close(one: Update, other: Update, **how: float) -> bool:
    return torch.allclose(flatten(one), flatten(other), **how)


@pytest.mark.parametrize(("clients", "each"), [(2, 1), (2, 3), (4, 2)])
def test_of_quadratics_two_steps_diverge_by_the_second_order_term_exactly(clients: int, each: int):
    (forward, weights), held = quadratic(), shares(clients, each)
    expected = bracket(held, weights)
    assert torch.allclose(second_order(forward, weights, held)["w"], expected, rtol=1e-12)
    found = divergence(forward, weights, held, steps=(2,), learning_rate=0.1)
    assert torch.allclose(found[2]["w"], 0.01 * expected, rtol=1e-10)


@pytest.mark.parametrize("make", [quadratic, smooth])
def test_the_divergence_is_a_difference_of_weights(make):
    (forward, start), held = make(), shares(3, 2)

    def after(images: Tensor, labels: Tensor, count: int) -> Weights:
        weights = start
        for _ in range(count):
            weights = step(weights, forward.gradient(weights, images, labels), 0.2)
        return weights

    found = divergence(forward, start, held, steps=(1, 2, 4), learning_rate=0.2)
    for count in (2, 4):
        fed = mean([after(*one, count) for one in zip(held.images, held.labels, strict=True)], [2, 2, 2])
        single = after(held.together.images[0], held.together.labels[0], count)
        assert close(found[count], {name: fed[name] - single[name] for name in fed}, rtol=1e-9, atol=1e-15)
    assert float(norm(found[1])) < 1e-15


@pytest.mark.parametrize("make", [quadratic, smooth])
def test_the_law_of_steps_and_rate_holds_as_the_rate_falls(make):
    (forward, weights), held = make(), shares(2, 2)
    leading, rate = second_order(forward, weights, held), 1e-5
    found = divergence(forward, weights, held, steps=(2, 3, 5), learning_rate=rate)
    for count, far in found.items():
        assert close(far, scaled(leading, rate**2 * count * (count - 1) / 2), rtol=1e-2, atol=1e-16)
    assert float(norm(found[3]) / norm(found[2])) == pytest.approx(3, abs=1e-3)


def test_one_client_is_the_super_client():
    (forward, weights), held = smooth(), shares(1, 4)
    assert float(norm(divergence(forward, weights, held, steps=(3,), learning_rate=0.5)[3])) == 0
    assert float(norm(second_order(forward, weights, held))) == 0


def test_over_who_holds_which_images_the_leading_term_is_the_lemmas_in_the_mean():
    forward, weights = smooth()
    alone = shares(4, 1)
    everybody = second_order(forward, weights, alone)
    covariance = scaled(everybody, 4 / 3)  # of J and g between the four images
    dealt = [
        Shares(*(tensor[list(order)].reshape(2, 2, *tensor.shape[2:]) for tensor in (alone.images, alone.labels)))
        for order in PARTITIONS
    ]
    found = mean([second_order(forward, weights, held) for held in dealt], [1, 1, 1])
    assert close(found, scaled(covariance, (2 - 1) / 4), rtol=1e-10)
    assert not close(second_order(forward, weights, dealt[0]), found, rtol=0.1)
