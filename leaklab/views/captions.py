"""What is said about a round in plain words: a sentence for those who do not see its picture, and the notes in it."""

from leaklab.experiments import effects
from leaklab.federation.rounds import Federation
from leaklab.protocol.defences.contract import Place
from leaklab.protocol.observation import ThreatModel

TICKS = {
    "labels": "labels", "epochs": "epochs", "batch_size": "batch size", "learning_rate": "learning rate",
    "number": "number of photographs", "counts": "clients' shares", "order": "order of batches",
    "defences": "defences", "batch_statistics": "batch-norm statistics",
}  # fmt: skip
_INSIDE: tuple[Place, ...] = ("photographs", "network", "local step")  # where a defence works before anything is sent


def caption(federation: Federation, threat: ThreatModel) -> str:
    """Say in plain words who trains on what, what travels, who looks at it, and what that one is told."""
    who = "One client" if federation.clients == 1 else f"Each of {federation.clients} clients"
    if federation.rounds > 1:
        who = f"In the last of {federation.rounds} rounds, {who[0].lower()}{who[1:]}"
    epochs, covers = _many(federation.schedule.epochs, "epoch"), _covers(federation)
    sends = f"trains {epochs} on {_shares(federation)}{_guarded(federation)} and sends its update{covers}"
    return f"{who} {sends}; {_looks(federation)}. The attacker {told(threat)[0]}."


def counts(federation: Federation) -> tuple[int, ...] | None:
    """Return how many photographs each client has; None where dice decide."""
    return federation.partition.counts(federation.images, federation.clients)


def masked(federation: Federation) -> bool:
    """Tell whether updates travel under masks: a client alone has nobody to share them with."""
    return federation.secure_aggregation and federation.clients > 1


def noisy(federation: Federation) -> bool:
    """Tell whether clients add noise to what they send."""
    return effects.noisy(federation.defences)


def told(threat: ThreatModel) -> tuple[str, str]:
    """Return what the attacker is told and what it is not (empty where nothing is left), as ends of sentences."""
    ticked, empty = (
        [words for name, words in TICKS.items() if getattr(threat, name) is tick] for tick in (True, False)
    )
    return (
        f"is told the {_listed(ticked)}" if ticked else "is told nothing more",
        f"is not told the {_listed(empty)}" if empty else "",
    )


def attacker(federation: Federation) -> str:
    """Return who the attacker is, as the end of a sentence that begins with it."""
    return "is client 1 and has its own photographs" if federation.view == "client" else "is the server"


def server(federation: Federation) -> str:
    """Return what the server does besides averaging."""
    if federation.view == "client":
        return "averages, and does not look"
    if federation.view == "aggregated":
        return "curious: reads the average alone"
    if masked(federation):
        return "curious: reads every packet, finds noise"
    return "curious: reads " + ("the update" if federation.clients == 1 else "every single update")


def sent(federation: Federation) -> str:
    """Return what travels up; an update that several defences have changed is only said to be defended."""
    changed = [effect.short for effect in effects.effects(federation.defences, "update") if effect.short]
    words = ", defended" if len(changed) > 1 else "".join(f", {short}" for short in changed)
    return "update" + words + " + noise" * noisy(federation) + " + masks" * masked(federation)


def whose(federation: Federation) -> str:
    """Return whose training is spoken of."""
    return "The client" if federation.clients == 1 else "Each client"


def training(federation: Federation) -> tuple[str, ...]:
    """Return what a client has and does, line by line, with its mathematics."""
    schedule, held = federation.schedule, counts(federation)
    alike = held is not None and len(set(held)) == 1
    if held is None:
        first = "a share at random,"
    else:
        first = _many(held[0], "photograph") + "," if alike else f"{min(held)} to {max(held)} photographs,"
    by_class = ("sorted by class,",) if _by_class(federation) else ()
    if not schedule.batch_size:
        steps = "× 1 step,"
    elif alike:
        each = -(-held[0] // schedule.batch_size)
        steps = f"× ⌈{held[0]}/{schedule.batch_size}⌉ = {_many(each, 'step')},"
    else:
        steps = f"× ⌈n_{{k}}/{schedule.batch_size}⌉ steps,"
    spread = f" ± {federation.rate_spread:.0%}" if federation.rate_spread and federation.clients > 1 else ""
    rate = f"η = {schedule.learning_rate:g}{spread}"
    inside = [effect.short for effect in effects.effects(federation.defences, *_INSIDE)]
    last = [f"{words}," for words in [rate, *inside][:-1]] + [rate, *inside][-1:]
    return first, *by_class, _many(schedule.epochs, "epoch"), steps, *last


def _shares(federation: Federation) -> str:
    held = counts(federation)
    if held is None:
        return "photographs shared out at random"
    low, high = min(held), max(held)
    many = _many(high, "photograph") if low == high else f"{low} to {high} photographs"
    return many + (" of its own classes" if _by_class(federation) else "")


def _by_class(federation: Federation) -> bool:
    return federation.partition.kind == "by_class" and federation.clients > 1


def _guarded(federation: Federation) -> str:
    """Return what defences do while a client trains, in the order of its work."""
    said = [words for place in _INSIDE for words in effects.told(federation.defences, place)]
    return f", {_listed(said)}," if said else ""


def _covers(federation: Federation) -> str:
    masks = ["under masks that cancel in the sum"] if masked(federation) else []
    said = [*effects.told(federation.defences, "update"), *masks]
    return f" {_listed(said)}" if said else ""


def _looks(federation: Federation) -> str:
    if federation.view == "client":
        return "client 1, who is curious, subtracts two global models in a row, which leaves the average update"
    if federation.view == "aggregated":
        return "the server, who is curious, looks at the average alone"
    if federation.clients == 1:
        return "the server, who is curious, looks at it"
    return "the server, who is curious, looks at every one" + (" and sees noise" if masked(federation) else "")


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _listed(words: list[str]) -> str:
    return " and ".join(", ".join(words).rsplit(", ", 1))
