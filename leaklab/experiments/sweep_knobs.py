"""The knobs that are swept: short names for places in an attack, with the values that tell most of each."""

from dataclasses import dataclass

from leaklab.experiments.flags import FLAGS, concrete, leaves, near, put
from leaklab.experiments.inversion import Inversion
from leaklab.settings import Knob, Refusal, walk

_PLACES = {flag.name: flag.place for flag in FLAGS}
_UNKNOWN = (
    "There is no knob {!r} here{} Choose {}, or a place such as recipe.stages.0.optimiser.learning_rate, which "
    "`leaklab recipes --markdown` lists."
)
_NOWHERE = "{} means nothing with {}, which has no such knob: sweep something else, or choose another recipe."
_NOT_ALLOWED = "{} cannot be {:g}: {}"


@dataclass(frozen=True)
class Swept:
    """A knob, or the same knob of every stage, and the values it takes when nobody says others."""

    title: str
    place: str  # as `--set` takes it
    values: tuple[float, ...]


def _row(title: str, flag: str, *values: float) -> Swept:
    return Swept(title, _PLACES[flag], values)


KNOBS = {
    "clients": _row("Clients", "--num-clients", 1, 2, 4, 8),
    "batch": _row("Photographs a client", "--samples-per-client", 1, 2, 4, 8),
    "tv-weight": _row("TV weight", "--tv-weight", 0, 1e-5, 1e-4, 1e-3, 1e-2),
    "init-scale": _row("Init scale", "--init-scale", 0.01, 0.05, 0.2, 0.5, 1, 2),
    "restarts": _row("Restarts", "--restarts", 1, 2, 4, 8),
    "local-steps": _row("Local steps", "--local-steps", 1, 2, 4, 8),
    "noise": _row("Noise", "--noise", 0, 1e-4, 1e-3, 1e-2, 0.1),
    "image-size": _row("Image size", "--image-size", 16, 32, 48, 64),
    "iterations": _row("Iterations", "--iterations", 10, 30, 100, 300),
}


def place(name: str) -> str:
    """Return where a knob stands: that of a name in the table, or the place that is named itself."""
    return KNOBS[name].place if name in KNOBS else name


def title(inversion: Inversion, name: str) -> str:
    """Return what a knob is called: in the table, or by its own words."""
    found = None if name in KNOBS else _knob(inversion, name)
    return KNOBS[name].title if name in KNOBS else found.title if found else name


def at(inversion: Inversion, name: str) -> float | None:
    """Return the number that a knob holds now; None where it is not there yet, or holds no number."""
    found = _knob(inversion, name)
    return found.value if found and isinstance(found.value, int | float) else None


def name(inversion: Inversion, dotted: str) -> str | None:
    """Return the name in the table of the knob at a dotted path of an attack; None where it has none."""
    return next((key for key in KNOBS if (found := _knob(inversion, key)) and found.dotted == dotted), None)


def applied(inversion: Inversion, name: str, value: float) -> Inversion:
    """Return an attack with one knob set, in every stage that has it.

    Raises: Refusal, when there is no such knob, or the value is not allowed there.
    """
    tree = inversion.model_dump(mode="json")
    try:
        tree = put(tree, place(name), int(value) if value == int(value) else value)
    except KeyError as error:
        if name in KNOBS:
            raise Refusal(_NOWHERE.format(KNOBS[name].title, inversion.recipe.name)) from error
        hint = near(name, [*KNOBS, *leaves(tree)])
        raise Refusal(_UNKNOWN.format(name, hint or ".", ", ".join(KNOBS))) from error
    try:
        return Inversion.read(tree)
    except Refusal as refusal:
        said = _allowed(_knob(inversion, name)) or str(refusal)
        raise Refusal(_NOT_ALLOWED.format(title(inversion, name), value, said)) from refusal


def _allowed(knob: Knob | None) -> str:
    """Say which numbers a knob may hold; nothing where it holds none."""
    if knob is None or knob.low is None or knob.high is None:
        return ""
    whole = "whole numbers" if isinstance(knob.value, int) else "numbers"
    return f"{whole} from {knob.low:g} to {knob.high:g} are allowed."


def _knob(inversion: Inversion, name: str) -> Knob | None:
    """Return a knob as it stands in an attack, of several stages the first one's; None where it is not there."""
    try:
        dotted = concrete(inversion.model_dump(mode="json"), place(name))
    except (StopIteration, KeyError, TypeError):
        return None
    return next((knob for knob in walk(inversion) if knob.dotted == dotted), None)
