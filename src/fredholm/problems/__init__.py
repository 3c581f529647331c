"""Named problems, each a function with keyword parameters that returns a `Problem`."""

import importlib
from collections.abc import Callable
from typing import Any

from fredholm.errors import EquationError, did_you_mean
from fredholm.problems.prior import Prior
from fredholm.problems.problem import Problem

PROBLEMS = {
    "advection": "fredholm.problems.advection:advection",
    "burgers": "fredholm.problems.burgers:burgers",
    "darcy": "fredholm.problems.darcy:darcy",
    "heat": "fredholm.problems.heat:heat",
    "kuramoto_sivashinsky": "fredholm.problems.kuramoto_sivashinsky:kuramoto_sivashinsky",
    "kuramoto_sivashinsky2d": "fredholm.problems.kuramoto_sivashinsky:kuramoto_sivashinsky2d",
    "navier_stokes": "fredholm.problems.navier_stokes:navier_stokes",
    "poisson": "fredholm.problems.poisson:poisson",
}
"""Where each named problem is built: key -> "module:function"."""


def builder(key: str) -> Callable[..., Problem]:
    """The function that builds the named problem; its keyword parameters are the problem's.

    Raises:
        EquationError: No problem has this name.
    """
    if key not in PROBLEMS:
        raise EquationError(f"unknown problem {key!r}: {did_you_mean(key, [*PROBLEMS])}")
    module, _, name = PROBLEMS[key].partition(":")
    return getattr(importlib.import_module(module), name)


def build(key: str, **parameters: Any) -> Problem:
    """The named problem with these parameters.

    Raises:
        EquationError: No problem has this name.
        TypeError: It has no such parameter.
    """
    return builder(key)(**parameters)


__all__ = ["PROBLEMS", "Prior", "Problem", "build", "builder"]
