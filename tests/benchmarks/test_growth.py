"""Growth is told as shares within a round, up to as many pictures as are asked for."""

from benchmarks import growth


def test_images_times_restarts_stay_below_the_limit():
    sizes = list(growth.grid(128))
    assert sizes[0] == (1, 1) and {images * restarts for images, restarts in sizes} == {2**power for power in range(8)}
    assert {images: max(r for i, r in sizes if i == images) for images in growth.IMAGES} == {
        1: 128,
        2: 64,
        4: 32,
        8: 16,
    }


def test_what_grows_faster_than_its_size_is_not_what_was_wanted():
    times = {(1, 1): [1.0, 2.0], (1, 2): [2.0, 4.0], (2, 2): [5.0, 10.0]}
    first, linear, worse = growth.by_size(times, dict.fromkeys(times, 600.0))
    assert first.values == (1000, 2000) and "600 MB" in first.note
    assert linear.values == (1, 1) and linear.met
    assert worse.values == (1.25, 1.25) and worse.met is False


def test_an_iteration_may_cost_neither_more_nor_less():
    rows = list(growth.by_iterations({20: [1.0], 40: [1.1], 80: [1.2]}))
    assert [row.met for row in rows] == [None, True, False]


def test_another_way_begins_every_round():
    called = []
    ways = {name: lambda name=name: called.append(name) or 1.0 for name in "ab"}
    assert growth.in_turns(ways, rounds=2, warm_up=1) == {"a": [1.0, 1.0], "b": [1.0, 1.0]}
    assert "".join(called) == "baabba"
