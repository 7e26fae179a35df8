"""Record what the story shows: `python assets/record_story.py` writes assets/story/, or only the parts it names."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from leaklab.experiments.catalogue import DEFAULT, DLG, PRESETS, tuned
from leaklab.experiments.inversion import Inversion
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.updates import flatten
from leaklab.settings import to_link
from leaklab.views.strips import pick

HOME = Path(__file__).parent / "story"
MOMENTS = 40
NOISES = (1e-1, 5e-2, 3e-2, 2e-2, 1.5e-2, 1e-2, 5e-3, 1e-3)
LINKED = ("aggregated-fails", "deep-network", "noise-wins")
LINE, WARM, COLD, PAPER = (128, 128, 128, 255), (213, 94, 0), (0, 114, 178), (245, 245, 245)


def film() -> None:
    """Run the attack plain and against noise, and write its moments and what came of it."""
    frames = list(DEFAULT.experiment.run("cpu"))
    chosen = [frames[index] for index in pick(len(frames), MOMENTS)]
    save(frames[0].pictures["truth"], "truth")
    save(beside(*(frame.pictures["reconstruction"] for frame in chosen)), "film")
    shielded = list(noisy(DEFAULT.experiment, 0.1).changed(("recipe", "stages", 0, "iterations"), 60).run("cpu"))
    save(shielded[-1].pictures["reconstruction"], "shielded")
    numbers = {
        "iterations": [int(frame.scalars["iteration"]) for frame in chosen],
        "psnr": [round(frame.scalars["psnr"], 2) for frame in chosen],
        "seconds": round(frames[-1].seconds, 1),
    }
    write("run", numbers)


def stills() -> None:
    """Draw one picture a step from what `film` has written."""
    truth, shielded, moments = opened("truth"), opened("shielded"), opened("film")
    moments = np.split(moments, moments.shape[1] // len(truth), axis=1)
    sent = gradient(DEFAULT.experiment, rows=32)
    with Still(720, 360) as one:
        one.phone(290, truth)
    with Still(720, 360) as two:
        two.phone(40, truth)
        two.arrow(230, 300)
        two.picture(330, 116, sent, 128)
        two.arrow(490, 560)
        two.server(590)
    big = gradient(DEFAULT.experiment, rows=64)
    with Still(720, 360) as three:
        three.picture(200, 20, big, 320)
    with Still(720, 360) as four:
        for number, moment in enumerate((0, len(moments) // 2, -1)):
            four.picture(10 + 250 * number, 80, moments[moment], 192)
        four.arrow(207, 255)
        four.arrow(457, 505)
    with Still(720, 360) as five:
        five.phone(40, truth)
        five.arrow(230, 300)
        five.picture(330, 116, gradient(noisy(DEFAULT.experiment, 0.1), rows=32), 128)
        five.arrow(480, 530)
        five.picture(550, 100, shielded, 160)
    for number, still in enumerate((one, two, three, four, five), start=1):
        still.sheet.save(HOME / f"step-{number}.png", optimize=True)


def strip() -> None:
    """Attack one photograph under less and less noise, with a prior that copes with it, and write what comes back."""
    found = [list(noisy(_searched(), sigma).run("cpu"))[-1] for sigma in NOISES]
    save(beside(*(frame.pictures["reconstruction"] for frame in found)), "strip")
    write("strip", {"noise": list(NOISES), "psnr": [round(frame.scalars["psnr"], 2) for frame in found]})


def links() -> None:
    """Write the links to the starts that show where the attack fails, so that the page needs no PyTorch for them."""
    write("links", {key: to_link(PRESETS[key].experiment) for key in LINKED})


def _searched() -> Inversion:
    return DEFAULT.experiment.model_copy(
        update={"recipe": tuned(DLG, scale=0.05, tv_weight=1e-3, iterations=25, restarts=1)}
    )


def noisy(experiment: Inversion, sigma: float) -> Inversion:
    """Return the same attack on a phone that adds noise to what it sends."""
    return experiment.changed(("scenario", "federation", "defences"), [GaussianNoise(sigma=sigma).model_dump()])


def gradient(experiment: Inversion, rows: int) -> np.ndarray:
    """Return the first numbers of the update as a picture: orange above zero, blue below."""
    played = experiment.scenario.play(experiment.seed, device=torch.device("cpu"), dtype=torch.float64)
    numbers = flatten(played.exchanges[0][0].update)[: rows * rows].reshape(rows, rows)
    return coloured((numbers / numbers.abs().quantile(0.98)).numpy())


def coloured(numbers: np.ndarray) -> np.ndarray:
    """Return numbers between -1 and 1 as dots: orange above zero, blue below."""
    strength, paper = np.abs(numbers).clip(0, 1)[..., None], np.array(PAPER)
    colour = np.where(numbers[..., None] > 0, WARM, COLD)
    return (paper + (colour - paper) * strength).round().astype(np.uint8)


@dataclass
class Still:
    """A drawing on nothing, for light and dark pages."""

    width: int
    height: int

    def __enter__(self) -> "Still":
        self.sheet = Image.new("RGBA", (self.width, self.height))
        self.pen = ImageDraw.Draw(self.sheet)
        return self

    def __exit__(self, *trouble: object) -> None:
        self.pen = None

    def picture(self, left: int, top: int, picture: np.ndarray, side: int) -> None:
        """Put a picture there, its pixels as squares."""
        shown = Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST)
        self.sheet.paste(shown, (left, top))

    def phone(self, left: int, picture: np.ndarray) -> None:
        """Draw a telephone with a photograph on it."""
        self.pen.rounded_rectangle((left, 20, left + 176, 340), 24, outline=LINE, width=8)
        self.pen.line((left + 66, 322, left + 110, 322), LINE, 6)
        self.picture(left + 24, 100, picture, 128)

    def server(self, left: int) -> None:
        """Draw a rack of three machines, a lamp on each."""
        for top in (90, 155, 220):
            self.pen.rounded_rectangle((left, top, left + 110, top + 55), 8, outline=LINE, width=6)
            self.pen.ellipse((left + 80, top + 21, left + 93, top + 34), fill=LINE)

    def arrow(self, left: int, right: int) -> None:
        """Draw an arrow to the right, half-way down."""
        self.pen.line((left, 180, right - 12, 180), LINE, 8)
        self.pen.polygon(((right - 20, 160), (right, 180), (right - 20, 200)), fill=LINE)


def beside(*pictures: np.ndarray) -> np.ndarray:
    """Return pictures of one size side by side."""
    return np.concatenate(pictures, 1)


def opened(name: str) -> np.ndarray:
    """Return a picture that was written before."""
    return np.asarray(Image.open(HOME / f"{name}.png").convert("RGB"))


def save(picture: np.ndarray, name: str) -> None:
    """Write a picture as PNG."""
    Image.fromarray(picture).save(HOME / f"{name}.png", optimize=True)


def write(name: str, numbers: dict) -> None:
    """Write numbers as JSON."""
    (HOME / f"{name}.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


PARTS: dict[str, Callable[[], None]] = {"film": film, "stills": stills, "strip": strip, "links": links}

if __name__ == "__main__":
    HOME.mkdir(exist_ok=True)
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
