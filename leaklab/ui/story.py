"""The story's pictures and its live part: a recorded run that plays at once; nothing here needs PyTorch until asked."""

import json
import re
from dataclasses import replace
from functools import lru_cache

import numpy as np
import streamlit as st

from leaklab.ui import glossary, words
from leaklab.ui.album import album
from leaklab.ui.reel import reel
from leaklab.views.strips import Film

TRY = "Try it with another photograph, or your own"
GUESS = "When would you recognise her?"
FAILS = "When it does not work"

_HOME = words.ASSETS / "story"
_OURS, _OWN = "One of ours", "Your own"
_LINKED = re.compile(r"\[playground: (?P<preset>[a-z-]+): (?P<label>[^\]]+)\]")


def film() -> None:
    """Play the recorded run once, and rest on its last picture."""
    recorded = _recorded()
    silent = replace(recorded, psnr=((),) * len(recorded.pictures))  # a score would be a word nobody knows yet
    captions = ("The private photograph", "What the server rebuilds")
    reel(silent, key="story.reel", autoplay=True, captions=captions, counted="try")
    st.caption(said()["recorded"].format(seconds=numbers("run")["seconds"]))


def steps() -> list[tuple[str, str]]:
    """Return the steps of the story: heading and text."""
    return [(heading, text) for heading, text in words.parts("story").items() if heading not in ("", TRY, GUESS, FAILS)]


def step(number: int, heading: str) -> None:
    """Show a step: what it says, and its still beside it."""
    with st.container(key=f"step-{number}"):
        st.markdown(f"### {number}. {heading}")
        still, sentence = st.columns([1, 2], vertical_alignment="center")
        with still:
            picture(number)
        with sentence:
            words.tell("story", heading)


def picture(number: int) -> None:
    """Show the still of a step, enlarged with crisp pixels."""
    with st.container(key=f"px-step-{number}"):
        st.image(
            str(_HOME / f"step-{number}.png"), output_format="PNG", alt=said()["steps"][number - 1], width="stretch"
        )


def live() -> None:
    """Offer an attack on a photograph of ours or of the visitor's own, and show what comes of it."""
    whose = st.segmented_control(
        "Whose photograph", (_OURS, _OWN), default=_OURS, required=True, key="story.where",
        label_visibility="collapsed",
    )  # fmt: skip
    own = whose == _OWN
    names = () if own else album(("cat",), most=1, key="story.album")
    pictures = _own() if own else ()
    pressed = st.button(
        "Rebuild it from its gradient", type="primary", key="story.start", icon=":material/bolt:",
        disabled=not (names or pictures),
    )  # fmt: skip
    if pressed or st.session_state.get("story.runs"):
        with st.spinner("Waking the server, once ..."):
            from leaklab.ui import story_run
        if pressed:
            story_run.begin(names, pictures)
        story_run.follow()


def doubts() -> None:
    """Say when the attack fails: each case with a link to a setting that shows it."""
    for text in words.parts("story")[FAILS].split("\n\n"):
        if found := _LINKED.fullmatch(text):
            st.page_link(
                "pages/playground.py", label=found["label"], icon=":material/experiment:",
                query_params={"x": numbers("links")[found["preset"]]},
            )  # fmt: skip
        else:
            glossary.write(words.linked(text))


@lru_cache
def numbers(name: str) -> dict:
    """Return numbers that were recorded for the story."""
    return json.loads((_HOME / f"{name}.json").read_text(encoding="utf-8"))


def said() -> dict:
    """Return what is said beside the story's pictures, and in place of them."""
    return words.table("story")


@lru_cache
def sheet(name: str, count: int) -> tuple[np.ndarray, ...]:
    """Return the recorded pictures that stand side by side in one."""
    from PIL import Image

    return tuple(np.split(np.asarray(Image.open(_HOME / f"{name}.png").convert("RGB")), count, axis=1))


@lru_cache
def _recorded() -> Film:
    recorded = numbers("run")
    return Film(
        truth=sheet("truth", 1)[0],
        pictures=sheet("film", len(recorded["iterations"])), iterations=tuple(recorded["iterations"]),
        psnr=tuple((value,) for value in recorded["psnr"]),
    )  # fmt: skip


def _own() -> tuple[str, ...]:
    """Take a photograph of the visitor's own; the newest is the one that is attacked."""
    with st.spinner("Loading what shrinks photographs, once ..."):
        from leaklab.ui import story_run
    return story_run.own()
