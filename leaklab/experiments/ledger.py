"""The ledger: what stands of a defended round before any attack, and the frames of the attacks on it."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from leaklab.evaluation.scores import score
from leaklab.experiments.frame import Frame
from leaklab.experiments.promise import Promise
from leaklab.experiments.referee import tiles
from leaklab.experiments.scenario import Played
from leaklab.experiments.sent import Sent
from leaklab.experiments.viewpoints import Look, square

_ZERO = (
    "The update is zero: nothing is sent, so there is nothing to attack and nothing to learn. PSNR and SSIM are those "
    "of a mid-grey picture."
)
_SCORED = ("psnr", "ssim")


@dataclass
class Ledger:
    """Keeps what defences cost and promise, and puts it beside every guess of the attacks."""

    played: Played
    sent: Sent
    promise: Promise
    iterations: int = 0  # of all attacks together
    same: str = ""  # why the adaptive attack is the plain one, where it is
    remarks: Sequence[str] = ()
    _start: float = field(default_factory=time.perf_counter)
    _index: int = 0

    def frame(self, looks: Sequence[Look], *, final: bool) -> Frame:
        """Return the present state of the attacks, the plain one first."""
        known = {look.view: look for look in looks if look.frame is not None}
        plain = known.get("plain")
        shown = {"": plain, "adaptive.": known.get("adaptive") or (plain if len(looks) == 1 else None)}
        scalars, series, pictures = self._facts(), {}, {}
        for prefix, look in shown.items():
            for name in _SCORED:
                scalars[prefix + name] = look.frame.scalars[name] if look else math.nan
                series |= {prefix + name: look.frame.series[name]} if look else {}
            if look:
                pictures[prefix.removesuffix(".") or "reconstruction"] = look.frame.pictures["reconstruction"]
                series |= {name: row for name, row in look.frame.series.items() if name.startswith("baseline.")}
        scalars |= {
            "progress": sum(map(_progress, looks)) / len(looks),
            "iteration": sum(look.frame.scalars["iteration"] for look in known.values()),
            "iterations": float(self.iterations),
        }
        lines = self._closing(looks) if final else self._opening(looks) if self._index == 0 else []
        return self._framed(scalars, series, pictures, lines, final=final)

    def nothing(self) -> Frame:
        """Return the only frame there is where nothing was sent: that of a picture without any information."""
        truth = [secret.images.detach().float().cpu() for _, secret in self.played.exchanges]
        grey = [torch.full_like(images, 0.5) for images in truth]
        scores = [score(guess, images) for guess, images in zip(grey, truth, strict=True)]
        series = {name: torch.cat([one.values[name] for one in scores]).tolist() for name in _SCORED}
        scalars = {name: sum(row) / len(row) for name, row in series.items()}
        for rows in (scalars, series):
            rows |= {f"adaptive.{name}": rows[name] for name in _SCORED}
        scalars |= self._facts() | {"progress": 1.0, "iteration": 0.0, "iterations": 0.0}
        flat = np.concatenate([tiles(images) for images in grey], 1)
        lines = [_ZERO, *self.promise.remarks, *self.played.warnings]
        return self._framed(scalars, series, {"reconstruction": flat, "adaptive": flat}, lines, final=True)

    def _facts(self) -> dict[str, float]:
        sent, epsilon = self.sent, self.promise.epsilon
        facts = {
            "signal": sent.signal, "noise": sent.noise, "ratio": sent.ratio, "bytes": float(sent.bytes),
            "bytes.plain": float(sent.plain_bytes),
        }  # fmt: skip
        return facts if epsilon is None else facts | {"epsilon": epsilon}

    def _framed(
        self, scalars: dict[str, float], series: dict[str, list[float]], pictures: dict[str, np.ndarray],
        lines: Sequence[str], *, final: bool,
    ) -> Frame:  # fmt: skip
        if self._index == 0:
            pictures = pictures | {"truth": self._truth, "sent": square(self.played.exchanges[0][0].update)}
        note, seconds = "\n".join(dict.fromkeys(lines)), time.perf_counter() - self._start
        frame = Frame(self._index, seconds, scalars, series, pictures, note, final)
        self._index += 1
        return frame

    @property
    def _truth(self) -> np.ndarray:
        return np.concatenate([tiles(secret.images.float().cpu()) for _, secret in self.played.exchanges], 1)

    def _opening(self, looks: Sequence[Look]) -> Iterator[str]:
        yield from (look.sentence for look in looks if look.reason)
        yield from self.played.warnings

    def _closing(self, looks: Sequence[Look]) -> Iterator[str]:
        yield from (look.sentence for look in looks)
        if self.same:
            yield f"adaptive: {self.same}"
        yield from self.remarks
        yield from self.promise.remarks
        for look in looks:
            yield from look.frame.note.split("\n")[1:] if look.frame is not None and look.frame.final else ()


def _progress(look: Look) -> float:
    return look.progress if look.frame is not None else float(look.over)
