"""The page About: the papers, what is exact, whose pictures and weights these are, the glossary, and the version."""

import re
from collections.abc import Iterator
from html import escape
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from leaklab.attacks.recipe import Recipe
from leaklab.experiments import catalogue
from leaklab.experiments.reference import faith
from leaklab.ui import glossary, words

FIVE = ("alam2025", "fang2024", "jobic2025", "wilson2025", "zhang2023")  # the papers the project implements

_LICENCES = words.ASSETS.parent / "docs" / "licences.md"
_INSIDE = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")  # links to files, which lead nowhere on a page
_RESTS_ON = ("leaklab", "streamlit", "torch", "torchvision", "opacus", "deepinv", "lpips", "cma")


def exact() -> None:
    """Say of every recipe what it does, after which paper, and how near to it."""
    words.tell("about", "What is exact")
    st.html(recipes())


def recipes() -> str:
    """Return all recipes as an HTML table that becomes a list on a phone."""
    rows = "".join(_row(recipe) for recipe in catalogue.RECIPES.values())
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Attack", "After", "What it does", "How exact"))
    return (
        '<table class="leaklab-rows"><caption>Every attack, its paper, and how near it is to that.</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def papers() -> None:
    """List the five papers, and then everything else that is cited."""
    words.tell("about", "The five papers")
    st.markdown("\n".join(f"- {described(key)}" for key in FIVE))
    words.tell("about", "What else it rests on")
    others = sorted((key for key in words.papers() if key not in FIVE), key=_by_name)
    with st.expander(f"{len(others)} papers", icon=":material/library_books:"):
        st.markdown("\n".join(f"- {described(key)}" for key in others))


def described(key: str) -> str:
    """Return a paper as an entry of a list, its title linked to where it can be read."""
    paper = words.papers()[key]
    title = f"[{paper['title']}]({paper['address']})" if paper["address"] else f"*{paper['title']}*"
    return f"{', '.join(paper['authors'])}: {title}. {paper['venue']}, {paper['year']}."


def licences() -> None:
    """Show whose pictures and weights these are."""
    with st.expander("Whose pictures and weights these are", icon=":material/copyright:"), st.container(key="licences"):
        st.markdown(owners())


def owners() -> str:
    """Return the page of licences, without links that lead to files."""
    if not _LICENCES.is_file():
        return "The page `docs/licences.md` did not come with this copy: read it in leaklab's repository."
    _, _, body = _LICENCES.read_text(encoding="utf-8").partition("\n")
    return _INSIDE.sub(r"\1", body).replace("\n## ", "\n#### ")


def terms() -> None:
    """Show the whole glossary."""
    with st.expander(f"{len(glossary.terms())} words explained", icon=":material/menu_book:"):
        st.html(glossary.listed(whole=True))


def numbered() -> str:
    """Return the version of leaklab, where it is installed, and of what its numbers depend on."""
    return "MIT licence. This is " + ", ".join(_installed()) + "."


def _installed() -> Iterator[str]:
    for name in _RESTS_ON:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def _row(recipe: Recipe) -> str:
    paper = words.papers()[recipe.source]
    said = re.sub(r"^\[(.*?)\].*", r"\1", words.cited(recipe.source))
    link = f'<a href="{escape(paper["address"])}" target="_blank" rel="noopener">{escape(said)}</a>'
    cells = (
        link if paper["address"] else escape(said), escape(recipe.story),
        f"<b>{faith(recipe).capitalize()}.</b> {escape(recipe.choice)}",
    )  # fmt: skip
    return f'<tr><th scope="row">{escape(recipe.name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _by_name(key: str) -> tuple[str, int]:
    paper = words.papers()[key]
    return paper["authors"][0].split()[-1], paper["year"]
