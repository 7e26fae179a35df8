"""Single results of long measurements, kept one by one: what was measured once is not measured again."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from benchmarks import results


class Kept:
    """Numbers by name in a file of JSON lines, so that two processes may share the work and none of it is lost."""

    def __init__(self, part: str, *, quick: bool) -> None:
        self.path: Path = results.FOLDER / f"{part}{'-quick' if quick else ''}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def measured(self, name: str, measure: Callable[[], list[float]]) -> list[float]:
        """Return the numbers of a name from the file, or measure them and add them to it."""
        if (known := self.all().get(name)) is not None:
            return known
        found = measure()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([name, found]) + "\n")
        return found

    @staticmethod
    def mine(seeds: range) -> list[int]:
        """Return the seeds that are this process's: all, or with `LEAKLAB_HALF` 0 or 1 every other one."""
        half = os.environ.get("LEAKLAB_HALF")
        return [seed for seed in seeds if half is None or seed % 2 == int(half)]

    def all(self) -> dict[str, list[float]]:
        """Return everything that is kept."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else []
        return dict(json.loads(line) for line in lines)
