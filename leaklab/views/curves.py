"""Curves over the iterations of a run, as ECharts options: the loss by term and restart, PSNR and SSIM.

Each curve has a sentence beside it that states the takeaway, for those who do not see the drawing.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from leaklab.experiments.frame import Frame
from leaklab.views.options import Option, Point, Stroke, axis, chart, finite, line, positive
from leaklab.views.palette import ink

_MANY = 8  # restarts or images beyond which single lines fade to a cloud


def attacks(frames: Sequence[Frame]) -> list[int]:
    """Return the numbers of the attacks a run carries out: one, or one a client."""
    names = {name for frame in frames for name in frame.series if name.startswith("losses.")}
    return sorted(int(name.removeprefix("losses.")) for name in names)


def best_restart(losses: Sequence[float | None]) -> int | None:
    """Return which restart has the lowest finite loss, as the attacker would choose; None when none is finite."""
    ranked = [(value, index) for index, value in enumerate(losses) if finite(value) is not None]
    return min(ranked)[1] if ranked else None


def losses(frames: Sequence[Frame], *, attack: int | None = None, dark: bool = False) -> Option:
    """Draw the loss on a log scale, a line a restart, the best restart thick.

    One attack (or a chosen one) is drawn by term; several (one a client) are drawn by client, the loss of each.
    """
    colours, found = ink(dark), attacks(frames)
    chosen = attack if attack is not None or len(found) != 1 else found[0]
    drawn = chart(dark=dark)
    drawn["xAxis"] = axis("iteration", colours)
    drawn["yAxis"] = axis("loss (log scale)", colours, side="left", log=True)
    lines = (
        {f"client {number + 1}": f"losses.{number}" for number in found} if chosen is None else _terms(frames, chosen)
    )
    for index, (name, key) in enumerate(lines.items()):
        best = _last_best(frames, key if chosen is None else f"losses.{chosen}")
        drawn["series"] += _restarts(frames, name, key, best, Stroke(colours.line(index), colours.dash(index), width=3))
    restarts = len(_last(frames, f"losses.{chosen}"))
    if chosen is not None and restarts > 1 and (best := _last_best(frames, f"losses.{chosen}")) is not None:
        words = {"color": colours.quiet, "fontSize": 12, "fontWeight": "normal"}
        note = f"thick: restart {best + 1} of {restarts}, the lowest loss so far"
        drawn["title"] = {"text": note, "right": 16, "top": 32, "textStyle": words}
    return drawn


def losses_alt(frames: Sequence[Frame], *, attack: int | None = None) -> str:
    """Say in a sentence how the loss went."""
    found = attacks(frames) if attack is None else [attack]
    told = [_loss_sentence(frames, number, named=len(found) > 1) for number in found]
    return " ".join(told) or "No loss has been recorded yet."


def scores(frames: Sequence[Frame], *, dark: bool = False) -> Option:
    """Draw PSNR (left axis) and SSIM (right axis) over the iterations: the mean thick, every image thin."""
    colours = ink(dark)
    drawn = chart(dark=dark)
    drawn["xAxis"] = axis("iteration", colours)
    drawn["yAxis"] = [
        axis("PSNR (dB)", colours, side="left"), axis("SSIM", colours, side="right") | {"min": 0, "max": 1}
    ]  # fmt: skip
    for index, (name, key) in enumerate({"PSNR": "psnr", "SSIM": "ssim"}.items()):
        stroke = Stroke(colours.line(index), colours.dash(index), right=bool(index))
        mean = _scalar(frames, key)
        drawn["series"].append(line(name, mean, stroke))
        count = len(_last(frames, key))
        thin = replace(stroke, width=1, opacity=0.5 if count <= _MANY else 0.25, quiet=True)
        for image in range(count if count > 1 else 0):
            drawn["series"].append(line(name, _series(frames, key, image, finite), thin))
    return drawn


def scores_alt(frames: Sequence[Frame]) -> str:
    """Say in a sentence how close the reconstruction came."""
    told = [
        f"{name} went from {values[0]:.{digits}f} to {values[-1]:.{digits}f}{unit}"
        for name, key, digits, unit in (("PSNR", "psnr", 1, " dB"), ("SSIM", "ssim", 2, ""))
        if (values := [y for _, y in _scalar(frames, key) if y is not None])
    ]
    return "; ".join(told) + "." if told else "No score has been recorded yet."


def _terms(frames: Sequence[Frame], attack: int) -> dict[str, str]:
    prefix = f"terms.{attack}."
    names = dict.fromkeys(name for frame in frames for name in frame.series if name.startswith(prefix))
    # A single term is the loss itself: drawing it twice would hide one line under the other.
    shown = names if len(names) > 1 else ()
    return {"loss": f"losses.{attack}"} | {key.removeprefix(prefix).replace("_", " "): key for key in shown}


def _restarts(frames: Sequence[Frame], name: str, key: str, best: int | None, stroke: Stroke) -> list[Option]:
    count = len(_last(frames, key))
    thin = replace(stroke, width=1.2, opacity=0.55 if count <= _MANY else 0.3, quiet=True)
    # The best restart comes first, so that the legend shows its line; it alone speaks in the tooltip.
    order = sorted(range(count), key=lambda index: index != best)
    return [line(name, _series(frames, key, i, positive), stroke if i == best else thin) for i in order]


def _loss_sentence(frames: Sequence[Frame], attack: int, *, named: bool) -> str:
    key = f"losses.{attack}"
    subject = f"Client {attack + 1}: loss" if named else "Loss"
    best = _last_best(frames, key)
    if best is None:
        return f"{subject}: no restart has a finite value."
    values = [y for _, y in _series(frames, key, best, finite) if y is not None]
    first, last = f"{values[0]:.3g}", f"{values[-1]:.3g}"
    way = "fell" if values[-1] < values[0] else "rose"
    told = f"{subject} stayed at {last}" if first == last else f"{subject} {way} from {first} to {last}"
    return told + (f"; restart {best + 1} is best." if len(_last(frames, key)) > 1 else ".")


def _iteration(frame: Frame) -> float:
    return frame.scalars.get("iteration", frame.index)


def _scalar(frames: Sequence[Frame], key: str) -> list[Point]:
    return [(_iteration(frame), finite(frame.scalars.get(key))) for frame in frames]


def _series(
    frames: Sequence[Frame], key: str, index: int, shown: Callable[[float | None], float | None]
) -> list[Point]:
    held = [(_iteration(frame), frame.series[key]) for frame in frames if key in frame.series]
    return [(x, shown(values[index]) if index < len(values) else None) for x, values in held]


def _last(frames: Sequence[Frame], key: str) -> Sequence[float]:
    return next((frame.series[key] for frame in reversed(frames) if key in frame.series), ())


def _last_best(frames: Sequence[Frame], key: str) -> int | None:
    return best_restart(_last(frames, key))
