"""How is it searched? An optimiser moves all restarts together, each row as if it were alone.

Contract: start(code (r, d), objective, iterations) -> state; step(code, state, objective) -> code, state.
A state carries `losses` (r,) of the code it belongs to, `evaluations`, and `settled` when no row can move further.
"""

from typing import Annotated

from pydantic import Field

from leaklab.attacks.matching.optimisers.adam import Adam
from leaklab.attacks.matching.optimisers.lbfgs import LBFGS

Optimiser = Annotated[Adam | LBFGS, Field(discriminator="kind")]
