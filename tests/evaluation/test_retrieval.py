"""Picking a photograph out of ten by its reconstruction."""

import torch

from leaklab.evaluation.retrieval import TEN, ranks


def flat(levels: torch.Tensor) -> torch.Tensor:
    return levels.reshape(-1, 1, 1, 1).expand(-1, 3, 4, 4).contiguous()


OTHERS = flat(torch.linspace(0, 1, 30))


def dice() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_good_guess_is_first_and_the_opposite_is_last():
    truth = flat(torch.zeros(2))
    assert ranks(flat(torch.tensor([0.01, 0.99])), truth, OTHERS, dice()).tolist() == [1, TEN]


def test_noise_is_first_about_once_in_ten():
    generator = torch.Generator().manual_seed(3)
    truth, others, guesses = (torch.rand(count, 1, 4, 4, generator=generator) for count in (400, 60, 400))
    found = ranks(guesses, truth, others, dice())
    assert 0.06 < float((found == 1).float().mean()) < 0.14 and 5 < float(found.float().mean()) < 6


def test_copies_of_the_photograph_are_none_of_the_nine():
    truth = flat(torch.tensor([0.5]))
    others = torch.cat([flat(torch.full((40,), 0.5)), flat(torch.linspace(0.6, 1, 9))])
    assert ranks(truth, truth, others, dice()).tolist() == [1]
    assert ranks(truth, truth, others[:48], dice()) is None


def test_what_is_not_a_number_comes_last():
    assert ranks(flat(torch.tensor([torch.nan])), flat(torch.tensor([0.5])), OTHERS, dice()).tolist() == [TEN]
