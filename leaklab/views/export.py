"""A run to take away: an animation, its numbers as JSON, and one HTML file that needs nothing else.

Pictures alone go out through `strips.strip` and `strips.png`.
"""

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from leaklab.experiments.frame import Frame
from leaklab.views.strips import Film, Word, film, lettered, mosaic, png, strip

_METRICS = {
    "psnr": "PSNR (dB)", "ssim": "SSIM", "mse": "mean squared error", "cosine": "cosine similarity",
    "label_true": "true label", "label_recovered": "recovered label",
}  # fmt: skip
_TOTALS = {
    "psnr": "PSNR (dB), mean", "ssim": "SSIM, mean", "mse": "mean squared error", "cosine": "cosine similarity, mean",
    "label_accuracy": "labels right (share)", "loss": "loss", "iteration": "iterations",
    "evaluations": "evaluations of the objective",
}  # fmt: skip

_LONGEST = 200


@dataclass(frozen=True)
class Report:
    """What a one-file report is made of; `settings` is the experiment as plain JSON values."""

    title: str
    verdict: str
    settings: Mapping[str, Any]
    command: str  # what repeats the run in a shell
    frames: Sequence[Frame]


def gif(shown: Film, *, most: int = 48, seconds: float = 6.0, hold: float = 2.5) -> bytes:
    """Return the run as an endless animation, private photographs beside the reconstruction, resting on the last."""
    from PIL import Image

    chosen = shown.chosen(most)
    count, frames = len(chosen.pictures), []
    for moment in range(count):
        pair = ([] if chosen.truth is None else [chosen.truth]) + [chosen.pictures[moment]]
        scene = Image.fromarray(_scene(chosen, moment, pair))
        # A palette of its own for each, and no dithering: speckles would pass for the noise of the attack.
        frames.append(scene.quantize(palette=_palette(pair), dither=Image.Dither.NONE))
    lasting = [max(20, round(1000 * seconds / count))] * (count - 1) + [round(1000 * hold)]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:], duration=lasting, loop=0, optimize=False)
    return written.getvalue()


def record(settings: Mapping[str, Any], frames: Sequence[Frame]) -> str:
    """Return settings and every number of a run as JSON; what is not finite is null."""
    moments = [
        {"index": f.index, "seconds": f.seconds, "scalars": f.scalars, "series": f.series, "note": f.note}
        for f in frames
    ]
    return json.dumps(_plain({"settings": dict(settings), "frames": moments}), indent=1, allow_nan=False)


def html(report: Report) -> str:
    """Return the report as one HTML page with its pictures inside; it loads nothing and escapes every text."""
    import jinja2

    shown = film(report.frames)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2").render(
        report=report,
        pictures=_pictures(shown),
        totals=totals(report.frames),
        images=per_image(report.frames),
        settings=flat(report.settings),
    )


def totals(frames: Sequence[Frame]) -> list[tuple[str, str]]:
    """Return the last known number of each kind, named and written out."""
    last: dict[str, float] = {}
    for frame in frames:
        last |= frame.scalars
    known = [(title, _written(last[name])) for name, title in _TOTALS.items() if name in last]
    read = [(name.partition(".")[2], value) for name, value in last.items() if name.startswith("accuracy.")]
    return known + [(f"labels right by {method} (share)", _written(value)) for method, value in read]


def per_image(frames: Sequence[Frame]) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the rows of a table with a row an image, from the last frame that scored them."""
    last = next((frame.series for frame in reversed(frames) if "psnr" in frame.series), {})
    kept = {title: last[name] for name, title in _METRICS.items() if last.get(name)}
    rows = zip(*kept.values(), strict=True)
    return list(kept), [[_written(value) for value in row] for row in rows]


def flat(settings: Any, path: str = "") -> list[tuple[str, str]]:
    """Return nested settings as rows of dotted path and value."""
    if isinstance(settings, Mapping) and settings:
        inner = settings.items()
    elif isinstance(settings, list | tuple) and any(isinstance(item, Mapping) for item in settings):
        inner = enumerate(settings)
    else:
        written = settings if isinstance(settings, str) else json.dumps(_plain(settings), ensure_ascii=False)
        long = len(written) > _LONGEST  # a photograph that came with the settings, say
        return [(path, f"{written[:60]}… ({len(written)} characters)" if long else written)]
    return [row for name, value in inner for row in flat(value, f"{path}.{name}" if path else str(name))]


def _palette(pair: list[np.ndarray]) -> Any:
    """Return the pictures' own colours, found at native size among at most 8192 pixels, and the greys of the words."""
    from PIL import Image

    pixels = np.concatenate(pair).reshape(1, -1, 3)
    few = np.ascontiguousarray(pixels[:, :: math.ceil(pixels.shape[1] / 8192)])
    colours = Image.fromarray(few).quantize(248).getpalette()[: 3 * 248]
    greys = np.linspace(255, 45, 8).astype(int).repeat(3).tolist()
    palette = Image.new("P", (1, 1))
    palette.putpalette(greys + colours)
    return palette


def _scene(shown: Film, moment: int, pair: list[np.ndarray]) -> np.ndarray:
    native_h, native_w = mosaic(pair[0], shown.tiles).shape[:2]
    factor = max(1, min(240 // native_h, 540 // native_w))
    boards = [mosaic(picture, shown.tiles, factor=factor, gap=factor) for picture in pair]
    height, width, edge = *boards[0].shape[:2], 12
    room = max(width, 190)  # for the words below
    sheet = np.full((height + 2 * edge + 30, len(boards) * (room + edge) + edge, 3), 255, np.uint8)
    middles = [edge + index * (room + edge) + room // 2 for index in range(len(boards))]
    for middle, board in zip(middles, boards, strict=True):
        sheet[edge : edge + height, middle - width // 2 : middle - width // 2 + width] = board
    psnr = shown.mean_psnr(moment)
    now = f"iteration {shown.iterations[moment]}" + ("" if psnr is None else f" · {psnr:.1f} dB")
    texts = ["private photograph" if shown.tiles == 1 else "private photographs", now][-len(boards) :]
    return lettered(
        sheet, [Word(x, height + 2 * edge + 10, text, size=15) for x, text in zip(middles, texts, strict=True)]
    )


def _pictures(shown: Film) -> dict[str, str]:
    if not shown.pictures:
        return {}
    named = {"private": shown.truth, "reconstruction": shown.pictures[-1]}
    boards = {name: mosaic(held, shown.tiles) for name, held in named.items() if held is not None}
    packed = {name: _uri(png(board), "png") for name, board in boards.items()}
    return packed | {"strip": _uri(png(strip(shown)), "png"), "animation": _uri(gif(shown, most=24), "gif")}


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _written(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return "–"
    return str(int(value)) if float(value).is_integer() else f"{value:.4g}"
