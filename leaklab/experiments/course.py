"""Course: one client's walk, and the walks on which several attacks would send it, moment by moment."""

import math

from leaklab.attacks.matching.objective import Objective
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.snapshot import Snapshot
from leaklab.evaluation.scores import score
from leaklab.experiments.frame import Frame
from leaklab.experiments.referee import tiles
from leaklab.experiments.walks import Walk, imagined, plane, taken
from leaklab.federation.rounds import Exchange
from leaklab.settings import Refusal

CLIENT = "client"
LINE = "_line"  # what the name of an attack ends in that is another one with the line

_STILL = (
    "The client's weights end where they began, and between two equal points there is no line: choose another seed or "
    "other photographs."
)
_ONE_EPOCH = "One epoch is a straight line in itself, so the line has nothing to correct."


class Course:
    """One client's walk, the plane it fixes, and the newest guess of every attack on it.

    Raises: Refusal, when the client never leaves its first weights.
    """

    def __init__(self, exchange: Exchange, recipes: dict[str, Recipe]) -> None:
        self.exchange, self.recipes = exchange, recipes
        self.truth = exchange[1].images.detach().float().cpu()
        self.client = taken(exchange)
        if not float(self.client.chord.norm()):
            raise Refusal(_STILL)
        self.plane = plane(self.client.chord, self.client)
        self.objectives = {name: self._objective(recipe) for name, recipe in recipes.items()}
        self.latest: dict[str, Snapshot] = {}

    def _objective(self, recipe: Recipe) -> Objective:
        observation, _ = self.exchange
        return recipe.stages[0].bind(observation, recipe.labels.recover(observation))

    @property
    def iteration(self) -> int:
        """The iteration that the attacks have reached."""
        return max((snapshot.iteration for snapshot in self.latest.values()), default=0)

    def opening(self, seconds: float, note: str) -> Frame:
        """Return the first frame: the client's path alone, and its photographs."""
        walks = {CLIENT: self.client}
        return Frame(0, seconds, self._scalars(walks), self._series(walks), {"truth": tiles(self.truth)}, note)

    def frame(self, index: int, seconds: float, *, final: bool = False) -> Frame:
        """Return all paths as they are now; the final one says in words how they compare."""
        observation, _ = self.exchange
        found = {
            name: imagined(observation, self.recipes[name].stages[0], self.objectives[name], snapshot)
            for name, snapshot in self.latest.items()
        }
        if not self.plane.across.any():  # a client that goes straight leaves the second axis to the first that does not
            self.plane = plane(self.client.chord, *found.values())
        walks = {CLIENT: self.client} | found
        scalars, pictures = self._scalars(walks), {}
        for name, snapshot in self.latest.items():
            images = snapshot.images[snapshot.best].detach().float().cpu()
            scores = score(images, self.truth)
            pictures[f"reconstruction.{name}"] = tiles(images[scores.assignment])
            scalars[f"psnr.{name}"] = float(scores.values["psnr"].mean())
            scalars[f"loss.{name}"] = float(snapshot.losses[snapshot.best])
            scalars[f"apart.{name}"] = found[name].apart(self.client)
        note = self._told(scalars) if final else ""
        return Frame(index, seconds, scalars, self._series(walks), pictures, note, final)

    def _scalars(self, walks: dict[str, Walk]) -> dict[str, float]:
        chord, iterations = self.client.chord, next(iter(self.recipes.values())).iterations
        scalars = {
            "iteration": float(self.iteration), "iterations": float(iterations),
            "progress": self.iteration / iterations, "chord": float(chord.norm()),
        }  # fmt: skip
        for name, walk in walks.items():
            scalars[f"straightness.{name}"] = walk.turned(chord)
            scalars[f"unseen.{name}"] = self.plane.unseen(walk)
        return scalars

    def _series(self, walks: dict[str, Walk]) -> dict[str, list[float]]:
        series: dict[str, list[float]] = {}
        for name, walk in walks.items():
            along, across = self.plane.seen(walk)
            series |= {f"path.{name}.x": along, f"path.{name}.y": across, f"ends.{name}": walk.ends}
        return series

    def _told(self, scalars: dict[str, float]) -> str:
        """Return in words which attack came closest to the client's path, and what that means for the line."""
        away = {name: scalars[f"apart.{name}"] for name in self.latest}
        near = sorted((name for name in away if math.isfinite(away[name])), key=away.__getitem__)
        ranked = ", ".join(f"{self.recipes[name].name} {away[name]:.2f}" for name in near)
        sentences = [f"Distance from the client's path, in lengths of the chord: {ranked}."] if near else []
        if self.client.epochs == 1:
            return "\n".join([*sentences, _ONE_EPOCH])
        own = scalars[f"straightness.{CLIENT}"]
        degrees = math.degrees(math.acos(max(-1.0, 1 - own)))
        sentences.append(
            f"The client's own epochs leave the chord by {degrees:.0f}° (1 − cos {own:.3f}), where the line assumes 0°."
        )
        pairs = [name for name in self.recipes if {name, name + LINE} <= set(near)]
        return "\n".join([*sentences, *(self._with_line(name, scalars) for name in pairs)])

    def _with_line(self, name: str, scalars: dict[str, float]) -> str:
        """Return what the line did to one simulation: how straight it became, and whether its pictures gained."""
        before, after = scalars[f"straightness.{name}"], scalars[f"straightness.{name}{LINE}"]
        straighter = ", straighter than the client," if after < scalars[f"straightness.{CLIENT}"] else ""
        # Adding nothing takes the minus from a change of nothing.
        gained = round(scalars[f"psnr.{name}{LINE}"] - scalars[f"psnr.{name}"], 1) + 0.0
        return (
            f"{self.recipes[name].name}: the line took 1 − cos from {before:.3f} to {after:.3f}{straighter} and "
            f"changed PSNR by {f'{gained:+.1f}'.replace('-', '−')} dB."
        )
