"""The head: its input from the gradient, and the logits' gradient even where there is no bias to read it from."""

import pytest
import torch
from torch.nn import functional

from leaklab.attacks.closed_form.head import linear_input, logit_gradient
from leaklab.settings import Refusal
from tests.scene import dice


def head(label: int, *, scale: float = 1.0):
    weight = scale * torch.randn(5, 9, dtype=torch.float64, generator=dice(1))
    features = torch.rand(9, dtype=torch.float64, generator=dice(2))
    truth = functional.one_hot(torch.tensor(label), 5).double()
    arriving = (weight @ features).softmax(0) - truth
    return weight, features, arriving


@pytest.mark.parametrize("label", range(5))
@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_without_a_bias_the_length_of_the_logits_gradient_is_found(label: int, scale: float):
    weight, _, arriving = head(label, scale=scale)
    features = head(label)[1]
    found = logit_gradient(weight, torch.outer(arriving, features), None, None, label)
    assert torch.allclose(found, arriving, rtol=1e-6, atol=1e-12)


def test_with_a_bias_it_is_the_biass_gradient():
    weight, features, arriving = head(2)
    assert logit_gradient(weight, torch.outer(arriving, features), arriving, arriving, 2) is arriving


def test_a_gradient_that_no_single_photograph_makes_is_refused():
    weight, features, arriving = head(2)
    with pytest.raises(Refusal, match="no size of its gradient agrees with its weights"):
        logit_gradient(1e3 * weight, torch.outer(-arriving, features), None, None, 1)


def test_the_input_is_the_gradient_over_what_arrives():
    _, features, arriving = head(0)
    found, facts = linear_input("head", torch.outer(arriving, features), arriving)
    assert torch.allclose(found, features, atol=1e-14) and facts.residual < 1e-15
    with pytest.raises(Refusal, match="No gradient arrives at layer head"):
        linear_input("head", torch.zeros(5, 9), torch.zeros(5))
