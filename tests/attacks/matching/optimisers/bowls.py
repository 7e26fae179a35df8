"""Objectives whose minima are known, for any number of rows."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Value = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Known:
    """Any function of a code, differentiated by autograd; what is not a number counts as infinite, as in the house."""

    value: Value
    box: tuple[float, float] | None = None

    def losses_and_gradient(self, code: Tensor) -> tuple[Tensor, Tensor]:
        code = code.detach().requires_grad_()
        losses = self.value(code)
        [gradient] = torch.autograd.grad(losses.sum(), code)
        return losses.detach().nan_to_num(nan=torch.inf, posinf=torch.inf), gradient

    def project(self, code: Tensor) -> Tensor:
        return code.clamp(*self.box) if self.box else code


def quadratic(numbers: int, condition: float = 100) -> tuple[Known, Tensor]:
    """Return a bowl with axes in all directions, and where its bottom is."""
    generator = torch.Generator().manual_seed(0)
    axes = torch.linalg.qr(torch.randn(numbers, numbers, dtype=torch.float64, generator=generator)).Q
    widths = torch.logspace(0, torch.tensor(condition).log10().item(), numbers, dtype=torch.float64)
    bottom = torch.randn(numbers, dtype=torch.float64, generator=generator)
    return Known(lambda code: (((code - bottom) @ axes).square() * widths).sum(1) / 2), bottom
