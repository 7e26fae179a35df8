"""Gradient matching: find images whose update is the one that was seen. The one loop of the house is here."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional

from leaklab.attacks.matching import adapting
from leaklab.attacks.matching.adapting import Adapt, adapted, known
from leaklab.attacks.matching.distances import L2, Distance
from leaklab.attacks.matching.dummy_updates import DummyUpdate, FedSGD
from leaklab.attacks.matching.halving import Survivors
from leaklab.attacks.matching.objective import MATCHING, WORTH, Objective
from leaklab.attacks.matching.optimisers import CMAES, LBFGS, Optimiser
from leaklab.attacks.matching.priors import GroupConsistency, LatentKL, Penalty, Prior, Shift
from leaklab.attacks.matching.spaces import Pixels, Space
from leaklab.attacks.matching.spaces.bound import Bound
from leaklab.attacks.matching.unrolled import Unrolled
from leaklab.attacks.snapshot import Ended, Snapshot
from leaklab.protocol.convolution import quick
from leaklab.protocol.defended import Imitated
from leaklab.protocol.observation import Observation
from leaklab.protocol.training import Pass
from leaklab.settings import Settings, knob

_LOOK = 5  # iterations after which is reckoned how long it will go on
_LONG = 60.0  # seconds from which on it is worth compiling for later runs
_LOST = 20  # iterations without a loss that is a number, after which no restart is waited for any longer

_MEANT = {
    "latent": ("the latent numbers of a generator", "generator_latent"),
    "weights": ("the weights of a generator that are searched", "generator_weights"),
}
_NO_CODE = (
    "The prior '{}' is about {}, and the space '{}' has none: choose the space '{}', or set the prior's weight to 0."
)
_COUPLED = (
    "CMA-ES weighs every guess by itself, and the prior 'group_consistency' compares restarts: set its weight to 0, or "
    "choose the optimiser 'adam'."
)


class GradientMatching(Settings):
    """Distance and priors over a space, searched by an optimiser from several independent starts at once."""

    kind: Literal["gradient_matching"] = "gradient_matching"
    dummy_update: DummyUpdate = knob(
        FedSGD(), title="Dummy update", level="advanced",
        help="How the attacker imitates the client: one gradient, or the client's whole local training.",
    )  # fmt: skip
    distance: Distance = knob(
        L2(), level="advanced", help="How two updates are compared: by length and direction, or by direction alone."
    )
    adapt: Adapt = knob(
        "no", title="Adapts to defences", symbol="d(T(g), g*)", level="advanced",
        help="Whether the attacker sends its guess through the defences too: those it is told of, or those it makes "
        "out from what it sees.",
    )  # fmt: skip
    priors: tuple[Prior, ...] = ()
    space: Space = knob(
        Pixels(), title="What is searched", level="advanced",
        help="Every pixel by itself, a small picture that is enlarged, the weights of an untrained network, or what a "
        "generator draws from: its latent numbers, or its weights.",
    )  # fmt: skip
    optimiser: Optimiser = knob(LBFGS(), level="advanced", help="The method that moves the guess.")
    restarts: int = knob(
        1, low=1, high=16, symbol="r",
        help="Independent attempts from different noise, run together; the one with the lowest loss is kept.",
    )  # fmt: skip
    halving: int = knob(
        0, low=0, high=10_000, title="Halve restarts every", unit="iterations", level="advanced",
        help="Every so many iterations the half of the restarts with the higher loss is given up, until one is left; "
        "0 keeps all to the end.",
    )  # fmt: skip
    iterations: int = knob(
        300, low=1, high=50_000, log=True, help="How many steps the attack may take before it stops.",
    )  # fmt: skip

    rank_by: Literal["loss", "matching"] = knob(
        "loss", title="Best restart by", level="advanced",
        help="Whether restarts are told apart by the whole loss, or by how well the update is matched alone.",
    )  # fmt: skip
    enough: float = knob(
        1e-9, low=0, high=1e-2, log=True, title="Enough", symbol="loss ≤ ε·loss₀", level="advanced",
        help="Stop once the best restart's loss has fallen to this share of where it began or, after another stage, "
        "of what no guess at all would cost; 0 goes on to the end.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this stage from working, as sentences."""
        untold = self.dummy_update.missing(observation)
        return [
            *untold,
            *adapting.missing(observation, self.adapt),
            *([] if untold else self._crowded(observation)),
            *(unsuited := self.space.missing(self._searched(observation), restarts=self.restarts)),
            *([] if untold or unsuited else self._overcrowded(observation)),
            *self._pointless(),
            *(line for prior in self.priors if prior.weight > 0 for line in prior.missing(observation)),
        ]

    def faded(self, times: float) -> "GradientMatching":
        """Return the same with steps so many times as long."""
        return self.model_copy(update={"optimiser": self.optimiser.faded(times)})

    def bind(self, observation: Observation, labels: Int[Tensor, "n"] | None) -> Objective:
        """Return the objective of this stage; `labels` None leaves them open."""
        certain = None
        if labels is not None:
            like = observation.like
            certain = functional.one_hot(labels.to(like.device), observation.num_classes).to(like)
        dummy_update, defences = self.dummy_update, known(observation, self.adapt)
        space = self.space.bind(self._searched(observation))
        memory = self._unrolled(observation)
        plain = Pass(quick(observation.network), observation.buffers, recompute=memory.recompute)
        forward = Imitated.of(plain, defences, observation.update)
        return Objective(
            observation, dummy_update.bind(observation, forward),
            adapted(self.distance, observation.update, defences), self._penalties(observation),
            space, certain,
            ranked_by=MATCHING if self.rank_by == "matching" else "",
            copies=dummy_update.copies(observation), together=memory.together if memory.together < self.restarts else 0,
            fitting=self._fitting(observation, space), long=self._pays,
            merge=lambda images: dummy_update.merged(images, observation),
        )  # fmt: skip

    @property
    def _pays(self) -> bool:
        evaluations = self.optimiser.evaluations(self.iterations)
        return evaluations is None or evaluations > WORTH

    def _searched(self, observation: Observation) -> Observation:
        """Return the observation as a space takes it: of as many images as are searched."""
        return replace(observation, num_images=self.dummy_update.copies(observation) * observation.num_images)

    def _unrolled(self, observation: Observation) -> Unrolled:
        steps = [len(batch) for batch in self.dummy_update.batches(observation)]
        return Unrolled(observation, steps, self.restarts, apart=not self._coupled)

    def _crowded(self, observation: Observation) -> list[str]:
        return self._unrolled(observation).crowded()

    def _fitting(self, observation: Observation, space: Bound) -> int:
        return 0 if self._coupled else self._unrolled(observation).fitting(space.maps)

    def _overcrowded(self, observation: Observation) -> list[str]:
        """Return what keeps whole populations from being weighed, as sentences."""
        if not isinstance(self.optimiser, CMAES) or not observation.update:  # of an outline no numbers are known
            return []
        space = self.space.bind(self._searched(observation))
        numbers = len(space.start(torch.Generator()))
        together = [_COUPLED] if self._coupled else []
        return together + self.optimiser.missing(numbers, self._fitting(observation, space))

    def _pointless(self) -> list[str]:
        """Return a sentence for each prior about a code that what is searched does not hold."""
        holds = getattr(self.space, "holds", ())
        about = [prior for prior in self.priors if isinstance(prior, LatentKL | Shift) and prior.weight > 0]
        return [
            _NO_CODE.format(prior.kind, meant, self.space.kind, space)
            for prior in about
            for meant, space in [_MEANT[prior.about]]
            if prior.about not in holds
        ]

    @property
    def _coupled(self) -> bool:
        return any(isinstance(prior, GroupConsistency) and prior.weight > 0 for prior in self.priors)

    def _penalties(self, observation: Observation) -> dict[str, tuple[float, Penalty]]:
        found: dict[str, tuple[float, Penalty]] = {}
        for prior in self.priors:
            if prior.weight > 0:
                same = sum(name.startswith(prior.kind) for name in found)
                name = f"{prior.kind} {same + 1}" if same else prior.kind
                found[name] = (prior.weight, prior.bind(observation))
        return found

    def invert(
        self,
        observation: Observation,
        labels: Int[Tensor, "n"] | None,
        *,
        seed: int,
        stage: int = 0,
        previous: Snapshot | None = None,
    ) -> Iterator[Snapshot]:
        """Yield the guesses after the start (iteration 0) and after every iteration.

        It ends early when no restart can move any further, or when the best one's loss is low enough.
        """
        objective = self.bind(observation, labels)
        if previous:
            objective, start = objective.resumed(previous)
        else:
            start = objective.start(self.restarts, seed)
        code = objective.project(start)
        state = self.optimiser.start(code, objective, self.iterations, seed)
        goal, began = self.enough * objective.scale(state.losses, fresh=previous is None), time.monotonic()
        first = objective.snapshot(code, stage=stage, iteration=0, state=state)
        yield replace(first, remark=objective.space.remark)
        if previous is not None and float(state.losses.min()) <= goal:
            yield replace(first, iteration=1, settled=True, ended="enough")  # an earlier stage has left nothing to mend
            return
        going, lost = Survivors.all(first), 0
        for iteration in range(1, self.iterations + 1):
            code, state = self.optimiser.step(code, state, objective)
            lowest = float(state.losses.min())
            lost = 0 if math.isfinite(lowest) else lost + 1
            ended = _ended(state.settled, lowest <= goal, lost)
            settled = bool(ended)
            found = objective.snapshot(code, stage=stage, iteration=iteration, state=state, settled=settled)
            snapshot = replace(going.whole(found), ended=ended)
            if iteration == _LOOK and self._long(time.monotonic() - began):
                # of halved restarts, the one that is left takes most of the time
                snapshot = replace(snapshot, remark=objective.order(code[:1] if self.halving else code))
            yield snapshot
            if settled:
                return
            if self.halving and iteration % self.halving == 0 and len(code) > 1:
                rows, going = going.halved(snapshot)
                code, state = code[rows], state.kept(rows)

    def _long(self, seconds: float) -> bool:
        """Return whether a search that took so many seconds until it was looked at will go on for long, traced."""
        return self._pays and seconds / _LOOK * (self.iterations - _LOOK) > _LONG


def _ended(settled: bool, enough: bool, lost: int) -> Ended:
    """Return why a search stops here, after so many iterations in which no restart had a loss; empty to go on."""
    if enough:
        return "enough"
    if settled:
        return "diverged" if lost else "stuck"
    return "diverged" if lost >= _LOST else ""
