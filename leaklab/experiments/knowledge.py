"""What the attacker of a scenario sees, is told, and does not know, in plain words and from the same fields."""

from dataclasses import dataclass

from leaklab.experiments.scenario import Scenario


@dataclass(frozen=True)
class Knowledge:
    """Three short lists, in the order in which they are shown."""

    sees: tuple[str, ...]
    told: tuple[str, ...]
    unknown: tuple[str, ...]


def knowledge(scenario: Scenario) -> Knowledge:
    """Return the threat model of a scenario as three lists."""
    federation, threat = scenario.federation, scenario.threat
    one = federation.view == "per-client"
    sees = (
        "the network and its weights before training",
        "each client's own update" if one else f"the average update of {federation.clients} clients",
        "size and number of the photographs, and the number of classes",
        "photographs of its own, such as anybody can have",
    )
    facts = {
        "what the photographs show (their labels)": threat.labels,
        "how the clients train: local steps, batch size, learning rate": threat.schedule,
        "which defence the clients use": threat.defences,
        "the averages of batch-norm layers, if there are any, on the private photographs": threat.batch_statistics,
    }
    hidden = ["the photographs themselves", "the random numbers of clients and defences"]
    if not one:
        hidden.append("any single client's update")
    return Knowledge(
        sees=sees,
        told=tuple(fact for fact, told in facts.items() if told),
        unknown=(*hidden, *(fact for fact, told in facts.items() if not told)),
    )
