"""The flags of `leaklab drift`: those of `leaklab labels` for photographs and network, and its own lists of numbers."""

from dataclasses import replace

from leaklab.experiments.drift import Drift
from leaklab.experiments.flags import LABEL_FLAGS, Flag


def _as_labels(name: str, group: str = "") -> Flag:
    """Return a flag of `leaklab labels` for the same knob of a drift."""
    [flag] = [flag for flag in LABEL_FLAGS if flag.name == name]
    return replace(flag, of=Drift, group=group or flag.group)


DRIFT_FLAGS = (
    *map(_as_labels, ("--dataset", "--dataset-split", "--data-root", "--image-size")),
    Flag("--num-clients", "clients", "Federation", of=Drift),
    Flag("--samples-per-client", "samples_per_client", "Federation", of=Drift),
    Flag("--local-steps", "local_steps", "Federation", of=Drift),
    Flag("--local-lr", "local_lr", "Federation", of=Drift),
    _as_labels("--num-classes", group="Network"),
    *map(_as_labels, ("--arch", "--pretrained", "--checkpoint")),
    Flag("--repeats", "repeats", "Run", of=Drift),
    _as_labels("--seed"),
)
