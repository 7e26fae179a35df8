"""The story's live attack: one photograph, one small network, over in seconds, and told without a technical word."""

import streamlit as st

from leaklab.experiments.catalogue import FAST_LENET
from leaklab.experiments.experiment import read
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.images.source import Photos, Uploads
from leaklab.settings import Refusal
from leaklab.ui import photographs, shared, show, watch
from leaklab.ui.watch import Told, Watched
from leaklab.views import recognised

KEY = "story"

_BACK = "Recovered in {seconds:.1f} seconds: the server never saw the photograph, and has it."
_NOT = "This one did not come back: the list of corrections held too little of it. Take another photograph and see."


def own() -> tuple[str, ...]:
    """Take photographs of the visitor's own, and return the newest of them."""
    kept = photographs.take(Uploads())
    photographs.offer_to_forget(kept, key=KEY)
    return kept.pictures[-1:]


def experiment(names: tuple[str, ...], pictures: tuple[str, ...]) -> Inversion:
    """Return the attack on one photograph: of the album, or of the visitor's own."""
    source = Uploads(pictures=pictures) if pictures else Photos(names=names)
    return Inversion(scenario=Scenario(source=source), recipe=FAST_LENET)


def begin(names: tuple[str, ...], pictures: tuple[str, ...]) -> None:
    """Put the attack into the queue, or show at once what came of it for somebody before."""
    asked = experiment(names, pictures)
    try:
        st.session_state[f"{KEY}.runs"] = [shared.find(asked) or shared.begin(asked)]
    except Refusal as refusal:
        st.error(str(refusal), icon=":material/error:")


def follow() -> None:
    """Show the attack while it goes on and what came of it."""
    watch.follow(KEY, draw, tell=tell)


def tell(watched: Watched) -> Told:
    """Return in plain words what a run ended with."""
    if not watched.verdict:
        return "", []
    back = watched.verdict.startswith("Recovered")
    return (_BACK.format(seconds=watched.last.seconds) if back else _NOT), []


def draw(watched: Watched, key: str) -> None:
    """Show the photograph, and beside it what the server has of it."""
    if not watched.frames:
        if not watched.run.over:
            st.skeleton(height=260)
        return
    found = watched.at([(0, "truth"), (watched.last.index, "reconstruction")])
    st.html(recognised.pair(found[0, "truth"], found[watched.last.index, "reconstruction"]))
    if watched.run.over and watched.last.final:
        mine = read(watched.run.experiment).source.kind == "uploads"
        st.page_link(
            "pages/playground.py", label="Open this in the playground, with every control",
            icon=":material/experiment:", query_params={"run": watched.run.id},
        )  # fmt: skip
        show.take_home(watched, key)
        if mine:
            st.caption(":material/lock: This run is private: nobody but this browser can open it.")
