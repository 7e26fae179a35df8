"""A small run as the views see it: two images, three restarts, four moments, every pixel known."""

import numpy as np
import pytest

from leaklab.experiments.frame import Frame

_PIXELS = np.random.default_rng(0).integers(0, 256, (5, 4, 8, 3)).astype(np.uint8)  # the truth, then four moments


@pytest.fixture
def pixels() -> np.ndarray:
    return _PIXELS


@pytest.fixture
def frames() -> list[Frame]:
    return [_frame(k) for k in range(4)]


def _frame(k: int) -> Frame:
    psnr = [10.0 + 5 * k, 20.0 + 5 * k]
    return Frame(
        index=k,
        seconds=0.5 * k,
        scalars={"iteration": 10.0 * k, "loss": 10.0 ** (2 - k), "psnr": sum(psnr) / 2, "ssim": 0.25 * k},
        series={
            "losses.0": [50.0, 10.0 ** (2 - k), float("nan")],
            "terms.0.matching": [40.0, 10.0 ** (1 - k), float("nan")],
            "terms.0.total_variation": [10.0, 0.0, float("nan")],
            "psnr": psnr,
            "ssim": [0.25 * k, 0.2 * k],
            "label_true": [3, 1],
            "label_recovered": [3, 2],
        },
        pictures={"reconstruction": _PIXELS[k + 1]} | ({"truth": _PIXELS[0]} if k == 0 else {}),
        note="Recovered: PSNR 30 dB." if k == 3 else "",
        final=k == 3,
    )
