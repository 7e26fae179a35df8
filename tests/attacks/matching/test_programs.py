"""Programs: constants taken out and put back, found again for other numbers, compiled beside a run."""

import json
import subprocess
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from leaklab.attacks.matching import programs
from leaklab.attacks.matching.compiling import compiled
from leaklab.attacks.matching.programs import COMPILED, NO_COMPILER, Program, kept, lifted
from leaklab.attacks.matching.solver import GradientMatching
from tests.scene import TOLD, dice, scene


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEAKLAB_HOME", str(tmp_path))
    monkeypatch.setenv("LEAKLAB_COMPILE", "1")
    return tmp_path / "compiled"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the commands that are given, none of which is carried out."""
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: commands.append(command))
    return commands


def code(rows: int = 2) -> Tensor:
    return torch.rand(rows, 3, dtype=torch.float64, generator=dice(rows))


def traced(factor: float = 2.0):
    weights, seen = torch.full((3,), factor, dtype=torch.float64), torch.arange(3, dtype=torch.float64)
    return make_fx(lambda code: {"loss": (code * weights - seen).square().sum(1), "again": code * weights})(code())


def test_constants_become_inputs_and_the_numbers_stay():
    bare, constants = lifted(traced())
    assert [tensor.tolist() for tensor in constants] == [[2.0] * 3, [0.0, 1.0, 2.0]]
    assert not dict(bare.named_buffers()) and not dict(bare.named_parameters())
    for name, expected in traced()(code()).items():
        assert torch.equal(bare(code(), *constants)[name], expected)


def test_other_numbers_have_the_same_key_and_another_shape_has_not(home: Path):
    one, other = (Program.of(traced(factor), code(), kept()) for factor in (2.0, 3.0))
    assert one.key == other.key != Program.of(traced(), code().float(), kept()).key
    assert torch.equal(other(code())["again"], 3 * code())


def test_what_was_compiled_is_what_was_traced_and_is_used_from_then_on(home: Path):
    if not any(map(programs.shutil.which, programs._COMPILERS)):
        pytest.skip("there is no C++ compiler here")
    before = Program.of(traced(), code(), kept())
    home.mkdir()
    like = [(tuple(one.shape), one.dtype, "cpu") for one in (code(), *before.constants)]
    said = compiled(before.traced, like, home / before.key)
    assert said.keys() == {"kept", "ratio"} and (home / f"{before.key}.pt2").exists() == said["kept"]
    if not said["kept"]:  # of three numbers: which is faster is a matter of luck
        from torch._inductor import aoti_compile_and_package

        exported = torch.export.export(before.traced, (code(), *before.constants))
        aoti_compile_and_package(exported, package_path=str(home / f"{before.key}.pt2"))
    (home / f"{before.key}.json").write_text('{"kept": true}')
    assert not Program.of(traced(5.0), code(), frozenset()).compiled  # by a search that had begun before
    after = Program.of(traced(5.0), code(), kept())  # another network's numbers
    assert after.compiled and after.remark == COMPILED
    for name, expected in traced(5.0)(code(2)).items():
        assert torch.allclose(after(code(2))[name], expected, rtol=1e-14)


def test_a_failed_compilation_is_a_sentence_and_everything_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch):
    home.mkdir()
    program = Program.of(traced(), code(), kept())

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the compiler fell over\nat length")

    monkeypatch.setattr(torch.export, "export", broken)
    said = compiled(program.traced, [((2, 3), torch.float64, "cpu")], home / program.key)
    assert said == {
        "kept": False,
        "remark": "This could not be compiled (the compiler fell over), so it is computed step by step, as before.",
    }
    (home / f"{program.key}.json").write_text(json.dumps(said))
    again = Program.of(traced(), code(), kept())
    assert not again.compiled and again.remark == said["remark"] and again.order(code()) == said["remark"]
    assert torch.equal(again(code())["again"], 2 * code())


def test_without_a_compiler_a_sentence_is_all_that_happens(home: Path, started, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(programs.shutil, "which", lambda _: None)
    assert Program.of(traced(), code(), kept()).order(code()) == NO_COMPILER and not started


def test_it_is_ordered_once_and_not_where_it_is_switched_off(home: Path, started, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(programs.shutil, "which", lambda name: name)
    program = Program.of(traced(), code(), kept())
    assert program.order(code()) == "" and started[0][-1] == str(home / program.key)
    (home / f"{program.key}.json").write_text('{"kept": false, "ratio": 1.3}')
    assert program.order(code()) == "" and len(started) == 1
    monkeypatch.setenv("LEAKLAB_COMPILE", "0")
    assert Program.of(traced(), code(), kept()).order(code()) == "" and len(started) == 1


def test_a_package_that_cannot_be_read_is_passed_over(home: Path):
    home.mkdir()
    program = Program.of(traced(), code(), kept())
    (home / f"{program.key}.json").write_text('{"kept": true}')
    (home / f"{program.key}.pt2").write_bytes(b"no package")
    assert not Program.of(traced(), code(), kept()).compiled
    (home / f"{program.key}.json").write_text("half a sent")
    assert programs.verdict(home / program.key) == {}


@pytest.mark.parametrize(("seconds", "ordered"), [(1.0, 0), (20.0, 1)])
def test_only_a_long_search_has_itself_compiled(monkeypatch: pytest.MonkeyPatch, seconds: float, ordered: int):
    ticks: list[float] = []
    monkeypatch.setattr(Program, "order", lambda self, code: ticks.append(1) or "Said once.")
    clock = iter([0.0, seconds])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    one = scene(1, side=8)
    stage = GradientMatching(iterations=25, enough=0)
    search = stage.invert(one.observation(TOLD), one.labels, seed=1)
    remarks = [next(search).remark for _ in range(7)]
    assert len(ticks) == ordered and remarks == ["", "", "", "", "", "Said once." * ordered, ""]


def test_of_halved_restarts_the_one_that_is_left_is_compiled(monkeypatch: pytest.MonkeyPatch):
    rows: list[int] = []
    monkeypatch.setattr(Program, "order", lambda self, code: rows.append(len(code)) or "")
    monkeypatch.setattr(GradientMatching, "_long", lambda self, seconds: True)
    one = scene(1, side=8)
    for halving in (0, 100):
        stage = GradientMatching(iterations=6, restarts=3, halving=halving, enough=0)
        list(stage.invert(one.observation(TOLD), one.labels, seed=1))
    assert rows == [3, 1]
