"""Whether all stands ready for a class: what is looked at, as facts that a page puts into words."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch

from leaklab import checkpoints
from leaklab.attacks.generative import shelf
from leaklab.evaluation import lpips
from leaklab.experiments import devices
from leaklab.runs.pool import Pool
from leaklab.runs.store import Store
from leaklab.settings import Refusal

State = Literal["ok", "look", "broken"]

SCARCE, NONE_LEFT = 2 << 30, 200 << 20  # bytes free: below the first a class may fill the disk, below the other it will
STUCK = 30.0  # seconds a run may wait before somebody should look why


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it was found, how bad that is, and the facts its sentence names."""

    of: str
    case: str
    state: State
    facts: dict[str, str | int | float] = field(default_factory=dict)


def look(store: Store, pool: Pool) -> Iterator[Finding]:
    """Yield a finding for each thing a class needs but its browsers."""
    yield graphics()
    yield perceptual()
    yield shipped()
    yield room(store)
    yield workers(store, pool)


def graphics() -> Finding:
    """Look for graphics cards that experiments may use."""
    if "cuda" not in devices.available():
        return Finding("graphics", "none", "ok")
    return Finding("graphics", "found", "ok", {"count": torch.cuda.device_count()})


def perceptual() -> Finding:
    """Look whether LPIPS can be measured: whether its network's weights are here, and whole."""
    trunk, path = lpips.TRUNKS["alex"], lpips.weights_path("alex")
    facts = {"file": trunk.file, "megabytes": trunk.megabytes}
    if not path.is_file():
        return Finding("lpips", "absent", "look", facts)
    whole = _digest(path, path.stat().st_mtime_ns).startswith(trunk.checksum)
    return Finding("lpips", "whole", "ok", facts) if whole else Finding("lpips", "damaged", "broken", facts)


def shipped(folder: Path = shelf.SHIPPED) -> Finding:
    """Look whether every card on the shelf has the weights it was written for."""
    names = sorted(path.stem for path in folder.glob("*.json"))
    spoilt = [name for name in names if not _as_carded(folder, name)]
    facts = {"count": len(names), "names": ", ".join(spoilt)}
    if not names:
        return Finding("shelf", "empty", "look", facts)
    return Finding("shelf", "spoilt", "broken", facts) if spoilt else Finding("shelf", "whole", "ok", facts)


def room(store: Store) -> Finding:
    """Look how large the store is, and how much room its disk has left."""
    if not (files := store.files()):
        return Finding("room", "elsewhere", "ok")
    size = sum(file.stat().st_size for file in files if file.exists())
    free = shutil.disk_usage(files[0].parent).free
    facts = {"size": _said(size), "free": _said(free)}
    if free < SCARCE:
        return Finding("room", "scarce", "broken" if free < NONE_LEFT else "look", facts)
    return Finding("room", "enough", "ok", facts)


def workers(store: Store, pool: Pool) -> Finding:
    """Look whether workers live, and whether the queue moves."""
    alive, census = pool.alive(), store.census()
    facts = {"alive": alive, "wanted": pool.size, "queued": census.queued, "running": census.running}
    waits = census.queued and time.time() - census.oldest > STUCK
    if waits and not census.running:
        return Finding("workers", "stuck", "broken", facts)
    if not pool.size:
        return Finding("workers", "elsewhere", "look", facts)
    if not alive:
        return Finding("workers", "dead", "broken", facts)
    if alive < pool.size:
        return Finding("workers", "fewer", "look", facts)
    return Finding("workers", "waiting" if waits else "ready", "look" if waits else "ok", facts)


def _as_carded(folder: Path, name: str) -> bool:
    weights = folder / f"{name}.safetensors"
    try:
        return weights.is_file() and _digest(weights, weights.stat().st_mtime_ns) == shelf.card(name, folder).digest
    except (Refusal, OSError):
        return False


@lru_cache(maxsize=32)
def _digest(path: Path, changed: int) -> str:
    """Return a file's SHA-256, computed anew only when the file has changed."""
    return checkpoints.digest(path)


def _said(size: float) -> str:
    """Return a number of bytes as a person says it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
