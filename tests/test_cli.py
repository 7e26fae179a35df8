"""The shell: every flag, the JSON object, the run folder, links there and back, and a sentence for each mistake."""

import json
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from leaklab.attacks.labels import METHODS
from leaklab.experiments.command import assemble
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.reference import RECIPE_HEADS
from leaklab.runs import worker
from leaklab.settings import from_link, to_link
from leaklab.views.outcome import Outcome
from tests.shell import leaklab

pytestmark = pytest.mark.usefixtures("nothing_to_find")

ROOT = Path(__file__).parents[1]
LITTLE = ("--image-size", "16", "--num-classes", "12", "--batch-size", "8")
TINY = ("--num-clients", "1", "--image-size", "16", "--iterations", "2", "--dtype", "float32")

NUMBER = (int, float, type(None))
SCORES = ("mse", "psnr", "ssim", "cosine")
SCHEMA = {
    "recipe": str, "settings": dict, "seed": int, "device": str, "dtype": str, "seconds": NUMBER, "evaluations": int,
    "iterations": int, "final_loss": NUMBER, "modes": dict, "saved": (str, type(None)), "warnings": list,
}  # fmt: skip
MODE = {"mean": dict, "images": list, "final_losses": list}
SLOW = ("fsim", "lpips", "psnr_with_replacement", "ssim_with_replacement")
MEAN = dict.fromkeys((*SCORES, "label_accuracy", *SLOW), NUMBER)
LABELS = {
    "method": str, "accuracy": NUMBER, "exists_accuracy": NUMBER, "counts_true": list,
    "counts_recovered": (list, type(None)), "seconds": NUMBER, "note": str,
}  # fmt: skip
IMAGE = {"client": int, "index": int} | dict.fromkeys(SCORES, NUMBER) | {"label_true": int, "label_recovered": int}


