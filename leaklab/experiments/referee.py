"""The referee: the only one who holds guesses and truth at once, to keep score and never to choose."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.attacks.snapshot import Snapshot
from leaklab.evaluation.baselines import baselines
from leaklab.evaluation.retrieval import ranks
from leaklab.evaluation.scores import Scores, score
from leaklab.evaluation.verdict import restarts_recovered, sentence, verdict
from leaklab.experiments.frame import Frame
from leaklab.experiments.scenario import Played
from leaklab.protocol.updates import Update

METRICS = ("mse", "psnr", "ssim", "cosine")


class Referee:
    """Scores the best guess of every attack of one scenario and turns it into frames."""

    def __init__(self, played: Played, iterations: int) -> None:
        self.secrets = [secret for _, secret in played.exchanges]
        self.truth = [secret.images.detach().float().cpu() for secret in self.secrets]
        self.alike = played.others if played.alike is None else played.alike
        self.sent = [_length(observation.update) for observation, _ in played.exchanges]
        self.told = any(observation.labels is not None for observation, _ in played.exchanges)
        self.warnings = played.warnings
        self.iterations = iterations * len(self.secrets)
        self.latest: dict[int, Snapshot] = {}
        self.scores: dict[int, Scores] = {}
        self.tiles: dict[int, np.ndarray] = {}
        self.remarks: dict[str, None] = {}  # in the order in which they were first made
        whole = torch.cat(self.truth)
        generator = torch.Generator().manual_seed(0)  # the evaluation's own dice
        self.bars = baselines(whole, played.others, generator)

    @property
    def complete(self) -> bool:
        """Whether every attack has made its first guess, so that a frame says something of every image."""
        return len(self.scores) == len(self.secrets)

    def see(self, attack: int, snapshot: Snapshot, *, perceptual: bool = False) -> None:
        """Keep an attack's newest guess, and score the restart with the lowest loss."""
        best, truth = snapshot.best, self.truth[attack]
        images = snapshot.images[best].detach().float().cpu()
        labels = snapshot.labels[best].argmax(1).cpu()
        true_labels = self.secrets[attack].labels.cpu()
        self.latest[attack] = snapshot
        self.remarks |= {snapshot.remark: None} if snapshot.remark else {}
        scores = score(images, truth, labels=labels, true_labels=true_labels, perceptual=perceptual)
        self.scores[attack] = scores
        self.tiles[attack] = tiles(images[scores.assignment])

    def frame(self, index: int, seconds: float, *, note: str = "", final: bool = False) -> Frame:
        """Return the present state of all attacks as a frame."""
        pictures = {"reconstruction": np.concatenate([self.tiles[attack] for attack in sorted(self.tiles)], 1)}
        if index == 0:
            pictures["truth"] = np.concatenate([tiles(truth) for truth in self.truth], 1)
            note = "\n".join(self.warnings)
        series = self._series() | ({f"baseline.{name}": bar.tolist() for name, bar in self.bars.items()})
        return Frame(index, seconds, self._scalars(), series, pictures, note, final)

    def closing(self, index: int, seconds: float) -> Frame:
        """Return the last frame, with FSIM, LPIPS where it can be had, the restarts that succeeded, and the verdict."""
        for attack, snapshot in sorted(self.latest.items()):
            self.see(attack, snapshot, perceptual=True)
        right = None  # labels that were told are no success of the attack
        if not self.told:
            right = torch.cat([(s.labels_recovered == s.labels_true).float() for s in self._scored()])
        values = torch.cat([s.values["psnr"] for s in self._scored()])
        told = sentence(verdict(values, self.bars, right), seconds)
        reached = {f"restarts.{attack}": self.restarts(attack) for attack in sorted(self.latest)}
        restarts = torch.cat(list(reached.values()))
        if len(restarts) > len(self.latest):
            told += f" {restarts_recovered(restarts)}."
        reasons = {s.lpips_reason for s in self._scored() if s.lpips_reason}
        last = self.frame(index, seconds, note="\n".join([told, *sorted(reasons), *self.remarks]), final=True)
        series = last.series | self._matched() | {name: values.tolist() for name, values in reached.items()}
        return replace(last, scalars=last.scalars | self._facts(), series=series)

    def restarts(self, attack: int) -> Float[Tensor, "r"]:
        """Return the mean PSNR of every restart of one attack, after assignment, in dB."""
        images = self.latest[attack].images.detach().float().cpu()
        return torch.stack([score(guess, self.truth[attack]).values["psnr"].mean() for guess in images])

    def _facts(self) -> dict[str, float]:
        """Return what was sent, and how many of the attacks ended for which reason."""
        count = len(self.sent)
        found = {"sent.length": sum(length for length, _ in self.sent) / count, "sent.numbers": float(self.sent[0][1])}
        found["cuda"] = float(any(snapshot.images.is_cuda for snapshot in self.latest.values()))
        for snapshot in self.latest.values():
            name = f"ended.{snapshot.ended or 'used up'}"
            found[name] = found.get(name, 0.0) + 1
        return found

    def _matched(self) -> dict[str, list[float]]:
        """Return which guess of which attack is each photograph, and at which place it is picked out of ten."""
        found = {"guess": self._each(lambda scores: scores.assignment)}
        found["attack"] = [float(attack) for attack, truth in enumerate(self.truth) for _ in truth]
        shown = [self.latest[a].images[self.latest[a].best].detach().float().cpu() for a in sorted(self.latest)]
        guesses = torch.cat([images[s.assignment] for images, s in zip(shown, self._scored(), strict=True)])
        picked = ranks(guesses, torch.cat(self.truth), self.alike, torch.Generator().manual_seed(0))
        return found if picked is None else found | {"retrieval.rank": picked.double().tolist()}

    def _scored(self) -> list[Scores]:
        return [self.scores[attack] for attack in sorted(self.scores)]

    def _scalars(self) -> dict[str, float]:
        snapshots = self.latest.values()
        scalars = {
            "iteration": float(max((s.iteration for s in snapshots), default=0)),
            "iterations": float(self.iterations // len(self.secrets)),
            "progress": min(1.0, sum(s.iteration for s in snapshots) / self.iterations),
            "evaluations": float(sum(s.evaluations for s in snapshots)),
            "loss": float(sum(s.losses[s.best] for s in snapshots)),
        }
        for metric in (*METRICS, "fsim", "lpips"):
            known = [s.values[metric] for s in self._scored() if metric in s.values]
            if known:
                scalars[metric] = float(torch.cat(known).mean())
        scalars |= self._flattered()
        if self.scores:
            scalars["label_accuracy"] = sum(s.label_accuracy for s in self._scored()) / len(self.scores)
        return scalars

    def _flattered(self) -> dict[str, float]:
        """Return the scores of papers that let several reconstructions claim one photograph, once they are known."""
        found = [(scores.with_replacement, len(scores.assignment)) for scores in self._scored()]
        total = sum(count for _, count in found)
        shared = set.intersection(*(set(means) for means, _ in found)) if found else set()
        return {f"{name}_with_replacement": sum(m[name] * n for m, n in found) / total for name in sorted(shared)}

    def _series(self) -> dict[str, list[float]]:
        series: dict[str, list[float]] = {}
        for attack, snapshot in sorted(self.latest.items()):
            series[f"losses.{attack}"] = snapshot.losses.tolist()
            series |= {f"terms.{attack}.{name}": values.tolist() for name, values in snapshot.terms.items()}
            if attack == min(self.latest):  # every attack of a round solves the same layers
                series |= {
                    f"solve.{one.layer}": [one.unknowns, one.equations, one.rank, one.condition, one.residual]
                    for one in snapshot.solved
                }
        slow = ("fsim",) if all("fsim" in scores.values for scores in self._scored()) and self.complete else ()
        for metric in (*METRICS, *slow):
            series[metric] = self._each(lambda scores, metric=metric: scores.values[metric])
        series["label_true"] = [float(label) for secret in self.secrets for label in secret.labels]
        series["label_recovered"] = self._each(lambda scores: scores.labels_recovered)
        series["client"] = [float(client) for secret in self.secrets for client in secret.client]
        return series

    def _each(self, value: Callable[[Scores], Tensor]) -> list[float]:
        """Return a value of every photograph in order; not a number where its attack has not begun."""
        unknown = [torch.full((len(truth),), torch.nan) for truth in self.truth]
        known = [value(self.scores[a]) if a in self.scores else unknown[a] for a in range(len(self.truth))]
        return torch.cat([values.double() for values in known]).tolist()


def tiles(images: Float[Tensor, "n c h w"]) -> np.ndarray:
    """Return images side by side as bytes (h, n*w, 3); what is not a number becomes black."""
    shown = images.detach().nan_to_num(0).clamp(0, 1).mul(255).round().to(torch.uint8)
    shown = shown.expand(-1, 3, -1, -1) if shown.shape[1] == 1 else shown
    return np.concatenate(list(shown.permute(0, 2, 3, 1).numpy()), 1)


def _length(update: Update) -> tuple[float, int]:
    """Return the length of an update, and of how many numbers it is."""
    square = sum(float(tensor.detach().double().square().sum()) for tensor in update.values())
    return square**0.5, sum(tensor.numel() for tensor in update.values())
