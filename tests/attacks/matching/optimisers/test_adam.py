"""Adam against torch's own, and its signed form against what is known of its steps."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from leaklab.attacks.matching.optimisers.adam import Adam
from tests.attacks.matching.optimisers.bowls import Known, quadratic
from tests.scene import dice


def path(adam: Adam, objective: Known, code: torch.Tensor, iterations: int, seed: int = 0) -> list[torch.Tensor]:
    state, codes = adam.start(code, objective, iterations, seed), [code]
    for _ in range(iterations):
        code, state = adam.step(code, state, objective)
        codes.append(code)
    return codes


def start(rows: int = 2, numbers: int = 5) -> torch.Tensor:
    return torch.randn(rows, numbers, dtype=torch.float64, generator=dice())


def test_plain_adam_is_the_one_of_torch():
    objective, _ = quadratic(5)
    free = start().requires_grad_()
    theirs = torch.optim.Adam([free], lr=0.05, betas=(0.8, 0.95), eps=1e-6)
    ours = path(Adam(learning_rate=0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-6), objective, start(), 30)
    for code in ours[1:]:
        theirs.zero_grad()
        objective.value(free).sum().backward()
        theirs.step()
        assert torch.allclose(code, free.detach(), rtol=1e-10)


def test_the_first_signed_step_moves_every_pixel_by_exactly_the_rate():
    objective, _ = quadratic(64)
    before, after = path(Adam(learning_rate=0.1, sign="hard", epsilon=0), objective, start(3, 64), 1)
    assert torch.allclose((after - before).abs(), torch.full_like(before, 0.1), rtol=0, atol=1e-14)
    assert torch.equal((before - after).sign(), objective.losses_and_gradient(before)[1].sign())


@pytest.mark.parametrize(("decay", "rates"), [
    ("constant", [1] * 8),
    ("steps", [1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001]),
    ("cosine", [(1 + math.cos(math.pi * done / 8)) / 2 for done in range(8)]),
    ("cosine to a tenth", [0.1 + 0.9 * (1 + math.cos(math.pi * done / 8)) / 2 for done in range(8)]),
])  # fmt: skip
def test_the_step_decays_as_it_says(decay: str, rates: list[float]):
    slope = Known(lambda code: code.sum(1))  # under a constant sign every step is as long as the rate
    codes = torch.stack(path(Adam(learning_rate=0.2, sign="hard", epsilon=0, decay=decay), slope, start(), 8))
    expected = 0.2 * torch.tensor(rates, dtype=torch.float64)
    assert torch.allclose(-codes.diff(dim=0), expected[:, None, None].expand(8, 2, 5), atol=1e-12)


def test_the_step_rises_evenly_while_it_warms_up():
    slope = Known(lambda code: code.sum(1))
    adam = Adam(learning_rate=0.2, sign="hard", epsilon=0, warm_up=4)
    codes = torch.stack(path(adam, slope, start(), 6))
    expected = 0.2 * torch.tensor([0.25, 0.5, 0.75, 1, 1, 1], dtype=torch.float64)
    assert torch.allclose(-codes.diff(dim=0), expected[:, None, None].expand(6, 2, 5), atol=1e-12)


def test_warm_up_and_decay_go_together():
    slope = Known(lambda code: code.sum(1))
    adam = Adam(learning_rate=0.2, sign="hard", epsilon=0, warm_up=2, decay="steps")
    codes = torch.stack(path(adam, slope, start(), 8))
    expected = 0.2 * torch.tensor([0.5, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001], dtype=torch.float64)
    assert torch.allclose(-codes.diff(dim=0), expected[:, None, None].expand(8, 2, 5), atol=1e-12)


def test_the_soft_sign_caps_the_gradient_less_and_less():
    slopes = torch.tensor([[1e-3, -0.5, 40.0]], dtype=torch.float64)
    objective = Known(lambda code: (code * slopes).sum(1))
    adam, code = Adam(sign="soft", beta_1=0, beta_2=0), torch.zeros(1, 3, dtype=torch.float64)
    state = adam.start(code, objective, 4)
    for steepness in (1, 0.75, 0.5, 0.25):
        code, state = adam.step(code, state, objective)
        # Without memory the mean is what was taken for the gradient.
        assert torch.allclose(state.mean, (slopes * steepness).tanh() / steepness, rtol=1e-12)
    assert state.mean[0, 2] == pytest.approx(4, rel=1e-6) and state.mean[0, 0] == pytest.approx(1e-3, rel=1e-6)


def test_at_its_end_the_soft_sign_is_the_gradient_itself():
    objective = Known(lambda code: 7 * code.sum(1))
    adam, code = Adam(sign="soft", beta_1=0, beta_2=0), torch.zeros(1, 3, dtype=torch.float64)
    state = adam.start(code, objective, 1)
    for _ in range(3):  # beyond the iterations that were announced
        code, state = adam.step(code, state, objective)
    assert state.mean.tolist() == [[7, 7, 7]] and code.isfinite().all()


def test_noise_is_a_share_of_the_step_and_normal():
    flat = Known(lambda code: 0 * code.sum(1))
    adam = Adam(learning_rate=0.2, noise=0.5, decay="steps")
    jitter = torch.stack(path(adam, flat, start(2, 4000), 8)).diff(dim=0)
    rates = 0.1 * torch.tensor([1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001], dtype=torch.float64)
    assert torch.allclose(jitter.std((1, 2)), rates, rtol=0.05) and (jitter.mean((1, 2)).abs() < 0.05 * rates).all()
    rows = (jitter / rates[:, None, None]).flatten(0, 1)
    assert torch.allclose(rows @ rows.T / 4000, torch.eye(16, dtype=torch.float64), atol=0.1), "draws repeat"


def test_row_k_of_a_seed_meets_the_noise_of_the_first_row_of_seed_plus_k():
    objective, _ = quadratic(5)
    adam, code = Adam(noise=0.3), start(3)
    together = path(adam, objective, code, 4, seed=40)
    for row in range(3):
        alone = path(adam, objective, code[row : row + 1], 4, seed=40 + row)
        assert all(torch.allclose(one[row], other[0], rtol=1e-12) for one, other in zip(together, alone, strict=True))
    assert not torch.equal(together[1][0], path(adam, objective, code, 4, seed=39)[1][0])


def test_the_noise_is_not_what_the_start_was_drawn_from():
    flat = Known(lambda code: 0 * code.sum(1))
    numbers = torch.randn(1, 500, generator=dice(40))
    first = path(Adam(noise=1), flat, torch.zeros(1, 500), 1, seed=40)[1]
    assert cosine_similarity(first, numbers).abs().item() < 0.2


def test_noise_keeps_to_the_box():
    flat = Known(lambda code: 0 * code.sum(1), box=(0, 1))
    codes = torch.stack(path(Adam(learning_rate=1, noise=1), flat, torch.full((1, 50), 0.5), 4))
    assert codes.min() == 0 and codes.max() == 1


def test_it_reaches_the_bottom():
    objective, bottom = quadratic(5, condition=10)
    end = path(Adam(learning_rate=0.3, decay="cosine"), objective, start(), 300)[-1]
    assert torch.allclose(end, bottom.expand(2, 5), atol=1e-3)


def test_every_step_ends_inside_what_is_allowed():
    objective = Known(lambda code: -code.sum(1), box=(0, 1))
    codes = torch.stack(path(Adam(learning_rate=0.4), objective, torch.zeros(1, 3), 4))
    assert codes.max() == 1 and codes.min() == 0 and codes[-1].min() == 1


def test_the_state_carries_the_losses_of_its_code_and_counts():
    objective, _ = quadratic(5)
    code, adam = start(), Adam()
    state = adam.start(code, objective, 9)
    for count in range(1, 4):
        code, state = adam.step(code, state, objective)
        assert torch.equal(state.losses, objective.losses_and_gradient(code)[0])
        assert state.evaluations == count + 1 and not state.settled


def test_a_diverged_row_stays_and_the_others_go_on():
    objective, _ = quadratic(5)
    code = start(3)
    code[1] = torch.nan
    spoiled = path(Adam(sign="hard"), objective, code, 5)
    for row in (0, 2):
        alone = path(Adam(sign="hard"), objective, code[row : row + 1], 5)
        assert all(torch.allclose(one[row], other[0], rtol=1e-12) for one, other in zip(spoiled, alone, strict=True))
    state = Adam().start(code, objective, 5)
    assert state.losses[1] == torch.inf and Adam().step(code, state, objective)[1].losses[1] == torch.inf


def test_nothing_is_changed_in_place():
    objective, _ = quadratic(5)
    code, adam = start(), Adam(noise=0.1)
    state = adam.start(code, objective, 5)
    kept = [tensor.clone() for tensor in (code, state.mean, state.square, state.gradient, *state.dice)]
    first, again = adam.step(code, state, objective)[0], adam.step(code, state, objective)[0]
    assert all(map(torch.equal, kept, (code, state.mean, state.square, state.gradient, *state.dice)))
    assert torch.equal(first, again), "the dice of a state must stay what they are"
