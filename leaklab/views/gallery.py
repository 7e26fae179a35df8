"""Runs as cards: what is said of each, how one is found among many, and how many there are in a sentence.

Nothing here needs PyTorch, so that the page Runs opens before it is loaded.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from leaklab.views import strips
from leaklab.views.exemplars import Exemplar

PAGES = {  # kind of an experiment -> the page that shows it
    "inversion": "playground", "machines": "playground", "landscape": "landscape", "label_recovery": "labels",
    "viewpoints": "federation", "guessing": "federation", "paths": "drift", "drift": "drift", "defended": "defences",
    "utility": "defences", "threshold": "defences", "enhancing": "enhance", "sweep": "sweeps",
}  # fmt: skip
STATES = {
    "all": (),
    "finished": ("finished",),
    "going": ("queued", "running"),
    "ended early": ("cancelled", "failed", "lost"),
}

_HOME = "playground"  # of a kind that no page is known for
_NETWORKS = {
    "lenet": "LeNet", "lenet5": "LeNet-5", "lenet5_rog": "LeNet-5 of ROG", "mlp": "MLP", "convnet2": "ConvNet2",
    "convnet64": "ConvNet64", "cnn1": "CNN1", "cnn2": "CNN2", "cnn6": "CNN6", "resnet9": "ResNet9",
    "resnet18": "ResNet18", "resnet34": "ResNet34", "resnet50": "ResNet50", "mobilenet_v2": "MobileNetV2",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What a run's settings say of it in a list."""

    kind: str = ""
    attack: str = ""  # the recipe's name; empty where nothing is attacked
    network: str = ""

    @property
    def page(self) -> str:
        """The page that shows such runs."""
        return PAGES.get(self.kind, _HOME)


@dataclass(frozen=True)
class Card:
    """One run, or one example, as a list shows it."""

    key: str
    title: str
    facts: Facts
    status: str
    verdict: str
    psnr: float | None
    seconds: float
    created: float = 0.0
    mine: bool = False
    about: str = ""

    @property
    def text(self) -> str:
        """Everything in which a word is looked for."""
        facts = self.facts
        told = (self.title, facts.attack, facts.network, facts.page, self.status, self.verdict, self.about)
        return " ".join(told).casefold()


@dataclass(frozen=True)
class Wanted:
    """What a visitor looks for; what is empty wants nothing."""

    state: str = "all"
    mine: bool = False
    attack: str | None = None
    network: str | None = None
    page: str | None = None
    text: str = ""

    def fits(self, card: Card) -> bool:
        """Return whether a card is one of those looked for."""
        asked = (
            (self.attack, card.facts.attack), (self.network, card.facts.network), (self.page, card.facts.page),
        )  # fmt: skip
        return (
            (not STATES[self.state] or card.status in STATES[self.state])
            and (card.mine or not self.mine)
            and all(not one or one == other for one, other in asked)
            and all(word in card.text for word in self.text.casefold().split())
        )


Order = Callable[[Card], tuple]

ORDERS: dict[str, Order] = {  # what stands first
    "newest": lambda card: (-card.created,),
    "best PSNR": lambda card: (card.psnr is None, -(card.psnr or 0.0), -card.created),
    "quickest": lambda card: (card.status != "finished", card.seconds, -card.created),
}


def facts(experiment: str) -> Facts:
    """Return what an experiment, as JSON, says of itself."""
    held = json.loads(experiment)
    network = _first(held, "network")
    return Facts(held.get("kind", ""), _first(held, "recipe"), _NETWORKS.get(network, network))


def of_exemplar(one: Exemplar) -> Card:
    """Return the card of an example."""
    told = Facts(one.kind, one.attack, one.network)
    return Card(one.key, one.title, told, "finished", one.verdict, psnr(one.scalars), one.seconds, about=one.sentence)


def psnr(scalars: Mapping[str, Any]) -> float | None:
    """Return the PSNR a run ended with; where it looked from several places or in several ways, the best of them."""
    found = [scalars.get("psnr")] if "psnr" in scalars else [
        value for name, value in scalars.items() if name.startswith("psnr.")
    ]  # fmt: skip
    finite = [value for value in found if isinstance(value, int | float) and math.isfinite(value)]
    return max(finite, default=None)


def counted(shown: Sequence[Card], every: Sequence[Card]) -> str:
    """Say how many runs there are, how they stand, and how many of them are shown."""
    of = f"{_many(len(every))}" if len(shown) == len(every) else f"{len(shown)} of {_many(len(every))}"
    stand = {state: sum(card.status in held for card in shown) for state, held in STATES.items() if held}
    states = [f"{count} {state}" for state, count in stand.items() if count]
    mine = sum(card.mine for card in shown)
    whose = "" if not mine else "; all yours" if mine == len(shown) else f"; {mine} of them yours"
    return f"{of} shown" + (f": {', '.join(states)}{whose}." if states else ".")


def pair(truth: np.ndarray | None, rebuilt: np.ndarray | None, *, said: str) -> str:
    """Return HTML with the private photographs and what was rebuilt of them, side by side; what is not there is not."""
    drawn = [
        _picture(picture, alt, name)
        for picture, alt, name in (
            (truth, "private photograph", "private"), (rebuilt, f"what was rebuilt of it: {said}", "rebuilt"),
        ) if picture is not None
    ]  # fmt: skip
    return (
        f'<div class="leaklab-board" style="grid-template-columns: repeat(2, minmax(0, 128px))">{"".join(drawn)}</div>'
    )


def _picture(picture: np.ndarray, alt: str, name: str) -> str:
    shown = strips.mosaic(picture, len(strips.squares(picture)))
    uri = strips.uri(strips.png(shown))
    return f'<figure><img src="{uri}" alt="{escape(alt)}" style="width: 100%"><figcaption>{name}</figcaption></figure>'


def _first(held: Any, name: str) -> str:
    """Return the name of the first part that stands under a word, however deep; empty without any."""
    return next(_named(held, name), "")


def _named(held: Any, name: str) -> Iterator[str]:
    if isinstance(held, Mapping):
        part = held.get(name)
        if isinstance(part, Mapping) and isinstance(part.get("name"), str):
            yield part["name"]
        for inner in held.values():
            yield from _named(inner, name)
    elif isinstance(held, list):
        for inner in held:
            yield from _named(inner, name)


def _many(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
