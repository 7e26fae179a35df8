"""Averaging on the server, as it should be and as the known mistake does it."""

import torch

from leaklab.federation.server import aggregate

ONE = {"weight": torch.tensor([3.0, 4.0]), "bias": torch.tensor([2.0])}
OTHER = {"weight": torch.tensor([0.0, 10.0]), "bias": torch.tensor([0.0])}


def test_the_average_weights_clients_by_their_images():
    average = aggregate([ONE, OTHER], [1, 3], normalise=False)
    assert torch.allclose(average["weight"], torch.tensor([0.75, 8.5])) and average["bias"].item() == 0.5


def test_normalising_takes_the_length_of_every_tensor_away_first():
    average = aggregate([ONE, OTHER], [1, 1], normalise=True)
    assert torch.allclose(average["weight"], torch.tensor([0.3, 0.9])) and average["bias"].item() == 0.5
