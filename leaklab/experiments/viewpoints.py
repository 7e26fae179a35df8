"""Viewpoints: one round attacked from three places: the server at each client, the server at the average, a client."""

import time
from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.evaluation.verdict import Verdict, sentence, verdict
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.referee import tiles
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation, View
from leaklab.images.source import Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule
from leaklab.protocol.updates import Update, flatten
from leaklab.settings import Refusal, Settings

VIEWS: tuple[View, ...] = ("per-client", "aggregated", "client")

_SIDE = 64  # of the square that shows an update
_SEEN = ("recovered", "recognisable")  # the levels of a verdict at which one sees who it is

_FOUR = Inversion(
    scenario=Scenario(
        image_size=16, network=NetworkChoice(name="lenet5_rog"), threat=ThreatModel(labels=True),
        federation=Federation(clients=4, schedule=Schedule(epochs=2)),
    ),
    recipe=CURIOUS_CLIENT,
)  # fmt: skip


class Viewpoints(Settings):
    """Who can see whom: the same photographs, network and attack, looked at from three places."""

    kind: Literal["viewpoints"] = "viewpoints"
    inversion: Inversion = _FOUR

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def title(self) -> str:
        """A run's name for a list."""
        images = self.inversion.scenario.federation.images
        who = f"{images} photographs" if images > 1 else "one photograph"
        return f"{self.inversion.recipe.name} on {who} from three places, {self.inversion.scenario.network.row.title}"

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame whenever an attack has a new guess, the one that is furthest behind going on next.

        A place from which nothing can be seen is left out; the last frame is final and carries the others' verdicts.
        Raises: Refusal, when there is no place from which anything can be seen.
        """
        start, told = time.perf_counter(), self.inversion.scenario.threat.labels
        looks = [Look(view, self._from(view).run(device), told=told) for view in VIEWS]
        for look in looks:
            look.advance()
        seeing = [look for look in looks if look.frame is not None]
        if not seeing:
            raise Refusal(" ".join(dict.fromkeys(look.reason for look in looks)))
        alike, updates = self._on_its_way(device)
        pictures = updates | {f"truth.{look.view}": look.frame.pictures["truth"] for look in seeing}
        index = 0
        while True:
            over = all(look.over for look in seeing)
            seconds = time.perf_counter() - start
            yield _frame(index, seconds, looks, pictures, {"mask_correlation": alike}, final=over)
            if over:
                return
            min((look for look in seeing if not look.over), key=lambda look: look.progress).advance()
            index, pictures = index + 1, {}

    def _from(self, view: View) -> Inversion:
        return self.inversion.changed(("scenario", "federation", "view"), view)

    def _on_its_way(self, device: str) -> tuple[float, dict[str, np.ndarray]]:
        """Return how like the first client's update is to what the server receives of it, and both as squares."""
        true = received = self._update(device, masks=False)
        if self.inversion.scenario.federation.secure_aggregation:
            received = self._update(device, masks=True)
        return correlation(true, received), {"update.true": square(true), "update.sent": square(received)}

    def _update(self, device: str, *, masks: bool) -> Update:
        """Play the round once more, and return what the server receives of the first client in it."""
        one = self._from("per-client").changed(("scenario", "federation", "secure_aggregation"), masks)
        played = one.scenario.play(one.seed, device=place(device), dtype=getattr(torch, one.precision))
        return played.exchanges[0][0].update


class Look:
    """One attack under way: its newest frame, and the sentence that says why there is none or no other."""

    def __init__(self, view: View, frames: Iterator[Frame], *, told: bool) -> None:
        self.view, self.told = view, told
        self.frame: Frame | None = None
        self.reason = ""
        self._frames, self._seconds = frames, 0.0

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return bool(self.reason) or (self.frame is not None and self.frame.final)

    @property
    def progress(self) -> float:
        """The share of this attack that is done."""
        return 1.0 if self.over else self.frame.scalars["progress"]

    def advance(self) -> None:
        """Take the next frame, or keep the reason why there is none."""
        begun = time.perf_counter()
        try:
            self.frame = next(self._frames)
        except Refusal as refusal:
            self.reason = str(refusal)
        self._seconds += time.perf_counter() - begun

    @property
    def verdict(self) -> Verdict:
        """What the newest guesses amount to."""
        series = self.frame.series
        bars = {
            name.removeprefix("baseline."): torch.tensor(values)
            for name, values in series.items() if name.startswith("baseline.")
        }  # fmt: skip
        right = torch.tensor(series["label_recovered"]) == torch.tensor(series["label_true"])
        return verdict(torch.tensor(series["psnr"]), bars, None if self.told else right.float())

    @property
    def sentence(self) -> str:
        """The verdict in words with the seconds of this attack alone, or why there is none."""
        return f"{self.view}: {self.reason or sentence(self.verdict, self._seconds)}"

    @property
    def recognised(self) -> list[float]:
        """1 for each photograph on which one sees who it is, 0 for the others."""
        return [float(level in _SEEN) for level in self.verdict.levels]


def square(update: Update) -> np.ndarray:
    """Return an update's first numbers as a square: middle grey is nothing, black and white the largest of them."""
    numbers = flatten(update).detach().cpu().double()[: _SIDE**2]
    numbers = functional.pad(numbers, (0, _SIDE**2 - len(numbers)))
    largest = numbers.abs().max().clamp_min(torch.finfo(numbers.dtype).tiny)
    return tiles((numbers / largest / 2 + 0.5).reshape(1, 1, _SIDE, _SIDE))


def correlation(one: Update, other: Update) -> float:
    """Return the correlation of two updates over all their numbers; 0 where one of them is the same everywhere."""
    rows = torch.stack([flatten(update).detach().cpu().double() for update in (one, other)])
    rows = rows - rows.mean(1, keepdim=True)
    units = rows / rows.norm(dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    return float((units[0] @ units[1]).clamp(-1, 1))


def _frame(
    index: int, seconds: float, looks: list[Look], pictures: dict[str, np.ndarray], scalars: dict[str, float], *,
    final: bool,
) -> Frame:  # fmt: skip
    """Return the present state from all places."""
    seeing = [look for look in looks if look.frame is not None]
    series: dict[str, list[float]] = {}
    for look in seeing:
        scalars = scalars | {f"{name}.{look.view}": look.frame.scalars[name] for name in ("psnr", "ssim")}
        series |= {f"{name}.{look.view}": look.frame.series[name] for name in ("psnr", "ssim", "client")}
        pictures = pictures | {f"reconstruction.{look.view}": look.frame.pictures["reconstruction"]}
        if final:
            series |= {f"recognised.{look.view}": look.recognised}
    progress = {"progress": sum(look.progress for look in seeing) / len(seeing)}
    note = _closing(looks) if final else _opening(looks) if index == 0 else ""
    return Frame(index, seconds, scalars | progress, series, pictures, note, final)


def _opening(looks: list[Look]) -> str:
    lost = [look.sentence for look in looks if look.reason]
    warnings = [line for look in looks if look.frame is not None for line in look.frame.note.split("\n") if line]
    return "\n".join(dict.fromkeys([*lost, *warnings]))


def _closing(looks: list[Look]) -> str:
    others = [line for look in looks if look.frame is not None and look.frame.final
              for line in look.frame.note.split("\n")[1:]]  # fmt: skip
    return "\n".join(dict.fromkeys([*(look.sentence for look in looks), *others]))
