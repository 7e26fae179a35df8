"""From the words of `leaklab sweep` to a sweep, and from a sweep to the command line that repeats it."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from leaklab.experiments.command import assemble, command_line
from leaklab.experiments.sweep import Axis, Sweep, axis, made
from leaklab.experiments.sweep_knobs import KNOBS
from leaklab.settings import Refusal

_HOW = "write a knob, '=' and its values, such as tv-weight=0,1e-4,1e-3"
_NOTHING = "Nothing varies: give --vary KNOB=VALUES once or twice, such as --vary tv-weight=0,1e-4; {}."
_CHOICE = f"the knobs are {', '.join(KNOBS)}, and every place that --set takes"


def sweep(
    given: Mapping[str, Any], sets: Sequence[str] = (), *, vary: Sequence[str] = (), seeds: int | None = None,
    begin: Sweep | None = None,
) -> Sweep:  # fmt: skip
    """Return the sweep that some flags of an attack and some `KNOB=VALUES` ask for.

    Labels are told to an attacker that cannot do without them at a corner of the grid.
    Raises: Refusal, naming the flag, the knob, the value and what is allowed.
    """
    inversion = assemble(given, sets, begin=begin.inversion if begin else None)
    axes = tuple(map(_axis, vary)) or (begin.axes if begin else ())
    if not axes:
        raise Refusal(_NOTHING.format(_CHOICE))
    seeds = (begin.seeds if begin else 1) if seeds is None else seeds
    asked = made(inversion, axes, seeds)
    told = any(assemble({}, begin=one).scenario.threat.labels for one in asked.corners())
    if told and not inversion.scenario.threat.labels:
        asked = made(inversion.changed(("scenario", "threat", "labels"), True), axes, seeds)
    return asked


def sweep_command_line(asked: Sweep) -> str:
    """Return the command that repeats a sweep; it says nothing of folders and uploads."""
    attack = command_line(asked.inversion).replace("leaklab run", "leaklab sweep", 1)
    varied = [word for one in asked.axes for word in ("--vary", f"{one.name}={','.join(one.written)}")]
    seeds = ["--seeds", str(asked.seeds)] if asked.seeds > 1 else []
    return f"{attack} {shlex.join([*varied, *seeds])}"


def _axis(text: str) -> Axis:
    name, equals, values = text.partition("=")
    if not equals or not values.strip():
        raise Refusal(f"--vary {text}: {_HOW}.")
    try:
        numbers = [float(value) for value in values.split(",")]
    except ValueError as error:
        raise Refusal(f"--vary {text}: {values!r} is not a list of numbers; {_HOW}.") from error
    return axis(name.strip(), numbers)
