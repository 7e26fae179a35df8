"""The words that belong to no knob: pages, papers and pictures that stand beside the code."""

import re
from pathlib import Path

import pytest
from PIL import Image

from leaklab.attacks.labels import METHODS
from leaklab.experiments import catalogue
from leaklab.ui import story, words
from tests.app import PAGES

SOURCES = list((words.ASSETS.parent / "leaklab/protocol/defences").glob("*.py"))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_title_and_a_first_sentence(page: str):
    title, _, sentence = words.parts(page)[""].partition("\n\n")
    assert title.startswith("# ") and sentence.endswith(".")


def test_the_headings_that_pages_ask_for_are_there():
    asked = {"playground": "When would this not work?", "landscape": "How to read it", "story": "When it does not work"}
    assert all(words.parts(page)[heading] for page, heading in asked.items())
    assert words.parts("labels")["How to read it"] and words.parts("labels")["When would this not work?"]


def test_a_text_is_cut_at_its_headings_and_nothing_is_lost():
    cut = words.parts("story")
    whole = "\n\n".join((f"## {heading}\n\n" if heading else "") + text for heading, text in cut.items())
    assert whole == words.text("story").strip()


@pytest.mark.parametrize("recipe", catalogue.RECIPES.values(), ids=lambda recipe: recipe.key)
def test_every_recipe_cites_a_paper_that_is_listed(recipe):
    assert recipe.source in words.papers()


def test_every_method_of_label_recovery_has_its_words_and_its_paper():
    assert list(words.methods()) == list(METHODS)
    for told in words.methods().values():
        assert set(told) == {"name", "needs", "idea", "source", "once"} and told["source"] in words.papers()
        assert told["idea"].endswith(".") and told["needs"] == told["needs"].strip(".")


def test_a_verdict_names_the_methods_by_their_names():
    assert words.named("All 9 labels were read by alr, bias_corrected and ilrg.") == (
        "All 9 labels were read by ALR, Bias-corrected and iLRG."
    )
    for other in ("Recovered: PSNR 30 dB.", "", "No method applies to these labels."):
        assert words.named(other) == other


@pytest.mark.parametrize("key, paper", words.papers().items(), ids=words.papers())
def test_a_paper_says_who_what_where_and_when(key: str, paper: dict):
    assert set(paper) == {"authors", "title", "venue", "year", "address"} and paper["authors"]
    assert re.fullmatch(rf"[a-z]+{paper['year']}b?", key)
    assert paper["address"].startswith(("https://", "")[not paper["address"] :])


@pytest.mark.parametrize("path", sorted(SOURCES), ids=lambda path: path.stem)
def test_every_paper_a_defence_rests_on_is_listed(path: Path):
    listed = {
        (str(paper["authors"][0]).split()[-1], key.lstrip("abcdefghijklmnopqrstuvwxyz"))
        for key, paper in words.papers().items()
    }  # fmt: skip
    # A docstring breaks its lines where it likes: "Lin et al. 2018", "Aji and Heafield 2017".
    said = " ".join(path.read_text(encoding="utf-8").split())
    cited = set(re.findall(r"([A-Z]\w+) (?:et al\.|and [A-Z]\w+) (\d{4}b?)", said))
    assert cited <= listed


def test_the_defences_rest_on_papers():
    said = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert all(paper in said for paper in ("Abadi et al. 2016", "Alistarh et al. 2017", "Sun et al. 2021"))


@pytest.mark.parametrize(
    "key, said",
    [
        ("geiping2020", "[Geiping et al. 2020](https://arxiv.org/abs/2003.14053)"),
        ("zhu2021", "[Zhu and Blaschko 2021](https://arxiv.org/abs/2010.07733)"),
        ("alam2025", "[Alam 2025](https://github.com/hridoy100/gradient-inversion-attack)"),
        ("jobic2025", "Jobic et al. 2025"),
    ],
)
def test_a_paper_is_cited_by_name_and_year(key: str, said: str):
    assert words.cited(key) == said


def test_every_step_of_the_story_has_a_picture_with_words_for_those_who_cannot_see_it():
    told = story.said()["steps"]
    assert len(story.steps()) == len(told) == 5 and all(told)
    for number in range(1, 6):
        Image.open(words.ASSETS / "story" / f"step-{number}.png").verify()


def test_the_recorded_run_ends_far_better_than_it_began():
    film = story._recorded()
    assert len(film.pictures) == len(film.iterations) == len(film.psnr) > 10
    assert all(picture.shape == film.truth.shape for picture in film.pictures)
    assert film.psnr[-1][0] > film.psnr[0][0] + 20 and list(film.iterations) == sorted(film.iterations)


def test_the_style_sheet_asks_nobody_for_anything():
    assert words.style() and "http" not in words.style() and "@import" not in words.style()
