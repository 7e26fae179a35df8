"""The page Federation: its controls, the picture of the round, and what keeps a place from seeing anything."""

import streamlit as st

from leaklab.experiments.federation_presets import FEDERATION_DEFAULT, FEDERATION_PRESETS
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.viewpoints import VIEWS, Viewpoints
from leaklab.ui import choose as controls
from leaklab.ui import session, watch
from leaklab.views.captions import caption
from leaklab.views.diagram import both
from leaklab.views.viewpoints import PLACES


def choose(key: str) -> Inversion:
    """Draw the controls of an attack and return it; the address follows.

    To a visitor who asks for nothing, a run of what they hold is shown at once.
    """
    asked = {"x", "run"} & set(st.query_params)
    experiment = controls.inversion(
        key, default=FEDERATION_DEFAULT, presets=FEDERATION_PRESETS, from_everywhere=True
    )  # fmt: skip
    if not asked and f"{key}.runs" not in st.session_state:
        watch.launch_once(everywhere(experiment), key)
    return experiment


def diagram(experiment: Inversion, key: str) -> None:
    """Draw the round as the settings have it, with the eye of whoever is looked over the shoulder."""
    federation, threat = experiment.scenario.federation, experiment.scenario.threat
    places = [view for view in VIEWS if view != "client" or federation.clients > 1]
    view = st.segmented_control(
        "Who looks", places, default=places[0], required=True, format_func=PLACES.get,
        key=f"{key}.eye.{len(places)}", help="Only the picture changes: the attack is carried out from everywhere.",
    )  # fmt: skip
    drawn = federation.model_copy(update={"view": view})
    st.html(both(drawn, threat, dark=session.dark()))
    st.caption(caption(drawn, threat))


def ready(experiment: Inversion, key: str) -> bool:
    """Say from where nothing can be seen and why; return whether there is a place that sees anything."""
    lacking = {view: controls.lacking(controls.seen(experiment, view)) for view in VIEWS}
    blind = [view for view, lines in lacking.items() if lines]
    if len(blind) == len(VIEWS):
        for line in dict.fromkeys(line for lines in lacking.values() for line in lines):
            st.warning(line, icon=":material/help:")
    else:
        for view in blind:
            st.caption(f":material/visibility_off: **{PLACES[view]}** sees nothing here. {' '.join(lacking[view])}")
    controls.offer(experiment, key, lambda told: any(not controls.lacking(controls.seen(told, view)) for view in blind))
    return len(blind) < len(VIEWS)


def everywhere(experiment: Inversion) -> Viewpoints:
    """Return the attack carried out from all three places."""
    return Viewpoints(inversion=experiment)
