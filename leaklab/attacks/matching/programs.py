"""Programs: a traced computation with its constants taken out, and the compiled form that an earlier long run ordered.

Compiling takes a minute or two, so no run waits for it: a run that will be long has it done beside it, by a process
of its own, and later runs of the same shape find it on disk. A run keeps the program it began with.
"""

import hashlib
import json
import os
import pickle
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch._guards import TracingContext, tracing
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx import Graph, GraphModule, Node

NO_COMPILER = (
    "No C++ compiler was found (g++ or clang++), so nothing is compiled: long runs on small networks are slower."
)
COMPILED = "Computed by a program compiled for this shape: its last digits may differ from those of a run that was not."
_COMPILERS = ("g++", "clang++", "c++")
_OFF = "0"  # what LEAKLAB_COMPILE says where everything is to be computed as it was traced


@dataclass(frozen=True)
class Program:
    """One computation: how it is carried out, what of it never changes, and what it is known by."""

    traced: GraphModule  # of the input and the constants behind it
    constants: tuple[Tensor, ...]
    key: str
    run: Callable[..., Any]
    compiled: bool = False
    remark: str = ""  # that it is compiled, or why not although that was tried

    def __call__(self, code: Tensor) -> Any:
        """Return what the computation comes to."""
        return self.run(code, *self.constants)

    @classmethod
    def of(cls, traced: GraphModule, code: Tensor, known: frozenset[str]) -> "Program":
        """Return a computation that was traced on some input, compiled where that is known when a search begins."""
        bare, constants = lifted(traced)
        key, folder = _key(bare, (code, *constants)), home()
        said = verdict(folder / key) if folder else {}
        if folder and key in known and (run := _loaded(folder / f"{key}.pt2")):
            return cls(bare, constants, key, run, compiled=True, remark=COMPILED)
        return cls(bare, constants, key, bare, remark=said.get("remark", ""))

    def order(self, code: Tensor) -> str:
        """Have it compiled beside this run, for later ones; return a sentence where that cannot be."""
        folder = home()
        if folder is None or self.compiled or verdict(folder / self.key):
            return self.remark
        if not any(map(shutil.which, filter(None, (os.environ.get("CXX"), *_COMPILERS)))):
            return NO_COMPILER
        folder.mkdir(parents=True, exist_ok=True)
        like = [(tuple(one.shape), one.dtype, str(one.device)) for one in (code, *self.constants)]
        command = [sys.executable, "-m", "leaklab.attacks.matching.compiling", str(folder / self.key)]
        with tempfile.TemporaryFile() as task:
            pickle.dump((self.traced, like, torch.get_num_threads()), task)
            task.seek(0)
            # What it says goes nowhere: how it ended stands in the folder.
            subprocess.Popen(
                command, stdin=task, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )  # fmt: skip
        return ""


def lifted(traced: GraphModule) -> tuple[GraphModule, tuple[Tensor, ...]]:
    """Return a computation that takes its constants as inputs behind its own, and these constants.

    It is then the same for every run of its shape, whatever the weights and what was seen.
    """
    graph, copied = Graph(), {}
    graph.output(graph.graph_copy(traced.graph, copied))
    last = next(node for node in reversed(graph.nodes) if node.op == "placeholder")
    inputs: dict[Any, Node] = {}
    for node in [node for node in graph.nodes if node.op == "get_attr"]:
        if node.target not in inputs:
            with graph.inserting_after(last):
                last = inputs[node.target] = graph.placeholder(f"constant{len(inputs)}")
        node.replace_all_uses_with(inputs[node.target])
        graph.erase_node(node)
    return GraphModule(torch.nn.Module(), graph), tuple(getattr(traced, name) for name in inputs)


def one_fake_mode() -> AbstractContextManager[object]:
    """Return a context in which a trace notes the shapes of its values in one place, not in a new one for each."""
    return tracing(TracingContext(FakeTensorMode(allow_fallback_kernels=True)))


def home() -> Path | None:
    """Return the folder of compiled programs, LEAKLAB_HOME's or that of this user; None where LEAKLAB_COMPILE is 0."""
    if os.environ.get("LEAKLAB_COMPILE", "").strip() == _OFF:
        return None
    return Path(os.environ.get("LEAKLAB_HOME") or "~/.local/share/leaklab").expanduser() / "compiled"


def kept() -> frozenset[str]:
    """Return what is known of as compiled at this moment; a search asks once, and keeps what it began with."""
    folder = home()
    return frozenset(path.stem for path in folder.glob("*.pt2") if verdict(path).get("kept")) if folder else frozenset()


def verdict(place: Path) -> dict[str, Any]:
    """Return how the compilation of a program ended: `kept` or not, `ratio`, `remark`; nothing while it has not."""
    try:
        found = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):  # not there, or being written at this moment
        return {}
    return found if isinstance(found, dict) else {}


def _key(traced: GraphModule, inputs: tuple[Tensor, ...]) -> str:
    shapes = [f"{tuple(one.shape)} {one.dtype} {one.device}" for one in inputs]
    machine = (
        torch.__version__,
        platform.node(),
        torch.backends.cpu.get_cpu_capability(),
        str(torch.get_num_threads()),
    )
    return hashlib.sha256("\n".join([traced.code, *shapes, *machine]).encode()).hexdigest()[:24]


@lru_cache(maxsize=16)
def _loaded(package: Path) -> Callable[..., Any] | None:
    try:
        return torch._inductor.aoti_load_package(str(package))
    except (OSError, RuntimeError):  # taken away, or of a compiler that is no longer here: it is computed as traced
        return None
