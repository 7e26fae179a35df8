"""Pretraining: teach what an attacker brings along, keep it while it learns, and put it on the shelf with its card."""

import os
import time
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, StringConstraints

from leaklab.attacks.generative import shelf
from leaklab.attacks.generative.training.contract import Trainee
from leaklab.attacks.generative.training.dcgan import DCGANTraining
from leaklab.attacks.generative.training.denoiser import DenoiserTraining
from leaklab.attacks.generative.training.restoration import RestorationTraining
from leaklab.attacks.generative.training.transformer import TransformerTraining
from leaklab.experiments import kept
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.metalearning import MetaLearning
from leaklab.experiments.pool import Pool, pool
from leaklab.experiments.victim import Victim
from leaklab.images.source import Folder, Source
from leaklab.settings import Refusal, Settings, knob

Trainings = Annotated[
    DCGANTraining | DenoiserTraining | TransformerTraining | RestorationTraining | MetaLearning | Victim,
    Field(discriminator="kind"),
]

FileName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=64)]

_SHOWN = 16  # pictures of a sample
_PAUSE = 2.0  # seconds between two frames
_FIXED = ("training", "source", "image_size", "batch_size", "seed", "flips")  # what a training cannot change midway
_KEPT = ("step", "seconds", "history", "trainee")  # beside the settings

_GONE_ASTRAY = (
    "At step {} the {} was no number any more: the training has diverged and was stopped. What was kept at step {} is "
    "still there; begin again with a smaller learning rate, under another name."
)
_NO_ROOM = (
    "{} could not be written ({}). What was kept at step {} is still there: make room, or choose another folder, and "
    "start the same training again, which goes on from there."
)


