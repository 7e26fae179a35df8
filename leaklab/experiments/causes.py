"""Causes: why an attack may have failed, the likeliest first, each with what speaks for it and a setting without it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from torch import nn

from leaklab.attacks.recipes import RECIPES
from leaklab.experiments import remedies
from leaklab.experiments.aftermath import Aftermath
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.protections import PROTECTIONS
from leaklab.protocol.defences.noise import GaussianNoise, LaplaceNoise
from leaklab.settings import Refusal

_HEARD = 0.01  # of the gradient's length, below which noise hides little
_FALLING = 0.5  # of the loss then, below which it still falls
_FEW = 5  # times as many iterations in the table: too few were allowed, whatever the start
_SPREAD = 10.0  # times the lowest loss of a restart: the starts led to different valleys
_OFF = {  # the strengths at which defences do nothing
    one.part.model_fields["kind"].default: one.off for one in PROTECTIONS.values() if one.off is not None
}  # fmt: skip

Facts = dict[str, str | float]


@dataclass(frozen=True)
class Cause:
    """What likely went wrong, by its key in assets/causes.toml; what speaks for it; the experiment without it."""

    key: str
    facts: Facts = field(default_factory=dict)
    without: Inversion | None = None  # None where there is no such setting


def causes(inversion: Inversion, frames: Sequence[Frame]) -> list[Cause]:
    """Return what likely kept photographs from coming back, the likeliest first; nothing where all of them did."""
    if not frames or not frames[-1].final:
        return []
    run = Aftermath(inversion, frames)
    if run.verdict.recovered == run.verdict.total:
        return []
    found = [cause for suspect in _SUSPECTS for cause in suspect(run)]
    return [Cause(cause.key, cause.facts, _possible(inversion, cause.without)) for cause in found]


def _possible(inversion: Inversion, without: Inversion | None) -> Inversion | None:
    """Return the experiment if it is another one and can be carried out."""
    if without is None or without == inversion:
        return None
    try:
        missing = without.recipe.missing(without.scenario.outline())
    except Refusal:
        return None
    return None if missing else without


def _mistakes(run: Aftermath) -> Iterator[Cause]:
    federation, given = run.federation, run.inversion
    several = federation.clients > 1
    if federation.secure_aggregation and several and not run.averaged:
        yield Cause("masked", {"clients": federation.clients}, remedies.federated(given, "secure_aggregation", False))
    if federation.step_first:
        yield Cause("stepped", {"rate": federation.step_rate}, remedies.federated(given, "step_first", False))
    if federation.normalise and run.averaged:
        yield Cause("normalised", {"clients": federation.clients}, remedies.federated(given, "normalise", False))
    if run.ended == {"diverged"}:
        yield Cause("diverged", {"restarts": len(run.losses)}, remedies.more_starts(given))


def _noise(run: Aftermath) -> Iterator[Cause]:
    if run.noise and run.noise[0] > _HEARD * run.noise[1]:
        noise, signal = run.noise
        key = "drowned" if noise > signal else "noise"
        yield Cause(key, {"noise": noise, "signal": signal}, remedies.undefended(run.inversion, noise_only=True))


def _defence(run: Aftermath) -> Iterator[Cause]:
    named = [
        type(one).__name__ if (row := _row(one)) is None else row
        for one in run.federation.defences
        if not isinstance(one, GaussianNoise | LaplaceNoise) and getattr(one, one.strength, None) != _OFF.get(one.kind)
    ]
    if named:
        adapts = any(stage.adapt != "no" for stage in run.searches)
        said = "imitates it as far as it can" if adapts else "does not imitate it"
        yield Cause("defence", {"defences": ", ".join(named), "adapts": said}, remedies.undefended(run.inversion))


def _row(defence: object) -> str | None:
    return next((row.title for row in PROTECTIONS.values() if row.part is type(defence)), None)


def _steps(run: Aftermath) -> Iterator[Cause]:
    steps = run.federation.schedule.steps(run.federation.images_per_client)
    naive = [s.dummy_update.kind for s in run.searches if s.dummy_update.kind in ("fedsgd", "averaged_gradient")]
    if steps > 1 and (naive or not run.searches):
        dummy = naive[0] if naive else "one gradient"
        yield Cause("steps", {"steps": steps, "dummy": dummy}, remedies.single_step(run.inversion))


def _average(run: Aftermath) -> Iterator[Cause]:
    if run.averaged:
        facts = {"clients": run.federation.clients, "photographs": run.photographs}
        yield Cause("averaged", facts, remedies.by_client(run.inversion))


def _labels(run: Aftermath) -> Iterator[Cause]:
    if run.repeated:
        facts = {"repeated": run.repeated, "photographs": run.photographs}
        yield Cause("repeated", facts, remedies.distinct_labels(run.inversion))
    told = run.inversion.scenario.threat.labels
    if run.wrong and not told and run.inversion.recipe.labels.kind != "jointly":
        facts = {"wrong": run.wrong, "photographs": run.photographs}
        yield Cause("mislabelled", facts, remedies.told_labels(run.inversion))


def _unknowns(run: Aftermath) -> Iterator[Cause]:
    scenario, numbers = run.inversion.scenario, run.last.scalars.get("sent.numbers", math.inf)
    unknowns = run.behind * (1 if scenario.source.grey else 3) * scenario.image_size**2
    if numbers < unknowns and run.searches:
        yield Cause("crowded", {"numbers": int(numbers), "unknowns": unknowns}, remedies.single(run.inversion))
    for name, values in run.last.series.items():
        if name.startswith("solve.") and values[2] < values[0] and not run.searches:
            facts = {"layer": name.removeprefix("solve."), "rank": int(values[2]), "unknowns": int(values[0])}
            yield Cause("singular", facts, remedies.solvable(run.inversion))
            return


def _network(run: Aftermath) -> Iterator[Cause]:
    scenario = run.inversion.scenario
    title = scenario.network.row.title
    shape = (1 if scenario.source.grey else 3, scenario.image_size, scenario.image_size)
    parts = list(scenario.network.skeleton(shape, scenario.classes).modules())
    kinks = [
        name
        for kind, name in ((nn.ReLU | nn.ReLU6, "ReLUs"), (nn.MaxPool2d, "max pooling"))
        if any(isinstance(part, kind) for part in parts)
    ]
    if kinks and run.searches:
        layers = sum(isinstance(part, nn.Conv2d | nn.Linear) for part in parts)
        facts = {"title": title, "kinks": " and ".join(kinks), "layers": layers}
        yield Cause("network", facts, remedies.smooth_network(run.inversion))
    if scenario.network.pretrained:
        yield Cause("trained", {"title": title}, remedies.fresh(run.inversion))


def _search(run: Aftermath) -> Iterator[Cause]:
    if not run.searches:
        return
    yield from _hurried(run) if _short(run) else _start(run)
    yield from _start(run) if _short(run) else _hurried(run)
    if run.behind > 1 and not run.averaged and not run.repeated:
        yield Cause("blended", {"photographs": run.behind}, remedies.single(run.inversion))
    if run.wrong and not run.inversion.scenario.threat.labels and run.inversion.recipe.labels.kind == "jointly":
        facts = {"wrong": run.wrong, "photographs": run.photographs}
        yield Cause("unlabelled", facts, remedies.told_labels(run.inversion))


def _published(run: Aftermath) -> int:
    """Return how many iterations the recipe has in the table; 0 for one that is not there."""
    key = run.inversion.recipe.key
    return RECIPES[key].iterations if key in RECIPES else 0


def _short(run: Aftermath) -> bool:
    """Whether the search had clearly too little time."""
    return run.fallen < _FALLING or _published(run) > _FEW * run.inversion.recipe.iterations


def _hurried(run: Aftermath) -> Iterator[Cause]:
    asked, published = run.inversion.recipe.iterations, _published(run)
    pace = f"in the last third of them the loss still fell to {run.fallen:.0%} of what it was"
    if run.fallen >= _FALLING:
        pace = f"the published attack takes {published:,}"
    if "used up" in run.ended and (run.fallen < _FALLING or published > 2 * asked):
        more = remedies.longer(run.inversion)
        yield Cause("hurried", {"iterations": asked, "pace": pace, "more": more.recipe.iterations}, more)


def _start(run: Aftermath) -> Iterator[Cause]:
    more = remedies.more_starts(run.inversion)
    count = more.recipe.stages[0].restarts if run.searches[0] is run.inversion.recipe.stages[0] else 0
    said = "There was a single start."
    if len(run.losses) > 1:
        said = f"The losses of {len(run.losses)} starts ended between {min(run.losses):.2g} and {max(run.losses):.2g}."
    if count and (len(run.losses) == 1 or run.spread > _SPREAD):
        yield Cause("start", {"spread": said, "more": count}, more)


_SUSPECTS: tuple[Callable[[Aftermath], Iterator[Cause]], ...] = (
    _mistakes, _noise, _defence, _steps, _average, _labels, _unknowns, _network, _search,
)  # fmt: skip
