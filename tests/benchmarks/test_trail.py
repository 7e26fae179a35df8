"""A trail keeps images as they were, with the time; when a quality was reached is read from it afterwards."""

import math

import torch

from benchmarks import trail
from benchmarks.attack import play
from benchmarks.trail import Trail, ours
from leaklab.attacks.recipes import RECIPES
from leaklab.experiments.catalogue import tuned
from leaklab.experiments.inversion import Inversion


def test_it_keeps_a_copy_and_the_seconds_since_the_start(monkeypatch):
    times = iter([10.0, 12.0, 13.0, 16.0])
    monkeypatch.setattr(trail, "clock", lambda: next(times))
    kept, images = Trail(began=0.0), torch.zeros(1, 1, 2, 2)
    kept.start()
    for value in (1.0, 2.0, 3.0):
        kept.keep(images.fill_(value))
    assert kept.seconds == [2, 3, 6] and kept.steps == [1, 3]
    assert [float(one.mean()) for one in kept.images] == [1, 2, 3]


def test_the_first_that_is_good_enough_counts():
    kept = Trail(began=0.0, seconds=[1.0, 2.0, 4.0])
    assert kept.reached([10, 30, 20], 20) == 2
    assert kept.reached([10, 30, 20], 31) == math.inf


def test_with_one_thread_it_is_the_processors_time(monkeypatch):
    monkeypatch.setattr(trail.time, "process_time", lambda: 1.0)
    monkeypatch.setattr(trail.time, "perf_counter", lambda: 2.0)
    for threads, seconds in ((1, 1.0), (2, 2.0)):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert trail.clock() == seconds


def test_ours_is_followed_from_the_start_to_the_last_iteration():
    inversion = Inversion(recipe=tuned(RECIPES["idlg"], iterations=2)).changed(("scenario", "image_size"), 16)
    followed = ours(inversion, play(inversion))
    assert [image.shape for image in followed.images] == [(1, 3, 16, 16)] * 3
    assert 0 < followed.seconds[0] < followed.seconds[1] < followed.seconds[2]
