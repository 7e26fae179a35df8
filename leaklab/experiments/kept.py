"""What a training keeps on the disk to go on from: written whole or not at all, and refused when it is another's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from leaklab.attacks.generative import shelf
from leaklab.settings import Refusal, S, Settings

FULL = (OSError, RuntimeError, SafetensorError)  # each writer says a full disk in its own way

_SETTINGS = "settings"
_OTHER = "{} was begun with {} = {} and not {}: set it back, or choose another name or folder for a new training."
_BROKEN = "{} cannot be read as a training: it is damaged or of another program. Move it away to begin anew."


def read(place: Path, asked: S, fixed: Sequence[str], parts: Sequence[str]) -> dict[str, Any]:
    """Return the parts that were kept of a training, empty where nothing was; no code in the file is ever run.

    Raises: Refusal, when it is damaged, or was begun with other settings than those asked for, as far as they are
    fixed.
    """
    if not place.is_file():
        return {}
    try:
        found = torch.load(place, map_location="cpu", weights_only=True)
        begun = type(asked).read(found[_SETTINGS])
        kept = {name: found[name] for name in parts}
    except Exception as error:  # a damaged file can make the reader raise anything at all
        raise broken(place) from error
    for name in fixed:
        before, now = getattr(begun, name), getattr(asked, name)
        if before != now:
            raise Refusal(_OTHER.format(place, *_difference(name, before, now)))
    return kept


def write(place: Path, asked: Settings, parts: dict[str, Any]) -> None:
    """Write the parts of a training with its settings; an old file stays where there is no room for a new one.

    Raises: OSError or RuntimeError, when it cannot be written.
    """
    shelf.whole(place, lambda unfinished: torch.save({_SETTINGS: asked.model_dump_json(), **parts}, unfinished))


def broken(place: Path) -> Refusal:
    """Return the refusal of a file that no training of this program can go on from."""
    return Refusal(_BROKEN.format(place))


def _difference(name: str, before: Any, now: Any) -> tuple[str, Any, Any]:
    """Return the innermost knob that differs, and both its values."""
    if isinstance(before, Settings) and type(before) is type(now):
        for inner in type(before).model_fields:
            if getattr(before, inner) != getattr(now, inner):
                return _difference(f"{name}.{inner}", getattr(before, inner), getattr(now, inner))
    return name, _short(before), _short(now)


def _short(value: Any) -> Any:
    return value.model_dump(mode="json").get("kind") if isinstance(value, Settings) else value
