"""Thirty-two at once: thirty-two photographs of different classes out of one gradient, and with repeated labels."""

from collections.abc import Iterator

from benchmarks.attack import Outcome, attack
from benchmarks.table import Row
from leaklab.experiments.catalogue import PRESETS, tuned
from leaklab.experiments.inversion import Inversion

QUICK = 10  # iterations


def rows(quick: bool) -> Iterator[Row]:
    """Yield the worst and the median image, the seconds, and then every image by name."""
    outcomes = [attack(_preset("thirty-two", quick)) for _ in range(1 if quick else 3)]
    outcome = outcomes[0]
    yield Row("32 different labels: PSNR of the worst image", outcome.psnr, "dB", by="lowest", at_least=35)
    yield Row("32 different labels: PSNR of the middle image", outcome.psnr, "dB")
    yield Row(
        "32 different labels: seconds", tuple(each.seconds for each in outcomes), "s", at_most=15,
        note=f"{outcome.last[0].iteration} iterations, {outcome.evaluations} evaluations",
    )  # fmt: skip
    repeated = attack(_preset("thirty-two-repeated", quick))
    yield Row("32 images of 10 labels: PSNR of the middle image", repeated.psnr, "dB", note="images of one class blend")
    yield from _each(outcome)


def _preset(key: str, quick: bool) -> Inversion:
    inversion = PRESETS[key].experiment
    recipe = tuned(inversion.recipe, iterations=QUICK) if quick else inversion.recipe
    return inversion.model_copy(update={"recipe": recipe})


def _each(outcome: Outcome) -> Iterator[Row]:
    for name, psnr in zip(outcome.names, outcome.psnr, strict=True):
        yield Row(f"  {name}", (psnr,), "dB")
