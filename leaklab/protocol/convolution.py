"""Convolution as three products, each made of the other two where it is differentiated: fast in its second derivative.

A convolution, what its slopes say of the maps and what they say of the kernel are linear in both of their factors, so
the derivative of any of them is one of the others. Autograd's own second derivative instead takes maps, as large as a
picture, for kernels, for which no library has a fast way.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Geometry:
    """How a kernel is laid over maps, and the shapes of both, which slopes alone do not give away."""

    stride: Shape
    padding: Shape
    dilation: Shape
    maps: Shape  # (c, h, w) of what comes in, of one group
    kernel: Shape  # (d, c, k, k) of one group
    groups: int = 1

    def convolved(self, maps: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """Return the maps that come out."""
        return torch.ops.aten.convolution(
            maps, kernel, bias, self.stride, self.padding, self.dilation, False, (0, 0), self.groups
        )

    def to_maps(self, slopes: Tensor, kernel: Tensor) -> Tensor:
        """Return the slopes of what came in, from those of what came out."""
        channels, *sides = self.maps
        like = slopes.new_empty(1).expand(len(slopes), self.groups * channels, *sides)
        return self._back(slopes, like, kernel, (True, False, False))[0]

    def to_kernel(self, maps: Tensor, slopes: Tensor) -> Tensor:
        """Return the slopes of the kernel, from those of what came out."""
        channels, *rest = self.kernel
        like = slopes.new_empty(1).expand(self.groups * channels, *rest)
        return self._back(slopes, maps, like, (False, True, False))[1]

    def _back(self, slopes, maps, kernel, wanted):
        return torch.ops.aten.convolution_backward(
            slopes, maps, kernel, None, self.stride, self.padding, self.dilation, False, (0, 0), self.groups, wanted
        )


class _Product(Function):
    """What the three have in common: two factors that are tensors, and a geometry that is not."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        first, second, ctx.geometry, *_ = inputs
        ctx.save_for_backward(first, second)


class _Convolved(_Product):
    """The one of the three that may have a bias: added by the library, as the client's own convolution has it."""

    @staticmethod
    def forward(maps: Tensor, kernel: Tensor, geometry: Geometry, bias: Tensor | None) -> Tensor:
        return geometry.convolved(maps, kernel, bias)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, ...]:
        (maps, kernel), wanted = ctx.saved_tensors, ctx.needs_input_grad
        of_maps = _ToMaps.apply(slopes, kernel, ctx.geometry) if wanted[0] else None
        of_kernel = _ToKernel.apply(maps, slopes, ctx.geometry) if wanted[1] else None
        return of_maps, of_kernel, None, slopes.sum((0, 2, 3)) if wanted[3] else None

    @staticmethod
    def vmap(
        info: Any, dims: Shape, maps: Tensor, kernel: Tensor, geometry: Geometry, bias: Tensor | None
    ) -> tuple[Tensor, int]:  # fmt: skip
        found, _ = _onto_maps(_convolved, info.batch_size, dims, maps, kernel, geometry)
        if bias is None:
            return found, 0
        return found + _leading(bias, dims[3], info.batch_size)[:, None, :, None, None], 0


def _convolved(maps: Tensor, kernel: Tensor, geometry: Geometry) -> Tensor:
    return _Convolved.apply(maps, kernel, geometry, None)


class _ToMaps(_Product):
    @staticmethod
    def forward(slopes: Tensor, kernel: Tensor, geometry: Geometry) -> Tensor:
        return geometry.to_maps(slopes, kernel)

    @staticmethod
    def backward(ctx: Any, away: Tensor) -> tuple[Tensor | None, ...]:
        (slopes, kernel), wanted = ctx.saved_tensors, ctx.needs_input_grad
        of_slopes = _convolved(away, kernel, ctx.geometry) if wanted[0] else None
        return of_slopes, _ToKernel.apply(away, slopes, ctx.geometry) if wanted[1] else None, None

    @staticmethod
    def vmap(info: Any, dims: Shape, slopes: Tensor, kernel: Tensor, geometry: Geometry) -> tuple[Tensor, int]:
        return _onto_maps(_ToMaps.apply, info.batch_size, dims, slopes, kernel, geometry)


class _ToKernel(_Product):
    @staticmethod
    def forward(maps: Tensor, slopes: Tensor, geometry: Geometry) -> Tensor:
        return geometry.to_kernel(maps, slopes)

    @staticmethod
    def backward(ctx: Any, away: Tensor) -> tuple[Tensor | None, ...]:
        (maps, slopes), wanted = ctx.saved_tensors, ctx.needs_input_grad
        of_maps = _ToMaps.apply(slopes, away, ctx.geometry) if wanted[0] else None
        return of_maps, _convolved(maps, away, ctx.geometry) if wanted[1] else None, None

    @staticmethod
    def vmap(info: Any, dims: Shape, maps: Tensor, slopes: Tensor, geometry: Geometry) -> tuple[Tensor, int]:
        maps, slopes = (_leading(one, dim, info.batch_size) for one, dim in zip((maps, slopes), dims, strict=False))
        found = _ToKernel.apply(_grouped(maps), _grouped(slopes), _several(geometry, info.batch_size))
        return found.unflatten(0, (info.batch_size, -1)), 0


def _onto_maps(
    product: Callable[[Tensor, Tensor, Geometry], Tensor], rows: int, dims: Shape, *factors: Any
) -> tuple[Tensor, int]:
    """Return a product of maps and a kernel, of which one or both are there once a row."""
    maps, kernel, geometry = factors
    maps = _leading(maps, dims[0], rows)
    if dims[1] is None:  # one kernel for all rows: they are so many more maps
        return product(maps.flatten(0, 1), kernel, geometry).unflatten(0, maps.shape[:2]), 0
    kernel = _leading(kernel, dims[1], rows)
    found = product(_grouped(maps), kernel.flatten(0, 1), _several(geometry, rows))
    return found.unflatten(1, (rows, -1)).transpose(0, 1), 0


def _leading(factor: Tensor, dim: int | None, rows: int) -> Tensor:
    return factor.expand(rows, *factor.shape) if dim is None else factor.movedim(dim, 0)


def _several(geometry: Geometry, rows: int) -> Geometry:
    return replace(geometry, groups=rows * geometry.groups)


def _grouped(maps: Tensor) -> Tensor:
    """Return maps (r, n, c, h, w) with their rows as groups of channels."""
    return maps.transpose(0, 1).flatten(1, 2)


class Convolution(nn.Conv2d):
    """A convolution whose second derivative is as fast as its first; the same numbers, rounding apart."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps (n, d, i, j) that come of maps (n, c, h, w)."""
        geometry = Geometry(
            self.stride, self.padding, self.dilation, tuple(maps.shape[-3:]), tuple(self.weight.shape[-4:])
        )
        return _Convolved.apply(maps, self.weight, geometry, self.bias)


def quick(network: nn.Module) -> nn.Module:
    """Return the same layers by the same names, with convolutions that are fast to differentiate twice."""
    found = copy.deepcopy(network)
    for layer in found.modules():
        if type(layer) is nn.Conv2d and _is_plain(layer):
            # It keeps its name, its weights and its hooks: only what it does is another.
            layer.__class__ = Convolution
    return found


def _is_plain(layer: nn.Conv2d) -> bool:
    return layer.groups == 1 and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
