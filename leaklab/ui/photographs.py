"""Whose photographs: the album by clicking, one's own by upload, camera or pen, or a data set of this machine."""

import streamlit as st

from leaklab.experiments.inversion import Inversion
from leaklab.images import files
from leaklab.images.source import Photos, Source, Uploads
from leaklab.settings import Refusal, Settings, walk
from leaklab.ui import forms, session, watch
from leaklab.ui.album import album
from leaklab.ui.pad import pad

_ALBUM, _OWN, _DATA = "Album", "Your own", "Data set"
_NO_CAMERA = (
    "No picture of the camera here? Then the browser, or the phone, has said no to it. Allow it beside the address and "
    "reload, or choose a file above: on a phone, that can be a photograph just taken."
)


def choose(experiment: Inversion, *, page: str, key: str) -> Inversion:
    """Draw the choice of photographs, with keys that begin with `key`, and return the experiment with them."""
    with st.expander("Photographs", expanded=True):
        source = experiment.scenario.source
        held = {"photos": _ALBUM, "uploads": _OWN}.get(source.kind, _DATA)
        chosen = st.segmented_control(
            "Where from", (_ALBUM, _OWN, _DATA), default=held, required=True, key=f"{key}.where",
            label_visibility="collapsed", width="stretch",
        )  # fmt: skip
        draw = {_ALBUM: _album, _OWN: _own, _DATA: _data}[chosen]
        new = draw(source, experiment, key)
        if new != source:
            experiment = experiment.model_copy(
                update={"scenario": experiment.scenario.model_copy(update={"source": new})}
            )
        if new.kind != source.kind:
            return experiment
        knobs = forms.knobs(experiment, "scenario.image_size", level="basic")
        advanced = forms.knobs(experiment, "scenario.source", level="advanced")
        if advanced and st.toggle("More", key=f"{page}.more.Photographs", help="Show the rarely used settings."):
            knobs += advanced
        return forms.edit(experiment, knobs, key=key)


def _album(source: Source, experiment: Inversion, key: str) -> Source:
    before = source if isinstance(source, Photos) else Photos()
    needed = experiment.scenario.federation.images
    names = album(before.names, most=min(needed, 32), key=f"{key}.album")
    if len(names) < needed:
        st.caption(f"{needed - len(names)} of {needed} are drawn by the seed.")
    return before.model_copy(update={"names": names})


def _own(source: Source, experiment: Inversion, key: str) -> Source:
    before = take(source if isinstance(source, Uploads) else Uploads())
    if len(before.pictures) > (used := experiment.scenario.federation.images):
        st.caption(f"The first {used} of {len(before.pictures)} are attacked: more clients or photographs use more.")
    offer_to_forget(before, key=key)
    return before


def take(before: Uploads) -> Uploads:
    """Take photographs in, shrink them at once, let go of what was sent, and show what is kept."""
    if st.session_state.pop("own.arrived", False) or not before.pictures:
        before = before.model_copy(update={"pictures": st.session_state.get("own.pictures", ())})
    st.caption(
        "They stay with you: shrunk to 64 pixels on arrival, seen by this browser alone, never in a link, "
        "and deleted some minutes after you leave."
    )
    counter = st.session_state.setdefault("own.counter", 0)
    sent = st.file_uploader(
        "Upload", accept_multiple_files=True, key=f"own.upload.{counter}", label_visibility="collapsed",
        type=["png", "jpg", "jpeg", "webp", "gif", "bmp", "tiff", "avif", "heic"],
    )  # fmt: skip
    shots = list(sent or ())
    if st.toggle("Use the camera", key="own.camera", help="Needs HTTPS, or this machine itself."):
        shot = st.camera_input("Camera", key=f"own.shot.{counter}", label_visibility="collapsed", resolution="480p")
        shots += [shot] if shot else []
        st.caption(_NO_CAMERA)
    arrived = [(shot.name, shot.getvalue()) for shot in shots]
    if st.toggle("Draw one", key="own.draw", help="A pad for the mouse or a finger."):
        try:
            drawn = pad(key=f"own.pad.{counter}")
        except Refusal as refusal:
            drawn = None
            st.error(str(refusal), icon=":material/broken_image:")
        arrived += [("Your drawing", drawn)] if drawn else []
    if arrived:
        _arrive(arrived, before)
    for complaint in st.session_state.pop("own.complaints", ()):
        st.error(complaint, icon=":material/broken_image:")
    if before.pictures:
        st.image(
            [f"data:image/png;base64,{text}" for text in before.pictures], width=48,
            alt=[f"Your photograph {number}" for number in range(1, len(before.pictures) + 1)],
        )  # fmt: skip
    return before


def offer_to_forget(before: Uploads, *, key: str) -> None:
    """Draw a button that deletes a visitor's photographs and private runs, where there are any."""
    if before.pictures or any(run.private for run in session.services().store.runs(session.visitor())):
        st.button(
            "Forget my photographs", key=f"{key}.forget", on_click=_forget,
            help="Takes them off this page and deletes every run with them, for good.",
        )  # fmt: skip


def _arrive(sent: list[tuple[str, bytes]], before: Uploads) -> None:
    """Keep the shrunk pictures and rerun with an empty uploader, so that no original stays in memory."""
    kept, complaints = list(before.pictures), []
    for name, raw in sent:
        try:
            kept.append(files.shrink(raw))
        except Refusal as refusal:
            complaints.append(f"{name}: {refusal}")
    st.session_state["own.pictures"] = tuple(dict.fromkeys(kept))[-32:]
    st.session_state["own.complaints"] = complaints
    st.session_state["own.counter"] += 1
    st.session_state["own.arrived"] = True
    st.rerun()


def _forget() -> None:
    """Delete every private run for good, and take one's photographs out of this session."""
    try:
        session.services().store.delete_private(session.visitor())
    except Refusal as refusal:
        st.session_state["own.complaints"] = [str(refusal)]
        return
    watch.forget()
    st.session_state["own.pictures"] = ()
    for name, value in list(st.session_state.items()):
        if name.endswith(".experiment") and isinstance(value, Settings) and value.source.kind == "uploads":
            [path] = [knob.path for knob in walk(value) if isinstance(knob.value, Uploads)]
            st.session_state[name] = value.changed((*path, "pictures"), ())


def _data(source: Source, experiment: Inversion, key: str) -> Source:
    kinds = {cls.model_fields["kind"].default: cls for cls in _data_sets(experiment)}
    held = source.kind if source.kind in kinds else next(iter(kinds))
    kind = st.selectbox("Data set", list(kinds), index=list(kinds).index(held), key=f"{key}.data")
    if "root" in kinds[kind].model_fields:
        st.caption("Read from this machine, in the folder that `LEAKLAB_DATA` names; nothing is downloaded.")
    return source if source.kind == kind else kinds[kind]()


def _data_sets(experiment: Inversion) -> list[type[Settings]]:
    from leaklab.settings import choices

    field = type(experiment.scenario).model_fields["source"]
    return [cls for cls in choices(field.annotation) if cls not in (Photos, Uploads)]
