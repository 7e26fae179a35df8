"""Experiment: the union of all that can be asked, and the one way to read it back from a store, a link or a file."""

import json
from typing import Annotated, Any

import pydantic
from pydantic import Field, TypeAdapter

from leaklab.experiments.defended import Defended
from leaklab.experiments.drift import Drift
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.guessing import Guessing
from leaklab.experiments.inversion import Inversion
from leaklab.experiments.label_recovery import LabelRecovery
from leaklab.experiments.landscape import Landscape
from leaklab.experiments.machines import Machines
from leaklab.experiments.paths import Paths
from leaklab.experiments.pretraining import Pretraining
from leaklab.experiments.sweep import Sweep
from leaklab.experiments.threshold import Threshold
from leaklab.experiments.utility import Utility
from leaklab.experiments.viewpoints import Viewpoints
from leaklab.settings import Refusal, sentence

Experiment = Annotated[
    Inversion | Landscape | LabelRecovery | Viewpoints | Guessing | Drift | Paths | Defended | Utility
    | Threshold | Machines | Enhancing | Pretraining | Sweep,
    Field(discriminator="kind"),
]  # fmt: skip

_ADAPTER: TypeAdapter[Experiment] = TypeAdapter(Experiment)


def read(value: str | dict[str, Any]) -> Experiment:
    """Return the experiment written in JSON or in a dict.

    Raises: Refusal, naming the knob that is wrong.
    """
    try:
        return _ADAPTER.validate_python(json.loads(value) if isinstance(value, str) else value)
    except pydantic.ValidationError as error:
        raise Refusal(sentence(error)) from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise Refusal(f"The experiment is not JSON: {error}.") from error