class Pretraining(Settings):
    """A network that an attacker may bring along is trained on other people's pictures, and can go on at any time."""

    kind: Literal["pretraining"] = "pretraining"
    training: Trainings = DCGANTraining()
    source: Source = Folder()
    image_size: int = knob(32, low=4, high=256, title="Image size", unit="px", help="Side of every picture.")
    steps: int = knob(2000, low=1, high=10_000_000, log=True, help="How many batches it learns from, all in all.")
    batch_size: int = knob(64, low=1, high=4096, log=True, unit="images", help="How many pictures a batch has.")
    flips: bool = knob(True, level="advanced", help="Mirror half of the pictures from left to right.")
    seed: int = knob(1, low=0, high=2**31 - 1, help="Draws first weights, batches and noise.")
    keep_every: int = knob(
        250, low=1, high=1_000_000, log=True, unit="steps", level="advanced",
        help="How often all is written to the disk; a training that was interrupted goes on from there.",
    )  # fmt: skip
    name: FileName = knob(
        "", level="hidden", help="What the files are called, in letters, digits, '-', '_' and '.'; empty: WHAT it is."
    )
    data: str = knob("", level="hidden", help="What the pictures are, for the card; empty takes the source's title.")
    licence: str = knob("", level="hidden", help="Under which terms the pictures may be used, for the card.")
    command: str = knob("", level="hidden", private=True, help="The command that started it, for the card.")
    out: str = knob(
        "", level="hidden", private=True, help="Folder of all files; empty means $LEAKLAB_WEIGHTS, or the user's cache."
    )

    @property
    def title(self) -> str:
        """A run's name for a list."""
        return f"Pretraining: {self.named}"

    @property
    def named(self) -> str:
        """What the files are called."""
        return self.name or self.training.kind

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return Path(self.out).expanduser() if self.out else shelf.root()

    @property
    def kept(self) -> Path:
        """The file that a training goes on from."""
        return self.folder / f"{self.named}.training.pt"

    def card(self) -> shelf.Card:
        """Return the card of what was trained.

        Raises: Refusal, when there is none.
        """
        return shelf.card(self.named, self.folder)

    def missing(self) -> list[str]:
        """Return what keeps it from starting, as sentences: what lies there is of another training."""
        try:
            self._earlier()
        except Refusal as refusal:
            return [str(refusal)]
        return []

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield a frame every few seconds and whenever all is kept, then with samples; the last one is final.

        Raises: Refusal, when pictures are missing, the training diverges, or nothing can be written.
        """
        where = place(device)
        earlier = self._earlier()
        pictures = pool(self.source, self.image_size, self.seed)
        trainee = self.training.start(pictures.shape, len(pictures.class_names), self.seed).to(where)
        course = _Course(self, trainee, pictures, where)
        if earlier:
            course.resume(earlier)
        yield from course.run()

    def _earlier(self) -> dict[str, Any]:
        return kept.read(self.kept, self, _FIXED, _KEPT)


class _Course:
    """One training under way."""

    def __init__(self, asked: Pretraining, trainee: Trainee, pictures: Pool, where: torch.device) -> None:
        self._asked, self._trainee, self._pictures, self._where = asked, trainee, pictures, where
        self._step = self._kept = self._index = 0
        self._seconds, self._begun = 0.0, time.perf_counter()
        self._history: dict[str, list[float]] = {}  # the mean of each loss between two writings
        self._recent: dict[str, list[float]] = {}

    def resume(self, earlier: Mapping[str, Any]) -> None:
        """Go on from what was kept.

        Raises: Refusal, when another version of the program wrote it.
        """
        try:
            self._trainee.load(earlier["trainee"])
        except (KeyError, RuntimeError, ValueError, TypeError) as error:
            raise kept.broken(self._asked.kept) from error
        self._step = self._kept = earlier["step"]
        self._seconds, self._history = earlier["seconds"], earlier["history"]

    def run(self) -> Iterator[Frame]:
        """Yield frames until all steps are done."""
        asked, said = self._asked, time.perf_counter()
        yield self._frame(f"Goes on from step {self._step}." if self._step else "")
        while self._step < asked.steps:
            self._learn()
            if self._step % asked.keep_every == 0 or self._step >= asked.steps:
                yield self._keep()
                said = time.perf_counter()
            elif time.perf_counter() - said >= _PAUSE:
                yield self._frame()
                said = time.perf_counter()
        if self._index == 1:  # there was nothing left to do: the card may still be another
            yield self._keep()

    def _learn(self) -> None:
        asked = self._asked
        images, labels = self._pictures.batch(asked.seed, self._step, asked.batch_size, flips=asked.flips)
        losses = self._trainee.step(images.to(self._where), labels.to(self._where))
        self._step += 1
        for name, loss in losses.items():
            if not isfinite(loss):
                raise Refusal(_GONE_ASTRAY.format(self._step, f"loss ({name})", self._kept))
            self._recent.setdefault(name, []).append(loss)

    def _keep(self) -> Frame:
        """Write all to the disk and return a frame with samples."""
        weights = self._trainee.weights()
        for name, part in weights.items():
            if not bool(part.isfinite().all()):
                raise Refusal(_GONE_ASTRAY.format(self._step, f"weight {name}", self._kept))
        means = {name: sum(losses) / len(losses) for name, losses in self._recent.items()}
        for name, mean in means.items():
            self._history.setdefault(name, []).append(mean)
        self._recent = {}
        asked, samples = self._asked, self._trainee.samples(_SHOWN)
        parts = {
            "step": self._step, "seconds": self._spent(), "history": self._history, "trainee": self._trainee.state(),
        }  # fmt: skip
        try:
            kept.write(asked.kept, asked, parts)
            shelf.write(asked.folder, asked.named, self._card(), weights, samples)
        except kept.FULL as error:
            raise Refusal(_NO_ROOM.format(asked.kept, str(error).splitlines()[0], self._kept)) from error
        self._kept = self._step
        return self._frame(f"Kept at step {self._step} in {asked.folder}.", pictures={"samples": shelf.grid(samples)})

    def _frame(self, note: str = "", pictures: Mapping[str, Any] | None = None) -> Frame:
        steps = self._asked.steps
        scalars = {"step": float(self._step), "steps": float(steps), "progress": min(1.0, self._step / steps)}
        scalars |= {name: losses[-1] for name, losses in self._recent.items()}
        scalars |= {name: means[-1] for name, means in self._history.items() if name not in scalars}
        series = {name: list(means) for name, means in self._history.items()}
        final = self._step >= steps and bool(pictures)
        index, self._index = self._index, self._index + 1
        return Frame(index, self._spent(), scalars, series, dict(pictures or {}), note, final)

    def _spent(self) -> float:
        return self._seconds + time.perf_counter() - self._begun

    def _card(self) -> shelf.Card:
        asked, pictures = self._asked, self._pictures
        channels, side, _ = pictures.shape
        return shelf.Card(
            kind=asked.training.kind, title=f"{asked.named} after {self._step} steps", side=side, channels=channels,
            classes=pictures.class_names, architecture=self._trainee.architecture(),
            data=f"{asked.data or pictures.title}: {len(pictures.images)} pictures",
            licence=asked.licence or "Not said.", steps=self._step, batch_size=asked.batch_size, seed=asked.seed,
            command=asked.command or "From the app.", seconds=round(self._spent(), 3), machine=_machine(self._where),
            loss={name: means[-1] for name, means in self._history.items()},
        )  # fmt: skip


def _machine(where: torch.device) -> str:
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    threads = torch.get_num_threads()
    return f"{threads} of {os.cpu_count()} CPU cores"
