"""`leaklab drift`: its JSON list, its table for people, its flags, and a sentence for each mistake."""

import json

import pytest

from tests.shell import leaklab

pytestmark = pytest.mark.usefixtures("nothing_to_find")


NUMBER = (int, float, type(None))
DRIFT = {
    "clients": int, "steps": int, "lr": float, "images": int, "divergence": NUMBER, "lemma": NUMBER, "law": NUMBER,
    "spread": NUMBER,
}  # fmt: skip
FEW = ("--image-size", "16", "--num-classes", "12", "--samples-per-client", "2", "--repeats", "2")


def drift(*words: str) -> list[dict]:
    """Return what a drift prints with --json."""
    result = leaklab("drift", *FEW, *words, "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_json_of_a_drift_is_a_list_with_one_object_for_each_choice():
    found = drift("--num-clients", "1,2", "--local-steps", "1,2", "--local-lr", "1e-4,1e-3", "--arch", "lenet")
    asked = [(one["clients"], one["lr"], one["steps"], one["images"]) for one in found]
    assert asked == [(k, lr, steps, 2 * k) for k in (1, 2) for lr in (1e-4, 1e-3) for steps in (1, 2)]
    for one in found:
        assert list(one) == list(DRIFT) and all(isinstance(one[name], kind) for name, kind in DRIFT.items())
        still = one["clients"] == 1 or one["steps"] == 1
        assert one["divergence"] == pytest.approx(one["lemma"], rel=0.1, abs=1e-12) and (one["lemma"] == 0) == still


def test_flags_of_a_drift_reach_the_experiment():
    words = ("--num-clients", "2", "--local-steps", "2", "--local-lr", "0.001", "--seed", "5")
    [one] = drift(*words, "--set", "network.activation=tanh")
    assert drift(*words, "--set", "network.activation=tanh") == [one] != drift(*words)


def test_a_drift_is_summed_up_for_people():
    lines = leaklab("drift", *FEW, "--num-clients", "1,2", "--local-steps", "2,3").stdout.splitlines()
    assert lines[0] == "Drift of 2 clients in 3 steps, LeNet"
    assert lines[2].split("  ")[0] == "clients" and lines[2].endswith("τ(τ-1)η²(K-1)/N")
    assert len(lines[3:19]) == 16 and all(line.split()[0] in ("1", "2") for line in lines[3:19])
    assert lines[20].startswith("The divergence grows with the learning rate to the power 2.0")


def test_help_of_a_drift_names_every_flag_with_its_default():
    words = " ".join(leaklab("drift", "--help").stdout.split())
    for flag in (
        "--dataset", "--data-root", "--image-size", "--num-clients", "--samples-per-client", "--local-steps",
        "--local-lr", "--num-classes", "--arch", "--repeats", "--seed", "--device", "--no-progress", "--json", "--set",
    ):  # fmt: skip
        assert f" {flag} " in words
    assert "[default: 1,2,4]" in words and "[default: 1e-05,0.0001,0.001,0.01]" in words


@pytest.mark.parametrize(("words", "sentence"), [
    (("--local-steps", "1,0"), "--local-steps: local_steps: without a local step nobody moves, and there is nothing"),
    (("--local-lr", "0"), "--local-lr: local_lr: clients that move their weights by nothing cannot drift apart"),
    (("--local-lr", "fast"), "Invalid value for '--local-lr': 'fast' is not a list of numbers such as 0.001,0.01."),
    (("--num-clients", "0"), "--num-clients: clients: without a client there is nobody to average; choose 1 or more"),
    (("--num-clients", "2,x"), "Invalid value for '--num-clients': '2,x' is not a list of whole numbers such as"),
    (("--num-clients", "99"), "--num-clients: clients.0: Input should be less than or equal to 32 (got 99)"),
    (("--local-lr", "nan"), "--local-lr: local_lr.0: Input should be a finite number (got nan)"),
    (("--repeats", "0"), "Invalid value for '--repeats': 0 is not in the range 1<=x<=1000"),
    (("--dataset", "cifar10"), "CIFAR-10 is not at "),
])  # fmt: skip
def test_a_mistake_about_a_drift_is_one_sentence(words, sentence):
    result = leaklab("drift", *words)
    assert result.exit_code == 2 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and result.stderr.startswith(sentence)
