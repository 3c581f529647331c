"""What was found of the unknowns of a statement, and how well the data determine it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fredholm.collocation import NetworkSolution
from fredholm.fields import Field, norm

_UNDETERMINED = 1.0
"""A standard error above this part of the value means that the value is not known."""
_UNINFORMED = 0.9
"""The same for a function: what is left of the deviation that it has without data."""


@dataclass(frozen=True, eq=False)
class Inversion:
    """Parameters or a function, found from observations.

    Args:
        values: By name, the parameters.
        errors: Their standard errors, by the curvature of the loss where the search ended.
        functions: By name, the coefficients that were found, on the template grid.
        spreads: By name, the standard deviation of a coefficient at each point, given the data.
        prior_spreads: By name, its root mean square before any data.
        misfit: Root mean square of data minus prediction, in units of the standard error of the
            data; where that was not given it is estimated from the misfit, which is then one.
        noise: The standard error of the data as a part of what was given as one; where nothing was
            given, of the standard deviation of the values.
        method: What solved the statement.
        settled: Whether the search came to its end.
        solution: The network, where one was trained.
    """

    values: Mapping[str, float]
    errors: Mapping[str, float]
    misfit: float
    noise: float
    method: str
    settled: bool = True
    functions: Mapping[str, Field] = field(default_factory=dict)
    spreads: Mapping[str, Field] = field(default_factory=dict)
    prior_spreads: Mapping[str, float] = field(default_factory=dict)
    solution: NetworkSolution | None = None

    @property
    def determined(self) -> dict[str, bool]:
        """By name, whether the data say what it is."""
        found = {
            name: self.errors[name] < _UNDETERMINED * abs(value)
            for name, value in self.values.items()
        }
        for name, spread in self.spreads.items():
            left = float(spread.values.square().mean().sqrt())
            found[name] = left < _UNINFORMED * self.prior_spreads[name]
        return found

    @property
    def expected_error(self) -> dict[str, float]:
        """The relative error to be expected: of a value, or of a function in L2."""
        found = {
            name: self.errors[name] / abs(value) if value else math.inf
            for name, value in self.values.items()
        }
        return found | {
            name: float(norm(spread)) / float(norm(self.functions[name]))
            for name, spread in self.spreads.items()
        }

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        said = [self._value(name) for name in self.values]
        said += [self._function(name) for name in self.spreads]
        said.append(self._misfit())
        if not self.settled:
            said.append("The search ran out of steps before it settled.")
        return " ".join(said)

    def _value(self, name: str) -> str:
        value, error = self.values[name], self.errors[name]
        if not self.determined[name]:
            return (
                f"{name} is not determined by these data: {value:.3g} with a standard error of "
                f"{error:.2g}."
            )
        return f"{name} = {value:.4g} ± {error:.2g} ({self.expected_error[name]:.2g} of it)."

    def _function(self, name: str) -> str:
        if not self.determined[name]:
            return f"{name} is not determined by these data: they add little to its prior."
        return f"{name} is known to a relative L2 error of about {self.expected_error[name]:.2g}."

    def _misfit(self) -> str:
        if self.misfit > 2:
            return (
                f"The data are missed by {self.misfit:.3g} times their standard error: the "
                "statement does not explain them, or the search ended too early."
            )
        return f"The data are met to {self.misfit:.2g} of their standard error, by {self.method}."

    def to_json(self) -> dict[str, Any]:
        """Plain data, without the functions."""
        return {
            "sentence": self.sentence,
            "values": dict(self.values),
            "errors": dict(self.errors),
            "expected_error": self.expected_error,
            "determined": self.determined,
            "misfit": self.misfit,
            "noise": self.noise,
            "method": self.method,
            "settled": self.settled,
        }
