"""Results on the disk: one JSON file a part, and the tables of docs/performance.md made from them."""

import json
import os
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.table import Row, markdown, read
from leaklab import __version__

FOLDER = Path("outputs/benchmarks")
DOCUMENT = Path("docs/performance.md")


def save(part: str, rows: Sequence[Row], *, quick: bool, seconds: float) -> Path:
    """Keep a part's rows with the machine they were measured on; quick ones beside the real ones, never over them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{part}{'-quick' if quick else ''}.json"
    kept = {"part": part, "quick": quick, "seconds": round(seconds, 1), "machine": machine()}
    path.write_text(json.dumps(kept | {"rows": [row.written() for row in rows]}, indent=1, ensure_ascii=False) + "\n")
    return path


def machine() -> dict[str, Any]:
    """Return what a measurement depends on beside our own code."""
    return {
        "when": time.strftime("%Y-%m-%d %H:%M"), "processor": _processor(), "cores": os.cpu_count(),
        "threads": torch.get_num_threads(), "load": _load(), "python": platform.python_version(),
        "torch": torch.__version__, "leaklab": __version__,
    }  # fmt: skip


def write_document() -> list[str]:
    """Put the kept tables between their marks in docs/performance.md, and return the parts that were there."""
    text, written = DOCUMENT.read_text(encoding="utf-8"), []
    for part in re.findall(r"<!-- table: (\w+) -->", text):
        path = FOLDER / f"{part}.json"
        if path.is_file():
            pattern = rf"(<!-- table: {part} -->\n).*?(<!-- end -->)"
            table = _section(json.loads(path.read_text(encoding="utf-8")))
            text = re.sub(pattern, lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text, flags=re.DOTALL)
            written.append(part)
    DOCUMENT.write_text(text, encoding="utf-8")
    return written


def _section(kept: dict[str, Any]) -> str:
    on = kept["machine"]
    where = (
        f"{on['when']}, {on['processor']}, {on['cores']} cores, {on['threads']} threads, load {on['load']} at the end, "
        f"Python {on['python']}, torch {on['torch']}; {kept['seconds']:.0f} s in all."
    )
    return f"{markdown(read(row) for row in kept['rows'])}\n\n{where}"


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", described.read_text()) if described.is_file() else []
    return names[0] if names else platform.processor() or platform.machine()


def _load() -> float | None:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
