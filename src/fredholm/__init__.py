"""Fredholm: from a differential equation, or a file of simulations, to a trusted fast surrogate.

The names below are loaded when they are first used, so that `import fredholm` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fredholm.data import Samples, check, generate, read, write_netcdf
    from fredholm.domains import Axis, Grid
    from fredholm.errors import FredholmError
    from fredholm.fields import Field, Variable
    from fredholm.objectives import RelativeH1, RelativeL2
    from fredholm.operators import Operator
    from fredholm.problems import Problem
    from fredholm.problems import build as build_problem
    from fredholm.surrogates import Evaluation, Prediction, Surrogate
    from fredholm.systems.learn import Choices, learn
    from fredholm.training import AdamW, Budget, Checkpoints, fit

__version__ = "0.1.0"

__all__ = [
    "AdamW",
    "Axis",
    "Budget",
    "Checkpoints",
    "Choices",
    "Evaluation",
    "Field",
    "FredholmError",
    "Grid",
    "Operator",
    "Prediction",
    "Problem",
    "RelativeH1",
    "RelativeL2",
    "Samples",
    "Surrogate",
    "Variable",
    "build_problem",
    "check",
    "fit",
    "generate",
    "learn",
    "read",
    "write_netcdf",
]

_HOMES = {
    "fredholm.data": ("Samples", "check", "generate", "read", "write_netcdf"),
    "fredholm.domains": ("Axis", "Grid"),
    "fredholm.errors": ("FredholmError",),
    "fredholm.fields": ("Field", "Variable"),
    "fredholm.objectives": ("RelativeH1", "RelativeL2"),
    "fredholm.operators": ("Operator",),
    "fredholm.problems": ("Problem",),
    "fredholm.surrogates": ("Evaluation", "Prediction", "Surrogate"),
    "fredholm.systems.learn": ("Choices", "learn"),
    "fredholm.training": ("AdamW", "Budget", "Checkpoints", "fit"),
}
_WHERE = {name: (home, name) for home, names in _HOMES.items() for name in names}
_WHERE["build_problem"] = ("fredholm.problems", "build")
_FOLDERS = (
    "benchmarks", "calculus", "data", "domains", "equations", "errors", "fields", "layers",
    "metrics", "models", "objectives", "operators", "problems", "solvers", "surrogates", "systems",
    "training",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """Loads a public name, or a folder of the package, when it is first used (PEP 562)."""
    if name in _WHERE:
        home, original = _WHERE[name]
        value = getattr(importlib.import_module(home), original)
    elif name in _FOLDERS:
        value = importlib.import_module(f"fredholm.{name}")
    else:
        raise AttributeError(f"module 'fredholm' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_FOLDERS})
