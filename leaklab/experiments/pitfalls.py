"""What a reader of a result must know of its round: known mistakes, and settings that do not do what they seem to."""

from collections.abc import Iterator, Sequence

from leaklab.federation.rounds import Exchange, Federation
from leaklab.protocol.defences.mixing import Mixup
from leaklab.protocol.defences.pruning import RandomK, TopK
from leaklab.protocol.defences.quantising import Sign
from leaklab.protocol.defences.soteria import Soteria

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
_ZERO = (
    "The update is zero, every number of it: nobody learns from it, and whatever an attack makes of it, a photograph "
    "or a label, is a guess."
)
_NOTHING_KEPT = "'Left out' of 1 keeps nothing of an update, and nothing of the photographs is in what is sent."
_SILENT = "Soteria silences every feature, so that of the last layer's weights nothing is sent at all."
_SIGNS = (
    "Only signs are sent, and the sizes of the numbers are lost: an attack that compares lengths (L2) aims at a target "
    "that no photograph reaches, while one by cosine, or one that adapts, can survive it."
)
_MIXED = (
    "The clients train on mixtures: what can come back is a mixture at best, and it is compared with the photographs "
    "themselves."
)
_ALL_MIXED = "A mixture of {} is more than the {} photographs of a client: every mixture is of all of them."
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
    yield from _defended(federation, exchanges)


def _counts(federation: Federation, exchanges: Sequence[Exchange]) -> list[int]:
    owners = [int(client) for _, secret in exchanges for client in secret.client]
    return [owners.count(client) for client in range(federation.clients)]


def _shares(federation: Federation, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield what is odd about the clients' numbers of photographs."""
    counts = _counts(federation, exchanges)
    empty = [client + 1 for client, count in enumerate(counts) if not count]
    if empty:
        yield _EMPTY.format(", ".join(map(str, empty)))
    size = federation.schedule.batch_size
    for count in sorted({count for count in counts if count and size}):
        if count < size:
            yield _ALL.format(size, count)
        elif count % size:
            yield _SHORT.format(count, size, count % size)


def _defended(federation: Federation, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yield what is odd about the defences, and about what they have left to see."""
    chain = federation.defences
    if any(isinstance(one, TopK | RandomK) and one.left_out == 1 for one in chain):
        yield _NOTHING_KEPT
    if any(isinstance(one, Soteria) and one.rate == 1 for one in chain):
        yield _SILENT
    if any(isinstance(one, Sign) for one in chain):
        yield _SIGNS
    mixed = [one.mixed for one in chain if isinstance(one, Mixup) and one.mixed > 1]
    if mixed:
        yield _MIXED
    few = [count for count in _counts(federation, exchanges) if count < max(mixed, default=0)]
    yield from (_ALL_MIXED.format(max(mixed), count) for count in sorted(set(few)) if count)
    if any(not any(bool(part.any()) for part in observation.update.values()) for observation, _ in exchanges):
        yield _ZERO
