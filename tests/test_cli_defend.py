"""`leaklab defend`: its JSON list, its table for people, the search for a mark, and a sentence for each mistake."""

import json

import pytest

from tests.shell import leaklab

pytestmark = pytest.mark.usefixtures("nothing_to_find")


NUMBER = (int, float, type(None))
ROW = {
    "defence": str, "strength": float, "epsilon": NUMBER, "bytes": int, "psnr": NUMBER, "ssim": NUMBER,
    "accuracy": NUMBER, "adaptive": (dict, type(None)), "signal": NUMBER, "noise": NUMBER, "ratio": NUMBER,
    "trained_epsilon": NUMBER,
}  # fmt: skip
_STAGE = "defended.inversion.recipe.stages.0"
FEW = (
    "--image-size", "16", "--dtype", "float32", "--iterations", "1", "--set", f"{_STAGE}.optimiser.updates=2",
    "--no-progress",
)  # fmt: skip
LITTLE = (
    "--utility", "--rounds", "2", "--seeds", "1", "--set", "utility.scenario.federation.clients=2",
    "--set", "utility.scenario.federation.images_per_client=16", "--set", "utility.test=40",
)  # fmt: skip


def defend(*words: str) -> tuple[list[dict], str]:
    """Return what a defence prints with --json, and its remarks."""
    result = leaklab("defend", *FEW, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), result.stderr


def test_json_of_a_defence_is_a_list_with_one_object_for_each_strength():
    found, remarks = defend("--strengths", "0,1e-3,1e-2")
    assert [(one["defence"], one["strength"]) for one in found] == [("noise", 0), ("noise", 1e-3), ("noise", 1e-2)]
    for one in found:
        assert list(one) == list(ROW) and all(isinstance(one[name], kind) for name, kind in ROW.items())
        assert one["epsilon"] is one["accuracy"] is one["adaptive"] is None and one["bytes"] > 10_000
    assert [one["noise"] for one in found] == sorted(one["noise"] for one in found) and found[0]["noise"] == 0
    assert "Gaussian noise gives no (ε, δ) guarantee" in remarks and "plain: " not in remarks


def test_what_is_asked_for_stands_in_it():
    [one], remarks = defend(
        "--defence", "dp-sgd", "--strengths", "1", "--bound", "2", "--delta", "0.1", "--adaptive", *LITTLE
    )
    assert one["adaptive"].keys() == {"psnr", "ssim"} and 0 <= one["accuracy"] <= 1
    assert one["epsilon"] > 0 and one["trained_epsilon"] > 0
    assert "clip norm C = 2" in remarks and "δ = 0.1" in remarks
    assert "training: δ = 0.1 is not below 1/n with n = 16" in remarks


def test_flags_reach_attack_and_training():
    words = ("--defence", "top-k", "--strengths", "0.5", "--dataset", "faces", *LITTLE)
    [one], _ = defend(*words, "--seed", "5")
    [other], _ = defend(*words, "--seed", "6", "--told", "--utility-dataset", "digits")
    assert one["accuracy"] != other["accuracy"] and one["psnr"] != other["psnr"]
    assert one["bytes"] == other["bytes"] and one["adaptive"] is None and other["adaptive"]["ssim"] is not None


def test_an_update_of_nothing_says_so():
    [one], remarks = defend("--defence", "top-k", "--strengths", "1")
    assert (one["signal"], one["noise"], one["ratio"], one["bytes"]) == (0, 0, None, 0)
    assert "The update is zero" in remarks


def test_a_defence_is_summed_up_for_people():
    lines = leaklab("defend", *FEW, "--strengths", "0.001,0.1", "--adaptive", *LITTLE).stdout.splitlines()
    assert lines[0] == "iDLG against Gaussian noise, LeNet" and lines[1] == lines[5] == ""
    heads = "σ ε bytes signal noise noise/signal PSNR (dB) SSIM adaptive PSNR (dB) adaptive SSIM accuracy ε of training"
    assert " ".join(lines[2].split()) == heads
    assert [line.split()[:3] for line in lines[3:5]] == [["0.001", "no", "guarantee"], ["0.1", "no", "guarantee"]]
    # Said once where both strengths come to the same in as many seconds, and of each otherwise.
    assert any(line.removeprefix("0.001: ").startswith("plain: Not recovered after ") for line in lines)
    assert any(line.startswith("0.1: training: After 2 rounds the network is right on ") for line in lines)
    assert lines[-1].startswith("Note: Gaussian noise gives no (ε, δ) guarantee")


