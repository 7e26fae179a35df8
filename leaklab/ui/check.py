"""The page Check: what was found in words, a test attack that goes the whole way, and a clean table afterwards."""

import string
import time
from collections.abc import Iterator

import streamlit as st

from leaklab.experiments.catalogue import QUICK, tuned
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.images.source import Photos
from leaklab.runs import health
from leaklab.runs.health import Finding
from leaklab.settings import Refusal
from leaklab.ui import session, watch, words
from leaklab.ui.poll import poll
from leaklab.ui.watch import Told, Watched
from leaklab.views import strips

KEY = "check"
TEST = Inversion(
    scenario=Scenario(source=Photos(names=("astronaut",)), image_size=16), recipe=tuned(QUICK, iterations=60),
)  # fmt: skip
_STATES = {
    "ok": ("ok", ":material/check_circle:"),
    "look": ("look here", ":material/visibility:"),
    "broken": ("broken", ":material/error:"),
}
_RECOVERED = 20.0  # dB
_QUICK = 15.0  # seconds, with all allowance for a machine where others are at work
_SLOW = 500  # milliseconds of an answer
_BROWSERS = {"Edg/": "Edge", "Firefox/": "Firefox", "Chrome/": "Chrome or one of its kin", "Safari/": "Safari"}

_ABILITIES = (("drawing", "webgl2", "there", "absent"), ("camera", "camera", "allowed", "refused"))

# What arrives has come through the WebSocket; what is sent back and heard again tells how long the way is.
_ASK_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const told = parentElement.leaklabTold ??= {};
  if (told.turn !== data.turn) {
    told.turn = data.turn;
    told.sent = performance.now();
    const gl = document.createElement('canvas').getContext('webgl2');
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
    const can = { webgl2: Boolean(gl), camera: Boolean(navigator.mediaDevices) };
    setStateValue('browser', { ...can, turn: data.turn, width: innerWidth, height: innerHeight });
  } else if (data.heard === data.turn && told.took !== data.turn) {
    told.took = data.turn;
    setStateValue('took', Math.round(performance.now() - told.sent));
  }
}
"""
_ask_browser = st.components.v2.component("leaklab_check", js=_ASK_JS)


def findings() -> None:
    """Say a line for each thing a class needs: ok, look here, or broken, and how to mend it."""
    services = session.services()
    for finding in (*_browser(), *health.look(services.store, services.pool)):
        _line(finding)
    st.button("Look again", key=f"{KEY}.again", icon=":material/refresh:", on_click=_again)


def attack() -> None:
    """Offer the test attack, and say how long it took and how near it came, or what is wrong."""
    words.tell("check", "A test attack")
    if st.button("Run the test attack", key=f"{KEY}.attack", type="primary", icon=":material/bolt:"):
        watch.launch([TEST], KEY, "auto")
    watch.follow(KEY, show, tell=tell)


def tell(watched: Watched) -> Told:
    """Return what the test attack came to: its seconds and its PSNR, and what they mean."""
    if watched.run.status != "finished" or not watched.last:
        return "", []
    psnr, seconds = watched.last.scalars.get("psnr", 0.0), watched.last.seconds
    if psnr < _RECOVERED:
        return f"It ran, in {seconds:.1f} s, and the photograph did not come back: PSNR {psnr:.0f} dB.", [
            "This attack always succeeds with the same seed, so something in this installation computes wrongly: "
            "look at the versions of PyTorch, and run the tests by `make test`."
        ]
    slow = "It should take about five seconds: others are at work, or the machine is slow."
    found = f"Recovered in {seconds:.1f} s: PSNR {psnr:.0f} dB. Everything from the press to the picture works."
    return found, [slow] if seconds > _QUICK else []


def show(watched: Watched, key: str) -> None:
    """Show the photograph and what came back; say what may be wrong while nothing does."""
    run = watched.run
    if run.status == "queued" and time.time() - run.created > _QUICK:
        st.warning(f"No worker has taken it for {time.time() - run.created:.0f} s: look at the line *Workers*.")
    if run.over and watched.last:
        pair = watched.first("truth"), watched.at({(watched.last.index, "reconstruction")}).popitem()[1]
        with st.container(key=f"px-{key}"):
            st.image(
                [strips.mosaic(picture, 1) for picture in pair], width=128, output_format="PNG",
                caption=["private", "rebuilt"],
            )  # fmt: skip


def clear() -> None:
    """Offer to delete a class's runs and answers, after a second press."""
    words.tell("check", "After a class")
    census = session.services().store.census(session.visitor())
    st.caption(
        f"Now: {_runs(census.public)} that everybody may see, {census.own} of your own private ones, and "
        f"{census.others} private ones of other visitors, which stay."
    )
    if not st.session_state.get(f"{KEY}.sure"):
        st.button("Clear the class's runs", key=f"{KEY}.clear", icon=":material/delete:", on_click=_sure, args=(True,))
    else:
        with st.container(horizontal=True):
            st.button(
                f"Yes, delete {_runs(census.public + census.own)}", key=f"{KEY}.clear.yes", type="primary",
                icon=":material/delete_forever:", on_click=_clear,
            )  # fmt: skip
            st.button("No, keep them", key=f"{KEY}.clear.no", on_click=_sure, args=(False,))
    if said := st.session_state.pop(f"{KEY}.cleared", None):
        st.success(said, icon=":material/check_circle:")


