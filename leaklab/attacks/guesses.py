"""Guesses: what a client that takes part tries out of all it is not told, and how it tells a good guess from a bad one.

It knows some of the photographs behind the update, its own, and the better these come back, the better it has guessed.
Source: Wilson et al. 2025, appendix B and figure 11.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.assignment import squared_distances
from leaklab.protocol.observation import Observation
from leaklab.protocol.updates import scaled
from leaklab.settings import Refusal

_CAP = 100.0  # dB; an error of zero would be infinitely good

_NO_RATES = (
    "The learning rate is not told, so there must be learning rates to try: give one or more, or tick 'Learning rate "
    "is told'."
)
_NO_NUMBERS = (
    "The number of photographs is not told, so there must be numbers to try: give one or more, or tick 'Number of "
    "photographs is told'."
)
_TOO_FEW = "{} photographs cannot be behind the update: the client that looks holds {} of them itself. Try {} or more."
_NOTHING_OWN = (
    "A guess is judged by photographs that the attacker knows to be among those behind the update, and it has none: "
    "let a client look."
)


def candidates(observation: Observation, rates: Sequence[float], numbers: Sequence[int]) -> list[Observation]:
    """Return the observation under each pair of a learning rate and a number of photographs; what is told is kept.

    The update becomes the change of the weights divided by the rate. What was told of each photograph or client, such
    as the labels, is dropped where it does not fit the number.
    Raises: Refusal, when nothing is given for what is not told, or a number is smaller than the attacker's own.
    """
    if not (rates or observation.learning_rate):
        raise Refusal(_NO_RATES)
    if not (numbers or observation.num_images):
        raise Refusal(_NO_NUMBERS)
    least = len(observation.own.images) if observation.own else 1
    for number in numbers:
        if number < least:
            raise Refusal(_TOO_FEW.format(number, least, least))
    tried = (observation.learning_rate,) if observation.learning_rate else rates
    counted = (observation.num_images,) if observation.num_images else numbers
    return [_of_number(_at_rate(observation, rate), number) for rate, number in product(tried, counted)]


def own_score(observation: Observation, images: Float[Tensor, "n c h w"]) -> float:
    """Return the mean PSNR in dB of the attacker's own photographs among guessed ones, by the best pairing.

    Of the others nothing is used. A guess that is not finite counts as the worst there is.
    Raises: Refusal, when the attacker has no photographs of its own, or more than were guessed.
    """
    errors, found = _paired(observation, images)
    best = errors[torch.arange(len(found)), found]
    return float((-10 * best.log10()).clamp(max=_CAP).mean())


def own_images(observation: Observation, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "m c h w"]:
    """Return the guessed images that the attacker takes for its own photographs, in their order.

    Raises: Refusal, when the attacker has no photographs of its own, or more than were guessed.
    """
    return images[_paired(observation, images)[1].to(images.device)]


def _at_rate(observation: Observation, rate: float) -> Observation:
    if observation.learning_rate is not None:
        return observation
    return replace(observation, learning_rate=rate, update=scaled(observation.update, 1 / rate))


def _of_number(observation: Observation, number: int) -> Observation:
    labels, counts, order = observation.labels, observation.counts, observation.order
    used = {image for client in order or () for batch in client for image in batch}
    return replace(
        observation,
        num_images=number,
        labels=labels if labels is not None and len(labels) == number else None,
        counts=counts if counts is not None and sum(counts) == number else None,
        order=order if len(used) == number else None,
    )


def _paired(
    observation: Observation, images: Float[Tensor, "n c h w"]
) -> tuple[Float[Tensor, "m n"], Int[Tensor, "m"]]:
    """Return the squared error between each own photograph and each guess, and which guess is which photograph."""
    from scipy.optimize import linear_sum_assignment

    if observation.own is None:
        raise Refusal(_NOTHING_OWN)
    own = observation.own.images
    if len(images) < len(own):
        raise Refusal(_TOO_FEW.format(len(images), len(own), len(own)))
    # Clamped as a screen shows it; to a broken image everything is as far as it can be.
    errors = squared_distances(own, images.detach().clamp(0, 1))
    errors[:, ~images.isfinite().flatten(1).all(1).cpu()] = 1.0
    return errors, torch.as_tensor(linear_sum_assignment(errors.numpy())[1])
