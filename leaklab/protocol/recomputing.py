"""Trade time for memory: a function whose inner values are forgotten, and computed again on the way back."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten


def recomputed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a pure function of trees of tensors that keeps only its inputs for the way back.

    PyTorch's own checkpointing rests on hooks that `torch.func` does not allow.
    """

    def outer(*inputs: Any) -> Any:
        leaves, tree = tree_flatten(inputs)
        shape: list[Any] = []

        def flat(*leaves: Tensor) -> tuple[Tensor, ...]:
            results, its_shape = tree_flatten(function(*tree_unflatten(list(leaves), tree)))
            shape[:] = [its_shape]
            return tuple(results)

        class Step(torch.autograd.Function):
            generate_vmap_rule = True

            @staticmethod
            def forward(*leaves: Tensor) -> tuple[Tensor, ...]:
                return flat(*leaves)

            @staticmethod
            def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, ...]) -> None:
                ctx.save_for_backward(*inputs)

            @staticmethod
            def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, ...]:
                return torch.func.vjp(flat, *ctx.saved_tensors)[1](cotangents)

        results = Step.apply(*leaves)
        return tree_unflatten(list(results), shape[0])

    return outer
