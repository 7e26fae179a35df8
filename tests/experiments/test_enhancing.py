"""Enhancing: the raw picture first, then each way from it alone, and what is said where one cannot work."""

import numpy as np
import pytest
import torch

from leaklab.attacks.enhancement import DDRM, MaskedDiffusion, Restoration
from leaklab.experiments.catalogue import is_private, title
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.enhancing_presets import ENHANCING_DEFAULT, ENHANCING_PRESETS
from leaklab.experiments.experiment import read
from leaklab.experiments.frame import Frame
from leaklab.federation.rounds import Federation
from leaklab.images.source import Uploads
from leaklab.protocol.observation import ThreatModel
from leaklab.runs import records
from leaklab.settings import Refusal, from_link, to_link
from tests.experiments import small
from tests.experiments.enhancers import SMALL, Seen, stand_in


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return stand_in(monkeypatch)


def frames(experiment: Enhancing = SMALL) -> list[Frame]:
    return list(experiment.run("cpu"))


def test_the_raw_picture_emerges_then_each_way_goes_on_from_it(seen: Seen):
    found = frames()
    assert [frame.index for frame in found] == [*range(len(found))]
    assert [frame.final for frame in found] == [False] * (len(found) - 1) + [True]
    progress = [frame.scalars["progress"] for frame in found]
    assert progress == sorted(progress) and progress[0] == 0 and progress[-1] == 1
    counts = [sum(f"ssim.{name}" in frame.scalars for name in ("raw", "direct", "semantic", "gan")) for frame in found]
    assert counts == [1, 1, 1, 2, 2, 3, 3, 3, 3]
    assert "truth" in found[0].pictures and not any("truth" in frame.pictures for frame in found[1:])
    assert all(picture.dtype == np.uint8 and picture.shape[2] == 3 for picture in found[-1].pictures.values())
    assert "enhancers" not in found[2].scalars and found[3].scalars["enhancers_done"] == 0
    assert [found[-1].scalars[name] for name in ("enhancers", "enhancers_done", "iteration")] == [3, 3, 2]


def test_the_raw_picture_is_what_the_attack_alone_finds(seen: Seen):
    alone = list(SMALL.inversion.run("cpu"))[-1]
    last = frames()[-1]
    assert last.scalars["psnr.raw"] == pytest.approx(alone.scalars["psnr"])
    assert np.array_equal(last.pictures["raw"], alone.pictures["reconstruction"])


def test_an_enhancer_is_shown_the_guess_and_the_labels_the_attacker_believes_in(seen: Seen):
    several = Federation(images_per_client=2)
    for told in (True, False):
        inversion = small.inversion(several, iterations=1, threat=ThreatModel(labels=told))
        list(SMALL.model_copy(update={"inversion": inversion}).run("cpu"))
        _, snapshot = list(inversion.guesses(inversion.scenario.play(
            inversion.seed, device=torch.device("cpu"), dtype=torch.float64
        ).exchanges))[-1]  # fmt: skip
        images, labels, seed = seen.pop()
        assert torch.equal(images, snapshot.images[snapshot.best]) and seed == inversion.seed
        assert torch.equal(labels, snapshot.labels[snapshot.best].argmax(1))


def test_a_way_that_cannot_work_gets_a_sentence_and_the_rest_goes_on(seen: Seen, monkeypatch: pytest.MonkeyPatch):
    last = frames()[-1]
    verdict, *others = last.note.split("\n")
    assert verdict.startswith("By SSIM ") and others[2] == "gan: The brush is missing."
    assert others[:2] == ["direct: Made of three colours.", "semantic: Made of three colours."]
    assert any(line.startswith("LPIPS is not measured") for line in others) or "lpips.raw" in last.scalars
    assert "gan" not in last.pictures and "ssim.gan" not in last.scalars
    monkeypatch.setattr(DDRM, "missing", lambda self, observation: ["There is no denoiser.", "None at all."])
    last = frames(SMALL.model_copy(update={"enhancers": (DDRM(),)}))[-1]
    assert last.note.split("\n")[0].startswith("The raw picture stands alone")
    assert last.note.split("\n")[1] == "direct: There is no denoiser. None at all."


