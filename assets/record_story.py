"""Record the run the story plays: `python assets/record_story.py` writes assets/story/ anew."""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from leaklab.experiments.catalogue import DEFAULT
from leaklab.protocol.defences import GaussianNoise
from leaklab.protocol.updates import flatten
from leaklab.views.strips import pick

HOME = Path(__file__).parent / "story"
MOMENTS = 40


def main() -> None:
    """Run the attack plain and against noise, and write film, stills and numbers."""
    HOME.mkdir(exist_ok=True)
    plain = DEFAULT.experiment
    frames = list(plain.run("cpu"))
    chosen = [frames[index] for index in pick(len(frames), MOMENTS)]
    truth = frames[0].pictures["truth"]
    save(truth, "truth")
    save(np.concatenate([frame.pictures["reconstruction"] for frame in chosen], 1), "film")
    noisy = plain.changed(("scenario", "federation", "defences"), [GaussianNoise(sigma=0.1).model_dump()])
    shielded = list(noisy.changed(("recipe", "stages", 0, "iterations"), 60).run("cpu"))[-1]
    last, middle = frames[-1].pictures["reconstruction"], frames[len(frames) // 3].pictures["reconstruction"]
    stills = (
        truth,
        gradient(plain),
        gradient(plain, rows=64),
        beside(middle, last),
        shielded.pictures["reconstruction"],
    )
    for number, still in enumerate(stills, start=1):
        save(enlarged(still), f"step-{number}")
    numbers = {
        "iterations": [int(frame.scalars["iteration"]) for frame in chosen],
        "psnr": [round(frame.scalars["psnr"], 2) for frame in chosen],
        "sentence": f"A recorded run: {frames[-1].note.splitlines()[0]}",
        "alt": [
            "The private photograph", "The gradient of that photograph as small dots",
            "The gradient's numbers, bright and dark", "The reconstruction, half-way and at the end",
            "What is rebuilt when noise was added before sending",
        ],
    }  # fmt: skip
    (HOME / "run.json").write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")


def gradient(experiment, rows: int = 32) -> np.ndarray:
    """Return the first numbers of the update as a picture: orange above zero, blue below."""
    played = experiment.scenario.play(experiment.seed, device=torch.device("cpu"), dtype=torch.float64)
    numbers = flatten(played.exchanges[0][0].update)[: rows * rows].reshape(rows, rows)
    strength = (numbers.abs() / numbers.abs().quantile(0.98)).clamp(0, 1)[..., None].numpy()
    warm, cold, paper = (np.array(colour) for colour in ((213, 94, 0), (0, 114, 178), (245, 245, 245)))
    colour = np.where(numbers.numpy()[..., None] > 0, warm, cold)
    return (paper + (colour - paper) * strength).round().astype(np.uint8)


def beside(*pictures: np.ndarray) -> np.ndarray:
    """Return pictures side by side with a white line between them."""
    line = np.full((pictures[0].shape[0], 1, 3), 255, np.uint8)
    return np.concatenate([part for picture in pictures for part in (picture, line)][:-1], 1)


def enlarged(picture: np.ndarray) -> np.ndarray:
    """Return a picture at least 256 pixels wide, by whole pixels."""
    factor = -(-256 // picture.shape[1])
    return picture.repeat(factor, 0).repeat(factor, 1)


def save(picture: np.ndarray, name: str) -> None:
    """Write a picture as PNG."""
    Image.fromarray(picture).save(HOME / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
