"""Label recovery: every method beside the truth, from one seed, on any network, trained or not."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from leaklab.attacks.labels import METHODS
from leaklab.experiments import catalogue
from leaklab.experiments.frame import Frame
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.federation.client import Client
from leaklab.images.public import public
from leaklab.images.source import Cifar10, Photos, Uploads
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Pass
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link

SMALL = LabelRecovery(image_size=16, num_classes=12, batch_size=8)
PLAIN = SMALL.changed(("network",), NetworkChoice(initialisation="pytorch"))  # small weights: all classes alike
ALONE = SMALL.changed(("batch_size",), 1)
BARE = SMALL.changed(("network",), NetworkChoice(name="resnet9"))  # its last layer has no bias
NORMED = SMALL.changed(("network",), NetworkChoice(name="resnet18", batch_norm="batch"))
TRAINED = SMALL.changed(("training",), 25)


@cache
def frames(experiment: LabelRecovery) -> list[Frame]:
    return list(experiment.run("cpu"))


def ran(frame: Frame) -> set[str]:
    return {name.partition(".")[2] for name in frame.scalars if name.startswith("accuracy.")}


@pytest.mark.parametrize("experiment", [SMALL, ALONE, BARE, TRAINED], ids=["plain", "alone", "bare", "trained"])
def test_frames_keep_the_contract(experiment: LabelRecovery):
    found = frames(experiment)
    assert [frame.index for frame in found] == list(range(len(found)))
    assert all(before.seconds <= after.seconds for before, after in pairwise(found))
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    done = [frame.scalars["methods_done"] for frame in found]
    assert done[-len(METHODS) :] == list(range(1, len(METHODS) + 1)) and set(done[: -len(METHODS)]) == {0}
    assert all(frame.scalars["methods"] == len(METHODS) for frame in found)


@pytest.mark.parametrize("experiment", [SMALL, ALONE, BARE], ids=["plain", "alone", "bare"])
def test_the_last_frame_holds_everything(experiment: LabelRecovery):
    last, batch = frames(experiment)[-1], experiment.batch_size
    assert len(last.series["true"]) == len(last.series["rows"]) == 12 and sum(last.series["true"]) == batch
    assert ("bias" in last.series) == (experiment is not BARE)
    for key in ran(last):
        assert len(last.series[f"counts.{key}"]) == 12 and sum(last.series[f"counts.{key}"]) == batch
        assert 0 <= last.scalars[f"accuracy.{key}"] <= 1 and 0 <= last.scalars[f"exists.{key}"] <= 1
        assert last.scalars[f"seconds.{key}"] >= 0
    silent = METHODS.keys() - ran(last)
    assert silent == {SMALL: {"idlg"}, ALONE: set(), BARE: {"idlg", "alr", "bias_corrected", "ilrg"}}[experiment]
    assert all(any(line.startswith(f"{key}: ") for line in last.note.split("\n")) for key in silent)


def test_one_photograph_is_read_by_every_method():
    last = frames(ALONE)[-1]
    assert {last.scalars[f"accuracy.{key}"] for key in METHODS} == {1}
    assert last.note.split("\n")[0].startswith("The label was read by idlg, ")


def test_the_bias_gradient_tells_the_counts_of_an_untrained_network():
    last = frames(SMALL)[-1]
    assert last.scalars["accuracy.alr"] == last.scalars["accuracy.ilrg"] == 1
    assert last.series["counts.alr"] == last.series["true"]
    assert abs(sum(last.series["bias"])) < 1e-5 and abs(sum(last.series["rows"])) < 1e-3


def test_zlr_reaches_its_bound_and_no_more():
    assert frames(PLAIN)[-1].scalars["accuracy.zlr"] == (2 + 8 // 4) / 8
    assert frames(PLAIN.changed(("balance",), "unique"))[-1].scalars["accuracy.zlr"] == 1


def test_the_first_frame_shows_the_batch_at_most_thirty_two_of_it():
    assert frames(SMALL)[0].pictures["batch"].shape == (16, 8 * 16, 3)
    many = SMALL.changed(("batch_size",), 40)
    [picture] = next(many.run("cpu")).pictures.values()
    assert picture.shape == (16, 32 * 16, 3) and picture.dtype == np.uint8
    assert not any(frame.pictures for frame in frames(SMALL)[1:])


def test_the_same_seed_gives_the_same_counts_and_another_others():
    one, again = frames(SMALL)[-1], frames.__wrapped__(SMALL)[-1]
    assert one.series == again.series and one.note == again.note
    other = frames(SMALL.changed(("seed",), 5))[-1]
    assert other.series["true"] != one.series["true"] and other.series["bias"] != one.series["bias"]


def test_training_changes_the_network_and_neither_labels_nor_photographs():
    plain, trained = frames(SMALL), frames(TRAINED)
    assert trained[0].series["true"] == plain[0].series["true"]
    assert np.array_equal(trained[0].pictures["batch"], plain[0].pictures["batch"])
    assert trained[-1].series["bias"] != plain[-1].series["bias"]
    assert len(trained) == len(plain) + 2  # signs of life after ten and twenty steps
    assert "the network was trained for 25 steps of 64 pictures; its loss went from" in trained[-1].note
    assert "trained" not in plain[-1].note


def test_precision_and_balance_are_as_asked(monkeypatch: pytest.MonkeyPatch):
    sent, send = [], Client.send

    def note(self: Client, *args, num_classes: int, generator: torch.Generator, dice: torch.Generator):
        sent.append(self)
        return send(self, *args, num_classes=num_classes, generator=generator, dice=dice)

    monkeypatch.setattr(Client, "send", note)
    list(SMALL.changed(("precision",), "float64").changed(("balance",), "unique").run("cpu"))
    assert sent[0].images.dtype == torch.float64 and sent[0].labels.unique().numel() == 8


@pytest.mark.parametrize(("experiment", "parts"), [(SMALL, [3, 3, 2]), (NORMED, [8])], ids=["apart", "together"])
def test_gradients_come_in_parts_unless_batch_norm_looks_at_the_batch(
    experiment: LabelRecovery, parts: list[int], monkeypatch: pytest.MonkeyPatch
):
    met, loss = [], Pass.loss

    def note(self: Pass, weights, images, labels):
        met.append(len(images))
        return loss(self, weights, images, labels)

    monkeypatch.setattr("leaklab.experiments.label_recovery._AT_ONCE", 3)
    monkeypatch.setattr(Pass, "loss", note)
    list(experiment.run("cpu"))
    assert met == parts


def seen_by_methods(experiment: LabelRecovery, monkeypatch: pytest.MonkeyPatch) -> Observation:
    seen = []
    key, method = next(iter(METHODS.items()))
    monkeypatch.setattr(type(method), "missing", lambda self, observation: seen.append(observation) or ["no"])
    list(experiment.run("cpu"))
    return seen[0]


def test_methods_are_told_no_labels_and_get_photographs_that_are_not_private(monkeypatch: pytest.MonkeyPatch):
    observation = seen_by_methods(SMALL, monkeypatch)
    assert observation.labels is None and observation.num_images == 8
    assert observation.public.shape == (128, 3, 16, 16) and observation.public.dtype == torch.float32
    cats = SMALL.changed(("source",), Photos(names=("cat",)))
    stranger = torch.zeros(1, 3, 16, 16)
    assert torch.equal(seen_by_methods(cats, monkeypatch).public, public(stranger, 128, titles=("Cat",)))


def test_the_outline_says_beforehand_what_the_methods_will_be_told(monkeypatch: pytest.MonkeyPatch):
    for experiment in (SMALL, BARE, SMALL.changed(("source",), Photos(grey=True))):
        outline, seen = experiment.outline(), seen_by_methods(experiment, monkeypatch)
        for name in ("num_images", "num_clients", "num_classes", "image_shape", "schedule", "labels"):
            assert getattr(outline, name) == getattr(seen, name)
    monkeypatch.undo()
    lacking = {key for key, method in METHODS.items() if method.missing(BARE.outline())}
    assert lacking == METHODS.keys() - ran(frames(BARE)[-1])


def test_a_source_of_fewer_classes_says_so_and_draws_among_its_own():
    few = SMALL.changed(("source",), Photos(names=("cat",))).changed(("num_classes",), 60)
    note = frames(few)[0].note.split("\n")
    assert "The network tells 60 classes apart and these photographs have 48: the others never occur." in note
    assert sum(frames(few)[-1].series["true"][48:]) == 0


@pytest.mark.parametrize(("change", "words"), [
    ({"batch_size": 64}, "The balance of IGIMS .* needs 18 classes for 64 photographs and there are 12"),
    ({"balance": "unique", "batch_size": 13}, "13 photographs of different classes are asked for and there are 12"),
    ({"source": Cifar10(root="nowhere")}, "CIFAR-10 is not at nowhere"),
    ({"network": NetworkChoice(name="lenet", pretrained=True)}, "Nobody publishes weights of LeNet"),
])  # fmt: skip
def test_what_cannot_be_played_is_refused(change: dict, words: str):
    with pytest.raises(Refusal, match=words):
        next(SMALL.model_copy(update=change).run("cpu"))


@pytest.mark.parametrize("preset", catalogue.LABEL_PRESETS.values(), ids=lambda preset: preset.key)
def test_presets_travel_in_links_and_have_words(preset: catalogue.Preset):
    assert from_link(LabelRecovery, to_link(preset.experiment)) == preset.experiment
    assert preset.title and preset.sentence.endswith(".")
    assert catalogue.LABEL_DEFAULT.experiment == LabelRecovery()


def test_its_name_in_a_list_and_whether_it_is_private():
    assert catalogue.title(SMALL) == "Labels of 8 photographs, LeNet" and not catalogue.is_private(SMALL)
    assert catalogue.title(ALONE) == "Label of one photograph, LeNet"
    own = SMALL.changed(("source",), Uploads(pictures=("c2VjcmV0",)))
    assert catalogue.is_private(own) and not catalogue.is_private(SMALL.changed(("source",), Uploads()))
    assert "c2VjcmV0" not in own.model_dump_json(context={"public_only": True})


def test_a_frame_survives_the_store():
    last = frames(BARE)[-1]
    back = records.read(records.written(last))
    assert back.scalars == last.scalars and back.series == last.series and back.note == last.note
    assert records.progress(frames(SMALL)[0]) == 0 and records.progress(last) == 1
