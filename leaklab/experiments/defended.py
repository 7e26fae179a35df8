"""Defended: what a chain of defences makes of an update, and how far a plain and an adaptive attack get past it."""

from collections.abc import Iterator
from typing import Literal

import torch

from leaklab.attacks.matching.adapting import Adapt
from leaklab.attacks.matching.priors import TotalVariation
from leaklab.attacks.matching.spaces import Pixels
from leaklab.attacks.recipes import IDLG_ROW
from leaklab.experiments.devices import place
from leaklab.experiments.frame import Frame
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.ledger import Ledger
from leaklab.experiments.promise import promise
from leaklab.experiments.protections import spoken
from leaklab.experiments.scenario import Played, Scenario
from leaklab.experiments.sent import Sent, made_out, sent, without_dice
from leaklab.experiments.viewpoints import Look
from leaklab.federation.rounds import Federation
from leaklab.images.source import Photos, Source
from leaklab.protocol.defences import Defence
from leaklab.settings import Refusal, Settings, knob

_NO_DEFENCE = "without a defence there is nothing to adapt to, so it is the plain attack."
_FIXED = "this attack has no way to adapt, so it is the plain one."
_NOTHING_SEEN = "the attacker makes out no defence, so it attacks as the plain one does."
_MADE_OUT = "The adaptive attacker makes out {}."

_STRONG_PRIOR = IDLG_ROW.stages[0].model_copy(
    update={"priors": (TotalVariation(weight=0.1),), "space": Pixels(scale=0.1), "iterations": 40}
)

UNDEFENDED = Inversion(
    scenario=Scenario(source=Photos(names=("astronaut",)), federation=Federation(defences=())),
    recipe=IDLG_ROW.model_copy(update={"stages": (_STRONG_PRIOR,)}),
)


class Defended(Settings):
    """A defence by what is left of the update, and by what two attackers make of it: one knows of defences."""

    kind: Literal["defended"] = "defended"
    inversion: Inversion = UNDEFENDED
    adaptive: Adapt = knob(
        "estimated", title="Attacker who adapts",
        help="Whether a second attack reckons with the defences: those it is told of, or those it makes out.",
    )  # fmt: skip
    delta: float = knob(
        1e-5, low=1e-12, high=0.5, log=True, title="δ", symbol="δ of (ε, δ)", level="advanced",
        help="The chance that a guarantee may be broken; it should be well below one in the number of those protected.",
    )  # fmt: skip

    @property
    def source(self) -> Source:
        """Where the private photographs come from."""
        return self.inversion.source

    @property
    def chain(self) -> tuple[Defence, ...]:
        """The defences, in order."""
        return self.inversion.scenario.federation.defences

    @property
    def title(self) -> str:
        """A run's name for a list."""
        inversion = self.inversion
        return f"{inversion.recipe.name} against {spoken(self.chain)}, {inversion.scenario.network.row.title}"

    def under(self, defences: tuple[Defence, ...]) -> "Defended":
        """Return the same with other defences."""
        return self.model_copy(update={"inversion": _under(self.inversion, defences)})

    def run(self, device: str = "auto") -> Iterator[Frame]:
        """Yield the frames of the plain attack and then of the adaptive one; the last one is final and sums up.

        Raises: Refusal, when the scenario cannot be played, or no attack can be carried out.
        """
        ledger, attacks = self._prepared(device)
        if not attacks:
            yield ledger.nothing()
            return
        told = self.inversion.scenario.threat.labels
        looks = [Look(name, attack.run(device), told=told) for name, attack in attacks.items()]
        while waiting := [look for look in looks if not look.over]:
            waiting[0].advance()
            over = all(look.over for look in looks)
            if over and not any(look.frame for look in looks):
                raise Refusal(" ".join(dict.fromkeys(look.reason for look in looks)))
            if over or not waiting[0].reason:
                yield ledger.frame(looks, final=over)

    def _prepared(self, device: str) -> tuple[Ledger, dict[str, Inversion]]:
        """Play the round, and return what is known of it beside the attacks that differ; none where nothing is sent."""
        inversion, played = self.inversion, _played(self.inversion, device)
        found = self._sent(played, device)
        promised = promise(inversion.scenario.federation, played, self.delta)
        if found.is_zero:
            return Ledger(played, found, promised), {}
        attacks, same = {"plain": _adapting(inversion, "no")}, self._same(played)
        if not same and self.adaptive != "no":
            attacks["adaptive"] = self._adaptive
        seen = made_out(played.exchanges[0][0]) if "adaptive" in attacks and self.adaptive == "estimated" else ""
        remarks = [_MADE_OUT.format(seen)] if seen else []
        return Ledger(played, found, promised, inversion.recipe.iterations * len(attacks), same, remarks), attacks

    def _sent(self, played: Played, device: str) -> Sent:
        """Return what is sent beside what would be; masks are no part of the chain, and are left out of both."""
        inversion = self.inversion
        if inversion.scenario.federation.secure_aggregation:
            inversion = inversion.changed(("scenario", "federation", "secure_aggregation"), False)
            played = _played(inversion, device)
        undefended = _played(_under(inversion, without_dice(self.chain)), device)
        return sent(inversion.scenario, played, undefended)

    @property
    def _adaptive(self) -> Inversion:
        """The attack that reckons with the defences, and is told of them where it does not make them out."""
        attack = _adapting(self.inversion, self.adaptive)
        return attack.changed(("scenario", "threat", "defences"), True) if self.adaptive == "told" else attack

    def _same(self, played: Played) -> str:
        """Return why an adaptive attack would do what the plain one does; empty where it is another, or none."""
        if self.adaptive == "no":
            return ""
        if not self.chain:
            return _NO_DEFENCE
        if not any("adapt" in type(stage).model_fields for stage in self.inversion.recipe.stages):
            return _FIXED
        if self.adaptive == "estimated" and not any(made_out(seen) for seen, _ in played.exchanges):
            return _NOTHING_SEEN
        return ""


def _under(inversion: Inversion, defences: tuple[Defence, ...]) -> Inversion:
    federation = inversion.scenario.federation.model_copy(update={"defences": defences})
    scenario = inversion.scenario.model_copy(update={"federation": federation})
    return inversion.model_copy(update={"scenario": scenario})


def _adapting(inversion: Inversion, how: Adapt) -> Inversion:
    """Return the same attack, every stage of which that can adapts in one way."""
    stages = tuple(
        stage.model_copy(update={"adapt": how}) if "adapt" in type(stage).model_fields else stage
        for stage in inversion.recipe.stages
    )
    recipe = inversion.recipe.model_copy(update={"stages": stages})
    return inversion.model_copy(update={"recipe": recipe})


def _played(inversion: Inversion, device: str) -> Played:
    return inversion.scenario.play(inversion.seed, device=place(device), dtype=getattr(torch, inversion.precision))
