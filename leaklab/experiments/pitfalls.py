"""What a reader of a result must know of its round: known mistakes, and settings that do not do what they seem to."""

from collections.abc import Iterator, Sequence

from leaklab.federation.rounds import Exchange, Federation

_STEPPED = (
    "The server moved its weights before the attack, so they no longer match the gradient it inverts: "
    "a known mistake of the course project, kept to be seen. Turn off 'Server steps before the attack' to mend it."
)
_NORMALISED = (
    "The clients' updates were normalised before averaging, so the average is the gradient of no batch: "
    "the attack aims at a target no image reaches."
)
_SPREAD = (
    "The clients' learning rates differ by up to {:.0%} and the attacker knows only the common one: it takes some "
    "clients' photographs for stronger than they are, and others' for weaker."
)
_MASKED = (
    "Every update is masked, and one client's alone is noise: nothing can come of attacking it. The average is exact."
)
_UNMASKED = "There is one client, so secure aggregation has nobody to share a mask with: its update is sent as it is."
_SHORT = "{} photographs do not divide into batches of {}: the last one of each epoch has {}."
_ALL = "A batch of {} is more than the {} photographs of a client: every step takes all of them."
_EMPTY = "Without photographs, and so without a part in the round: client {}."


def pitfalls(federation: Federation, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield a sentence for everything in a round that may surprise."""
    average = federation.view != "per-client"
    if federation.step_first:
        yield _STEPPED
    if average and federation.normalise:
        yield _NORMALISED
    if federation.rate_spread and federation.clients > 1:
        yield _SPREAD.format(federation.rate_spread)
    if federation.secure_aggregation:
        if federation.clients == 1:
            yield _UNMASKED
        elif not average:
            yield _MASKED
    yield from _shares(federation, exchanges)


def _shares(federation: Federation, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield what is odd about the clients' numbers of photographs."""
    owners = [int(client) for _, secret in exchanges for client in secret.client]
    counts = [owners.count(client) for client in range(federation.clients)]
    empty = [client + 1 for client, count in enumerate(counts) if not count]
    if empty:
        yield _EMPTY.format(", ".join(map(str, empty)))
    size = federation.schedule.batch_size
    for count in sorted({count for count in counts if count and size}):
        if count < size:
            yield _ALL.format(size, count)
        elif count % size:
            yield _SHORT.format(count, size, count % size)
