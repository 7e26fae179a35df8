"""Drift: Lemma 1 measured on small networks, its cells and laws, and its flags."""

import math
from functools import cache

import pytest

from leaklab.experiments import drift_cells
from leaklab.experiments.command import drift, drift_command_line
from leaklab.experiments.drift import Drift
from leaklab.experiments.drift_cells import Cell, cell, cells, exponent, nearness, outcomes, ratio, remark
from leaklab.experiments.drift_flags import DRIFT_FLAGS
from leaklab.experiments.frame import Frame
from leaklab.images.source import Photos, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link

SMALL = Drift(image_size=16, num_classes=12, samples_per_client=2, local_lr=(1e-5, 1e-4), repeats=2)
ONE = SMALL.model_copy(update={"clients": (2,), "local_steps": (2,), "local_lr": (1e-3,), "repeats": 1})


@cache
def frames(experiment: Drift) -> list[Frame]:
    return list(experiment.run("cpu"))


def final(experiment: Drift) -> list[Cell]:
    return cells(frames(experiment)[-1])


def straight(power: float, *, times: float = 1.0, clients: int = 2, steps: int = 2) -> list[Cell]:
    """Return cells whose divergence is a power of the learning rate exactly."""
    rates = (1e-4, 1e-3, 1e-2)
    return [Cell(clients, steps, lr, 8, times * lr**power, times * lr**2, lr**2, 0.0) for lr in rates]


def test_a_smooth_network_obeys_the_lemma():
    last = frames(SMALL)[-1].scalars
    assert last["exponent"] == pytest.approx(2, abs=0.02) and last["ratio"] == pytest.approx(3, abs=0.02)
    assert last["nearness"] == pytest.approx(1, abs=0.01)
    for one in final(SMALL):
        assert one.divergence == pytest.approx(one.lemma, rel=0.02, abs=1e-14)


def test_nobody_drifts_alone_or_in_one_step():
    found = final(SMALL)
    assert {one.divergence for one in found if one.clients == 1} == {0.0}
    assert all(one.divergence < 1e-12 and one.lemma == one.law == 0 for one in found if one.steps == 1)
    assert all(one.divergence > 1e-12 for one in found if one.steps > 1 and one.clients > 1)


def test_the_law_is_what_the_lemma_prints():
    law = {(one.clients, one.steps, one.lr): one.law for one in final(SMALL)}
    assert law[4, 3, 1e-4] == pytest.approx(3 * 2 * 1e-8 * 3 / 8) and law[2, 2, 1e-5] == pytest.approx(2e-10 / 4)


def test_frames_grow_by_numbers_of_clients_and_the_last_one_sums_up():
    found = frames(SMALL)
    assert [frame.index for frame in found] == list(range(6))
    assert [frame.final for frame in found] == [False] * 5 + [True]
    assert [frame.scalars["progress"] for frame in found] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    assert [len(frame.series["clients"]) for frame in found] == [6, 6, 12, 12, 18, 18]
    assert {len(column) for column in found[-1].series.values()} == {18}
    assert [frame.note for frame in found[:-1]] == [""] * 5 and found[-1].note.startswith("The divergence grows with")
    assert "ratio" not in found[1].scalars and "ratio" in found[3].scalars


def test_a_cell_is_the_same_whatever_else_is_asked_for():
    whole = {(one.clients, one.steps, one.lr): one for one in final(SMALL)}
    [alone] = final(ONE.model_copy(update={"local_lr": (1e-4,), "repeats": 2}))
    assert alone.divergence == pytest.approx(whole[2, 2, 1e-4].divergence, rel=1e-9)


def test_repeats_are_the_next_seeds_and_the_mean_and_spread_are_theirs():
    [first], [second] = final(ONE), final(ONE.model_copy(update={"seed": ONE.seed + 1}))
    [both] = final(ONE.model_copy(update={"repeats": 2}))
    assert first.spread == 0 and first.divergence != second.divergence
    assert both.divergence == pytest.approx((first.divergence + second.divergence) / 2)
    assert both.lemma == pytest.approx((first.lemma + second.lemma) / 2)
    assert both.spread == pytest.approx(abs(first.divergence - second.divergence) / math.sqrt(2))


def test_kinks_break_the_lemma_and_it_is_said():
    rough = ONE.model_copy(update={"network": NetworkChoice(name="mlp"), "local_lr": (1e-2,)})
    even = rough.model_copy(update={"network": NetworkChoice(name="mlp", activation="softplus")})
    assert nearness(final(rough)) > 1.2 and nearness(final(even)) == pytest.approx(1, abs=0.05)
    assert "This network has kinks" in frames(rough)[-1].note and "kinks" not in frames(even)[-1].note


def test_batch_norm_over_the_batch_tells_clients_apart_at_once():
    network = NetworkChoice(name="convnet64", batch_norm="batch")
    normed = ONE.model_copy(update={"network": network, "local_steps": (1,)})
    [one] = final(normed)
    assert one.divergence > 1e-6 and "differ from the first step" in frames(normed)[-1].note


