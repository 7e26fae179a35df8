"""Closed forms: R-GAP on twenty images, how it bears rounding and noise, and the analytic first layer."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.attack import Outcome, attack
from benchmarks.table import Row
from leaklab.attacks.recipe import Recipe
from leaklab.attacks.recipes import ANALYTIC, RGAP, RGAP_POLISH
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.collection import data_root
from leaklab.images.source import Folder, Photos, Source
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.defences import GaussianNoise

SEED = 1234
COUNT = 20


@dataclass(frozen=True)
class Case:
    """One network, one recipe, and what is done to the update before it is attacked."""

    title: str
    recipe: Recipe = RGAP
    network: NetworkChoice = NetworkChoice()
    sigma: float = 0.0
    precision: str = "float64"
    images: int = 1


def rows(quick: bool) -> Iterator[Row]:
    """Yield PSNR and seconds of R-GAP image by image, then of its variants on fewer images."""
    folder = data_root("") / "cifar10" / "test"
    source = Folder(root=str(folder)) if folder.is_dir() else Photos()
    outcomes = [_attacked(Case(""), source, SEED + number) for number in range(2 if quick else COUNT)]
    psnr = tuple(outcome.psnr[0] for outcome, _ in outcomes)
    yield Row(f"R-GAP, LeNet, {len(psnr)} images: PSNR of the worst", psnr, "dB", by="lowest", at_least=35)
    seconds = tuple(taken for _, taken in outcomes)
    yield Row("R-GAP, LeNet: seconds an image", seconds, "s", by="highest", at_most=2)
    worst = max(one.condition for outcome, _ in outcomes for one in outcome.last[0].solved)
    full = all(one.full for outcome, _ in outcomes for one in outcome.last[0].solved)
    yield Row("R-GAP, LeNet: worst condition of a layer", (worst,), note="all layers of full rank" if full else "")
    for case in _CASES:
        found = [_attacked(case, source, SEED + number) for number in range(1 if quick else 3)]
        psnr = tuple(value for outcome, _ in found for value in outcome.psnr)
        yield Row(f"{case.title}: PSNR", psnr, "dB", note=f"{sum(taken for _, taken in found) / len(found):.1f} s each")


_CASES = (
    Case("R-GAP, LeNet, update in float32", precision="float32"),
    Case("R-GAP, LeNet, float32, polished", RGAP_POLISH, precision="float32"),
    Case("R-GAP, LeNet, noise σ = 1e-6", sigma=1e-6),
    Case("R-GAP, LeNet, noise σ = 1e-4", sigma=1e-4),
    Case("R-GAP, LeNet, noise σ = 1e-4, polished", RGAP_POLISH, sigma=1e-4),
    Case("R-GAP, LeNet, noise σ = 1e-3", sigma=1e-3),
    Case("R-GAP, LeNet, noise σ = 1e-3, polished", RGAP_POLISH, sigma=1e-3),
    Case("R-GAP, CNN6", network=NetworkChoice(name="cnn6")),
    Case("R-GAP, MLP with sigmoid", network=NetworkChoice(name="mlp", activation="sigmoid")),
    Case("Analytic, MLP, one image", ANALYTIC, NetworkChoice(name="mlp")),
    Case("Analytic, MLP, eight images", ANALYTIC, NetworkChoice(name="mlp"), images=8),
)


def _attacked(case: Case, source: Source, seed: int) -> tuple[Outcome, float]:
    federation = Federation(images_per_client=case.images, defences=(GaussianNoise(sigma=case.sigma),))
    scenario = Scenario(source=source, network=case.network, federation=federation)
    inversion = Inversion(scenario=scenario, recipe=case.recipe, seed=seed, precision=case.precision)
    outcome = attack(inversion)
    return outcome, outcome.seconds
