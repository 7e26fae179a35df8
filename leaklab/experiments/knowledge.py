"""What the attacker of a scenario sees, is told, and does not know, in plain words and from the same fields."""

from dataclasses import dataclass

from leaklab.experiments import effects
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation

FACTS = {
    "labels": "what the photographs show (their labels)",
    "epochs": "how many local epochs the clients train",
    "batch_size": "how many photographs a client takes in one local step",
    "learning_rate": "the learning rate of the clients",
    "number": "how many photographs are behind what it sees",
    "counts": "how many photographs each client has, and which labels are whose",
    "order": "which photographs went through each local step together",
    "defences": "which defences the clients use, if any",
    "batch_statistics": "the averages of batch-norm layers, if there are any, on the private photographs",
}


@dataclass(frozen=True)
class Knowledge:
    """Three short lists, in the order in which they are shown."""

    sees: tuple[str, ...]
    told: tuple[str, ...]
    unknown: tuple[str, ...]


def knowledge(scenario: Scenario) -> Knowledge:
    """Return the threat model of a scenario as three lists."""
    federation, threat = scenario.federation, scenario.threat
    sees = (
        _network(federation),
        *_seen(federation),
        "the size of the photographs, and the number of classes",
        "photographs of its own, such as anybody can have",
    )
    return Knowledge(
        sees=sees,
        told=tuple(fact for name, fact in FACTS.items() if getattr(threat, name)),
        unknown=(*_hidden(federation), *(fact for name, fact in FACTS.items() if not getattr(threat, name))),
    )


def _masked(federation: Federation) -> bool:
    return federation.secure_aggregation and federation.clients > 1  # one alone shares a mask with nobody


def _network(federation: Federation) -> str:
    grown = ", with the layer of a defence in it," if effects.told(federation.defences, "network") else ""
    return f"the network{grown} and its weights before training"


def _seen(federation: Federation) -> tuple[str, ...]:
    changed = effects.told(federation.defences, "update")
    if federation.view == "per-client" and _masked(federation):
        return ("each client's update under masks, which is noise",)
    if federation.view == "per-client":
        return (", ".join(["each client's own update", *changed]),)
    each = f", each {', '.join(changed)}" if changed else ""
    average = f"the average update of {federation.clients} clients{each}"
    if federation.view == "aggregated":
        return (average,)
    return (
        f"two global models in a row, and so {average}", "the photographs that it trains on itself, and their labels",
    )  # fmt: skip


def _hidden(federation: Federation) -> tuple[str, ...]:
    """Return what nobody who looks from there ever gets to know."""
    private, dice = "the photographs themselves", "the random numbers of clients and defences"
    if federation.view == "client":
        return "the photographs of the other clients", dice, "any single update but its own"
    if federation.view == "aggregated":
        return private, dice, "any single client's update"
    return (private, dice, "any single client's update without its masks") if _masked(federation) else (private, dice)