def test_grey_photographs_and_those_of_ones_own_are_measured_too():
    for source in (Photos(grey=True), Uploads()):
        [one] = final(ONE.model_copy(update={"source": source}))
        assert one.divergence == pytest.approx(one.lemma, rel=0.1)


def test_the_exponent_is_that_of_the_smallest_rates_in_the_mean_of_all_lines():
    assert exponent(straight(2)) == pytest.approx(2)
    assert exponent(straight(2) + straight(1.5, steps=3)) == pytest.approx(1.75)
    bent = [Cell(2, 2, 1.0, 8, 50.0, 1.0, 1.0, 0.0), Cell(2, 2, 0.1, 8, math.inf, 1.0, 1.0, 0.0)]
    assert exponent(straight(2) + bent) == pytest.approx(2)


def test_alone_or_still_nothing_has_an_exponent():
    for found in (straight(2)[:1], straight(2, clients=1), straight(2, steps=1), straight(2, times=0)):
        assert math.isnan(exponent(found)) and math.isnan(ratio(found))
        assert not {"exponent", "ratio"} & drift_cells.laws(found).keys()
    assert remark(straight(2, clients=1)).startswith("With one client, or after one step, nobody drifts: choose two")


def test_the_ratio_is_taken_at_the_smallest_rate():
    found = straight(2) + straight(2.5, times=300, steps=3)
    assert ratio(found) == pytest.approx(3)
    assert ratio(found + straight(2, clients=4) + straight(2, times=5, clients=4, steps=3)) == pytest.approx(4)


def test_the_note_says_what_was_measured():
    assert remark(straight(2) + straight(2, times=3, steps=3)) == (
        "The divergence grows with the learning rate to the power 2.00; Lemma 1 says 2. After three steps it is 3.00 "
        "times what it is after two; Lemma 1 says 3. At the smallest learning rate it is 1 times the lemma's leading "
        "term."
    )


def test_lengths_are_told_from_the_lemmas_mean_where_numbers_of_clients_are_compared():
    assert "follow it only roughly" in remark(straight(2) + straight(2, clients=4))
    assert "roughly" not in remark(straight(2) + straight(2, clients=1))


def test_what_ran_away_is_null_in_json():
    lost = cell(2, 2, 1.0, images=8, found=[math.inf, 1.0], second=[1.0, 1.0])
    [told] = outcomes(Frame(0, 0.0, series=drift_cells.series([lost])))
    assert told == {
        "clients": 2, "steps": 2, "lr": 1.0, "images": 8, "divergence": None, "lemma": 1.0, "law": 0.25, "spread": None,
    }  # fmt: skip


def test_a_frame_survives_the_store():
    last = frames(SMALL)[-1]
    back = records.read(records.written(last))
    assert back.series == last.series and cells(back) == cells(last) and back.note == last.note


def test_it_travels_in_a_link_and_has_a_name():
    assert from_link(Drift, to_link(SMALL)) == SMALL
    assert SMALL.title == "Drift of 4 clients in 3 steps, LeNet"
    alone = SMALL.model_copy(update={"clients": (1,), "local_steps": (1,)})
    assert alone.title == "Drift of one client in 1 step, LeNet"


@pytest.mark.parametrize(("change", "words"), [
    ({"local_steps": (1, 0)}, "local_steps: without a local step nobody moves, and there is nothing to compare"),
    ({"local_lr": (0.0,)}, "local_lr: clients that move their weights by nothing cannot drift apart; choose 1e-7"),
    ({"clients": (0,)}, "clients: without a client there is nobody to average; choose 1 or more"),
    ({"clients": ()}, "clients: nothing is given here; write one number or more"),
    ({"clients": (-2,)}, "clients.0: Input should be greater than or equal to 1 .got -2"),
    ({"local_lr": (math.nan,)}, "local_lr.0: .*finite number .got nan"),
    ({"local_steps": ("x",)}, "local_steps.0: .*valid integer.* .got 'x'"),
    ({"repeats": 0}, "repeats: Input should be greater than or equal to 1 .got 0"),
])  # fmt: skip
def test_a_mistake_is_a_sentence(change: dict, words: str):
    with pytest.raises(Refusal, match=words):
        Drift.read(change)


def test_flags_begin_where_the_experiment_does_and_put_back_what_they_read():
    tree = Drift().model_dump(mode="json")
    for flag in DRIFT_FLAGS:
        assert flag.knob is not None and flag.read(tree) == flag.default
        assert flag.default is None or flag.put(tree, flag.default) == tree
    assert drift({}) == Drift()


def test_a_command_line_repeats_a_drift():
    asked = {"--num-clients": [2, 8], "--local-lr": [1e-3], "--arch": "cnn2", "--seed": 5}
    made = drift(asked, ["network.activation=softplus"])
    assert drift_command_line(made) == (
        "leaklab drift --num-clients 2,8 --local-lr 0.001 --arch cnn2 --seed 5 --set network.activation=softplus"
    )
