"""Compile one program, in a process of its own: `python -m leaklab.attacks.matching.compiling PLACE < task`.

It writes PLACE.pt2, if that is faster than the traced computation, and PLACE.json, which says how it ended.
"""

import json
import os
import pickle
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule

_FASTER = 0.9  # of the traced computation's time, or else the program is not worth having
_ROUNDS = 15
_STALE = 1800.0  # seconds after which another compilation is taken for dead
_MOST = 48  # programs kept, of some megabytes each

Like = list[tuple[tuple[int, ...], torch.dtype, str]]  # shapes of the inputs


def main() -> None:
    """Compile what stands on the standard input, unless another compilation goes on."""
    place = Path(sys.argv[1])
    traced, like, threads = pickle.load(sys.stdin.buffer)  # from our own parent, through a pipe
    if hasattr(os, "nice"):
        os.nice(19)
    torch.set_num_threads(threads)
    lock = place.with_name("compiling.lock")
    if not _taken(lock):
        return
    try:
        said = compiled(traced, like, place)
    finally:
        lock.unlink(missing_ok=True)
    _written(place.with_suffix(".json"), json.dumps(said))
    _thin_out(place.parent)


def compiled(traced: GraphModule, like: Like, place: Path) -> dict[str, Any]:
    """Compile a program and keep it where it is faster; return how that ended."""
    draft = place.with_name(f"{place.name}.draft.pt2")
    try:
        inputs = tuple(torch.rand(shape, dtype=dtype, device=device) for shape, dtype, device in like)
        with torch.no_grad():
            exported = torch.export.export(traced, inputs)
            torch._inductor.aoti_compile_and_package(exported, package_path=str(draft))
            ratio = _ratio(torch._inductor.aoti_load_package(str(draft)), traced, inputs)
    except Exception as error:  # whatever a compiler of this machine may say: the run goes on without it
        draft.unlink(missing_ok=True)
        reason = str(error).strip().splitlines() or [type(error).__name__]
        remark = f"This could not be compiled ({reason[0][:200]}), so it is computed step by step, as before."
        return {"kept": False, "remark": remark}
    kept = ratio < _FASTER
    if kept:
        draft.replace(place.with_suffix(".pt2"))
    draft.unlink(missing_ok=True)
    return {"kept": kept, "ratio": ratio}


def _ratio(fast: Callable[..., Any], slow: Callable[..., Any], inputs: tuple[Tensor, ...]) -> float:
    """Return the median of the times of two ways over each other, which take turns."""
    pairs = [(_seconds(fast, inputs), _seconds(slow, inputs)) for _ in range(_ROUNDS + 2)]
    return statistics.median(a / b for a, b in pairs[2:])


def _seconds(way: Callable[..., Any], inputs: tuple[Tensor, ...]) -> float:
    began = time.perf_counter()
    way(*inputs)
    if inputs[0].is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began


def _taken(lock: Path) -> bool:
    """Return whether this process may compile: one at a time, for a compilation takes a core and much memory."""
    if lock.exists() and time.time() - lock.stat().st_mtime > _STALE:
        lock.unlink(missing_ok=True)
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _thin_out(folder: Path) -> None:
    """Let go of the oldest programs; one in use stays usable until its process ends."""
    packages = sorted(folder.glob("*.pt2"), key=lambda package: package.stat().st_mtime)
    for package in packages[:-_MOST]:
        package.with_suffix(".json").unlink(missing_ok=True)
        package.unlink(missing_ok=True)


def _written(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


if __name__ == "__main__":
    main()
