"""Labels: how well every method counts the labels of a batch on the distribution of IGIMS, and how fast a large one."""

from collections.abc import Iterator

from benchmarks.table import Row
from leaklab.attacks.labels import METHODS
from leaklab.experiments.frame import Frame
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.images.source import Cifar100, Photos, Source, TinyImageNet
from leaklab.networks.table import Name
from leaklab.networks.zoo import NetworkChoice
from leaklab.settings import Refusal

SEED, CLASSES, LARGE = 1234, 100, 4096
BATCHES = (16, 32, 64, 128, 256)
NETWORKS: tuple[Name, ...] = ("resnet18", "lenet")
COUNTING = ("alr", "ilrg")  # the methods of which something is promised
WANTED = {"resnet18": (100.0, 100.0, 99.0, 99.0, 98.0), "lenet": (95.0,) * 5}
_PAPER = "Fang et al. 2024, table 2, CIFAR-100: {:.1f} %"
_PAPERS = {"alr": (100.0, 100.0, 98.4, 97.7, 92.6), "zlr": (37.5, 31.3, 26.6, 24.2, 25.4)}


def rows(quick: bool) -> Iterator[Row]:
    """Yield the share of labels each method gets right, by network and batch, then the seconds it takes for 4,096."""
    source, title = _source()
    seeds = range(SEED, SEED + (1 if quick else 5))
    for network in NETWORKS:
        for batch in (16, 64) if quick else BATCHES:
            asked = LabelRecovery(
                source=source, num_classes=CLASSES, network=NetworkChoice(name=network), batch_size=batch
            )
            yield from _accuracies([_last(asked, seed) for seed in seeds], asked, title)
    for network in NETWORKS[1:] if quick else NETWORKS:
        yield from _seconds(source, network, batch=256 if quick else LARGE)


def _accuracies(finals: list[Frame], asked: LabelRecovery, title: str) -> Iterator[Row]:
    batch, network = asked.batch_size, asked.network
    at = BATCHES.index(batch)
    bounds = dict.fromkeys(COUNTING, WANTED[network.name][at]) | {"zlr": _percent((2 + batch // 4) / batch)}
    for key in METHODS:
        values = tuple(_percent(frame.scalars[f"accuracy.{key}"]) for frame in finals if _ran(frame, key))
        if values:
            paper = _PAPER.format(_PAPERS[key][at]) if key in _PAPERS and network.name == "resnet18" else ""
            yield Row(
                f"{key}, {network.row.title}, {batch} labels of {title}", values, "%",
                at_least=bounds.get(key), note=paper,
            )  # fmt: skip


def _seconds(source: Source, network: Name, *, batch: int) -> Iterator[Row]:
    asked = LabelRecovery(
        source=source, num_classes=CLASSES, network=NetworkChoice(name=network), batch_size=batch, balance="balanced"
    )
    final = _last(asked, SEED)
    for key in METHODS:
        if _ran(final, key):
            what = f"{key}, {asked.network.row.title}, {batch} labels: seconds once the update is there"
            right = f"{_percent(final.scalars[f'accuracy.{key}']):.1f} % of the labels right"
            yield Row(what, (final.scalars[f"seconds.{key}"],), "s", at_most=1, note=right)


def _last(asked: LabelRecovery, seed: int) -> Frame:
    *_, final = asked.model_copy(update={"seed": seed}).run("cpu")
    return final


def _ran(final: Frame, key: str) -> bool:
    return f"accuracy.{key}" in final.scalars


def _percent(share: float) -> float:
    return round(100 * share, 6)


def _source() -> tuple[Source, str]:
    """Return CIFAR-100 where it is, else another source of a hundred classes, and what it is called."""
    for source, title in ((Cifar100(), "CIFAR-100"), (TinyImageNet(), "Tiny-ImageNet's first hundred classes")):
        try:
            source.collection()
        except Refusal:
            continue
        return source, title
    return Photos(), "crops of the album"
