"""The curious client: who is recovered from two global models, by how many clients there are and how they train.

The setting of Wilson et al. 2025 cut down to a processor: the same LeNet-5, 32 x 32 pixels, 4 images a client.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.attack import play
from benchmarks.kept import Kept
from benchmarks.table import Row
from leaklab.attacks.matching.dummy_updates import Clients, SuperClient
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import CURIOUS_CLIENT
from leaklab.evaluation.scores import score
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.partition import Even, Partition, Uneven
from leaklab.federation.rounds import Federation
from leaklab.images.collection import data_root
from leaklab.images.source import Photos, Source, TinyImageNet
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule

SEED, SEEDS = 1234, 5
RATE, FAST = 3e-3, 3e-2  # the two learning rates of the paper: at the second clients walk far enough to differ


@dataclass(frozen=True)
class Case:
    """How many clients there are, how they train, who holds how much, and how the attacker imitates them."""

    clients: int
    steps: int = 3
    rate: float = RATE
    partition: Partition = Even()
    upper: bool = False

    @property
    def title(self) -> str:
        """What this is."""
        shares = "" if isinstance(self.partition, Even) else ", uneven shares"
        who = "every client imitated" if self.upper else "super-client"
        return f"K = {self.clients}, τ = {self.steps}, η = {self.rate:g}{shares}, {who}"

    @property
    def recipe(self) -> Recipe:
        """The curious client's recipe with its way of imitating."""
        part = Clients() if self.upper else SuperClient()
        stage = CURIOUS_CLIENT.stages[0].model_copy(update={"dummy_update": part})
        return CURIOUS_CLIENT.model_copy(update={"stages": (stage,)})


def rows(quick: bool) -> Iterator[Row]:
    """Yield SSIM by number of clients with the worst client's, then even beside uneven, then both imitations by τ."""
    kept = Kept("curious", quick=quick)
    for clients in (2,) if quick else (2, 4):
        found = [_measured(kept, Case(clients), seed, quick) for seed in _seeds(quick)]
        yield Row(
            f"{Case(clients).title}: SSIM", tuple(each[0] for each in found), by="mean",
            at_least=0.6 if clients == 2 else None,
        )  # fmt: skip
        yield Row(f"{Case(clients).title}: SSIM of the worst client", tuple(min(each[1:]) for each in found), by="mean")
    if not quick:
        yield from _uneven(kept)
        yield from _imitations(kept)


def _uneven(kept: Kept) -> Iterator[Row]:
    for clients in (2, 4):
        even, uneven = Case(clients), Case(clients, partition=Uneven())
        pairs = [
            (_measured(kept, even, seed, False)[0], _measured(kept, uneven, seed, False)[0]) for seed in _seeds(False)
        ]
        shares = tuple(100 * (other - one) / one for one, other in pairs)
        yield Row(f"{uneven.title}: SSIM against even shares", shares, "%", by="mean", at_least=-5, at_most=5)


def _imitations(kept: Kept) -> Iterator[Row]:
    for upper in (False, True):
        for steps in (1, 3, 6):
            case = Case(4, steps=steps, rate=FAST, upper=upper)
            values = tuple(_measured(kept, case, seed, False)[0] for seed in _seeds(False))
            yield Row(f"{case.title}: SSIM", values, by="mean")


def _seeds(quick: bool) -> list[int]:
    return Kept.mine(range(SEED, SEED + (1 if quick else SEEDS)))


def _measured(kept: Kept, case: Case, seed: int, quick: bool) -> list[float]:
    """Return the mean SSIM of all images, then of each client's."""
    return kept.measured(f"{case.title}, seed {seed}", lambda: _attacked(case, seed, quick))


def _attacked(case: Case, seed: int, quick: bool) -> list[float]:
    source: Source = TinyImageNet(classes=100) if (data_root("") / "tiny-imagenet-200").is_dir() else Photos()
    federation = Federation(
        clients=case.clients, images_per_client=4, view="client", partition=case.partition,
        schedule=Schedule(epochs=case.steps, learning_rate=case.rate),
    )  # fmt: skip
    scenario = Scenario(
        source=source, num_classes=100, network=NetworkChoice(name="lenet5_rog"), federation=federation,
        threat=ThreatModel(labels=True, counts=case.upper),
    )  # fmt: skip
    recipe = case.recipe.changed(("stages", 0, "iterations"), 3) if quick else case.recipe
    played = play(inversion := Inversion(scenario=scenario, recipe=recipe, seed=seed, precision="float32"))
    *_, (_, last) = inversion.guesses(played.exchanges)
    secret = played.exchanges[0][1]
    ssim = score(last.images[last.best], secret.images).values["ssim"]
    return [float(ssim.mean()), *(float(ssim[secret.client == client].mean()) for client in range(case.clients))]
