"""Frame: one moment of an experiment as numbers and pictures, free of tensors, so that any process can keep it."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Frame:
    """What an experiment shows at one moment; the store keeps it and the views draw it."""

    index: int
    seconds: float  # since the experiment began
    scalars: dict[str, float] = field(default_factory=dict)
    series: dict[str, list[float]] = field(default_factory=dict)
    pictures: dict[str, np.ndarray] = field(default_factory=dict)  # name -> uint8 (h, w, 3)
    note: str = ""  # one sentence for the visitor, such as the verdict
    final: bool = False  # the last frame of its experiment: never thinned out
