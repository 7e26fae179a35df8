"""The server's arithmetic: averages what the clients sent and moves the global weights."""

from collections.abc import Sequence

from leaklab.protocol.updates import Update, mean, normalised


def aggregate(updates: Sequence[Update], counts: Sequence[int], *, normalise: bool) -> Update:
    """Return the average update, each client weighted by its images; `normalise` scales every tensor to length 1 first.

    A normalised average is no longer the gradient of any batch, so an attack on it aims at a wrong target.
    """
    return mean([normalised(update) for update in updates] if normalise else list(updates), counts)
