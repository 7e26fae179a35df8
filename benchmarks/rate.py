"""Rate: what an evaluation costs beside plain autograd's, restarts traced and compiled, and a deep network.

Everything takes turns in one process, and ratios are formed within a turn. What is compiled is so before the first.
"""

import copy
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.attack import play
from benchmarks.speed import in_turns, milliseconds, plain, ratios
from benchmarks.table import Row
from leaklab.attacks.matching.compiling import compiled
from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.recipes import DLG, IG
from leaklab.experiments.catalogue import DEFAULT, PRESETS
from leaklab.images.source import Photos
from leaklab.protocol.observation import Observation

RESTARTS, MANY = 8, 32
BATCHES = (1, 8)
SIDE = 2048  # of the matrices whose product says what the machine can do

Way = Callable[[], object]


def rows(quick: bool) -> Iterator[Row]:
    """Yield LeNet's restarts beside plain autograd's one, then a ResNet-18 at two batch sizes."""
    yield from _lenet(rounds=10 if quick else 100)
    for batch in BATCHES:
        yield from _resnet(batch, rounds=2 if quick else 10)


def _lenet(rounds: int) -> Iterator[Row]:
    inversion = DEFAULT.experiment.model_copy(update={"precision": "float32"})
    observation = play(inversion).exchanges[0][0]
    objective, textbook = DLG.stages[0].bind(observation, None), plain(observation)
    one, matrix = objective.start(1, 0)[0], torch.rand(SIDE, SIDE)
    ways: dict[str, Way] = {"plain": lambda: textbook(one), "product": lambda: matrix @ matrix}
    for rows in (1, RESTARTS, MANY):
        code = objective.start(rows, 0)
        program = objective.program(code)
        ways[f"{rows} traced"] = _of(program, code)
        if fast := _compiled(objective, code):
            ways[f"{rows} compiled"] = _of(fast, code)
    times = in_turns(ways, rounds=rounds)
    yield Row("LeNet, float32, plain autograd, one restart", milliseconds(times["plain"]), "ms")
    for name in [name for name in ways if name[0].isdigit()]:
        rows, way = name.split()
        share = ratios(times[name], times["plain"])
        wanted = 2.0 if rows == str(RESTARTS) and way == "compiled" else None
        yield Row(f"LeNet, restarts: {rows}, {way}: an evaluation / plain's of one", share, "x", at_most=wanted)
    yield from _share(objective, times)


def _share(objective: Objective, times: dict[str, list[float]]) -> Iterator[Row]:
    # Of one restart, times their number: of kernels in groups the counter makes too much.
    with FlopCounterMode(display=False) as counted:
        objective._losses_and_gradient(objective.start(1, 0))
    work, product = MANY * counted.get_total_flops(), 2 * SIDE**3
    peaks = [product / seconds / 1e9 for seconds in times["product"]]
    yield Row(f"the product of two {SIDE} x {SIDE} matrices, float32", tuple(peaks), "GFLOP/s")
    for way in ("traced", "compiled"):
        found = [work / seconds / 1e9 for seconds in times.get(f"{MANY} {way}", [])]
        shares = tuple(100 * rate / peak for rate, peak in zip(found, peaks, strict=False))
        note = f"{work / 1e6:.0f} MFLOP an evaluation"
        yield Row(f"LeNet, {MANY} restarts, {way}: share of that rate", shares, "%", at_least=30, note=note)


def _resnet(batch: int, rounds: int) -> Iterator[Row]:
    inversion = PRESETS["deep-network"].experiment.changed(("scenario", "threat", "labels"), True)
    inversion = inversion.changed(("scenario", "source"), Photos())
    observation = play(inversion.changed(("scenario", "federation", "images_per_client"), batch)).exchanges[0][0]
    objective, textbook = IG.stages[0].bind(observation, observation.labels), plain_angle(observation)
    code = objective.start(1, 0)
    program = objective.program(code)
    torch.testing.assert_close(program(code)[1][0], textbook(code[0])[1], rtol=0.05, atol=1e-5)
    ways: dict[str, Way] = {
        "plain": lambda: textbook(code[0]), "traced": _of(program, code),
        "untraced": lambda: objective._losses_and_gradient(code),
    }  # fmt: skip
    times = in_turns(ways, rounds=rounds)
    what = f"ResNet-18, batch {batch}"
    yield Row(f"{what}, plain autograd", milliseconds(times["plain"]), "ms")
    yield Row(f"{what}, ours", milliseconds(times["traced"]), "ms")
    yield Row(f"{what}: ours / plain", ratios(times["traced"], times["plain"]), "x", at_most=0.8)
    yield Row(f"{what}: ours before it is traced / plain", ratios(times["untraced"], times["plain"]), "x")


def plain_angle(observation: Observation) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return Inverting Gradients' objective and gradient as the textbook writes them: a network, and autograd twice."""
    network = copy.deepcopy(observation.network).to_empty(device="cpu")
    network.load_state_dict({**observation.weights, **observation.buffers})
    weights = [dict(network.requires_grad_(True).named_parameters())[name] for name in observation.update]
    seen = list(observation.update.values())
    length = torch.cat([part.flatten() for part in seen]).norm()
    weight = IG.stages[0].priors[0].weight

    def evaluate(code: Tensor) -> tuple[Tensor, Tensor]:
        code = code.detach().requires_grad_(True)
        images = code.view(observation.num_images, *observation.image_shape)
        loss = functional.cross_entropy(network(images), observation.labels)
        dummy = torch.autograd.grad(loss, weights, create_graph=True)
        along = sum((ours * theirs).sum() for ours, theirs in zip(dummy, seen, strict=True))
        angle = 1 - along / length / sum(part.square().sum() for part in dummy).sqrt()
        rough = images.diff(dim=2).abs().mean() + images.diff(dim=3).abs().mean()
        return angle.detach(), torch.autograd.grad(angle + weight * rough, code)[0]

    return evaluate


def _compiled(objective: Objective, code: Tensor) -> Callable[[Tensor], object] | None:
    program = objective.program(code)
    like = [(tuple(one.shape), one.dtype, str(one.device)) for one in (code, *program.constants)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / program.key
        if not compiled(program.traced, like, place)["kept"]:
            return None
        run = torch._inductor.aoti_load_package(str(place.with_suffix(".pt2")))
    return lambda code: run(code, *program.constants)


def _of(program: Callable[[Tensor], object], code: Tensor) -> Way:
    def evaluate() -> object:
        with torch.no_grad():
            return program(code)

    return evaluate
