"""The functions and numbers with which a statement is tried."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calculus import Component, Pointwise
from fredholm.calculus.pointwise import Value
from fredholm.collocation.constraints import Ansatz, derive, free, output
from fredholm.collocation.points import coordinates, points_of
from fredholm.domains import Domain
from fredholm.equations import Expression, Param, Unknown
from fredholm.equations.expand import rename
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import Field
from fredholm.problems import Problem

_CHUNK = 65536
"""Points per evaluation, so that memory does not follow their number."""


class Trial(nn.Module):
    """Candidate solutions of a problem: networks, built into what the conditions demand.

    Args:
        problem: The statement.
        network: Points (n, d) over the coordinates, time last, to one output for each unknown.
        hard: Build in the conditions that can be, so that they hold for any weights; otherwise
            all are left to the loss.
        learn: Parameters of the statement that are trained too; each starts at its value.
        coefficients: Functions of the coordinates for the coefficients of the statement, which are
            trained if they have parameters: points (n, d) to (n, 1).
        terms: Functions (n, k) -> (n,) for the `learned` calls of the statement, likewise.

    Shapes:
        (n, d) -> (n, unknowns), in the order of the equations.

    Raises:
        EquationError: A parameter or a coefficient is unknown to the statement, or missing.
    """

    def __init__(
        self,
        problem: Problem,
        network: nn.Module,
        *,
        hard: bool = True,
        learn: Sequence[str] = (),
        coefficients: Mapping[str, nn.Module] | None = None,
        terms: Mapping[str, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.problem = problem
        self.network = network
        self.coords = coordinates(problem)
        self.hard = hard
        self.ansatz: Ansatz = derive(problem) if hard else free(problem)
        self.numbers = nn.ModuleDict({name: number_of(problem, name) for name in learn})
        self.coefficients = nn.ModuleDict(coefficients)
        self.terms = nn.ModuleDict(terms)
        functions = [self.substituted(Unknown(name)) for name in problem.equations]
        self._functions = Pointwise(functions, self.coords)

    def substituted(self, e: Expression) -> Expression:
        """An expression of the unknowns as one of the outputs of the network."""
        functions = self.ansatz.functions.items()
        names: dict[Expression, Expression] = {Unknown(name): f for name, f in functions}
        return rename(e, names)

    def values(self) -> dict[str, Value]:
        """What the names in a substituted expression are worth now."""
        values: dict[str, Value] = {**self.problem.parameters}
        for number, name in enumerate(self.problem.equations):
            values[output(name).name] = Component(self.network, number)
        given = {**self.problem.given, **self.ansatz.given}
        values |= {name: Component(function) for name, function in given.items()}
        values |= {name: Component(function) for name, function in self.coefficients.items()}
        values |= dict(self.terms.items())
        return values | {name: number() for name, number in self.numbers.items()}

    def forward(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n unknowns"]:
        return torch.stack(self._functions(self.values(), points), dim=-1)

    def at(self, domain: Domain) -> Field:
        """The solution on a grid or another domain, as a batch of one function in float64.

        Args:
            domain: A grid whose axes are the coordinates, in any order, or a domain whose points
                have them as columns, time last.

        Raises:
            ValueError: The grid has other axes.
        """
        return self._evaluated(self._functions, domain)

    def residual(self, domain: Domain) -> Field:
        """left - right of each equation, likewise: one channel for each."""
        equations = self.problem.equations.values()
        residuals = [self.substituted(equation.residual) for equation in equations]
        return self._evaluated(Pointwise(residuals, self.coords), domain)

    @torch.no_grad()
    def _evaluated(self, program: Pointwise, domain: Domain) -> Field:
        points = points_of(self.problem, domain)
        like = next(self.parameters())
        parts = points.reshape(-1, points.shape[-1]).to(like).split(_CHUNK)
        found = [torch.stack(program(self.values(), part), dim=-1) for part in parts]
        values = torch.cat(found).to(torch.float64)
        return Field(values.unflatten(0, domain.shape)[None], domain)

    @property
    def learned(self) -> dict[str, float]:
        """The present values of the parameters that are trained."""
        return {name: number().item() for name, number in self.numbers.items()}


class Number(nn.Module):
    """A trained number; one that must be positive is trained as its logarithm.

    Args:
        start: Its first value.
        positive: It stays above zero whatever the optimiser does.
    """

    def __init__(self, start: float, *, positive: bool = False) -> None:
        super().__init__()
        self.positive = positive
        # In units of its first value, so that one step size suits all numbers.
        self.scale = abs(start) or 1.0
        first = 0.0 if positive else start / self.scale
        self.raw = nn.Parameter(torch.tensor(first, dtype=torch.float64))

    def forward(self) -> Float[Tensor, ""]:
        return self.scale * (self.raw.exp() if self.positive else self.raw)

    @torch.no_grad()
    def slope(self) -> Float[Tensor, ""]:
        """Its derivative by what is trained."""
        return self() if self.positive else torch.full_like(self.raw, self.scale)


def number_of(problem: Problem, name: str) -> Number:
    """A parameter of a problem as a trained number that starts at its value.

    Raises:
        EquationError: The problem has no such parameter.
    """
    if name not in problem.parameters:
        raise EquationError(
            f"{problem.key!r} has no parameter {name!r} to learn: "
            f"{did_you_mean(name, [*problem.parameters])}"
        )
    positive = any(
        isinstance(node, Param) and node.name == name and node.positive
        for equation in problem.equations.values()
        for node in equation.residual.walk()
    )
    return Number(problem.parameters[name], positive=positive)
