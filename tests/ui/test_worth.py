"""What a result is worth, on the page: photographs with what was measured, and the layers a closed form solved."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.experiments import catalogue
from leaklab.runs.store import Store
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small

SOLVED = {"solve.linear": [300.0, 1000.0, 300.0, 1.0, 0.0], "solve.conv2": [3072.0, 4000.0, 2900.0, 1e9, 1e-9]}
KINDER = {"psnr": 29.8, "psnr_with_replacement": 31.2}


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def finished(store: Store, recipe: str, *, series: dict | None = None, scalars: dict | None = None) -> AppTest:
    """Return the playground with a finished run whose last frame says more."""
    asked = small.inversion().model_copy(update={"recipe": catalogue.recipe(recipe)})
    page = app.widget(app.opened("playground", x=app.link(asked)), "attack").click().run()
    run = store.claim("a test", ("auto", "cpu"))
    *earlier, last = small.inversion(iterations=1).run("cpu")
    told = replace(last, series=last.series | (series or {}), scalars=last.scalars | (scalars or {}))
    for frame in (*earlier, told):
        store.append(run.id, frame, worker="a test")
    store.finish(run.id, worker="a test")
    page = page.run()
    assert not page.exception and not page.error
    return page


def linked(page: AppTest) -> bool:
    return any("landscape" in link.proto.label for link in page.get("page_link"))


def test_a_search_has_one_table(store: Store):
    page = finished(store, "dlg", series={"fsim": [0.5]}, scalars=KINDER)
    assert linked(page)
    [photographs] = page.dataframe
    assert list(photographs.value.columns) == ["client", "PSNR (dB)", "SSIM", "FSIM", "label"]
    assert any("would say 31.2 dB instead of 29.8 dB" in said for said in app.shown(page))


def test_a_closed_form_has_its_layers_and_names_the_singular_one(store: Store):
    page = finished(store, "rgap", series=SOLVED)
    _, layers = page.dataframe
    assert layers.value.to_dict("list")["layer"] == ["linear", "conv2"]
    assert list(layers.value.columns) == ["layer", "unknowns", "equations", "rank", "condition", "residual"]
    assert not linked(page)  # it has no landscape
    told = [said for said in app.shown(page) if "Layer " in said]
    assert told == [":material/info: Layer conv2: rank 2,900 of 3,072 unknowns: the shortest of many answers is shown."]