def _again() -> None:
    st.session_state[f"{KEY}.turn"] = st.session_state.get(f"{KEY}.turn", 0) + 1


def _sure(sure: bool) -> None:
    st.session_state[f"{KEY}.sure"] = sure


def _clear() -> None:
    _sure(False)
    try:
        count = session.services().store.clear(session.visitor())
    except Refusal as refusal:
        st.toast(str(refusal), icon=":material/error:")
        return
    poll().clear()
    for name in [name for name in st.session_state if name.endswith(".runs") or name in ("watched", "shared.over")]:
        del st.session_state[name]
    st.query_params.pop("run", None)
    st.session_state[f"{KEY}.cleared"] = f"{_runs(count)} deleted, and the class's answers with them."


def _runs(count: int) -> str:
    return f"{count} {'run' if count == 1 else 'runs'}"


def _browser() -> Iterator[Finding]:
    """Yield what this browser tells of itself, by its requests and through a script that answers."""
    heard = (st.session_state.get(f"{KEY}.browser", {}).get("browser") or {}).get("turn", -1)
    data = {"turn": st.session_state.get(f"{KEY}.turn", 0), "heard": heard}
    answer = _ask_browser(key=f"{KEY}.browser", data=data, on_browser_change=_heard, on_took_change=_heard)
    can, took = answer.get("browser"), answer.get("took")
    theme, agent = st.context.theme.type or "light", st.context.headers.get("User-Agent", "")
    name = next((name for mark, name in _BROWSERS.items() if mark in agent), "A browser")
    if can:
        size = {"width": can["width"], "height": can["height"]}
        facts = {"browser": name, "language": st.context.locale or "unknown", "theme": theme} | size
        yield Finding("visitor", "told", "ok", facts)
    quick = took is not None and took <= _SLOW
    facts = {"milliseconds": took or 0}
    yield (
        Finding("connection", "unheard", "look") if took is None
        else Finding("connection", "fast" if quick else "slow", "ok" if quick else "look", facts)
    )  # fmt: skip
    for of, ability, well, ill in _ABILITIES:
        able = bool(can and can.get(ability))
        yield Finding(of, "unheard" if not can else well if able else ill, "ok" if able else "look")


def _heard() -> None:
    """Give the browser's answer a rerun."""


def _line(finding: Finding) -> None:
    title, said, mend = sentence(finding)
    state, icon = _STATES[finding.state]
    with st.container(key=f"{KEY}.line.{finding.of}"):
        st.markdown(f"{icon} **{title}: {state}.** {said}" + (f"  \n{mend}" if mend else ""))


def sentence(finding: Finding) -> tuple[str, str, str]:
    """Return a finding in words: its title, what was found, and how to mend it, empty where nothing is to be done."""
    found = words.table("checks")[finding.of]
    case = found[finding.case]
    said, mend = (string.Formatter().vformat(case.get(part, ""), (), finding.facts) for part in ("said", "mend"))
    return found["title"], said, mend
