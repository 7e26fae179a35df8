"""What a teacher's link hides and locks: for a class, no barrier, for one press shows everything again."""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Literal

import streamlit as st

from leaklab.settings import Knob, Path, Settings, choices

How = Literal["hide", "lock"]
HOWS: tuple[How, ...] = ("hide", "lock")  # as they are called in an address: ?hide=init,tv&lock=noise
BY_HAND = {  # controls that are no single knob
    "photographs": "Photographs", "recipe": "Recipe", "defences": "Choice of defences", "presets": "Starts",
}  # fmt: skip

_NAMED = 24  # controls that are named to who misspelt one; more would fill the screen


def enter() -> None:
    """Take over what the address of a page hides and locks; where it says nothing, what was said before goes on."""
    if any(how in st.query_params for how in HOWS):
        st.session_state[_key()] = {how: read(",".join(st.query_params.get_all(how))) for how in HOWS}
        st.session_state[f"{_key()}.new"] = True


def read(text: str) -> tuple[str, ...]:
    """Return the names that stand in an address, as they are written here."""
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := kebab(part))))


def names(how: How) -> tuple[str, ...]:
    """Return what is hidden or locked on this page, as its link called it."""
    return st.session_state.get(_key(), {}).get(how, ())


def begin() -> None:
    """Forget which controls were drawn: the page draws them anew."""
    st.session_state["classroom.met"], st.session_state["classroom.by-hand"] = {}, set()


def asks(how: How, name: str) -> bool:
    """Note a control of BY_HAND that is about to be drawn, and return whether it is hidden, or locked."""
    st.session_state.setdefault("classroom.by-hand", set()).add(name)
    return name in names(how)


def shows(settings: Settings, knob: Knob) -> bool:
    """Note a knob that is about to be drawn, and return whether it is to be."""
    st.session_state.setdefault("classroom.met", {})[knob.path] = knob
    return not applies("hide", type(settings), knob.path)


def applies(how: How, cls: type[Settings], path: Path) -> bool:
    """Return whether a knob of some settings is hidden, or locked."""
    return any(_numberless(path) in meant(cls, name) for name in names(how))


def end(classes: Collection[type[Settings]]) -> None:
    """Write into the address what is hidden and locked, and say once which names mean nothing in these settings."""
    for how in HOWS:
        said = ",".join(names(how))
        if said and st.query_params.get(how) != said:
            st.query_params[how] = said
        if not said:
            st.query_params.pop(how, None)
    if st.session_state.pop(f"{_key()}.new", False):
        asked = dict.fromkeys(name for how in HOWS for name in names(how))
        strange = [name for name in asked if name not in BY_HAND and not any(meant(one, name) for one in classes)]
        if strange:
            there = list(offered(classes))
            more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
            st.toast(
                f"This link hides or locks {', '.join(strange)}, which no control is called here. "
                f"There are {', '.join(there[:_NAMED])}{more}.",
                icon=":material/visibility_off:", duration="long",
            )  # fmt: skip


def tell(key: str) -> None:
    """Say that a link hides or locks something, with the way out."""
    done = [word for how, word in zip(HOWS, ("hidden", "locked"), strict=True) if names(how)]
    if done:
        with st.container(horizontal=True, vertical_alignment="center", key=f"{key}.classroom"):
            st.caption(f":material/school: Some controls are {' or '.join(done)} by this link.", width="content")
            st.button("Show all", key=f"{key}.show-all", on_click=_show_all, type="tertiary")


def offered(classes: Iterable[type[Settings]]) -> dict[str, str]:
    """Return the titles of all controls of this page, by the names that mean them and as little else as can be."""
    by_hand = st.session_state.get("classroom.by-hand", ())
    found = {name: title for name, title in BY_HAND.items() if name in by_hand}
    for knob in st.session_state.get("classroom.met", {}).values():
        spelt = [kebab(knob.title), *_endings(_numberless(knob.path))]
        meanings = {name: sum(len(meant(one, name)) for one in classes) for name in spelt}
        known = [name for name in spelt if meanings[name]]
        if known:
            name = min(known, key=lambda name: (meanings[name], len(name)))
            found.setdefault(name, f"{knob.title} ({name})" if knob.title in found.values() else knob.title)
    return found


@lru_cache(maxsize=1024)
def meant(cls: type[Settings], name: str) -> frozenset[str]:
    """Return the places that a name means in settings: those of that title, or else of such last or first words."""
    titled = frozenset(place for place, title in _schema(cls) if title == name)
    return titled or frozenset(
        place
        for place, title in _schema(cls)
        if name in _endings(place) or title.startswith(f"{name}-") or title.endswith(f"-{name}")
    )


@lru_cache
def _schema(cls: type[Settings]) -> frozenset[tuple[str, str]]:
    """Return the place and the title of every knob that such settings may hold, whatever their parts are."""
    return frozenset(_knobs(cls, ""))


def _knobs(cls: type[Settings], before: str) -> Iterator[tuple[str, str]]:
    for name, field in cls.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("knob"):
            yield f"{before}{name}", kebab(str(extra["title"] or name))
        for choice in choices(field.annotation):
            if isinstance(choice, type):
                yield from _knobs(choice, f"{before}{name}.")


def _numberless(path: Path) -> str:
    return ".".join(step for step in path if isinstance(step, str))


def _endings(place: str) -> list[str]:
    """Return the last word of a place, the last two, and so on."""
    words = [kebab(word) for word in place.split(".")]
    return ["-".join(words[first:]) for first in reversed(range(len(words)))]


def kebab(text: str) -> str:
    """Return a title or a name as it is written in an address: small-letters-and-hyphens."""
    return "-".join(re.findall(r"\w+", text.lower().replace("_", " ").replace("'", "").replace("’", "")))


def _show_all() -> None:
    st.session_state.pop(_key(), None)
    for how in HOWS:
        st.query_params.pop(how, None)


def _key() -> str:
    return f"classroom.{st.session_state.get('page', '')}"
