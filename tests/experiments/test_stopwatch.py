"""The stopwatch counts work alone."""

import time

from leaklab.experiments.stopwatch import Stopwatch
from tests.experiments import small


def test_it_stands_still_while_it_is_stopped():
    watch = Stopwatch()
    with watch.stopped():
        before = watch.seconds
        time.sleep(0.2)
    assert before <= watch.seconds < before + 0.1


def test_a_pause_between_two_frames_is_no_part_of_a_runs_seconds():
    frames = small.inversion(iterations=2).run("cpu")
    first = next(frames)
    time.sleep(1.0)
    began = time.perf_counter()
    second = next(frames)
    assert second.seconds - first.seconds <= time.perf_counter() - began + 0.05
