"""Every sentence a visitor reads that belongs to no knob: read from assets/, so that teachers can change it."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

from leaklab.ui import glossary

ASSETS = Path(__file__).parents[2] / "assets"

_START = re.compile(r"\(see:([^)\s]+)\)")  # of a link to a start: [eight photographs](see:playground/easy-leak?...)
_MARKS = re.compile(r"([\\`*\[\]<>$|~]|:(?! ))")  # of Markdown
_CITED = re.compile(r"\[cite:(\w+)\]")


@lru_cache
def text(name: str) -> str:
    """Return a Markdown text of assets/words."""
    return (ASSETS / "words" / f"{name}.md").read_text(encoding="utf-8")


@lru_cache
def parts(name: str) -> dict[str, str]:
    """Return a Markdown text cut at its second-level headings, by heading; what stands before the first is ''."""
    found: dict[str, list[str]] = {"": []}
    here = ""
    for line in text(name).splitlines():
        if line.startswith("## "):
            here = line.removeprefix("## ").strip()
            found[here] = []
        else:
            found[here].append(line)
    return {heading: "\n".join(lines).strip() for heading, lines in found.items()}


@lru_cache
def table(name: str) -> dict[str, dict[str, object]]:
    """Return a TOML file of assets."""
    return tomllib.loads((ASSETS / f"{name}.toml").read_text(encoding="utf-8"))


@lru_cache
def papers() -> dict[str, dict[str, object]]:
    """Return the papers recipes cite, by key."""
    return tomllib.loads((ASSETS / "papers.toml").read_text(encoding="utf-8"))


def cited(key: str) -> str:
    """Return a paper as a reader knows it, "Geiping et al. 2020", linked to where it can be read."""
    paper = papers()[key]
    first, *others = (str(author).split()[-1] for author in paper["authors"])
    names = first if not others else f"{first} and {others[0]}" if len(others) == 1 else f"{first} et al."
    said = f"{names} {paper['year']}"
    return f"[{said}]({paper['address']})" if paper["address"] else said


@lru_cache
def methods() -> dict[str, dict[str, object]]:
    """Return the methods of label recovery in words, by key."""
    return tomllib.loads((ASSETS / "methods.toml").read_text(encoding="utf-8"))


@lru_cache
def defences() -> dict[str, dict[str, str]]:
    """Return the defences in words, by key."""
    return tomllib.loads((ASSETS / "defences.toml").read_text(encoding="utf-8"))


def named(sentence: str) -> str:
    """Return a sentence on who read the labels with the methods' names in place of their keys."""
    said, read, keys = sentence.partition(" read by ")
    return said + read + re.sub(r"\w+", lambda found: methods().get(found[0], {"name": found[0]})["name"], keys)


def style() -> str:
    """Return the house's style sheet."""
    return sheet("style")


@lru_cache
def sheet(name: str) -> str:
    """Return a style sheet of assets."""
    return (ASSETS / f"{name}.css").read_text(encoding="utf-8")


def lead(name: str) -> None:
    """Write a page's title and its first sentences."""
    tell(name, "")


def tell(name: str, heading: str) -> None:
    """Write a part of a page's text: its technical words explained, its starts and papers linked.

    Raises: Refusal, when it names a start that no page offers.
    """
    glossary.write(linked(parts(name)[heading]))


def literal(text: str) -> str:
    """Return a text that a link may have brought so that nothing in it is Markdown."""
    return _MARKS.sub(r"\\\1", text)


def linked(text: str) -> str:
    """Return a text with the addresses of the starts and papers it names.

    Raises: Refusal, when it names a start that no page offers.
    """
    return _START.sub(lambda found: f"({_address(found[1])})", _CITED.sub(lambda found: cited(found[1]), text))


def _address(start: str) -> str:
    from leaklab.ui import starts  # with the experiments, and so with PyTorch: not before a text asks for it

    return starts.address(start)
