"""Machines: where the default attack parts by device and precision, also kept as the record that the app ships."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from benchmarks import results
from benchmarks.table import Row
from leaklab.experiments.catalogue import DEFAULT, tuned
from leaklab.experiments.machines import Machines, names

SEED, SEEDS = 1234, 3
RECORD = Path("assets/recorded/machines.json")
_KEPT = ("psnr.", "loss.", "iteration.", "evaluations.", "parted.", "alike.")  # what a record keeps of each way

Runs = Mapping[int, Mapping[str, float]]  # the numbers that a run ended with, by seed


def rows(quick: bool) -> Iterator[Row]:
    """Yield every way's PSNR and where it parts from the reference; a run in earnest is written down for the app."""
    inversion = DEFAULT.experiment
    if quick:
        inversion = inversion.model_copy(update={"recipe": tuned(inversion.recipe, iterations=2)})
    runs: dict[int, Mapping[str, float]] = {}
    for seed in range(SEED, SEED + (1 if quick else SEEDS)):
        # Compiled for one way and not yet for another, an attack would differ in more than its rounding.
        with patch.dict(os.environ, {"LEAKLAB_COMPILE": "0"}):
            *_, last = Machines(inversion=inversion.model_copy(update={"seed": seed})).run()
        runs[seed] = last.scalars
    for name in names(runs[SEED]):
        yield from _way(name, list(runs.values()))
    if not quick:
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        RECORD.write_text(json.dumps(record(runs, gpu()), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def record(runs: Runs, gpu: str) -> dict[str, Any]:
    """Return what the app ships: the numbers of all ways by seed, and what they were computed on."""
    on = results.machine()
    return {
        "title": DEFAULT.title, "processor": on["processor"], "gpu": gpu, "torch": on["torch"],
        "when": on["when"].split()[0], "runs": [{"seed": seed, "scalars": _kept(runs[seed])} for seed in runs],
    }  # fmt: skip


def gpu() -> str:
    """Return the name of the GPU that took part; nothing where there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def _kept(scalars: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in scalars.items() if name.startswith(_KEPT)}


def _way(name: str, ended: Sequence[Mapping[str, float]]) -> Iterator[Row]:
    yield Row(f"{name}: PSNR", tuple(scalars[f"psnr.{name}"] for scalars in ended), "dB")
    parted = tuple(scalars[f"parted.{name}"] for scalars in ended if f"parted.{name}" in scalars)
    if any(f"parted.{name}" in scalars for scalars in ended):
        stayed = len(ended) - len(parted)
        yield Row(f"{name}: parts at", parted, "iterations", note=f"{stayed} never did" if stayed else "")
