"""The shapes written in annotations are really checked while testing."""

import jaxtyping
import pytest
import torch

from leaklab.attacks.matching.priors import total_variation


def test_a_wrong_rank_is_refused():
    with pytest.raises(jaxtyping.TypeCheckError, match="images"):
        total_variation(torch.zeros(2, 3, 8, 8))


def test_a_right_rank_passes():
    assert total_variation(torch.zeros(2, 1, 3, 8, 8)).shape == (2,)
