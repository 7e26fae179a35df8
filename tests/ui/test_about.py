"""The page About: its papers, what is exact, licences, glossary and version."""

import re

import pytest

from leaklab.experiments import reference
from leaklab.experiments.catalogue import RECIPES
from leaklab.ui import about, glossary, words
from leaklab.ui.session import Services
from tests import app


def test_the_page_says_all_it_should(services: Services):
    page = app.opened("about")
    assert not page.exception and not page.error
    said = "\n".join(app.texts(page))
    assert [heading.value for heading in page.subheader] == [
        "Papers", "What is exact, and what is in the style of", "Ethics", "Licences", "Glossary",
    ]  # fmt: skip
    assert "without their consent" in said and "CC BY 2.0" in said and "Labeled Faces in the Wild" in said
    assert any("streamlit 1." in text.value and "MIT" in text.value for text in page.caption)
    html = [element.proto.body for element in page.get("html")]
    assert about.recipes() in html and glossary.listed(whole=True) in html


@pytest.mark.parametrize("key", words.papers())
def test_every_paper_is_listed_with_its_link(key: str, services: Services):
    paper = words.papers()[key]
    assert paper["title"] in about.described(key) and (
        not paper["address"] or f"]({paper['address']})" in about.described(key)
    )


def test_the_five_papers_come_first_and_the_others_once(services: Services):
    lists = [text for text in app.texts(app.opened("about")) if text.startswith("- ")]
    assert [len(text.splitlines()) for text in lists] == [5, len(words.papers()) - 5]
    assert all(about.described(key) in lists[0] for key in about.FIVE)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.key)
def test_every_recipe_says_how_exact_it_is(recipe):
    (row,) = [row for row in about.recipes().split("<tr>") if f'<th scope="row">{recipe.name}</th>' in row]
    assert (
        f"<b>{reference.faith(recipe).capitalize()}.</b>" in row
        and "href" in row
        or not words.papers()[recipe.source]["address"]
    )


def test_who_is_in_the_style_of_a_paper():
    by_faith = {}
    for key, recipe in RECIPES.items():
        by_faith.setdefault(reference.faith(recipe), set()).add(key)
    assert by_faith["in the style of"] >= {
        "gradinversion",
        "rog",
        "gias",
        "ggl",
        "ggl-adam",
        "igims",
        "ddpm-dlg",
        "modern",
    }
    assert by_faith["our own"] >= {"rgap-polish", "fast-lenet"} and "idlg" in by_faith["as published"]
    assert {"dlg", "ig", "cinet"} <= by_faith["published, with a choice"]


def test_the_licences_have_no_link_that_leads_nowhere_and_may_be_absent(monkeypatch: pytest.MonkeyPatch, tmp_path):
    assert not re.findall(r"\]\((?!https?:)", about.owners()) and "## " in about.owners()
    monkeypatch.setattr(about, "_LICENCES", tmp_path / "licences.md")
    assert "did not come with this copy" in about.owners()
