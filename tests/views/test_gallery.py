"""Cards: what settings say of a run, how cards are found and counted, and what is said of pictures."""

from dataclasses import replace

import numpy as np
import pytest

from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.networks.table import NETWORKS
from leaklab.views import gallery
from leaklab.views.gallery import ORDERS, Card, Facts, Wanted

CARD = Card("1", "DLG on one photograph", Facts("inversion", "DLG", "LeNet"), "finished", "Recovered", 30.0, 2.0)
LOST = replace(CARD, key="2", status="lost", psnr=None, seconds=0.0, created=5.0, mine=True, verdict="")


@pytest.mark.parametrize(("experiment", "told"), [
    (Inversion(), Facts("inversion", "DLG", "LeNet")),
    (Enhancing(), Facts("enhancing", "Curious client", "ConvNet2")),
    (LabelRecovery(), Facts("label_recovery", "", NETWORKS[LabelRecovery().network.name].title)),
    (Landscape(), Facts("landscape", "DLG", "LeNet")),
], ids=lambda one: getattr(one, "kind", ""))  # fmt: skip
def test_settings_say_what_is_attacked_and_how(experiment, told: Facts):
    assert gallery.facts(experiment.model_dump_json()) == told


def test_networks_are_called_as_their_table_calls_them():
    assert {name: row.title for name, row in NETWORKS.items()} == gallery._NETWORKS


def test_a_card_is_found_by_what_it_says():
    for wanted in (
        Wanted(), Wanted(state="finished"), Wanted(attack="DLG"), Wanted(network="LeNet"), Wanted(page="playground"),
        Wanted(text="dlg RECOVERED"), Wanted(text="  "),
    ):  # fmt: skip
        assert wanted.fits(CARD)
    for wanted in (
        Wanted(state="going"), Wanted(mine=True), Wanted(attack="iDLG"), Wanted(network="MLP"), Wanted(page="drift"),
        Wanted(text="dlg lost"),
    ):  # fmt: skip
        assert not wanted.fits(CARD)
    assert Wanted(state="ended early", mine=True).fits(LOST)


def test_each_order_puts_what_it_says_first():
    better = replace(CARD, key="3", psnr=40.0, seconds=9.0, created=1.0)
    cards = [CARD, LOST, better]
    assert [[card.key for card in sorted(cards, key=order)] for order in ORDERS.values()] == [
        ["2", "3", "1"], ["3", "1", "2"], ["1", "3", "2"],
    ]  # fmt: skip


def test_runs_are_counted_in_a_sentence():
    assert gallery.counted([CARD, LOST], [CARD, LOST]) == "2 runs shown: 1 finished, 1 ended early; 1 of them yours."
    assert gallery.counted([LOST], [CARD, LOST]) == "1 of 2 runs shown: 1 ended early; all yours."
    assert gallery.counted([], [CARD]) == "0 of 1 run shown."


def test_the_psnr_of_several_places_is_the_best_of_them():
    assert gallery.psnr({"psnr": 7.0, "psnr.raw": 9.0}) == 7.0
    assert gallery.psnr({"psnr.per-client": 7.0, "psnr.aggregated": 9.0, "psnr.client": None}) == 9.0
    assert gallery.psnr({}) is None and gallery.psnr({"psnr": float("nan")}) is None


def test_both_pictures_have_words_and_one_that_is_not_there_is_left_out():
    picture = np.zeros((4, 8, 3), np.uint8)
    both = gallery.pair(picture, picture, said='PSNR < 10 dB "so far"')
    assert both.count("<img") == 2 and "PSNR &lt; 10 dB &quot;so far&quot;" in both
    assert gallery.pair(picture, None, said="").count("<img") == 1
