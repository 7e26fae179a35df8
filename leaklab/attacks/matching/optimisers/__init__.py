"""How is it searched? An optimiser moves all restarts together, each row as if it were alone.

Contract: start(code (r, d), objective, iterations, seed) -> state; step(code, state, objective) -> code, state. What
is random in row k of seed s is what is random in row 0 of seed s + k. `faded(times)` is the same optimiser with steps
so many times as long; `evaluations(iterations)` is how many evaluations a row so many iterations take,
as long as nothing ends them, None where nothing tells.
A state carries `losses` (r,) of the code it belongs to, `evaluations` a row, and `settled` when no row can move
further; `kept(rows)` is the state of some of the rows.
"""

from typing import Annotated

from pydantic import Field

from leaklab.attacks.matching.optimisers.adam import Adam
from leaklab.attacks.matching.optimisers.cma import CMAES
from leaklab.attacks.matching.optimisers.lbfgs import LBFGS

Optimiser = Annotated[Adam | LBFGS | CMAES, Field(discriminator="kind")]
