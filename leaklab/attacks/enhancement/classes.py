"""What an enhancer that draws by class needs: labels that are known, and as many classes as it was taught."""

from jaxtyping import Int
from torch import Tensor

from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal


def known(who: str, labels: Int[Tensor, "n"] | None) -> Int[Tensor, "n"]:
    """Return the labels.

    Raises: Refusal, when there are none.
    """
    if labels is None:
        raise Refusal(
            f"{who} is to be told the class of each picture and the classes are not known: recover the labels, or turn "
            "'By class' off."
        )
    return labels


def strange(who: str, taught: int, observation: Observation) -> list[str]:
    """Return why the classes of an observation cannot be those that were taught, as sentences."""
    if observation.num_classes == taught:
        return []
    return [
        f"{who} knows {taught} classes and the photographs are of {observation.num_classes}: turn 'By class' off, or "
        "choose photographs of its classes."
    ]
