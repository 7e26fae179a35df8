"""A run on disk: private images and reconstructions, strip, animation, numbers and settings in one folder."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from leaklab.experiments.frame import Frame
from leaklab.settings import Refusal
from leaklab.views.export import gif
from leaklab.views.outcome import Attacked, Outcome
from leaklab.views.strips import film, png, split, strip


def prepared(home: Path) -> Path:
    """Return the folder that will hold run folders, made now, so that no attack runs in vain.

    Raises: Refusal, when it cannot be made or written to.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(home, error.strerror) from error
    if not os.access(home, os.W_OK):
        raise _unwritable(home, "no permission to write there")
    return home


def named(home: Path, name: str) -> Path:
    """Return a new, empty run folder whose name begins with the time of day; a number keeps two apart.

    Raises: Refusal, when it cannot be made.
    """
    stem = f"run-{time.strftime('%Y%m%d-%H%M%S')}-{name}"
    for number in range(1, 1000):
        place = home / (stem if number == 1 else f"{stem}-{number}")
        try:
            place.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(home, error.strerror) from error
        return place
    raise _unwritable(home, f"a thousand folders begin with {stem}")


def write(place: Path, attacked: Mapping[str, Attacked], whole: Outcome, links: Mapping[str, str]) -> None:
    """Fill a run folder: `metrics.json`, `settings.json`, and a folder of pictures for each view, with its link.

    Raises: Refusal, when the disk is full or the folder is gone.
    """
    try:
        _json(place / "metrics.json", whole.model_dump(mode="json"))
        _json(place / "settings.json", whole.settings)
        for view, one in attacked.items():
            inner = place / view
            inner.mkdir()
            _json(inner / "settings.json", dict(one.settings))
            (inner / "link.txt").write_text(f"{links[view]}\n", encoding="utf-8")
            for name, data in pictures(one.frames).items():
                (inner / name).write_bytes(data)
    except OSError as error:
        raise _unwritable(place, error.strerror) from error


def pictures(frames: Sequence[Frame]) -> dict[str, bytes]:
    """Return every picture file of a run by name."""
    shown = film(moments(frames))
    whose = [int(client) for client in frames[-1].series["client"]]
    named = {"truth": shown.truth, "reconstruction": shown.pictures[-1]}
    files = {
        f"client-{client}-image-{index:02}-{name}.png": png(tile)
        for name, picture in named.items()
        for index, (client, tile) in enumerate(zip(whose, split(picture, len(whose)), strict=True))
    }
    for iteration, picture in zip(shown.iterations, shown.pictures, strict=True):
        files[f"iteration-{iteration:05}.png"] = png(picture)
    return files | {"strip.png": png(strip(shown)), "reconstruction.gif": gif(shown)}


def moments(frames: Sequence[Frame]) -> list[Frame]:
    """Return one frame an iteration, the last: several attacks in turn make several of each.

    The private photographs, which stand in the first frame alone, go with them.
    """
    last = {int(frame.scalars["iteration"]): frame for frame in frames}
    truth = [Frame(frames[0].index, frames[0].seconds, pictures={"truth": frames[0].pictures["truth"]})]
    return truth + list(last.values())


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _unwritable(place: Path, reason: str | None) -> Refusal:
    return Refusal(f"Nothing can be saved in {place} ({reason}): choose another --save-dir, or --no-save.")
