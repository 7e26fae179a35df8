"""How a training is told in words: a line while it runs, and a summary at its end."""

from collections.abc import Iterable

from leaklab.attacks.generative.shelf import Card
from leaklab.experiments.frame import Frame

_BESIDE = ("step", "steps", "progress")  # numbers of a frame that are no losses


def line(frame: Frame) -> str:
    """Return one moment: the step, the time, the losses, and what is to be said of it."""
    losses = ", ".join(f"{name} {loss:.4f}" for name, loss in frame.scalars.items() if name not in _BESIDE)
    parts = f"step {frame.scalars['step']:.0f}", f"{frame.seconds:.0f} s", losses, frame.note
    return " · ".join(part for part in parts if part)


def summary(card: Card, frame: Frame) -> Iterable[str]:
    """Return what came of it."""
    return [frame.note, *(f"{name}: {loss:.4g}" for name, loss in card.loss.items())]
