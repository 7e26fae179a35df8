"""What becomes of a curious client's reconstructions that are made presentable: better by which score, and by how much.

Four CIFAR-10 test images, one a client, found at half their size by a participant that subtracts two global models.
"""

from collections.abc import Iterator

from benchmarks.generators import source
from benchmarks.table import Row
from leaklab.attacks.enhancement import DDRM
from leaklab.experiments.enhancing import BLURRED, WAYS, Enhancing
from leaklab.experiments.frame import Frame
from leaklab.settings import Refusal

FIRST, COUNT = 100, 5
FACTORS = (2, 4)
COLUMNS = ("raw", "direct", "semantic", "gan")
GAIN = 20.0  # per cent, of SSIM or of LPIPS: the paper has 20 to 30 of LPIPS


def rows(quick: bool) -> Iterator[Row]:
    """Yield SSIM, PSNR and LPIPS of the raw pictures and of each way, and what each way gains."""
    seeds = range(FIRST, FIRST + (1 if quick else COUNT))
    for factor in FACTORS:
        what = f"found at {32 // factor} pixels"
        try:
            last = [_last(factor, seed, quick=quick) for seed in seeds]
        except Refusal as refusal:
            yield Row(what, note=f"left out: {refusal}")
            continue
        for column in COLUMNS:
            yield from _told(f"{what}, {column}", column, last)


def _last(factor: int, seed: int, *, quick: bool) -> Frame:
    attack = BLURRED.changed(("recipe", "stages", 0, "space", "factor"), factor).changed(
        ("scenario", "source"), source()
    )
    if quick:
        attack = attack.changed(("recipe", "stages", 0, "iterations"), 5)
    asked = Enhancing(inversion=attack.changed(("seed",), seed), enhancers=(DDRM(factor=factor), *WAYS[1:]))
    *_, frame = asked.run("cpu")
    return frame


def _told(what: str, column: str, last: list[Frame]) -> Iterator[Row]:
    notes = sorted({line for frame in last for line in frame.note.splitlines() if line.startswith(f"{column}: ")})
    for score, unit in {"ssim": "", "psnr": "dB", "lpips": ""}.items():
        if all(f"{score}.{column}" in frame.scalars for frame in last):
            values = tuple(frame.scalars[f"{score}.{column}"] for frame in last)
            yield Row(f"{what}: {score.upper()}", values, unit, by="mean", note=" ".join(notes))
    if column != "raw" and all(f"ssim.{column}" in frame.scalars for frame in last):
        gains = tuple(100 * (frame.scalars[f"ssim.{column}"] / frame.scalars["ssim.raw"] - 1) for frame in last)
        wanted = GAIN if column == "direct" else None
        yield Row(f"{what}: SSIM against raw", gains, "%", by="mean", at_least=wanted)
        moved = tuple(frame.scalars[f"invented.{column}"] for frame in last)
        yield Row(f"{what}: moved from raw, of black to white", tuple(100 * value for value in moved), "%", by="mean")
