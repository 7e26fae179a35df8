"""Starts that a text names: where a page stands whose controls show the very setting a sentence speaks of."""

import json
from functools import lru_cache
from urllib.parse import parse_qsl

from leaklab.experiments.catalogue import LABEL_PRESETS, PRESETS, Preset
from leaklab.experiments.comparison_presets import COMPARISON_PRESETS
from leaklab.experiments.drift_presets import DRIFT_PRESETS, PATHS_PRESETS
from leaklab.experiments.enhancing_presets import ENHANCING_PRESETS
from leaklab.experiments.experiment import Experiment
from leaklab.experiments.federation_presets import FEDERATION_PRESETS
from leaklab.experiments.lineup_presets import LINEUP_PRESETS
from leaklab.experiments.sweep_presets import SWEEP_PRESETS
from leaklab.settings import Refusal, to_link

_OFFERED: dict[str, dict[str, Preset]] = {
    "playground": PRESETS, "landscape": PRESETS, "labels": LABEL_PRESETS, "federation": FEDERATION_PRESETS,
    "drift": PATHS_PRESETS | DRIFT_PRESETS, "defences": COMPARISON_PRESETS, "enhance": ENHANCING_PRESETS,
    "compare": LINEUP_PRESETS, "sweeps": SWEEP_PRESETS,
}  # fmt: skip


@lru_cache
def address(asked: str) -> str:
    """Return the address of what a text calls "playground/easy-leak", or "playground/easy-leak?seed=3" with changes.

    Raises: Refusal, when there is no such start, or it allows no such change.
    """
    page = asked.partition("/")[0]
    return f"{page}?x={to_link(experiment(asked))}"


def experiment(asked: str) -> Experiment:
    """Return what a start holds, with the changes that are written behind it.

    Raises: Refusal, when there is no such start, or it allows no such change.
    """
    named, _, changes = asked.partition("?")
    page, _, key = named.partition("/")
    try:
        held = _OFFERED[page][key].experiment
        for dotted, value in parse_qsl(changes):
            path = tuple(int(step) if step.isdecimal() else step for step in dotted.split("."))
            held = held.changed(path, json.loads(value))
    except (LookupError, TypeError, json.JSONDecodeError) as error:
        raise Refusal(f"A text names the start {asked!r}, which no page offers: mend it in assets/words.") from error
    return held
