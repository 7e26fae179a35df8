"""Named weights on disk: read without running any code, checked against a network, written with their digest."""

import hashlib
import os
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from leaklab.settings import Refusal

State = dict[str, Tensor]

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_COUNTER = "num_batches_tracked"  # older checkpoints lack it, and nothing here reads it


def load(path: str | Path) -> State:
    """Return the named tensors of a checkpoint, on the CPU; nothing in the file is ever run.

    Raises: Refusal, when the file is missing, damaged, asks for code, or holds something other than weights.
    """
    place = Path(path).expanduser()
    if not place.is_file():
        raise Refusal(f"There is no checkpoint at {place}: check the path, or leave it empty for fresh weights.")
    state = _unwrapped(_read(place))
    if not _is_state(state):
        raise Refusal(
            f"{place} holds {_kind(state)}, not weights by name: "
            "save it with torch.save(network.state_dict(), path) or as a .safetensors file."
        )
    return {name: tensor.detach() for name, tensor in state.items()}


def fit(state: State, module_state: State) -> State:
    """Return a checkpoint's tensors under a network's names and in its precision.

    A first word that all names share and the network lacks, such as `module.`, is taken off.
    Raises: Refusal, naming the first tensor that does not match, and both shapes.
    """
    state = _without_shared_prefix(state, module_state)
    for name, wanted in module_state.items():
        if name not in state and not name.endswith(_COUNTER):
            raise Refusal(_mismatch(name, "lacks it", f"wants {_shape(wanted)}"))
        if name in state and state[name].shape != wanted.shape:
            raise Refusal(_mismatch(name, f"holds {_shape(state[name])}", f"wants {_shape(wanted)}"))
    for name, tensor in state.items():
        if name not in module_state:
            raise Refusal(_mismatch(name, f"holds {_shape(tensor)}", "has no such tensor"))
    return {name: state.get(name, wanted).to(wanted) for name, wanted in module_state.items()}


def save(state: State, path: str | Path) -> str:
    """Write named tensors, as safetensors when the path ends so and with torch otherwise, and return the digest.

    The file appears whole or not at all.
    """
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        write = save_file if place.suffix == ".safetensors" else torch.save
        write(whole, unfinished)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
    return digest(place)


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with open(Path(path).expanduser(), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(place: Path) -> Any:
    try:
        if place.suffix == ".safetensors":
            return load_file(place)
        with warnings.catch_warnings():
            # torch warns of foreign formats before it refuses them; the refusal below says the same.
            warnings.simplefilter("ignore")
            return torch.load(place, map_location="cpu", weights_only=True)
    except Exception as error:  # a malformed file can make the reader raise anything at all
        raise Refusal(_unreadable(place, error)) from error


def _unreadable(place: Path, error: Exception) -> str:
    text = str(error)
    if isinstance(error, pickle.UnpicklingError) or "TorchScript" in text:
        asked = re.search(r"GLOBAL:? (\S+)", text)
        code = f" ({asked[1]})" if asked else ""
        return (
            f"{place} was not opened: it holds more than tensors, and loading it could run code{code}. "
            "Save the weights alone, with torch.save(network.state_dict(), path) or as a .safetensors file."
        )
    return f"{place} cannot be read as weights: the file is damaged, cut short, or of another kind."


def _unwrapped(found: Any) -> Any:
    for wrapper in _WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            return found[wrapper]
    return found


def _is_state(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and bool(found)
        and all(isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in found.items())
    )


def _kind(found: Any) -> str:
    if not isinstance(found, dict):
        return f"something of type {type(found).__name__}"
    odd = [f"{name!r} of type {type(value).__name__}" for name, value in found.items() if not isinstance(value, Tensor)]
    if odd:
        return odd[0]
    return "numbered tensors" if found else "nothing"


def _without_shared_prefix(state: State, module_state: State) -> State:
    while state.keys().isdisjoint(module_state):
        prefixes = {name.partition(".")[0] for name in state if "." in name}
        if len(prefixes) != 1 or not all("." in name for name in state):
            return state
        state = {name.partition(".")[2]: tensor for name, tensor in state.items()}
    return state


def _mismatch(name: str, checkpoint: str, network: str) -> str:
    return (
        f"The checkpoint does not fit this network: of {name} the checkpoint {checkpoint} and the network {network}. "
        "Choose the network, stem, image size and number of classes it was saved with."
    )


def _shape(tensor: Tensor) -> str:
    return "x".join(str(size) for size in tensor.shape) or "one number"
