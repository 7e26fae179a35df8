"""Tables of a finished run: photographs, layers, and the sentences under them."""

import math

import pytest

from leaklab.experiments.frame import Frame
from leaklab.views import tables

SOLVED = {"solve.linear": [300.0, 1000.0, 300.0, 1.0, 0.0], "solve.conv2": [3072.0, 4000.0, 2900.0, math.nan, 1e-9]}


def final(*, scalars: dict | None = None, series: dict | None = None) -> Frame:
    own = {"psnr": [30.04, 20.0], "ssim": [0.91234, 0.5], "client": [0.0, 1.0]}
    labels = {"label_true": [3.0, 1.0], "label_recovered": [3.0, 2.0]}
    return Frame(3, 1.0, scalars or {}, own | labels | (series or {}), {}, "", True)


def test_photographs_have_the_scores_that_were_measured():
    plain = tables.photographs(final())
    assert plain == {
        "client": [1, 2], "PSNR (dB)": [30.0, 20.0], "SSIM": [0.912, 0.5], "label": ["right", "wrong"],
    }  # fmt: skip
    measured = tables.photographs(final(series={"fsim": [0.98765, 0.4]}))
    assert measured == plain | {"FSIM": [0.988, 0.4]}
    assert list(measured) == ["client", "PSNR (dB)", "SSIM", "FSIM", "label"]


def test_the_kinder_pairing_is_said_where_it_flatters():
    scores = {"psnr": 29.8, "ssim": 0.97, "psnr_with_replacement": 31.2, "ssim_with_replacement": 0.98}
    assert tables.flattered(final(scalars=scores)) == (
        "Pairing with replacement, as CI-Net's paper scores, would say 31.2 dB instead of 29.8 dB and SSIM 0.980 "
        "instead of 0.970: several guesses may then claim the same photograph."
    )
    alike = scores | {"ssim_with_replacement": 0.97}
    assert "SSIM" not in tables.flattered(final(scalars=alike)) and "31.2 dB" in tables.flattered(final(scalars=alike))


@pytest.mark.parametrize(
    "scalars",
    [
        {},
        {"psnr": 29.8},
        {"psnr": 29.8, "psnr_with_replacement": 29.8},
        {"psnr": math.inf, "psnr_with_replacement": math.inf},
        {"psnr": 20.0, "psnr_with_replacement": math.nan},
    ],
)
def test_nothing_is_said_where_both_ways_agree_or_one_is_not_known(scalars: dict):
    assert tables.flattered(final(scalars=scalars)) == ""


def test_layers_come_in_the_order_in_which_they_were_solved_and_outlive_the_stage():
    solved = final(series=SOLVED)
    found = tables.layers([final(series={"solve.linear": SOLVED["solve.linear"]}), solved, final()])
    assert [layer.name for layer in found] == ["linear", "conv2"]
    assert tables.by_layer(found) == {
        "layer": ["linear", "conv2"], "unknowns": [300, 3072], "equations": [1000, 4000], "rank": [300, 2900],
        "condition": [1.0, None], "residual": [0.0, 1e-9],
    }  # fmt: skip
    assert tables.layers([final()]) == [] == tables.layers([])


def test_a_layer_that_leaves_something_open_is_named():
    found = tables.layers([final(series=SOLVED)])
    assert tables.shortfalls(found, ["recursive_gradient", "gradient_matching"]) == [
        "Layer conv2: rank 2,900 of 3,072 unknowns: the shortest of many answers is shown."
    ]
    [sentence] = tables.shortfalls(found, ["analytic_first_layer"])
    assert "too few photographs could be told apart" in sentence


def several(**series: list[float]) -> Frame:
    told = {"label_true": [0.0, 3.0, 0.0], "label_recovered": [0.0, 3.0, 1.0], "client": [0.0] * 3, "psnr": [9.0] * 3}
    return Frame(1, 0.0, series=told | {"guess": [2.0, 1.0, 0.0], "attack": [0.0] * 3} | series, final=True)


def test_guesses_are_said_to_be_which_photograph_and_shared_labels_are_flagged():
    table = tables.photographs(several())
    assert (table["photograph"], table["guess"]) == ([1, 2, 3], [3, 2, 1])
    assert table["same label as"] == ["3", "", "1"] and table["label"] == ["right", "right", "wrong"]
    paired, shared = tables.matched(several())
    assert paired.endswith("nearest to it: guess 3 is photograph 1, guess 1 is photograph 3.")
    assert shared == "2 photographs share their label with another one: their guesses can blend or swap places."


def test_one_photograph_an_update_has_no_order_and_shares_no_label():
    alone = several(attack=[0.0, 1.0, 2.0], guess=[0.0] * 3)
    assert tables.matched(alone) == [] and tables.photographs(alone).keys() == {"client", "PSNR (dB)", "label"}


def test_a_long_list_of_pairs_is_cut():
    count = 20
    frame = Frame(1, 0.0, series={"attack": [0.0] * count, "guess": [float((n + 1) % count) for n in range(count)],
                                  "label_true": [float(n) for n in range(count)]})  # fmt: skip
    [paired] = tables.matched(frame)
    assert paired.count("is photograph") == 8 and paired.endswith(" and 12 more.")


def test_the_pick_of_ten_stands_beside_chance():
    one = Frame(1, 0.0, series={"retrieval.rank": [2.0]})
    assert tables.picked(one) == (
        "The true photograph is the 2nd of 10 by likeness; by chance it would be the 1st once in 10 times."
    )
    many = Frame(1, 0.0, series={"retrieval.rank": [1.0, 1.0, 4.0]})
    assert tables.picked(many) == "2 of 3 true photographs are the 1st of 10 by likeness; by chance 0.3 would be."
    assert tables.picked(Frame(1, 0.0)) == ""
