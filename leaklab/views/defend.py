"""What came of a defence at several strengths, or of the search for one, as a few lines to read in a terminal."""

from collections.abc import Iterator

from leaklab.experiments.defending import Defending, Outcome, outcomes, sentences
from leaklab.experiments.frame import Frame
from leaklab.views.options import finite
from leaklab.views.outcome import table

_HEADS = ("ε", "bytes", "signal", "noise", "noise/signal", "PSNR (dB)", "SSIM")
_ADAPTIVE = ("adaptive PSNR (dB)", "adaptive SSIM")
_TRAINED = ("accuracy", "ε of training")
_PROBES = ("strength", "PSNR (dB)", "SSIM", "noise/signal")
_NO_GUARANTEE = "no guarantee"


def summary(asked: Defending, final: Frame) -> Iterator[str]:
    """Yield the lines a person reads: a row a strength, and beneath what was said of each and of all."""
    yield asked.title
    yield ""
    if asked.until:
        yield from table([_PROBES, *_probes(final)])
        yield ""
        yield final.note
        return
    adaptive, trained = asked.defended.adaptive != "no", asked.train
    heads = (asked.row.unit, *_HEADS, *_ADAPTIVE * adaptive, *_TRAINED * trained)
    yield from table([heads, *(tuple(_row(one, adaptive, trained)) for one in outcomes(final))])
    verdicts, remarks = sentences(final)
    for lines in (verdicts, [f"Note: {line}" for line in remarks]):
        yield from ["", *lines] if lines else []


def _row(one: Outcome, adaptive: bool, trained: bool) -> Iterator[str]:
    yield f"{one.strength:g}"
    yield _epsilon(one.epsilon)
    yield f"{one.bytes:,.0f}"
    yield from (_written(value, ".3g") for value in (one.signal, one.noise, one.ratio))
    yield from _scores(one.psnr, one.ssim)
    yield from _scores(one.adaptive_psnr, one.adaptive_ssim) if adaptive else ()
    yield from (_written(one.accuracy, ".1%"), _epsilon(one.trained_epsilon)) if trained else ()


def _probes(final: Frame) -> Iterator[tuple[str, ...]]:
    columns = (final.series[name] for name in ("strength", "psnr", "ssim", "ratio"))
    for strength, psnr, ssim, ratio in sorted(zip(*columns, strict=True)):
        yield f"{strength:.3g}", *_scores(psnr, ssim), _written(ratio, ".3g")


def _scores(psnr: float, ssim: float) -> tuple[str, str]:
    return _written(psnr, ".1f"), _written(ssim, ".3f")


def _epsilon(value: float) -> str:
    return _NO_GUARANTEE if finite(value) is None else f"{value:.3g}"


def _written(value: float, how: str) -> str:
    return "–" if finite(value) is None else format(value, how)
