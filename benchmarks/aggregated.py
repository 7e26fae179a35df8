"""Aggregated: three images out of one averaged gradient, by our recipe and by the course project's code."""

from collections.abc import Iterable, Iterator

from benchmarks import course_project
from benchmarks.attack import Outcome, attack
from benchmarks.table import Row
from leaklab.experiments.catalogue import PRESETS, tuned
from leaklab.experiments.inversion import Inversion

SEED, SCENES = 1234, 3
FADING = (1e-1, 1e-2, 1e-3)  # weights of TV: a class has no time for the gentler wish, which goes further


def rows(quick: bool) -> Iterator[Row]:
    """Yield the mean PSNR of three images over some scenes: the course project's setting, its code, and ours."""
    rescued, failing = PRESETS["aggregated-rescued"].experiment, PRESETS["aggregated-fails"].experiment
    iterations = 4 if quick else rescued.recipe.iterations
    seeds = range(SEED, SEED + (1 if quick else SCENES))
    setting = rescued.model_copy(update={"recipe": tuned(rescued.recipe, iterations=iterations)})
    ours = [attack(_seeded(setting, seed)) for seed in seeds]
    yield _row("ours, its setting", ours)
    yield from _beside(setting, ours, seeds)
    single = setting.model_copy(update={"precision": "float32"})
    yield _row("ours, its setting, float32", [attack(_seeded(single, seed)) for seed in seeds])
    bare = failing.model_copy(update={"recipe": tuned(failing.recipe, iterations=iterations)})
    yield _row("ours, without the two settings", [attack(_seeded(bare, seed)) for seed in seeds])
    fading = PRESETS["aggregated-faded"].experiment
    fading = fading.model_copy(update={"recipe": tuned(fading.recipe, iterations=2 if quick else 100)})
    for stage, weight in enumerate(FADING):
        fading = fading.changed(("recipe", "stages", stage, "priors", 0, "weight"), weight)
    yield _row("ours, TV that fades out", [attack(_seeded(fading, seed)) for seed in seeds], at_least=35)
    two = fading.changed(("scenario", "federation", "clients"), 2)
    yield _row("ours, TV that fades out, two images", [attack(_seeded(two, seed)) for seed in seeds])


def _beside(setting: Inversion, ours: list[Outcome], seeds: range) -> Iterator[Row]:
    folder = course_project.checkout()
    if folder is None:
        yield Row("course project's code", note=course_project.ABSENT)
        return
    theirs, seconds = zip(*(course_project.attack(folder, _seeded(setting, seed)) for seed in seeds), strict=True)
    psnr = [float(scores.values["psnr"].mean()) for scores in theirs]
    yield Row(
        "course project's code: mean PSNR of a scene", tuple(psnr), "dB", note=f"{_seconds(seconds)} a scene, float32"
    )
    ahead = tuple(_mean(outcome) - value for outcome, value in zip(ours, psnr, strict=True))
    yield Row("ours above the course project's code", ahead, "dB", by="lowest", at_least=0)


def _row(what: str, outcomes: list[Outcome], *, at_least: float | None = None) -> Row:
    images = "; ".join(", ".join(f"{value:.1f}" for value in outcome.psnr) for outcome in outcomes)
    note = f"{_seconds(outcome.seconds for outcome in outcomes)} a scene; images {images} dB"
    values = tuple(_mean(outcome) for outcome in outcomes)
    return Row(f"{what}: mean PSNR of a scene", values, "dB", at_least=at_least, note=note)


def _seeded(inversion: Inversion, seed: int) -> Inversion:
    return inversion.model_copy(update={"seed": seed})


def _mean(outcome: Outcome) -> float:
    return sum(outcome.psnr) / len(outcome.psnr)


def _seconds(seconds: Iterable[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in seconds) + " s"