def found(*words: str) -> dict:
    """Return what a run prints with --json."""
    result = leaklab("run", *TINY, *words, "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


def has_shape(value: dict, shape: dict) -> None:
    assert list(value) == list(shape)
    wrong = {name: value[name] for name, kind in shape.items() if not isinstance(value[name], kind)}
    assert not wrong, wrong


def has_schema(whole: dict) -> None:
    has_shape(whole, SCHEMA)
    for mode in whole["modes"].values():
        has_shape(mode, MODE)
        has_shape(mode["mean"], MEAN)
        for image in mode["images"]:
            has_shape(image, IMAGE)
        assert all(isinstance(loss, NUMBER) for losses in mode["final_losses"] for loss in losses)
    assert all(isinstance(warning, str) for warning in whole["warnings"])


def test_help_comes_without_torch():
    asked = "from leaklab.cli import main; main(['--help'], standalone_mode=False)"
    code = f"import sys; {asked}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "recipes" in done.stdout and done.stdout.endswith("False\n")


def test_no_word_at_all_is_help():
    assert leaklab().exit_code == 0 and leaklab().stdout == leaklab("--help").stdout


def test_the_example_in_the_documents_has_the_schema():
    example = json.loads((ROOT / "docs/cli-example.json").read_text(encoding="utf-8"))
    has_schema(example)
    assert list(example["modes"]) == ["per-client", "aggregated"]
    assert Outcome.model_validate(example).model_dump() == example
    assert Inversion.read(example["settings"]).model_dump(mode="json") == example["settings"]


def test_json_of_both_modes():
    whole = found("--num-clients", "2", "--restarts", "2", "--reconstruct-mode", "both", "--no-save")
    has_schema(whole)
    assert list(whole["modes"]) == ["per-client", "aggregated"]
    assert [len(mode["final_losses"]) for mode in whole["modes"].values()] == [2, 1]
    for mode in whole["modes"].values():
        assert [image["client"] for image in mode["images"]] == [0, 1]
        assert [image["index"] for image in mode["images"]] == [0, 1]
        assert all(len(losses) == 2 for losses in mode["final_losses"])
        assert mode["mean"]["psnr"] == pytest.approx(sum(image["psnr"] for image in mode["images"]) / 2)
    best = [min(losses) for mode in whole["modes"].values() for losses in mode["final_losses"]]
    assert whole["final_loss"] == pytest.approx(sum(best))
    assert (whole["recipe"], whole["seed"], whole["device"], whole["dtype"]) == ("dlg", 1234, "cpu", "float32")
    assert whole["iterations"] == 2 and whole["saved"] is None and whole["evaluations"] > 6
    assert any(warning.startswith("LPIPS is not measured") for warning in whole["warnings"])


def test_settings_run_again_to_the_same_numbers():
    whole = found("--no-save", "--noise", "0.001", "--seed", "5", "--dummy-seed", "6")
    frames = list(Inversion.read(whole["settings"]).run("cpu"))
    assert frames[-1].scalars["loss"] == whole["final_loss"]
    other = found("--no-save", "--noise", "0.001", "--seed", "5", "--dummy-seed", "7")
    assert other["final_loss"] != whole["final_loss"]


def test_indices_choose_photographs():
    whole = found("--client-indices", "3", "--no-save")
    assert whole["modes"]["per-client"]["images"][0]["label_true"] == 3


def test_pitfalls_work_and_warn_and_told_labels_are_said():
    whole = found(
        "--recipe", "ig", "--num-clients", "2", "--reconstruct-mode", "aggregated", "--apply-agg-step",
        "--agg-lr", "0.5", "--normalize-gradients", "--no-save",
    )  # fmt: skip
    beginnings = (
        "The server moved its weights",
        "The clients' updates were normalised",
        "The attacker is told the labels",
    )
    assert [any(warning.startswith(words) for warning in whole["warnings"]) for words in beginnings] == [True] * 3
    assert whole["settings"]["scenario"]["threat"]["labels"] is True


def test_a_run_is_saved_with_every_file_and_its_place_is_printed(tmp_path):
    result = leaklab("run", *TINY, "--log-every", "1")
    assert result.exit_code == 0, result.output
    (place,) = (tmp_path / "outputs/reconstructions").iterdir()
    assert f"Saved in outputs/reconstructions/{place.name}" in result.stdout
    assert place.name.startswith("run-") and place.name.endswith("-dlg-lenet")
    whole = json.loads((place / "metrics.json").read_text())
    has_schema(whole)
    assert whole["saved"] == f"outputs/reconstructions/{place.name}"
    assert whole["settings"] == json.loads((place / "settings.json").read_text())
    names = {path.name for path in (place / "per-client").iterdir()}
    assert {"strip.png", "reconstruction.gif", "link.txt", "settings.json", "iteration-00001.png"} <= names
    link = (place / "per-client/link.txt").read_text().strip()
    assert from_link(Inversion, link.removeprefix("?x=")) == Inversion.read(whole["settings"])


def test_the_summary_is_for_people():
    lines = leaklab("run", *TINY, "--no-save", "--no-progress").stdout.splitlines()
    assert lines[0] == "DLG on lenet: 1 client, 1 image each, per-client, seed 1234, cpu, float32"
    assert lines[1].startswith("The attacker is told: how many local epochs")
    assert any(line.startswith("Not recovered after") for line in lines)


def test_stdout_is_one_json_object_and_nothing_else_in_a_real_shell(tmp_path):
    command = [sys.executable, "-m", "leaklab", "run", *TINY, "--iterations", "1", "--no-save", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    has_schema(json.loads(done.stdout))
    assert done.stderr == ""


def labels(*words: str) -> list[dict]:
    """Return what label recovery prints with --json."""
    result = leaklab("labels", *LITTLE, *words, "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return json.loads(result.stdout)


@pytest.mark.parametrize("distribution", ["balanced", "unique", "igims", "dirichlet"])
def test_json_of_labels_is_a_list_with_one_object_a_method(distribution):
    found = labels("--distribution", distribution)
    assert [one["method"] for one in found] == list(METHODS)
    for one in found:
        has_shape(one, LABELS)
        assert len(one["counts_true"]) == 12 and sum(one["counts_true"]) == 8
        assert one["counts_true"] == found[0]["counts_true"]
        silent = [one["accuracy"], one["exists_accuracy"], one["counts_recovered"], one["seconds"]]
        assert one["note"] and silent == [None] * 4 if one["method"] == "idlg" else None not in silent
    assert sum(found[-1]["counts_recovered"]) == 8
    if distribution == "igims":
        assert sorted(found[0]["counts_true"])[-4:] == [1, 1, 2, 4]


def test_flags_of_labels_reach_the_experiment_and_a_seed_gives_the_same_again():
    words = ("--seed", "5", "--arch", "resnet9", "--dtype", "float64", "--set", "source.grey=true")
    one, again = labels(*words), labels(*words)
    assert [found | {"seconds": 0} for found in one] == [found | {"seconds": 0} for found in again]
    assert next(found for found in one if found["method"] == "alr")["note"].startswith("ALR reads the gradient of the")
    assert labels("--seed", "6")[0]["counts_true"] != one[0]["counts_true"]


def test_labels_are_summed_up_for_people():
    lines = leaklab("labels", *LITTLE).stdout.splitlines()
    assert lines[0] == "Labels of 8 photographs, LeNet: 4 classes, at most 4 photographs of each"
    assert lines[2].split() == ["method", "labels", "right", "classes", "right", "seconds"]
    assert [line.split()[0] for line in lines[3:10]] == list(METHODS)
    assert any(line.startswith("idlg: iDLG reads the label of one photograph and 8 are") for line in lines)


def test_help_of_labels_names_every_flag_with_default_and_bounds():
    words = leaklab("labels", "--help").stdout
    for flag in (
        "--dataset", "--dataset-split", "--data-root", "--image-size", "--batch-size", "--distribution",
        "--concentration", "--num-classes", "--arch", "--training", "--seed", "--device", "--json", "--set",
    ):  # fmt: skip
        assert f"  {flag} " in words
    assert "[default: 64; 1<=x<=4096]" in " ".join(words.split())


def test_a_link_is_read_back_as_json_and_as_a_command():
    experiment = assemble({"--recipe": "ig", "--noise": 0.5})
    for text in (to_link(experiment), f"http://127.0.0.1:8501/?x={to_link(experiment)}&y=1#z"):
        result = leaklab("link", "--read", text)
        assert Inversion.read(result.stdout) == experiment
        assert result.stderr == "leaklab run --recipe ig --noise 0.5\n"


def test_both_modes_have_a_link_each():
    assert len(leaklab("link", "--reconstruct-mode", "both").stdout.splitlines()) == 2


def test_recipes_prints_the_table_and_the_reference():
    words = leaklab("recipes").stdout
    assert words.splitlines()[0].split() == list(RECIPE_HEADS)
    assert "\nInverting Gradients: Match the direction" in words
    assert "\n    Choice: Our own combination: no paper polishes R-GAP.\n" in words
    assert "| `inversion.seed` | 1234 | 0 to 2147483647 |" in leaklab("recipes", "--markdown").stdout


def test_worker_takes_what_the_pool_gives_it(monkeypatch):
    asked = {}
    monkeypatch.setattr(worker, "serve", lambda url, **options: asked.update(options, url=url))
    words = {"--store": "sqlite:///a", "--worker-id": "w", "--device": "cpu", "--threads": "2", "--parent-pid": "7"}
    assert leaklab("worker", *chain.from_iterable(words.items())).exit_code == 0
    assert asked == {
        "url": "sqlite:///a", "worker_id": "w", "device": "cpu", "threads": 2, "once": False, "parent_pid": 7,
    }  # fmt: skip


def test_a_worker_finds_the_apps_own_store(monkeypatch, tmp_home):
    asked = []
    monkeypatch.setattr(worker, "serve", lambda url, **options: asked.append((url, options["once"])))
    assert leaklab("worker", "--once").exit_code == 0
    assert asked == [(f"sqlite:///{tmp_home / 'runs.sqlite'}", True)]


def test_fetch_says_where_the_weights_are(monkeypatch, tmp_path):
    from leaklab.evaluation import lpips

    monkeypatch.setattr(lpips, "fetch", lambda *, net, progress: tmp_path / f"{net}.pth")
    assert leaklab("fetch", "lpips").stdout == f"{tmp_path / 'alex.pth'}\n"
    assert leaklab("fetch", "lpips", "--net", "vgg").stdout == f"{tmp_path / 'vgg.pth'}\n"


def test_fetch_offers_every_network_with_the_size_of_its_weights():
    from leaklab.evaluation.lpips import TRUNKS

    words = " ".join(leaklab("fetch", "--help").stdout.split())
    assert f"[{'|'.join(TRUNKS)}]" in words
    assert [trunk.title for trunk in TRUNKS.values() if f"({trunk.megabytes} MB)" not in words] == []


def test_the_notebook_example_of_the_readme_runs(monkeypatch, capsys):
    from leaklab.attacks.recipes import RECIPES

    monkeypatch.setitem(RECIPES, "dlg", RECIPES["dlg"].changed(("stages", 0, "iterations"), 1))
    code = (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("0 ")


def test_the_commands_of_the_readme_are_understood():
    shell = (ROOT / "README.md").read_text(encoding="utf-8").split("## In the shell")[1].split("## In a notebook")[0]
    lines = [line.partition("  #")[0].split() for line in shell.splitlines() if line.startswith("    leaklab run --")]
    assert len(lines) >= 4
    for words in lines:
        flags = [word for word in words[2:] if word not in ("--json", "--help")]
        assert leaklab("link", *flags).exit_code == 0
