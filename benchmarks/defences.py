"""Defences: what comes back through each of them, to an attack that ignores them and to one that makes them out.

LeNet, photographs of the album, one at a time, by the attack with which the page Defences begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.kept import Kept
from benchmarks.table import Row
from leaklab.attacks.matching.distances import Cosine
from leaklab.attacks.matching.priors import TotalVariation
from leaklab.experiments.defended import UNDEFENDED, Defended
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.protections import PROTECTIONS
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.images.source import Photos
from leaklab.protocol.defences import Defence

PHOTOGRAPHS = (
    "astronaut", "cat", "coffee", "rocket", "motorcycle", "flower", "china", "face-01", "face-02", "face-03",
)  # fmt: skip
ENOUGH = 25.0  # dB, which an adaptive attack is to reach and a plain one is not
SOME = 5  # photographs where nothing is decided


@dataclass(frozen=True)
class Case:
    """A protection at one strength, and whether the issue is decided by it."""

    key: str
    strength: float
    decides: bool = False

    @property
    def title(self) -> str:
        """What this is."""
        return f"{PROTECTIONS[self.key].title} at {self.strength:g} {PROTECTIONS[self.key].unit}"

    @property
    def defences(self) -> tuple[Defence, ...]:
        """The chain."""
        return PROTECTIONS[self.key].defences(self.strength)


CASES = (
    Case("soteria", 0.1, decides=True), Case("soteria", 0.6, decides=True), Case("top-k", 0.5, decides=True),
    Case("random-k", 0.5, decides=True), Case("top-k", 0.9), Case("clip", 0), Case("dp-sgd", 0), Case("uniform", 6),
    Case("qsgd", 1024), Case("sign", 1), Case("precode", 1), Case("dropout", 0.3),
)  # fmt: skip


def rows(quick: bool) -> Iterator[Row]:
    """Yield PSNR and SSIM of both attacks by protection, what an attack by cosine survives, the noise, and the cost."""
    kept = Kept("defences", quick=quick)
    for case in CASES[:1] if quick else CASES:
        names = _photographs(quick, all_of_them=case.decides)
        yield from _both(case, [_attacked(kept, case, name, quick) for name in names])
    if not quick:
        for case in (Case("top-k", 0.5), Case("top-k", 0.9), Case("sign", 1)):
            found = [_by_cosine(kept, case, name) for name in _photographs(quick)]
            yield Row(f"{case.title}, attack by cosine: SSIM", tuple(ssim for _, ssim in found))
    yield from _noise(kept, quick)
    yield from _cost(kept, quick)


def _both(case: Case, found: list[list[float]]) -> Iterator[Row]:
    plain, adaptive = tuple(each[0] for each in found), tuple(each[2] for each in found)
    yield Row(
        f"{case.title}: plain", plain, "dB", by="highest" if case.decides else "median",
        at_most=ENOUGH if case.decides else None, note=f"SSIM {median(each[1] for each in found):.2f}",
    )  # fmt: skip
    yield Row(
        f"{case.title}: adaptive", adaptive, "dB", at_least=ENOUGH if case.decides else None,
        note=f"SSIM {median(each[3] for each in found):.2f}",
    )  # fmt: skip


def _noise(kept: Kept, quick: bool) -> Iterator[Row]:
    found = [_just_enough(kept, name, quick) for name in _photographs(quick)]
    yield Row("Noise at which SSIM falls below .2: σ", tuple(each[0] for each in found))
    yield Row("Noise at which SSIM falls below .2: ‖noise‖/‖signal‖", tuple(each[1] for each in found))


def _cost(kept: Kept, quick: bool) -> Iterator[Row]:
    asked = Utility(seeds=1) if quick else Utility()
    for key, strength in (("noise", 0.0),) if quick else (("noise", 0.0), ("dp-sgd", 1.0), ("soteria", 0.1)):
        federation = asked.scenario.federation.model_copy(
            update={"defences": PROTECTIONS[key].defences(strength)}
        )  # fmt: skip
        scenario = asked.scenario.model_copy(update={"federation": federation})
        utility = asked.model_copy(update={"scenario": scenario})
        found = [kept.measured(f"utility {key} {strength} {n}", lambda utility=utility, n=n: _trained(utility, n))
                 for n in range(1 if quick else 3)]  # fmt: skip
        title = f"Utility with {PROTECTIONS[key].title} {strength:g}" if strength else "Utility without a defence"
        yield Row(f"{title}: seconds", tuple(each[0] for each in found), "s", at_most=20)
        yield Row(f"{title}: accuracy", tuple(100 * each[1] for each in found), "%")


def _photographs(quick: bool, *, all_of_them: bool = False) -> tuple[str, ...]:
    count = 1 if quick else len(PHOTOGRAPHS) if all_of_them else SOME
    return tuple(PHOTOGRAPHS[number] for number in Kept.mine(range(count)))


def _of(name: str, chain: tuple[Defence, ...], quick: bool, *, by_cosine: bool = False) -> Defended:
    inversion = UNDEFENDED
    scenario = inversion.scenario
    federation = scenario.federation.model_copy(update={"defences": chain})
    scenario = scenario.model_copy(update={"source": Photos(names=(name,)), "federation": federation})
    changed: Inversion = inversion.model_copy(update={"scenario": scenario})
    stage = changed.recipe.stages[0]
    if by_cosine:
        stage = stage.model_copy(update={"distance": Cosine(), "priors": (TotalVariation(weight=1e-2),)})
    stage = stage.model_copy(update={"iterations": 3}) if quick else stage
    recipe = changed.recipe.model_copy(update={"stages": (stage,)})
    return Defended(
        inversion=changed.model_copy(update={"recipe": recipe}), adaptive="no" if by_cosine else "estimated"
    )  # fmt: skip


def _attacked(kept: Kept, case: Case, name: str, quick: bool) -> list[float]:
    """Return PSNR and SSIM of the plain attack, then of the adaptive one."""

    def measure() -> list[float]:
        *_, last = _of(name, case.defences, quick).run("cpu")
        found = last.scalars
        return [found["psnr"], found["ssim"], found["adaptive.psnr"], found["adaptive.ssim"]]

    return kept.measured(f"{case.title}, {name}", measure)


def _by_cosine(kept: Kept, case: Case, name: str) -> list[float]:
    def measure() -> list[float]:
        *_, last = _of(name, case.defences, False, by_cosine=True).run("cpu")
        return [last.scalars["psnr"], last.scalars["ssim"]]

    return kept.measured(f"cosine, {case.title}, {name}", measure)


def _just_enough(kept: Kept, name: str, quick: bool) -> list[float]:
    """Return the weakest noise that hides a photograph: its σ, and how much longer it is than the update."""

    def measure() -> list[float]:
        defended = _of(name, (), quick).model_copy(update={"adaptive": "no"})
        *_, last = Threshold(defended=defended, protection="noise").run("cpu")
        return [last.scalars["strength"], last.scalars["ratio"]]

    return kept.measured(f"threshold, {name}", measure)


def _trained(utility: Utility, number: int) -> list[float]:
    """Return the seconds of all seeds together, and the accuracy after the last round."""
    *_, last = utility.model_copy(update={"seed": utility.seed + 1000 * number}).run("cpu")
    return [last.seconds, last.scalars["accuracy"]]
