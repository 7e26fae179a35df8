"""Result panels of an enhancing: the columns and their heat maps, the guess before the truth, and what can be kept."""

import json

import streamlit as st

from leaklab.experiments.command import command_line
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.exhibits import RAW
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.settings import to_link
from leaklab.ui import held
from leaklab.ui.enhance import KEY
from leaklab.ui.watch import Told, Watched
from leaklab.views import enhance, export

_GUESS = "Which of these pictures would you hold to be what was photographed? Guess first, then switch on the truth."
_CHOOSE = "The nearest to the truth is"


def tell(watched: Watched) -> Told:
    """Return the verdict, or until the truth is looked at the question; and what should be known of the round."""
    notes = [line for line in watched.frames[0].note.split("\n") if line] if watched.frames else []
    seen = st.session_state.get(f"{KEY}.{watched.run.id}.truth")
    return (watched.verdict if seen or not watched.verdict else _GUESS), notes


def show(watched: Watched, key: str) -> None:
    """Show a run as far as it has come."""
    experiment = read(watched.run.experiment)
    if not watched.frames or not isinstance(experiment, Enhancing):
        if not watched.run.over:
            st.skeleton(height=460)
        return
    if held.experiment(KEY) != experiment:
        st.caption(":material/history: This is what came of earlier settings; press again to see the present ones.")
    frame, names = watched.last, list(experiment.columns)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        truth = st.toggle("Show the truth", key=f"{key}.truth", help="The private photographs, and all that is "
                          "measured against them: none of it is known to the attacker.")  # fmt: skip
        heat = st.segmented_control(
            "What it invented", list(enhance.HEATS), default="invented", required=True, key=f"{key}.heat",
            format_func=enhance.HEATS.get, help="A map under each picture: the brighter a pixel, the farther it is "
            "from the raw picture's, or from the truth's.",
        )  # fmt: skip
    pictures = _pictures(watched, frame, names)
    st.html(enhance.board(frame, names, pictures, heat=heat, truth=truth))
    for name in names:
        if said := enhance.lost(frame.note, name):
            icon = "info" if name in pictures else "block"
            st.caption(f":material/{icon}: **{enhance.titled(name)}** {said}")
    _guess(frame, names, key, truth=truth)
    _strips(frame, names, pictures, truth=truth)
    if frame.final:
        for line in enhance.remarks(frame.note, names):
            st.caption(f":material/info: {line}")
        _take_home(watched, experiment, pictures, key)


def _pictures(watched: Watched, frame: Frame, names: list[str]) -> enhance.Pictures:
    """Return the newest pictures of all columns, of their maps and strips, and the private photographs."""
    there = [name for name in (RAW, *names) if f"psnr.{name}" in frame.scalars]
    wanted = [(0, "truth")]
    for name in there:
        wanted += [(frame.index, name), (frame.index, f"error.{name}")]
        wanted += [] if name == RAW else [(frame.index, f"invented.{name}")]
        wanted += [(frame.index, f"strip.{name}")] if f"distance.strip.{name}" in frame.series else []
    return {name: picture for (_, name), picture in watched.at(wanted).items()}


def _guess(frame: Frame, names: list[str], key: str, *, truth: bool) -> None:
    """Ask for a guess while the truth is hidden, and say afterwards how good it was."""
    ssim = {name: frame.scalars[f"ssim.{name}"] for name in (RAW, *names) if f"ssim.{name}" in frame.scalars}
    if not frame.final or len(ssim) < 2:
        return
    if not truth:
        chosen = st.segmented_control(_CHOOSE, list(ssim), key=f"{key}.guess", format_func=enhance.titled)
        st.session_state[f"{key}.guessed"] = chosen
    elif guessed := st.session_state.get(f"{key}.guessed"):
        best = max(ssim, key=ssim.__getitem__)
        right = "as it is" if best == guessed else f"it is {enhance.titled(best)}"
        st.caption(f":material/how_to_vote: You guessed {enhance.titled(guessed)}; by SSIM {right}.")


def _strips(frame: Frame, names: list[str], pictures: enhance.Pictures, *, truth: bool) -> None:
    """Show the moments of each way that has some, the attacker's choice marked."""
    done = len(names) if frame.final else int(frame.scalars.get("enhancers_done", 0))
    for number, name in enumerate(names):
        if f"strip.{name}" in pictures:
            st.markdown(
                f"**{enhance.titled(name)}, moment by moment.** All that the attacker can measure is how far from the "
                "raw picture it is; the choice is made by that, never by the truth."
            )
            st.html(enhance.strip(frame, name, pictures[f"strip.{name}"], chosen=number < done, truth=truth))


def _take_home(watched: Watched, experiment: Enhancing, pictures: enhance.Pictures, key: str) -> None:
    """Offer a finished run for keeping: its pictures, its numbers, a link and a command for each way."""
    frame, names = watched.last, list(experiment.columns)
    settings = json.loads(experiment.model_dump_json(context={"public_only": True}))
    name = f"leaklab-{watched.run.id}"
    with st.expander("Take it home: pictures, numbers, link, commands", icon=":material/download:"):
        st.table(enhance.table(frame, names))
        with st.container(horizontal=True):
            st.download_button(
                "Pictures (PNG)", lambda: enhance.kept(frame, names, pictures), f"{name}.png", "image/png",
                key=f"{key}.png", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "Numbers (JSON)", lambda: export.record(settings, watched.frames), f"{name}.json", "application/json",
                key=f"{key}.json", on_click="ignore",
            )  # fmt: skip
        st.markdown("This link restores every setting:")
        st.code(f"{(st.context.url or '').split('?')[0]}?x={to_link(experiment)}", language=None, wrap_lines=True)
        st.markdown("The attack with each way as its last stage, in a shell:" if names else "The attack in a shell:")
        commands = [command_line(experiment.ending(enhancer)) for enhancer in (experiment.enhancers or (None,))]
        st.code("\n".join(commands), language="bash", wrap_lines=True)
