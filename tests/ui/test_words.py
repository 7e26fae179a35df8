"""The words that belong to no knob: pages, papers and pictures that stand beside the code."""

import json

import pytest
from PIL import Image

from leaklab.experiments import catalogue
from leaklab.ui import story, words
from tests.app import PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_title_and_a_first_sentence(page: str):
    title, _, sentence = words.parts(page)[""].partition("\n\n")
    assert title.startswith("# ") and sentence.endswith(".")


def test_the_headings_that_pages_ask_for_are_there():
    asked = {"playground": "When would this not work?", "landscape": "How to read it", "story": "When it does not work"}
    assert all(words.parts(page)[heading] for page, heading in asked.items())


def test_a_text_is_cut_at_its_headings_and_nothing_is_lost():
    cut = words.parts("story")
    whole = "\n\n".join((f"## {heading}\n\n" if heading else "") + text for heading, text in cut.items())
    assert whole == words.text("story").strip()


@pytest.mark.parametrize("recipe", catalogue.RECIPES.values(), ids=lambda recipe: recipe.key)
def test_every_recipe_cites_a_paper_that_is_listed(recipe):
    assert recipe.source in words.papers()


@pytest.mark.parametrize("key, paper", words.papers().items(), ids=words.papers())
def test_a_paper_says_who_what_where_and_when(key: str, paper: dict):
    assert set(paper) == {"authors", "title", "venue", "year", "address"} and paper["authors"]
    assert key.endswith(str(paper["year"])) and paper["address"].startswith(("https://", "")[not paper["address"] :])


def test_every_step_of_the_story_has_a_picture_with_words_for_those_who_cannot_see_it():
    told = json.loads((words.ASSETS / "story" / "run.json").read_text(encoding="utf-8"))
    assert len(story.steps()) == len(told["alt"]) == 5 and all(told["alt"])
    for number in range(1, 6):
        Image.open(words.ASSETS / "story" / f"step-{number}.png").verify()


def test_the_recorded_run_ends_far_better_than_it_began():
    film = story._recorded()
    assert len(film.pictures) == len(film.iterations) == len(film.psnr) > 10
    assert all(picture.shape == film.truth.shape for picture in film.pictures)
    assert film.psnr[-1][0] > film.psnr[0][0] + 20 and list(film.iterations) == sorted(film.iterations)


def test_the_style_sheet_asks_nobody_for_anything():
    assert words.style() and "http" not in words.style() and "@import" not in words.style()
