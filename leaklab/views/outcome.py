"""What came of an attack as one JSON object, and as a few lines to read in a terminal."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from leaklab.experiments.frame import Frame

_LABELS_TOLD = "The attacker is told the labels: label accuracy only says how many images came out beside their own."
_TABLE = ("client", "image", "PSNR (dB)", "SSIM", "MSE", "cosine", "label", "recovered")


def finite(value: float | None) -> float | None:
    """Return a number, or None when it is not finite: JSON knows no infinity."""
    return value if value is not None and math.isfinite(value) else None


Number = Annotated[float | None, BeforeValidator(finite)]


class Mean(BaseModel):
    """The mean over all images of one mode."""

    mse: Number
    psnr: Number
    ssim: Number
    cosine: Number
    label_accuracy: Number
    fsim: Number
    lpips: Number
    psnr_with_replacement: Number
    ssim_with_replacement: Number


class Image(BaseModel):
    """One image: whose it is, its number in the round from 0, and what its reconstruction is worth."""

    client: int
    index: int
    mse: Number
    psnr: Number
    ssim: Number
    cosine: Number
    label_true: int
    label_recovered: int


class Mode(BaseModel):
    """What came of one attacker's view; `final_losses` has a list of restarts for each attack."""

    mean: Mean
    images: list[Image]
    final_losses: list[list[Number]]


class Outcome(BaseModel):
    """What `leaklab run --json` prints.

    `settings` is the experiment, of `both` the per-client one: the other differs in `scenario.federation.view`, and in
    `scenario.threat.labels` where a warning says so. Evaluations and the final loss (the best restart's) are summed
    over all attacks; iterations are those of the attack that took most.
    """

    recipe: str
    settings: dict[str, Any]
    seed: int
    device: str
    dtype: str
    seconds: Number
    evaluations: int
    iterations: int
    final_loss: Number
    modes: dict[str, Mode]
    saved: str | None
    warnings: list[str]


@dataclass(frozen=True)
class Attacked:
    """One finished experiment: its settings as JSON values, its frames, and what its attacker was told."""

    settings: Mapping[str, Any]
    frames: Sequence[Frame]
    told: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """What happened, in a sentence."""
        return self.frames[-1].note.partition("\n")[0]

    @property
    def warnings(self) -> list[str]:
        """What should be known beside the numbers: pitfalls, labels that were told, metrics that are missing."""
        labels = self.settings["scenario"]["threat"]["labels"]
        told = [_LABELS_TOLD] if labels else []
        notes = [*self.frames[0].note.split("\n"), *told, *self.frames[-1].note.split("\n")[1:]]
        return [note for note in notes if note]


def outcome(attacked: Mapping[str, Attacked], *, device: str, seconds: float) -> Outcome:
    """Return what came of one experiment or of several that belong together, by what the attacker saw."""
    first = next(iter(attacked.values())).settings
    closing = [one.frames[-1].scalars for one in attacked.values()]
    return Outcome(
        recipe=first["recipe"]["key"],
        settings=dict(first),
        seed=first["seed"],
        device=device,
        dtype=first["precision"],
        seconds=seconds,
        evaluations=int(sum(last["evaluations"] for last in closing)),
        iterations=int(max(last["iteration"] for last in closing)),
        final_loss=sum(last["loss"] for last in closing),
        modes={view: mode(one.frames[-1]) for view, one in attacked.items()},
        saved=None,
        warnings=_warnings(attacked),
    )


def mode(final: Frame) -> Mode:
    """Return what a final frame says of one attacker's view."""
    scalars, series = final.scalars, final.series
    metrics = ("mse", "psnr", "ssim", "cosine")
    whole = ("client", "label_true", "label_recovered")
    return Mode(
        mean=Mean(**{name: scalars.get(name) for name in Mean.model_fields}),
        images=[
            Image(
                index=at,
                **{name: series[name][at] for name in metrics},
                **{name: int(series[name][at]) for name in whole},
            )
            for at in range(len(series["label_true"]))
        ],
        final_losses=[series[f"losses.{attack}"] for attack in range(_attacks(series))],
    )


def summary(attacked: Mapping[str, Attacked], whole: Outcome) -> Iterator[str]:
    """Yield the lines a person reads in a terminal."""
    for view, one in attacked.items():
        found = whole.modes[view]
        yield f"{_title(one.settings)}, {view}, seed {whole.seed}, {whole.device}, {whole.dtype}"
        yield f"The attacker is told: {'; '.join(one.told) or 'nothing'}."
        yield ""
        yield from table([_TABLE, *(_row(image) for image in found.images)])
        yield ""
        yield one.verdict
        yield ""
    yield f"{whole.iterations} iterations, {whole.evaluations} evaluations of the objective, {whole.seconds:.1f} s"
    yield from (f"Note: {warning}" for warning in whole.warnings)
    if whole.saved:
        yield f"Saved in {whole.saved}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as lines with their columns aligned: numbers to the right, words to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = rows[-1]
    right = [cell[:1].isdigit() or cell[:1] in "-–" for cell in last]
    for row in rows:
        cells = zip(row, widths, right, strict=True)
        yield "  ".join(cell.rjust(width) if number else cell.ljust(width) for cell, width, number in cells).rstrip()


def _attacks(series: Mapping[str, Any]) -> int:
    return sum(name.startswith("losses.") for name in series)


def _warnings(attacked: Mapping[str, Attacked]) -> list[str]:
    """Return every warning once, with the view it belongs to where it does not belong to all."""
    each = {view: one.warnings for view, one in attacked.items()}
    said = [
        warning if all(warning in others for others in each.values()) else f"{view}: {warning}"
        for view, warnings in each.items()
        for warning in warnings
    ]
    return list(dict.fromkeys(said))


def _title(settings: Mapping[str, Any]) -> str:
    federation, network = settings["scenario"]["federation"], settings["scenario"]["network"]["name"]
    clients, images = federation["clients"], federation["images_per_client"]
    many = f"{clients} clients" if clients > 1 else "1 client"
    return f"{settings['recipe']['name']} on {network}: {many}, {images} image{'s' * (images > 1)} each"


def _row(image: Image) -> tuple[str, ...]:
    metrics = (
        _written(image.psnr, ".2f"),
        _written(image.ssim, ".4f"),
        _written(image.mse, ".2e"),
        _written(image.cosine, ".4f"),
    )
    return str(image.client), str(image.index), *metrics, str(image.label_true), str(image.label_recovered)


def _written(value: float | None, shape: str) -> str:
    return "–" if value is None else format(value, shape)