def test_a_strip_keeps_every_moment_of_the_way_that_has_epochs(seen: Seen):
    last = frames()[-1]
    assert last.pictures["strip.semantic"].shape == (3 * 16, 16, 3) and "strip.direct" not in last.pictures
    assert np.array_equal(last.pictures["strip.semantic"][32:], last.pictures["semantic"])
    distances = last.series["distance.strip.semantic"]
    assert distances == sorted(distances, reverse=True) and len(last.series["ssim.strip.semantic"]) == 3


def test_without_any_way_it_is_the_attack_alone(seen: Seen):
    last = frames(SMALL.model_copy(update={"enhancers": ()}))[-1]
    assert last.scalars["progress"] == 1 and last.note.startswith("The raw picture stands alone")


def test_the_same_seed_gives_the_same_pictures(seen: Seen):
    for one, again in zip(frames(), frames(), strict=True):
        assert one.scalars == again.scalars and one.pictures.keys() == again.pictures.keys()
        assert all(np.array_equal(one.pictures[name], again.pictures[name]) for name in one.pictures)


def test_several_of_a_kind_have_columns_of_their_own():
    several = Enhancing(enhancers=(DDRM(), DDRM(factor=4), Restoration(), DDRM(factor=8)))
    assert list(several.columns) == ["direct", "direct 2", "gan", "direct 3"]
    assert several.columns["direct 3"].factor == 8


def test_what_the_attack_lacks_keeps_it_from_starting():
    blind = SMALL.model_copy(update={"inversion": small.inversion(threat=ThreatModel(number=False))})
    assert blind.missing()[0].startswith("How many photographs") and SMALL.missing() == []
    with pytest.raises(Refusal, match="How many photographs"):
        next(blind.run("cpu"))


def test_it_has_a_name_travels_in_a_link_and_survives_the_store(seen: Seen):
    assert title(SMALL) == "Enhanced: DLG on one photograph, LeNet" and not is_private(SMALL)
    mine = SMALL.changed(("inversion", "scenario", "source"), Uploads(pictures=("my face",)))
    assert is_private(mine) and from_link(Enhancing, to_link(mine)).source == Uploads()
    assert read(SMALL.model_dump_json()) == SMALL
    last = frames()[-1]
    back = records.read(records.written(last))
    assert back.scalars == last.scalars and back.note == last.note


def test_the_attack_can_end_in_any_of_the_ways():
    assert SMALL.raw.recipe.enhancement is None
    assert SMALL.ending(SMALL.enhancers[0]).recipe.enhancement == DDRM()
    assert SMALL.ending(SMALL.enhancers[0]).scenario == SMALL.inversion.scenario


@pytest.mark.parametrize("preset", ENHANCING_PRESETS.values(), ids=lambda preset: preset.key)
def test_a_preset_lacks_nothing_and_offers_what_the_page_has_sliders_for(preset):
    experiment = preset.experiment
    assert experiment.missing() == [] and experiment.inversion.recipe.iterations <= 100
    assert experiment.inversion.scenario.federation.defences[0].kind == "gaussian_noise"
    assert experiment.inversion.scenario.classes == 10 and from_link(Enhancing, to_link(experiment)) == experiment
    assert preset.sentence.endswith(".") and len(preset.sentence) <= 120


def test_the_presets_differ_and_the_first_is_the_default():
    assert ENHANCING_DEFAULT.experiment == Enhancing() == next(iter(ENHANCING_PRESETS.values())).experiment
    assert len({to_link(preset.experiment) for preset in ENHANCING_PRESETS.values()}) == len(ENHANCING_PRESETS)
    assert isinstance(Enhancing().columns["semantic"], MaskedDiffusion)
