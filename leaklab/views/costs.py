"""What an attack costs, in words: before it runs what is known, afterwards what it took and why it ended."""

from collections.abc import Mapping

from leaklab.experiments.costs import Evaluations

_ENDED = {
    "enough": "the loss is so low that nothing is left to match",
    "stuck": "no step lowers the loss any further",
    "diverged": "the loss is no longer a number",
}


def expected(evaluations: Evaluations | None, seconds: float | None) -> str:
    """Return what is known before a run, in a sentence; nothing where nothing is known."""
    parts = []
    if evaluations and evaluations.count:
        about = "" if evaluations.exact else "about "
        most = "at most " if evaluations.early else ""
        parts.append(f"{most}{about}{evaluations.count:,} evaluations of the gradient")
    if seconds is not None:
        parts.append(f"about {_duration(seconds)}, as earlier runs like it took")
    said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def taken(scalars: Mapping[str, float], seconds: float, seed: int) -> str:
    """Return what a finished run took: seconds and device, pace, evaluations, and its seed."""
    device = {0.0: " on the CPU", 1.0: " on the GPU"}.get(scalars.get("cuda", -1.0), "")
    parts = [f"{_duration(seconds)}{device}"]
    if seconds > 0 and scalars.get("iteration", 0) > 1:
        parts.append(f"{_pace(scalars['iteration'] / seconds)} iterations a second")
    if "evaluations" in scalars and scalars["evaluations"] > 1:
        parts.append(f"{scalars['evaluations']:,.0f} evaluations of the gradient")
    return f"{', '.join(parts)}; seed {seed}."


def ended(scalars: Mapping[str, float]) -> str:
    """Return why a finished run ended, in a sentence; nothing where it does not say."""
    counts = {n.removeprefix("ended."): int(v) for n, v in scalars.items() if n.startswith("ended.")}
    if len(counts) > 1:
        told = [f"{count} because {_why(why, scalars)}" for why, count in counts.items()]
        return f"Of {sum(counts.values())} attacks ended {', '.join(told)}."
    [why] = counts or [""]
    if why in _ENDED:
        return f"It stopped by itself at iteration {_of(scalars)}: {_ENDED[why]}."
    return f"It ended because {_why(why, scalars)}." if why else ""


def _why(why: str, scalars: Mapping[str, float]) -> str:
    if why == "solved":
        return "all equations are solved"
    used = f"all {scalars.get('iterations', 0):,.0f} iterations were used up"
    return _ENDED.get(why, used)


def _of(scalars: Mapping[str, float]) -> str:
    return f"{scalars.get('iteration', 0):,.0f} of {scalars.get('iterations', 0):,.0f}"


def _pace(pace: float) -> str:
    return f"{pace:.0f}" if pace >= 10 else f"{pace:.1f}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
