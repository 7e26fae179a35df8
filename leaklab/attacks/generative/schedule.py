"""The noise of a diffusion model: how much of the picture and how much noise is left at each step, and one step back.

Pictures are in [-1, 1] here, x_t = √ᾱ_t·x_0 + √(1 - ᾱ_t)·ε; ᾱ = 1 stands for the clean picture itself.
Source: Ho et al. 2020 (DDPM), sections 2 and 4, β from 1e-4 to 0.02 in 1000 steps; Song et al. 2021 (DDIM).
"""

from collections.abc import Callable
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

STEPS = 1000
CLEAN = 1.0

Epsilon = Callable[[Tensor, int], Tensor]  # the noise in pictures in [-1, 1] at a step


@cache
def alpha_bars() -> Float[Tensor, "1000"]:
    """Return the share ᾱ_t of the picture's variance at every step, in double precision; never to be written into."""
    return (1 - torch.linspace(1e-4, 0.02, STEPS, dtype=torch.float64)).cumprod(0)


@cache
def levels() -> Float[Tensor, "1000"]:
    """Return the noise beside the unscaled picture at every step: x_t / √ᾱ_t = x_0 + level·ε, pictures in [-1, 1]."""
    shares = alpha_bars()
    return ((1 - shares) / shares).sqrt()


def nearest(level: float) -> int:
    """Return the step whose noise level is nearest, by ratio."""
    return int((levels().log() - torch.tensor(max(level, 1e-12), dtype=torch.float64).log()).abs().argmin())


def spaced(count: int) -> list[int]:
    """Return so many steps evenly apart, the noisiest first; after the last one comes the clean picture."""
    return torch.linspace(STEPS - 1, 0, count + 1)[:-1].round().int().tolist()


def share(step: int) -> float:
    """Return ᾱ of one step."""
    return float(alpha_bars()[step])


def noised(
    images: Float[Tensor, "*n"], noise: Float[Tensor, "*n"], at: float | Float[Tensor, "..."]
) -> Float[Tensor, "*n"]:
    """Return pictures with noise mixed in, so that ᾱ is as given, for all or for each."""
    return at**0.5 * images + (1 - at) ** 0.5 * noise


def clean(noisy: Float[Tensor, "*n"], noise: Float[Tensor, "*n"], at: float) -> Float[Tensor, "*n"]:
    """Return the clean picture that is left when the noise is as predicted."""
    return (noisy - (1 - at) ** 0.5 * noise) / at**0.5


def ddim(noisy: Float[Tensor, "*n"], noise: Float[Tensor, "*n"], at: float, to: float) -> Float[Tensor, "*n"]:
    """Return the picture one deterministic step on, from one ᾱ to another.

    With the noise held constant its derivative is √(to/at).

    Source: Song et al. 2021, equation 12 with σ = 0.
    """
    return noised(clean(noisy, noise, at), noise, to)


def sampled(noise: Float[Tensor, "*n"], epsilon: Epsilon, count: int) -> Float[Tensor, "*n"]:
    """Return the pictures in [-1, 1] that noise leads to in so many deterministic steps, each as predicted."""
    steps = spaced(count)
    shares = [*map(share, steps), CLEAN]
    for step, at, to in zip(steps, shares[:-1], shares[1:], strict=True):
        noise = ddim(noise, epsilon(noise, step), at, to)
    return noise
