"""The reference: every knob of every part, every recipe, in tables that are whole."""

from leaklab.attacks.recipes import RECIPES
from leaklab.experiments import reference
from leaklab.experiments.inversion import Inversion
from leaklab.federation.rounds import Federation
from leaklab.settings import choices, walk

ROWS = reference.knobs()


def row(key: str) -> dict[str, str]:
    [found] = [row for row in reference.recipes() if row[0] == key]
    return dict(zip(reference.RECIPE_HEADS, found, strict=True))


def test_every_recipe_has_a_row():
    assert [row[0] for row in reference.recipes()] == list(RECIPES)
    assert row("ig") == {
        "key": "ig", "name": "Inverting Gradients", "source": "geiping2020", "labels": "given_or_idlg",
        "distance": "cosine", "priors": "total_variation 1e-06", "space": "pixels", "optimiser": "adam",
        "iterations": "4800",
    }  # fmt: skip


def test_a_closed_form_says_so_where_a_search_says_what_it_compares():
    assert row("rgap") == {
        "key": "rgap", "name": "R-GAP", "source": "zhu2021", "labels": "idlg",
        "distance": "closed form, recursive_gradient", "priors": "–", "space": "–", "optimiser": "–", "iterations": "–",
    }  # fmt: skip
    polished = row("rgap-polish")
    assert polished["distance"] == "closed form, recursive_gradient → l2" and polished["priors"] == "–"
    assert polished["space"] == "– → pixels" and polished["iterations"] == "– → 100"


def test_stories_come_with_the_side_a_row_takes():
    told = {name: (story, choice) for name, story, choice in reference.stories()}
    assert told["R-GAP, polished"] == (RECIPES["rgap-polish"].story, "Our own combination: no paper polishes R-GAP.")
    assert told["iDLG"][1] == "" and len(told) == len(RECIPES)


def test_every_knob_of_the_default_experiment_has_a_row():
    said = {(row.path.rsplit(".", 1)[1], row.help) for row in ROWS}
    assert {(str(knob.path[-1]), knob.help) for knob in walk(Inversion())} <= said


def test_parts_that_are_not_the_default_have_rows_too():
    paths = [row.path for row in ROWS]
    assert len(paths) == len(set(paths))
    assert "inversion.recipe.stages[gradient_matching].optimiser[adam].sign" in paths
    assert "inversion.recipe.stages[recursive_gradient].weigh" in paths
    assert "inversion.recipe.stages[gradient_matching].space[untrained].width" in paths
    assert "inversion.recipe.stages[gradient_matching].priors[batch_norm_statistics].weight" in paths
    assert "inversion.scenario.source[cifar10].split" in paths
    assert "landscape.points" in paths and not [path for path in paths if path.startswith("landscape.inversion")]


def test_every_knob_of_every_defence_has_a_row():
    paths = {row.path for row in ROWS}
    for cls in choices(Federation.model_fields["defences"].annotation):
        place = f"inversion.scenario.federation.defences[{cls.model_fields['kind'].default}]"
        assert {f"{place}.{name}" for name in cls.model_fields if name != "kind"} <= paths
    assert "`inversion.scenario.federation.defences[soteria].rate`" in reference.markdown()


def test_a_row_says_default_bounds_unit_and_help():
    row = next(row for row in ROWS if row.path == "inversion.scenario.image_size")
    assert (row.default, row.bounds, row.unit) == ("32", "16 to 256", "px")
    assert row.help.startswith("Width and height")
    assert all(row.help for row in ROWS)


def test_markdown_tables_have_as_many_cells_as_heads():
    lines = [line for line in reference.markdown().splitlines() if line.startswith("| ")]
    widths = {line.replace("\\|", "").count("|") for line in lines}
    assert widths == {len(reference.RECIPE_HEADS) + 3, len(reference.KNOB_HEADS) + 1}
    assert len(lines) == len(RECIPES) + len(ROWS) + 4
