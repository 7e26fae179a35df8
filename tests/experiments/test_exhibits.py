"""Columns beside the truth: what is measured of them, who stands beside whom, and what is said in the end."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from leaklab.evaluation import metrics
from leaklab.experiments.exhibits import Exhibit, Wall, title, verdict
from leaklab.federation.rounds import Federation
from tests.experiments.enhancers import guess
from tests.scene import dice, scene


def pictures(count: int = 2, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, 16, 16, generator=dice(seed))


def wall(*, order: tuple[int, ...] = (2, 0, 1)) -> tuple[Wall, Tensor]:
    """Return the wall of one attack that has found three photographs in another order, and the photographs."""
    built = scene(3, channels=3, dtype=torch.float32)
    held = Wall(built.play(Federation(images_per_client=3)))
    held.latest[0] = guess(held.truth[list(order)] * 0.9, torch.tensor(order))
    return held, held.truth


def test_what_moved_halfway_to_the_truth_came_nearer_everywhere():
    truth = pictures()
    raw = (truth + 0.5) % 1
    halfway = Exhibit((raw + truth) / 2, raw, truth).invention()
    assert halfway["nearer"] == [1, 1] and halfway["farther"] == [0, 0]
    gaps = (raw - truth).abs().double().mean((1, 2, 3)) / 2
    assert halfway["invented"] == pytest.approx(gaps.tolist(), abs=1e-6)


def test_what_did_not_move_invented_nothing_and_what_went_the_other_way_is_farther():
    raw, truth = torch.full((1, 3, 8, 8), 0.5), torch.full((1, 3, 8, 8), 0.7)
    assert Exhibit(raw, raw, truth).invention() == {"invented": [0], "nearer": [0], "farther": [0]}
    half = raw.clone()
    half[..., :4] -= 0.1
    half[..., 4:] += 0.1
    found = Exhibit(half, raw, truth).invention()
    assert found["nearer"] == found["farther"] == [0.5] and found["invented"] == pytest.approx([0.1])
    assert Exhibit(half, raw, truth).distance == pytest.approx(0.1)


def test_beyond_black_and_white_nothing_is_seen_and_so_nothing_is_invented():
    raw = torch.full((1, 1, 8, 8), 1.0)
    assert Exhibit(raw * 9, raw, raw).invention()["invented"] == [0]
    lost = Exhibit(raw * torch.nan, raw, raw)
    assert lost.scores() == {"psnr": [0], "ssim": [-1]} and lost.invention()["invented"] == [1]


def test_every_column_stands_beside_the_photograph_that_the_raw_one_was_paired_with():
    held, truth = wall()
    held.put("raw", held.found)
    torch.testing.assert_close(held.columns["raw"].images, truth * 0.9)
    held.put("direct", held.found.flip(0))  # an enhancer that has mixed them up has mixed them up
    torch.testing.assert_close(held.columns["direct"].images, truth[[0, 2, 1]] * 0.9)
    assert held.series["psnr.raw"] == metrics.psnr(truth * 0.9, truth).tolist()
    assert held.scalars["ssim.direct"] == pytest.approx(float(metrics.ssim(truth[[0, 2, 1]] * 0.9, truth).mean()))


def test_two_attacks_are_paired_each_by_itself():
    held = Wall(scene(4, channels=3, dtype=torch.float32).play(Federation(clients=2, images_per_client=2)))
    assert not held.complete
    for attack, truth in enumerate(held.truths):
        held.latest[attack] = guess(truth.flip(0), torch.tensor([1, 0]) + 2 * attack)
    assert held.complete and held.believed.tolist() == [1, 0, 3, 2]
    held.put("raw", held.found)
    torch.testing.assert_close(held.columns["raw"].images, held.truth)


def test_pictures_are_shown_with_their_maps_and_a_strip_has_a_row_a_moment():
    held, truth = wall()
    held.put("raw", held.found)
    for share in (0.0, 1.0):
        held.put("semantic", held.found * share, strip=True)
    shown = held.pictures
    assert set(shown) == {"raw", "error.raw", "semantic", "error.semantic", "invented.semantic", "strip.semantic"}
    assert shown["strip.semantic"].shape == (32, 48, 3) and np.array_equal(shown["strip.semantic"][16:], shown["raw"])
    assert not shown["invented.semantic"].any() and not shown["strip.semantic"][:16].any()
    wanted = ((truth * 0.9 - truth).abs().mean(1) * 255).round()
    got = torch.from_numpy(shown["error.raw"][..., 0].copy()).float()
    torch.testing.assert_close(got, torch.cat(list(wanted), 1), atol=1, rtol=0)
    distances, ssim = held.series["distance.strip.semantic"], held.series["ssim.strip.semantic"]
    assert distances[0] > distances[1] == 0 and ssim[1] == pytest.approx(held.scalars["ssim.raw"])
    assert not any("strip" in name for name in held.scalars)


def test_without_its_weights_lpips_has_a_reason_and_with_them_a_number(monkeypatch: pytest.MonkeyPatch):
    held, _ = wall()
    held.put("raw", held.found)
    monkeypatch.setattr("leaklab.experiments.exhibits.perceptual", lambda one, other: (None, "No weights."))
    assert held.look_closely() == "No weights." and "lpips.raw" not in held.scalars
    monkeypatch.setattr("leaklab.experiments.exhibits.perceptual", lambda one, other: (torch.ones(len(one)), ""))
    assert held.look_closely() == "" and held.scalars["lpips.raw"] == 1


@pytest.mark.parametrize(("direct", "said"), [
    (0.71, "By SSIM the direct way looks best: 0.71, where the raw picture has 0.60. It moved a pixel by 5.0% of"),
    (0.50, "By SSIM no way looks better than the raw picture, 0.60; the direct one comes to 0.50. It moved a pixel"),
])  # fmt: skip
def test_the_verdict_says_what_looks_best_and_how_much_of_it_was_invented(direct: float, said: str):
    moved = {"invented.direct": 0.05, "nearer.direct": 0.25, "farther.direct": 0.5}
    told = verdict({"ssim.raw": 0.6, "ssim.direct": direct, "ssim.gan": 0.1, **moved})
    assert told.startswith(said) and told.endswith("25% of the pixels nearer to the truth, 50% away from it.")


def test_the_raw_picture_alone_gets_its_sentence_and_gan_is_written_in_capitals():
    assert verdict({"ssim.raw": 0.6}).startswith("The raw picture stands alone, with an SSIM of 0.60")
    assert [title(name) for name in ("direct", "gan", "gan 2")] == ["direct", "GAN", "GAN 2"]


def test_a_guess_that_diverged_is_shown_as_it_is():
    held, _ = wall()
    held.latest[0] = replace(held.latest[0], images=held.latest[0].images * torch.nan)
    held.put("raw", held.found)
    assert held.scalars == {"psnr.raw": 0, "ssim.raw": -1} and not held.pictures["raw"].any()
