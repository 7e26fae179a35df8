"""Links of other versions: what of them is still known, and sentences on all the rest."""

import reprlib
from collections.abc import Iterable
from typing import Any, TypeVar

import pydantic

from leaklab.settings import Path, Refusal, Settings, from_link, unpacked

S = TypeVar("S", bound=Settings)

_ROUNDS = 16  # of leaving out what is refused; a part that is gone may leave another one without its ground
_MOST = 200  # complaints at once; a link that gives rise to more was never made by any version
_NAMED = 5  # complaints that are written out; more are counted


def salvaged(cls: type[S], link: str) -> tuple[S, list[str]]:
    """Return the settings a link carries with defaults for what is unknown or no longer allowed, and what that is.

    Raises: Refusal, when the link is cut or altered, or carries settings of another kind.
    """
    tree = unpacked(link)
    unknown: list[Path] = []
    wrong: dict[Path, str] = {}
    kind = cls.model_fields["kind"].default
    if not isinstance(tree, dict) or tree.setdefault("kind", kind) != kind:
        return from_link(cls, link), []
    for _ in range(_ROUNDS):
        try:
            received = cls.model_validate(tree)
        except pydantic.ValidationError as error:
            if error.error_count() > _MOST:
                break
            _leave_out(tree, error, unknown, wrong)
        else:
            whole = cls.model_validate(received.model_dump(mode="json", context={"public_only": True}))
            return whole, _told(unknown, wrong)
    return from_link(cls, link), []


def _leave_out(
    tree: dict[str, Any], error: pydantic.ValidationError, unknown: list[Path], wrong: dict[Path, str]
) -> None:
    """Take everything out of what is written that a validation complains of, and note it.

    Raises: Refusal, when it complains of the whole.
    """
    all_of_it = error.errors(include_url=False)
    # A list counts those of its parts alone that are good: it may be long enough once the others are mended.
    first = [complaint for complaint in all_of_it if complaint["type"] != "too_short"] or all_of_it
    places = {_place(tree, complaint["loc"]): complaint for complaint in first}
    # From the back, so that what stands before it in a list keeps its number.
    for place, complaint in reversed(places.items()):
        if not place:
            raise Refusal(f"This link asks for something leaklab does not allow. {_why(complaint)}")
        if any(place[:length] in places for length in range(1, len(place))):
            continue
        _delete(tree, place)
        if complaint["type"] == "extra_forbidden":
            unknown.insert(0, place)
        else:
            wrong.setdefault(place, _why(complaint))


def _delete(tree: dict[str, Any], place: Path) -> None:
    """Take out what stands at a place; of a list that this empties the default stands in."""
    holder: Any = tree
    for step in place[:-1]:
        holder = holder[step]
    del holder[place[-1]]
    if isinstance(holder, list) and not holder:
        _delete(tree, place[:-1])


def _place(tree: Any, loc: Iterable[str | int]) -> Path:
    """Return how far a complaint's place is found in what is written."""
    place, node, said = [], tree, True
    for step in loc:
        if not said and isinstance(node, dict) and node.get("kind") == step:
            said = True  # a union's member, named once between the knob and what it holds
        elif (isinstance(node, dict) and step in node) or (isinstance(node, list) and step in range(len(node))):
            place.append(step)
            node, said = node[step], False
    return tuple(place[:-1] if place and place[-1] == "kind" else place)


def _why(complaint: Any) -> str:
    context, value = complaint.get("ctx", {}), complaint.get("input")
    if complaint["type"] == "union_tag_invalid":
        return f"There is no {reprlib.repr(context['tag'])} any more, only {context['expected_tags']}."
    shown = f" (got {reprlib.repr(value)})" if isinstance(value, str | int | float | bool) else ""
    message = complaint["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{message[0].upper()}{message[1:]}{shown}."


def _told(unknown: list[Path], wrong: dict[Path, str]) -> list[str]:
    """Return what was left out, as sentences."""
    if not unknown and not wrong:
        return []
    said = ["This link was made by another version of leaklab."]
    if unknown:
        said.append(f"Not known here, and left out: {_listed(unknown)}.")
    found = list(reversed(wrong.items()))
    for place, why in found[:_NAMED]:
        instead = "It is left out." if isinstance(place[-1], int) else "Its default stands in."
        said.append(f"{_dotted(place)}: {why} {instead}")
    if len(found) > _NAMED:
        said.append(f"The same goes for {_listed(place for place, _ in found[_NAMED:])}.")
    return [*said, "Everything else is as the link says."]


def _listed(places: Iterable[Path]) -> str:
    names = list(dict.fromkeys(map(_dotted, places)))
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _dotted(place: Path) -> str:
    return ".".join(str(step) for step in place)
