"""Arithmetic on named tensors against its closed forms."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from leaklab.protocol.updates import added, difference, flatten, mean, norm, normalised, scaled, step

UPDATE = {"weight": torch.tensor([[3.0, 0.0], [0.0, 4.0]]), "bias": torch.tensor([12.0])}


def test_flattening_keeps_the_order_of_the_names():
    assert flatten(UPDATE).tolist() == [3, 0, 0, 4, 12]


def test_the_norm_is_taken_over_all_tensors():
    assert norm(UPDATE).item() == 13


@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_the_mean_weights_each_update_by_its_images(counts: list[int]):
    updates = [{"weight": torch.tensor([float(index)], dtype=torch.float64)} for index in range(len(counts))]
    expected = sum(index * count for index, count in enumerate(counts)) / sum(counts)
    assert torch.allclose(mean(updates, counts)["weight"], torch.tensor([expected], dtype=torch.float64), rtol=1e-12)


def test_a_step_goes_down_the_update():
    stepped = step({name: torch.ones_like(tensor) for name, tensor in UPDATE.items()}, UPDATE, 0.5)
    assert stepped["weight"].tolist() == [[-0.5, 1], [1, -1]] and stepped["bias"].tolist() == [-5]


def test_updates_add_up_number_by_number_and_one_is_itself():
    total = added(UPDATE, UPDATE, scaled(UPDATE, -0.5))
    assert flatten(total).tolist() == [4.5, 0, 0, 6, 18] and torch.equal(flatten(added(UPDATE)), flatten(UPDATE))


def test_the_difference_of_two_models_is_the_update_between_them_in_double_precision():
    moved = difference(UPDATE, step(UPDATE, scaled(UPDATE, 4), 0.125), 0.125)
    assert flatten(moved).tolist() == [12, 0, 0, 16, 48] and flatten(moved).dtype == torch.float64


def test_the_difference_is_taken_before_digits_are_lost():
    before, after = {"weight": torch.tensor([2.0**25])}, {"weight": torch.tensor([1.0])}
    assert difference(before, after, 1)["weight"].item() == 2**25 - 1  # which has more digits than float32


def test_normalising_makes_every_tensor_one_long_and_leaves_zeros():
    scaled = normalised(UPDATE | {"empty": torch.zeros(3)})
    assert torch.allclose(scaled["weight"], UPDATE["weight"] / 5) and scaled["bias"].item() == 1
    assert scaled["empty"].tolist() == [0, 0, 0]


def test_nothing_is_changed_in_place():
    before = {name: tensor.clone() for name, tensor in UPDATE.items()}
    mean([UPDATE, UPDATE], [1, 2]), step(UPDATE, UPDATE, 1), normalised(UPDATE), flatten(UPDATE).add_(1)
    added(UPDATE, UPDATE), scaled(UPDATE, 3), difference(UPDATE, UPDATE, 1)
    assert all(torch.equal(UPDATE[name], before[name]) for name in before)
