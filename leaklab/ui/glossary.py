"""The glossary: technical words explained where they first stand on a page, under the pointer and by keyboard."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

import streamlit as st

_LIST = Path(__file__).parents[2] / "assets" / "glossary.toml"
_SEEN = "glossary.seen"
# What is left as it stands: code, formulas, HTML, pictures and links, headings, icons and colours, and lines that a
# page replaces.
_KEPT = re.compile(
    r"```.*?```|`[^`\n]*`|\$\$.*?\$\$|<[^>]*>|!?\[[^\]]*\]\([^)]*\)|^#{1,6} .*?$|:[a-z]+(?:/[a-z_]+:|\[)"
    r"|^\[[^\]]*\]\s*$|https?://\S+",
    re.DOTALL | re.MULTILINE,
)  # fmt: skip

# Escape puts a tip away, as it does with every other thing that opens over a page.
_ESCAPE_JS = """
export default function () {
  if (window.leaklabEscapes) return;
  window.leaklabEscapes = true;
  document.addEventListener('keydown', event => {
    if (event.key !== 'Escape') return;
    for (const term of document.querySelectorAll('.leaklab-term:is(:hover, :focus)')) {
      term.classList.add('away');
      for (const left of ['pointerleave', 'blur'])
        term.addEventListener(left, () => term.classList.remove('away'), { once: true });
    }
  });
}
"""
_escape_puts_away = st.components.v2.component("leaklab_glossary", js=_ESCAPE_JS)


@dataclass(frozen=True)
class Term:
    """A technical word, its other forms, what it means, and whether it is too common to be marked in a text."""

    name: str
    forms: tuple[str, ...]
    means: str
    everyday: bool = False


@lru_cache
def terms() -> dict[str, Term]:
    """Return every term of the glossary by its name."""
    listed = tomllib.loads(_LIST.read_text(encoding="utf-8"))
    return {name: Term(name, tuple(one.pop("forms")), **one) for name, one in listed.items()}


def found(text: str) -> list[str]:
    """Return the terms that stand in a text, in the order of their first places."""
    return list(dict.fromkeys(_term(match[0]).name for match in _pattern().finditer(text)))


def mark(text: str, seen: dict[str, str]) -> str:
    """Return a Markdown text with the first occurrence of each term as a tip; `seen` says in which text it was.

    A text that is written once more, as a fragment is, gets the same tips again.
    """
    here, marked, after = set(), [], 0
    for kept in [*_KEPT.finditer(text), None]:
        end = kept.start() if kept else len(text)
        marked.append(_pattern().sub(lambda match: _tip(match[0], text, seen, here), text[after:end]))
        if kept:
            marked.append(kept[0])
            after = kept.end()
    return "".join(marked)


def begin() -> None:
    """Begin a page: nothing has been explained yet; Escape puts tips away."""
    st.session_state[_SEEN] = {}
    _escape_puts_away(key="glossary")


def write(text: str) -> None:
    """Write a Markdown text whose terms are explained where they first stand on this page."""
    st.markdown(mark(text, st.session_state.setdefault(_SEEN, {})), unsafe_allow_html=True)


@lru_cache
def listed(*, whole: bool = False) -> str:
    """Return every term as HTML, in alphabetical order: in a box that scrolls, or at full length."""
    rows = sorted(terms().values(), key=lambda term: term.name.lower())
    said = "".join(f"<dt>{escape(term.name)}{_others(term)}</dt><dd>{escape(term.means)}</dd>" for term in rows)
    form = 'class="leaklab-glossary whole"' if whole else 'class="leaklab-glossary" tabindex="0" aria-label="Glossary"'
    return f"<dl {form}>{said}</dl>"


def _others(term: Term) -> str:
    """Return the other names of a term; its plural, or whatever begins as it does, needs no mention."""
    said = [form for form in term.forms if form[:3].lower() != term.name[:3].lower()]
    return f" <small>{escape(', '.join(said))}</small>" if said else ""


def _tip(said: str, text: str, seen: dict[str, str], here: set[str]) -> str:
    term = _term(said)
    if term.everyday or term.name in here or seen.setdefault(term.name, text) != text:
        return said
    here.add(term.name)
    meaning = escape(f"{term.name}: {term.means}", quote=True)
    return f'<span class="leaklab-term" tabindex="0" role="note" aria-label="{meaning}">{said}</span>'


def _term(said: str) -> Term:
    by_form = _by_form()
    return by_form.get(said) or by_form[said.lower()]


@lru_cache
def _by_form() -> dict[str, Term]:
    return {_plain(form): term for term in terms().values() for form in (term.name, *term.forms)}


def _plain(form: str) -> str:
    """Return a form as it is looked for: as it stands where a later letter is a capital, else in small letters."""
    return form if form[1:] != form[1:].lower() else form.lower()


@lru_cache
def _pattern() -> re.Pattern[str]:
    """Return what finds every form, the longest first, so that "total variation" is no variation."""
    longest = sorted(_by_form(), key=len, reverse=True)
    each = [re.escape(form) if form != form.lower() else f"(?i:{re.escape(form)})" for form in longest]
    return re.compile(rf"(?<![\w.-])(?:{'|'.join(each)})(?![\w-]|\.\w)")
