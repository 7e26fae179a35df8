"""The story's pictures: a recorded run that plays at once, and one still a step; nothing here needs PyTorch."""

import json
from functools import lru_cache

import numpy as np
import streamlit as st

from leaklab.ui.reel import reel
from leaklab.ui.words import ASSETS, parts
from leaklab.views.strips import Film

_HOME = ASSETS / "story"
_NO_STEPS = ("", "When it does not work")


def film() -> None:
    """Play the recorded run once, and rest on its last picture."""
    recorded = _recorded()
    reel(recorded, key="story.reel", autoplay=True, captions=("The private photograph", "What the server rebuilds"))
    st.caption(_numbers()["sentence"])


def steps() -> list[tuple[str, str]]:
    """Return the steps of the story: heading and text."""
    return [(heading, text) for heading, text in parts("story").items() if heading not in _NO_STEPS]


def picture(number: int) -> None:
    """Show the still of a step, enlarged with crisp pixels."""
    name = f"step-{number}.png"
    with st.container(key=f"px-step-{number}"):
        st.image(str(_HOME / name), output_format="PNG", alt=_numbers()["alt"][number - 1], width="stretch")


@lru_cache
def _numbers() -> dict:
    return json.loads((_HOME / "run.json").read_text(encoding="utf-8"))


@lru_cache
def _recorded() -> Film:
    from PIL import Image

    numbers = _numbers()
    sheet = np.asarray(Image.open(_HOME / "film.png").convert("RGB"))
    frames = np.split(sheet, len(numbers["iterations"]), axis=1)
    return Film(
        truth=np.asarray(Image.open(_HOME / "truth.png").convert("RGB")),
        pictures=tuple(frames), iterations=tuple(numbers["iterations"]),
        psnr=tuple((value,) for value in numbers["psnr"]),
    )  # fmt: skip
