"""Enhanced: how far an enhancing has come: what hangs on the wall, and what is to be said of it."""

import time
from collections.abc import Iterator

from leaklab.attacks.enhancement import Enhancement
from leaklab.experiments.exhibits import RAW, Wall, verdict
from leaklab.experiments.frame import Frame
from leaklab.experiments.referee import tiles
from leaklab.experiments.scenario import Played
from leaklab.settings import Refusal

_ATTACK = 0.5  # share of a run that the attack takes, where there is something to enhance with


class Enhanced:
    """A raw reconstruction and what enhancers have made of it so far, as frames."""

    def __init__(self, played: Played, start: float, enhancers: int) -> None:
        self.wall = Wall(played.exchanges)
        self._played, self._start, self._enhancers = played, start, enhancers
        self._scalars: dict[str, float] = {}
        self._said: list[str] = []  # of single columns, each line with the column's name in front
        self._index, self._done = 0, 0

    def searched(self, iteration: int, iterations: int) -> None:
        """Hang up what the attacks have found so far."""
        self.wall.put(RAW, self.wall.found)
        share = min(1.0, iteration / max(1, iterations))
        self._scalars = {
            "iteration": float(iteration), "iterations": float(iterations),
            "loss": sum(float(guess.losses[guess.best]) for guess in self.wall.guesses),
            "progress": share * (_ATTACK if self._enhancers else 1),
        }  # fmt: skip

    def work(self, name: str, enhancer: Enhancement, seed: int) -> Iterator[Frame]:
        """Yield a frame for each step of an enhancer; one that cannot work gets a sentence, and the rest goes on."""
        raw, images = self.wall.found, None
        steps = getattr(enhancer, "epochs", len(raw))  # of which it yields no more than so many
        try:
            if missing := enhancer.missing(self._played.exchanges[0][0]):
                raise Refusal(" ".join(missing))
            for step, images in enumerate(enhancer.enhance(raw, self.wall.believed, seed), start=1):
                self.wall.put(name, images, strip="epochs" in type(enhancer).model_fields)
                self._advance(min(1.0, step / steps))
                yield self.frame()
            remark = enhancer.remark(raw, images)
        except Refusal as refusal:
            remark = str(refusal)
        self._said += [f"{name}: {remark}"] if remark else []
        self._done += 1
        self._advance(0)

    def frame(self) -> Frame:
        """Return everything as far as it has come."""
        note = "\n".join(self._said if self._index else self._played.warnings)
        return self._frame(self._scalars, note)

    def closing(self) -> Frame:
        """Return the last frame, with LPIPS where it can be had, and the verdict."""
        reason = self.wall.look_closely()
        said = [verdict(self.wall.scalars), *self._said, *filter(None, [reason])]
        return self._frame(self._scalars | {"progress": 1.0}, "\n".join(said), final=True)

    def _advance(self, share: float) -> None:
        done = (self._done + share) / self._enhancers
        self._scalars |= {
            "enhancers": float(self._enhancers), "enhancers_done": float(self._done),
            "progress": _ATTACK + (1 - _ATTACK) * done,
        }  # fmt: skip

    def _frame(self, scalars: dict[str, float], note: str, *, final: bool = False) -> Frame:
        pictures = self.wall.pictures | ({} if self._index else {"truth": tiles(self.wall.truth)})
        index, self._index = self._index, self._index + 1
        return Frame(
            index, time.perf_counter() - self._start, scalars | self.wall.scalars, self.wall.series, pictures, note,
            final,
        )  # fmt: skip
