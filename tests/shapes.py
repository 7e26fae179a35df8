"""What jaxtyping hands each function of leaklab to while testing: beartype, told of the shapes alone.

Other types are left out: pydantic checks the settings already, and protocols cannot be checked while running.
"""

import typing
from collections.abc import Callable
from pathlib import Path

from beartype import beartype
from jaxtyping import AbstractArray


def written_down() -> list[str]:
    """Return the modules of leaklab in which shapes are written; elsewhere calls would be checked for nothing."""
    root = Path(__file__).parents[1]
    found = [path for path in (root / "leaklab").rglob("*.py") if "jaxtyping" in path.read_text(encoding="utf-8")]
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in found]


def checked(function: Callable) -> Callable:
    """Return jaxtyping's stand-in for a function such that each call checks the shapes it promises."""
    hints = function.__annotations__.items()
    function.__annotations__ = {name: hint for name, hint in hints if _has_shape(hint)}
    return beartype(function)


def _has_shape(hint: object) -> bool:
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(map(_has_shape, typing.get_args(hint)))
