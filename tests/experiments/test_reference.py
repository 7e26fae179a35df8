"""The reference: every knob of every part, every recipe, in tables that are whole."""

from leaklab.attacks.recipes import RECIPES
from leaklab.experiments import reference
from leaklab.experiments.inversion import Inversion
from leaklab.settings import walk

ROWS = reference.knobs()


def test_every_recipe_has_a_row():
    assert [row[0] for row in reference.recipes()] == list(RECIPES)
    assert dict(zip(reference.RECIPE_HEADS, reference.recipes()[-1], strict=True)) == {
        "key": "ig", "name": "Inverting Gradients", "source": "geiping2020", "labels": "given_or_idlg",
        "distance": "cosine", "priors": "total_variation 1e-06", "space": "pixels", "optimiser": "adam",
        "iterations": "4800",
    }  # fmt: skip


def test_every_knob_of_the_default_experiment_has_a_row():
    said = {(row.path.rsplit(".", 1)[1], row.help) for row in ROWS}
    assert {(str(knob.path[-1]), knob.help) for knob in walk(Inversion())} <= said


def test_parts_that_are_not_the_default_have_rows_too():
    paths = [row.path for row in ROWS]
    assert len(paths) == len(set(paths))
    assert "inversion.recipe.stages[gradient_matching].optimiser[adam].signed" in paths
    assert "inversion.scenario.source[cifar10].split" in paths
    assert "landscape.points" in paths and not [path for path in paths if path.startswith("landscape.inversion")]


def test_a_row_says_default_bounds_unit_and_help():
    row = next(row for row in ROWS if row.path == "inversion.scenario.image_size")
    assert (row.default, row.bounds, row.unit) == ("32", "16 to 256", "px")
    assert row.help.startswith("Width and height")
    assert all(row.help for row in ROWS)


def test_markdown_tables_have_as_many_cells_as_heads():
    lines = [line for line in reference.markdown().splitlines() if line.startswith("| ")]
    widths = {line.replace("\\|", "").count("|") for line in lines}
    assert widths == {len(reference.RECIPE_HEADS) + 2, len(reference.KNOB_HEADS) + 1}
    assert len(lines) == len(RECIPES) + len(ROWS) + 4
