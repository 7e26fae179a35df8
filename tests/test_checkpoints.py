"""Checkpoints: whole round trips, no code ever run, and a sentence for every file that is not one."""

import hashlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from leaklab import checkpoints
from leaklab.checkpoints import digest, fit, load, save
from leaklab.settings import Refusal


def state() -> dict[str, torch.Tensor]:
    return {"a.weight": torch.arange(6.0).reshape(2, 3).t(), "a.bias": torch.tensor(2.0), "b": torch.tensor([7])}


class Trap:
    """An object that would write a file while it is being unpickled."""

    def __init__(self, victim: Path):
        self.victim = victim

    def __reduce__(self):
        return os.mkdir, (str(self.victim),)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "deep/er/w.pth"])
def test_what_is_saved_is_loaded(tmp_path: Path, name: str):
    path = tmp_path / name
    written = save(state(), path)
    assert written == digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = load(path)
    assert list(loaded) == list(state()) or name.endswith("safetensors")
    assert all(
        torch.equal(loaded[key], tensor) and loaded[key].dtype == tensor.dtype for key, tensor in state().items()
    )
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fill_the_disk(state: dict[str, torch.Tensor], path: Path):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    before = save(state(), tmp_path / "w.safetensors")
    monkeypatch.setattr(checkpoints, "save_file", fill_the_disk)
    with pytest.raises(OSError, match="No space left"):
        save({}, tmp_path / "w.safetensors")
    assert digest(tmp_path / "w.safetensors") == before
    assert len(list(tmp_path.glob("*w.*"))) == 1


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model"])
def test_common_wrappers_are_taken_off(tmp_path: Path, wrapper: str):
    torch.save({"epoch": 3, wrapper: nn.Linear(2, 2).state_dict()}, tmp_path / "w.pt")
    assert set(load(tmp_path / "w.pt")) == {"weight", "bias"}


@pytest.mark.parametrize(
    "write",
    [
        lambda trap, path: torch.save({"a": torch.zeros(2), "b": trap}, path),
        lambda trap, path: torch.save(trap, path, _use_new_zipfile_serialization=False),
        lambda trap, path: path.write_bytes(pickle.dumps(trap, protocol=2)),
        lambda trap, path: path.write_bytes(pickle.dumps({"a": trap})),
    ],
)
def test_code_in_a_pickle_is_refused_before_it_runs(tmp_path: Path, write: Callable[[Trap, Path], None]):
    write(Trap(tmp_path / "victim"), tmp_path / "evil.pt")
    with pytest.raises(Refusal, match="evil.pt was not opened: it holds more than tensors.*Save the weights alone"):
        load(tmp_path / "evil.pt")
    assert not (tmp_path / "victim").exists()


def test_the_refusal_names_what_the_file_asked_for(tmp_path: Path):
    torch.save(Trap(tmp_path / "victim"), tmp_path / "evil.pt")
    with pytest.raises(Refusal, match=rf"could run code \({os.mkdir.__module__}.mkdir\)"):
        load(tmp_path / "evil.pt")
    torch.save(nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(Refusal, match=r"could run code \(torch.nn.modules.linear.Linear\)"):
        load(tmp_path / "module.pt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([torch.zeros(2)], "holds something of type list, not weights by name"),
        ({"a": torch.zeros(2), "epoch": 3}, "holds 'epoch' of type int, not weights by name"),
        ({}, "holds nothing, not weights by name"),
        (torch.zeros(2), "holds something of type Tensor, not weights by name"),
        ({1: torch.zeros(2)}, "holds numbered tensors, not"),
    ],
)
def test_what_is_no_state_dict_gets_a_sentence(tmp_path: Path, content: object, words: str):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(Refusal, match=words):
        load(tmp_path / "w.pt")


def test_missing_files_and_folders_get_a_sentence(tmp_path: Path):
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(Refusal, match=f"There is no checkpoint at {path}: check the path"):
            load(path)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
@pytest.mark.parametrize("length", [0, 100])
def test_cut_files_get_a_sentence(tmp_path: Path, name: str, length: int):
    save(state(), tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:length])
    with pytest.raises(Refusal, match="damaged, cut short, or of another kind"):
        load(tmp_path / name)


@given(st.binary(max_size=200), st.sampled_from([".pt", ".safetensors"]))
def test_any_bytes_are_refused_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str):
    path = tmp_path_factory.mktemp("bytes") / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(Refusal, match="was not opened|cannot be read|not weights by name"):
        load(path)


@pytest.mark.parametrize("prefix", ["module.", "module.model.", "network.", "_orig_mod."])
def test_a_shared_prefix_is_taken_off(prefix: str):
    wanted = nn.Sequential(nn.Linear(2, 3)).state_dict()
    fitted = fit({prefix + name: tensor for name, tensor in wanted.items()}, wanted)
    assert all(torch.equal(fitted[name], tensor) for name, tensor in wanted.items())


def test_fit_gives_the_networks_names_order_and_precision_and_changes_nothing():
    wanted = {"b": torch.zeros(2), "n.num_batches_tracked": torch.tensor(4), "a": torch.zeros(1)}
    given_state = {"a": torch.ones(1, dtype=torch.float64), "b": torch.ones(2, dtype=torch.float16)}
    fitted = fit(given_state, wanted)
    assert list(fitted) == list(wanted)
    assert [tensor.dtype for tensor in fitted.values()] == [torch.float32, torch.int64, torch.float32]
    assert fitted["n.num_batches_tracked"] == 4
    assert given_state["a"].dtype == torch.float64
    assert wanted["b"].sum() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"a": torch.zeros(3, 2)}, "of a the checkpoint holds 3x2 and the network wants 2x3"),
        ({"a": None}, "of a the checkpoint lacks it and the network wants 2x3"),
        ({"b": torch.zeros(4)}, "of b the checkpoint holds 4 and the network wants one number"),
        ({"c": torch.zeros(5)}, "of c the checkpoint holds 5 and the network has no such tensor"),
    ],
)
def test_the_first_mismatch_is_named_with_both_shapes(changes: dict, words: str):
    wanted = {"a": torch.zeros(2, 3), "b": torch.tensor(0.0)}
    given_state = {name: tensor for name, tensor in (wanted | changes).items() if tensor is not None}
    with pytest.raises(Refusal, match=words):
        fit(given_state, wanted)
