"""Federated averaging: one averaged gradient against imitated training, and rounds with a hundred clients."""

import time
from collections.abc import Iterator

import torch

from benchmarks.attack import attack
from benchmarks.table import Row
from leaklab.attacks.recipes import AGA, FEDAVG_SIM
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.scenario import Scenario
from leaklab.federation.rounds import Federation
from leaklab.images.collection import data_root
from leaklab.images.digits import Digits
from leaklab.images.source import Photos, Source, TinyImageNet
from leaklab.networks.zoo import NetworkChoice
from leaklab.protocol.observation import ThreatModel
from leaklab.protocol.training import Schedule

SEED, SEEDS = 1234, 5
ITERATIONS = 100
STEPS = (1, 4, 8)
RATES = (1e-4, 1e-2)  # small, and large enough that the weights walk away from where the averaged gradient is taken
CLOSE, FASTER = 1.0, 4.0  # dB, and times as fast at the most steps


def rows(quick: bool) -> Iterator[Row]:
    """Yield quality and time of the averaged gradient beside the imitation, then the seconds of a large federation."""
    for rate in RATES[:1] if quick else RATES:
        for steps in (2,) if quick else STEPS:
            yield from _compared(rate, steps, quick)
    yield _hundred(quick)


def _compared(rate: float, steps: int, quick: bool) -> Iterator[Row]:
    seeds = range(SEED, SEED + (1 if quick else SEEDS))
    # In turn, so that whatever else the machine does meets both alike.
    pairs = [
        tuple(attack(_inversion(recipe, rate, steps, seed, quick)) for recipe in (AGA, FEDAVG_SIM)) for seed in seeds
    ]
    small, what = rate == RATES[0], f"η = {rate:g}, {steps} local step{'s' if steps > 1 else ''}"
    apart = tuple(_mean(one.psnr) - _mean(all_.psnr) for one, all_ in pairs)
    worst = tuple(_mean(one.psnr) for one, _ in pairs), tuple(_mean(all_.psnr) for _, all_ in pairs)
    note = f"AGA {_mean(worst[0]):.1f} dB, imitation {_mean(worst[1]):.1f} dB in the mean"
    yield Row(
        f"{what}: PSNR of AGA less the imitation's", apart, "dB", by="mean", note=note,
        at_least=-CLOSE if small else None, at_most=CLOSE if small else None,
    )  # fmt: skip
    times = tuple(all_.seconds / one.seconds for one, all_ in pairs)
    yield Row(f"{what}: time of the imitation over AGA's", times, at_least=FASTER if steps == max(STEPS) else None)


def _inversion(recipe, rate: float, steps: int, seed: int, quick: bool) -> Inversion:
    source: Source = TinyImageNet(classes=100) if (data_root("") / "tiny-imagenet-200").is_dir() else Photos()
    federation = Federation(images_per_client=4, schedule=Schedule(epochs=steps, learning_rate=rate))
    scenario = Scenario(
        source=source, num_classes=100, network=NetworkChoice(name="convnet2"), federation=federation,
        threat=ThreatModel(labels=True),
    )  # fmt: skip
    tuned = recipe.changed(("stages", 0, "iterations"), 5 if quick else ITERATIONS)
    return Inversion(scenario=scenario, recipe=tuned, seed=seed, precision="float32")


def _hundred(quick: bool) -> Row:
    federation = Federation(
        clients=10 if quick else 100, images_per_client=16, rounds=3, view="aggregated",
        schedule=Schedule(epochs=2, batch_size=4, learning_rate=0.05),
    )  # fmt: skip
    scenario = Scenario(source=Digits(), image_size=16, network=NetworkChoice(name="cnn1"), federation=federation)
    seconds = []
    for seed in range(SEED, SEED + (1 if quick else SEEDS)):
        start = time.perf_counter()
        scenario.play(seed, device=torch.device("cpu"), dtype=torch.float32)
        seconds.append(time.perf_counter() - start)
    what = f"Three rounds of {federation.clients} clients with 16 digits each, 2 epochs in batches of 4, CNN1"
    return Row(what, tuple(seconds), "s", by="highest", at_most=60)


def _mean(values) -> float:
    return sum(values) / len(values)
