"""The objective of gradient matching: distance plus priors as a function of the code, and its gradient."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from jaxtyping import Float
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from leaklab.attacks.matching.distances import Measure
from leaklab.attacks.matching.dummy_updates import Simulate
from leaklab.attacks.matching.priors import Penalty
from leaklab.attacks.matching.programs import Program, kept, one_fake_mode
from leaklab.attacks.snapshot import Dummy, Snapshot
from leaklab.protocol.observation import Observation
from leaklab.settings import Refusal
from leaklab.waiting import awaited

MATCHING = "matching"
_NOT_FROM_IMAGES = (
    "A stage that searches an untrained network or a generator cannot start from images: let it come first, or after "
    "a stage that searches the latent numbers of the same generator."
)
_UNTRACED = 40  # evaluations before it is worth tracing, which takes as long as tracing saves in twice as many
WORTH = 3 * _UNTRACED  # evaluations a search must be about to take, or it is over before tracing has paid


class Searched(Protocol):
    """What an objective asks of a bound space."""

    def start(self, generator: torch.Generator) -> Float[Tensor, "d"]: ...

    def decode(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r n c h w"]: ...

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]: ...

    def codes(self, code: Float[Tensor, "r d"]) -> dict[str, Tensor]: ...

    def alone(self, codes: dict[str, Tensor]) -> bool: ...

    def resumed(
        self, codes: dict[str, Tensor], images: Float[Tensor, "r n c h w"]
    ) -> tuple["Searched", Float[Tensor, "r d"]] | None: ...


@dataclass(frozen=True)
class Evaluated:
    """What a code was found to stand for: kept, so that handing out a guess decodes and weighs nothing twice."""

    code: Float[Tensor, "r d"]
    images: Float[Tensor, "r n c h w"]
    labels: Float[Tensor, "r n k"]
    priors: dict[str, Float[Tensor, "r"]]


@dataclass(frozen=True)
class Objective:
    """What is bound once and never changes: the seen update, the parts, and the labels where they are known.

    A code holds the space's numbers and, where labels are open, their logits behind them.
    """

    observation: Observation
    simulate: Simulate
    distance: Measure
    penalties: dict[str, tuple[float, Penalty]]
    space: Searched
    labels: Float[Tensor, "n k"] | None  # class probabilities; None leaves them open
    ranked_by: str = ""  # the term by which restarts are ranked; empty takes the whole loss
    copies: int = 1  # sets of images that are searched, m = copies x n
    together: int = 0  # restarts that are evaluated at once, so that the memory suffices; 0 for all
    fitting: int = 0  # rows whose losses alone are evaluated at once, for the same reason; 0 for all
    long: bool = True  # whether so many evaluations are to come that tracing pays
    merge: Callable[[Float[Tensor, "r m c h w"]], Float[Tensor, "r n c h w"]] = lambda images: images
    _programs: dict[int, Program] = field(default_factory=dict)  # by number of rows; filled on first use
    _known: frozenset[str] = field(default_factory=kept)  # programs that are compiled when the search begins
    _met: dict[int, int] = field(default_factory=dict)  # by number of rows, how often they were evaluated
    _latest: list[Evaluated] = field(default_factory=list)  # at most one: what the last evaluation came to

    def start(self, restarts: int, seed: int) -> Float[Tensor, "r d"]:
        """Return a fresh code: restart k of seed s is restart 0 of seed s + k."""
        return torch.stack([self._start(seed + restart) for restart in range(restarts)]).to(self.observation.like)

    def resume(self, previous: Snapshot) -> Float[Tensor, "r d"]:
        """Return the code that stands for what an earlier stage has found, of a space that goes on as it is.

        Raises: Refusal, when this stage's space cannot start from that.
        """
        return self.resumed(previous)[1]

    def resumed(self, previous: Snapshot) -> tuple["Objective", Float[Tensor, "r d"]]:
        """Return the objective, and its code, that go on from what an earlier stage has found.

        Raises: Refusal, when this stage's space cannot start from that.
        """
        start = self._start(0)
        if not previous.codes and previous.code.shape[1] == len(start) and not self._codes(start[None]):
            return self, previous.code
        found = previous.winner if self.space.alone(previous.codes) else previous
        resumed = self.space.resumed(found.codes, found.images.repeat(1, self.copies, 1, 1, 1))
        if resumed is None:
            raise Refusal(_NOT_FROM_IMAGES)
        space, code = resumed
        fresh = replace(self, space=space, _programs={}, _met={}, _latest=[])
        logits = found.labels.clamp_min(torch.finfo(found.labels.dtype).tiny).log().flatten(1)
        return fresh, torch.cat([code, logits], 1) if self._open else code

    def _start(self, seed: int) -> Float[Tensor, "d"]:
        generator = torch.Generator().manual_seed(seed)
        pixels = self.space.start(generator)
        return torch.cat([pixels, torch.randn(self._open, generator=generator)]) if self._open else pixels

    @property
    def _open(self) -> int:
        return 0 if self.labels is not None else self.observation.num_images * self.observation.num_classes

    def split(self, code: Float[Tensor, "r d"]) -> tuple[Float[Tensor, "r m c h w"], Float[Tensor, "r m k"]]:
        """Return the images and class probabilities a code stands for; every set of images has the same labels."""
        images = self.space.decode(self._searched(code))
        shape = (self.observation.num_images, self.observation.num_classes)
        if self.labels is None:
            labels = code[:, code.shape[1] - self._open :].unflatten(1, shape).softmax(-1)
        else:
            labels = self.labels.expand(len(code), *shape)
        return images, labels.repeat(1, self.copies, 1) if self.copies > 1 else labels

    def _searched(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r s"]:
        return code[:, : code.shape[1] - self._open] if self._open else code

    def _codes(self, code: Float[Tensor, "r d"]) -> dict[str, Tensor]:
        return self.space.codes(self._searched(code))

    def project(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r d"]:
        """Return the code pushed back into what its space allows."""
        pixels = code.shape[1] - self._open
        return torch.cat([self.space.project(code[:, :pixels]), code[:, pixels:]], 1)

    def terms(self, code: Float[Tensor, "r d"]) -> dict[str, Float[Tensor, "r"]]:
        """Return the summands of the loss by name, weights included."""
        return self._weighed(code)[2]

    def _weighed(self, code):
        images, labels = self.split(code)
        dummy = Dummy(images, labels, code, self.simulate(images, labels), self._codes(code))
        return images, labels, {MATCHING: self.distance(dummy.update)} | self._priors(dummy)

    def _priors(self, dummy: Dummy) -> dict[str, Float[Tensor, "r"]]:
        return {name: weight * penalty(dummy) for name, (weight, penalty) in self.penalties.items()}

    def scale(self, losses: Float[Tensor, "r"], *, fresh: bool) -> float:
        """Return what a low loss is low beside: where a fresh search began, or else how far away sending nothing is."""
        if fresh:
            return float(losses.min())
        nothing = {name: torch.zeros_like(part)[None] for name, part in self.observation.update.items()}
        return float(self.distance(nothing)[0].nan_to_num(posinf=0.0))

    def losses(self, code: Float[Tensor, "r d"]) -> Float[Tensor, "r"]:
        """Return the loss of every row, for any number of rows; infinite where it is not a number."""
        parts = [sum(self.terms(part).values()) for part in awaited(code.split(self.fitting or len(code)))]
        return torch.cat(parts).nan_to_num(nan=torch.inf, posinf=torch.inf)

    def losses_and_gradient(self, code: Float[Tensor, "r d"]) -> tuple[Float[Tensor, "r"], Float[Tensor, "r d"]]:
        """Return loss and gradient of every row.

        After some evaluations of a long search the computation is traced, once a number of rows, and replayed from then
        on: the same operations on the same numbers, without the overhead of recording them each time; where an earlier
        run had it compiled, that is replayed. The change comes after a fixed number, so the same seed gives the same
        picture.
        """
        with torch.no_grad():
            parts = awaited(code.split(self.together or len(code)))
            losses, gradient, images, labels, priors = _joined([self._way(part)(part) for part in parts])
            self._latest[:] = [Evaluated(code, images, labels, priors)]
            return losses.nan_to_num(nan=torch.inf, posinf=torch.inf), gradient

    def _way(self, code: Float[Tensor, "r d"]) -> Callable:
        met = self._met[len(code)] = self._met.get(len(code), 0) + 1
        return self.program(code) if self.long and met > _UNTRACED else self._losses_and_gradient

    def program(self, code: Float[Tensor, "r d"]) -> Program:
        """Return the traced computation for as many rows, or its compiled form."""
        if len(code) not in self._programs:
            with torch.no_grad(), one_fake_mode():
                traced = make_fx(lambda code: self._losses_and_gradient(code))(code)
            self._programs[len(code)] = Program.of(traced, code, self._known)
        return self._programs[len(code)]

    def order(self, code: Float[Tensor, "r d"]) -> str:
        """Have what is evaluated compiled for later runs; return a sentence where that cannot be."""
        part = code[: self.together or len(code)]
        return self.program(part).order(part) if self._met else ""  # nothing to compile where no gradient is taken

    @property
    def remark(self) -> str:
        """What is to be said of how it is computed; empty where it is as always."""
        return next((program.remark for program in self._programs.values() if program.remark), "")

    def _losses_and_gradient(self, code):
        # The tape lets go of each step once it is differentiated; torch.func.grad keeps all for a further derivative.
        with torch.enable_grad():
            free = code.detach().requires_grad_()
            images, labels, terms = self._weighed(free)
            losses = sum(terms.values())
            [gradient] = torch.autograd.grad(losses.sum(), free)
        terms.pop(MATCHING)
        priors = {name: term.detach() for name, term in terms.items()}
        return losses.detach(), gradient, images.detach(), labels.detach(), priors

    def snapshot(
        self, code: Float[Tensor, "r d"], *, stage: int, iteration: int, state, settled: bool = False
    ) -> Snapshot:
        """Return the guesses of every restart as they are handed out."""
        found = self._evaluated(code)
        # What the priors leave of the loss is the matching term.
        terms = {MATCHING: state.losses - sum(found.priors.values())} | found.priors
        return Snapshot(
            stage=stage, iteration=iteration, evaluations=state.evaluations, losses=state.losses, terms=terms,
            images=self.merge(found.images), labels=found.labels[:, : self.observation.num_images], code=code,
            settled=settled, ranked_by=self.ranked_by, remark=self.remark, codes=self._codes(code),
        )  # fmt: skip

    def _evaluated(self, code: Float[Tensor, "r d"]) -> Evaluated:
        if self._latest and self._latest[0].code is code:
            return self._latest[0]
        with torch.no_grad():
            images, labels = self.split(code)
            path = self.simulate(images, labels) if self.penalties else ()
            return Evaluated(code, images, labels, self._priors(Dummy(images, labels, code, path, self._codes(code))))


def _joined(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the rows of several evaluations as those of one."""
    if len(parts) == 1:
        return parts[0]
    *tensors, priors = zip(*parts, strict=True)
    return *map(torch.cat, tensors), {name: torch.cat([each[name] for each in priors]) for name in priors[0]}
