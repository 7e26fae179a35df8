"""Show me the code: the very lines of the package, where they stand, and only when somebody wants to see them."""

from pathlib import Path

import pytest

from leaklab.attacks.matching.solver import GradientMatching
from leaklab.experiments.catalogue import PRESETS
from leaklab.experiments.comparison import Comparison
from leaklab.experiments.comparison_presets import COMPARISON_PRESETS
from leaklab.experiments.drift import Drift
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.paths import Paths
from leaklab.ui import source
from leaklab.ui.session import Services
from tests import app

ROOT = Path(__file__).parents[2]
SHOWN = {
    "attack": source.of_attack(PRESETS["solved-and-mended"].experiment), "labels": source.of_labels(),
    "line": source.of_landscape(Landscape(shape="line")), "surface": source.of_landscape(Landscape()),
    "round": source.of_federation(), "paths": source.of_drift(Paths()), "drift": source.of_drift(Drift()),
    "defences": source.of_defences(Comparison()), "ways": source.of_enhancing(Enhancing()),
}  # fmt: skip
PAGES = ("playground", "labels", "landscape", "federation", "drift", "defences", "enhance", "check")


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_what_is_shown_stands_so_in_the_file_it_names(shown: list[object]):
    assert shown
    for one in shown:
        path, _, number = source.place(one).partition(":")
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        text = source.text(one).splitlines()
        assert [line.strip() for line in lines[int(number) - 1 :][: len(text)]] == [line.strip() for line in text]
        assert text[0].startswith(("def ", "class ", "@"))


def test_an_attack_shows_its_own_stages_and_a_defence_what_it_changes():
    assert [source.place(one).split("/")[-1].split(":")[0] for one in SHOWN["attack"]] == [
        "recursive.py", "solver.py", "recipe.py",
    ]  # fmt: skip
    assert source.text(GradientMatching.invert) in map(source.text, SHOWN["attack"])
    for preset in COMPARISON_PRESETS.values():
        for column in preset.experiment.columns:
            alone = Comparison(columns=(column,))
            assert source.of_defences(alone), column


@pytest.mark.parametrize("name", PAGES)
def test_a_page_offers_its_code_and_reads_it_only_when_it_is_opened(name: str, services: Services):
    page = app.opened(name)
    assert not page.exception and "Show me the code" in [fold.label for fold in page.expander]
    listings = len(page.code)
    page.session_state["source"] = True
    page = page.run()
    assert not page.exception and len(page.code) > listings
    assert any("leaklab/" in text.value and ".py:" in text.value for text in page.caption)
