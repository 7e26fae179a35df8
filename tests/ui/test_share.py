"""Share: the address of what is set, as text and as a code, and an address for a class."""

from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from leaklab.runs.store import Store
from leaklab.settings import from_link
from leaklab.ui.session import Services
from tests import app
from tests.experiments import small


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def opened(page: AppTest, key: str = "playground") -> AppTest:
    """Open the popover."""
    page.session_state[f"{key}.share"] = True
    page = page.run()
    assert not page.exception and not page.error
    return page


def address(page: AppTest) -> str:
    return next(code.value for code in page.code if "x=1." in code.value)


def asked(page: AppTest) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address(page)).query)


def codes(page: AppTest) -> list[str]:
    return [html.proto.body for html in page.get("html") if 'class="leaklab-qr"' in html.proto.body]


def test_nothing_is_made_before_it_is_opened_and_then_the_address_is_whole(store: Store):
    page = app.opened("playground", x=app.link())
    assert not codes(page) and not [code for code in page.code if "x=1." in code.value]
    page = opened(page)
    assert from_link(type(small.inversion()), asked(page)["x"][0]) == small.inversion() and len(codes(page)) == 1
    page = app.widget(page, "federation.clients").set_value(3).run()
    assert asked(page)["x"] == [app.link(app.held(page))] and "run" not in asked(page)


def test_an_address_for_a_class_opens_with_what_was_chosen(store: Store):
    page = app.widget(app.opened("playground", x=app.link()), "attack").click().run()
    page = opened(page)
    assert asked(page)["run"] == [store.runs()[0].id]
    page = app.widget(page, "share.runs").set_value(False).run()
    assert {"recipe", "clients", "iterations", "presets"} <= set(options(page, "hide"))
    page = app.widget(page, "share.hide").set_value(["iterations", "presets"]).run()
    page = app.widget(page, "share.lock").set_value(["clients"]).run()
    query = asked(page)
    assert query["hide"] == ["iterations,presets"] and query["lock"] == ["clients"] and "run" not in query
    pupil = app.opened("playground", **{word: value[0] for word, value in query.items()})
    assert app.held(pupil) == app.held(page) and app.widget(pupil, "federation.clients").disabled
    assert not pupil.get("pills") and not pupil.toast and not pupil.exception


def test_every_name_that_is_offered_means_something_and_each_is_another_control(store: Store):
    for name, lesser in (("labels", "network.name"), ("landscape", "points"), ("drift", "iterations")):
        key = {"drift": "paths"}.get(name, name)
        page = opened(app.opened(name), key)
        titles, names = app.widget(page, f"{key}.share.hide").options, options(page, "hide")
        assert len(titles) == len(set(titles)) == len(names) > 5 and ("recipe" in names) == (name == "landscape")
        again = app.opened(name, hide=",".join(names))
        assert not again.toast and not again.exception and not again.error
        assert not [one for kind in ("slider", "selectbox") for one in again.get(kind) if one.key.endswith(lesser)]


def options(page: AppTest, how: str) -> list[str]:
    """Return the names that stand behind what may be hidden or locked."""
    return list(app.widget(page, f"share.{how}").format_func.__self__)
