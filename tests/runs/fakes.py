"""Experiments that behave as they are told, and a worker process that carries them out without torch."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.runs import worker
from leaklab.settings import Refusal
from leaklab.waiting import awaited


@dataclass(frozen=True)
class Fake:
    """Yields so many frames, with a pause before each, and may refuse, break or turn a deaf ear."""

    frames: int = 3
    pause: float = 0.0
    deaf: float = 0.0  # seconds spent, after the first frame, on one iteration that hears nothing
    parts: int = 0  # of a twentieth of a second each, which one iteration has after every frame
    refuse: str = ""
    broken: str = ""

    def run(self, device: str) -> Iterator[Frame]:
        """Yield the frames, then do what was told."""
        for index in range(self.frames):
            time.sleep(self.pause)
            yield frame(index, self.frames, final=index == self.frames - 1)
            time.sleep(self.deaf)
            for _ in awaited(range(self.parts)):
                time.sleep(0.05)
        if self.refuse:
            raise Refusal(self.refuse)
        if self.broken:
            raise ZeroDivisionError(self.broken)


def frame(index: int, count: int = 10, *, final: bool = False, colour: int = 7) -> Frame:
    """Return a small frame with a picture of one colour."""
    scalars = {"iteration": index, "iterations": count, "loss": 1.0 / (index + 1)}
    picture = np.full((4, 6, 3), colour, np.uint8)
    return Frame(index, index / 10, scalars, {"losses.0": [0.5, 0.25]}, {"reconstruction": picture}, "", final)


def read(text: str) -> Fake:
    """Return the fake experiment a JSON text tells of."""
    return Fake(**json.loads(text))


def main() -> None:
    """Serve as `leaklab worker` would."""
    parser = argparse.ArgumentParser()
    for name, kind in {"store": str, "worker-id": str, "device": str, "threads": int, "parent-pid": int}.items():
        parser.add_argument(f"--{name}", type=kind)
    given = parser.parse_args()
    worker._warm_up = lambda device, threads: False
    worker.serve(
        given.store, worker_id=given.worker_id, device=given.device, threads=given.threads,
        parent_pid=given.parent_pid, read=read,
    )  # fmt: skip


if __name__ == "__main__":
    main()