SEARCH = (
    "--until-ssim", "0.2", "--strengths", "1e-6,10", "--set", "probes=1", "--set", f"{_STAGE}.iterations=3",
    "--set", f"{_STAGE}.optimiser.updates=20",
)  # fmt: skip


def test_a_search_names_the_strength_and_the_noise_beside_the_signal():
    lines = leaklab("defend", *FEW, *SEARCH).stdout.splitlines()
    assert lines[2].split("  ")[0] == "strength" and lines[6] == ""
    rows = [[float(number) for number in line.split()] for line in lines[3:6]]
    assert [row[0] for row in rows] == [1e-6, pytest.approx(10**-2.5, rel=0.01), 10]
    found = next(row for row in rows if row[2] < 0.2)
    assert lines[7].startswith(f"Gaussian noise: SSIM falls below 0.2 at σ = {found[0]:.3g}, where ‖noise‖/‖signal‖ is")


def test_help_of_a_defence_names_every_flag_with_its_default():
    words = " ".join(leaklab("defend", "--help").stdout.split())
    for flag in (
        "--defence", "--strengths", "--bound", "--until-ssim", "--delta", "--dataset", "--data-root", "--image-size",
        "--arch", "--adaptive", "--told", "--recipe", "--iterations", "--utility", "--utility-dataset", "--rounds",
        "--seeds", "--seed", "--device", "--no-progress", "--json", "--set",
    ):  # fmt: skip
        assert f" {flag} " in words
    assert "noise|laplace|clip|dp-sgd|top-k|random-k|qsgd|uniform|sign|soteria|precode" in words
    assert "[default: 1e-05; 1e-12<=x<=0.5]" in words and "[default: (five to compare)]" in words


@pytest.mark.parametrize(("words", "sentence"), [
    (("--strengths", "-1"), "Gaussian noise: the strength -1 (σ) is not allowed: choose a number from 0 to 10."),
    (("--strengths", "0,nan"), "--strengths: strengths.1: Input should be a finite number (got nan)."),
    (("--strengths", "much"), "Invalid value for '--strengths': 'much' is not a list of numbers such as 0.001,0.01."),
    (("--defence", "qsgd", "--strengths", "2.5"), "QSGD: the strength 2.5 (levels) is not allowed: choose a whole"),
    (("--defence", "top-k", "--strengths", "0.5,1.5"), "Top-k: the strength 1.5 (share left out) is not allowed"),
    (("--defence", "clip", "--bound", "0"), "Clipping and noise: the bound to clip to, 0, is not allowed: choose"),
    (("--bound", "2"), "--bound means nothing with --defence noise, which clips nothing: leave it out, or choose clip"),
    (("--defence", "nose"), "Invalid value for '--defence': 'nose' is none of noise, "),
    (("--delta", "1"), "Invalid value for '--delta': 1.0 is not in the range 1e-12<=x<=0.5"),
    (("--defence", "mixup", "--strengths", "4"), "Mixing needs two photographs or more, and a client has 1"),
    (("--defence", "sign", "--until-ssim", "0.2"), "Sign is on or off, so there are no strengths to search between"),
    (("--until-ssim", "0.2", "--strengths", "1"), "The strengths to search between are 1 and 1: choose a lower one"),
    (("--utility-dataset", "cifar10", "--utility", "--strengths", "0"), "CIFAR-10 is not at "),
    (("--recipe", "rgap", "--restarts", "2"), "--restarts means nothing with --recipe rgap: leave it out, or choose"),
    (("--dataset-split", "test"), "--dataset-split means nothing with --dataset photos: leave it out, or choose"),
])  # fmt: skip
def test_a_mistake_about_a_defence_is_one_sentence(words, sentence):
    few = FEW if "--recipe" not in words else ()
    result = leaklab("defend", *few, *words)
    assert result.exit_code == 2 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and result.stderr.startswith(sentence)


def test_photographs_may_be_chosen_by_index():
    [one], _ = defend("--strengths", "0", "--client-indices", "3")
    [other], _ = defend("--strengths", "0")
    assert one["psnr"] != other["psnr"]
