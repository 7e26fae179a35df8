"""A mark of a chart is clicked once, however often the page is run with it selected."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from leaklab.ui import clicks

    for name in ("one", "other"):
        selected = [{"series_id": "a", "data_indices": [st.session_state["at"]]}] if "at" in st.session_state else []
        st.write(f"{name}: {clicks.fresh(selected, name)}")


def told(app: AppTest) -> list[str]:
    return [text.value for text in app.markdown]


def test_a_selection_is_a_click_when_it_is_made_and_no_longer():
    app = AppTest.from_function(page).run()
    assert told(app) == ["one: []", "other: []"]
    for at in (2, 3):
        app.session_state["at"] = at
        mark = [{"series_id": "a", "data_indices": [at]}]
        assert told(app.run()) == [f"one: {mark}", f"other: {mark}"]
        assert told(app.run()) == ["one: []", "other: []"]
    del app.session_state["at"]
    assert told(app.run()) == ["one: []", "other: []"]
