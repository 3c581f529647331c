"""Times weighed by what came before them: a network learns forward in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.collocation.terms import INITIAL, INTERIOR, terms_of
from fredholm.collocation.weighting import Constant, Residuals, Weighing, Weighting
from fredholm.errors import EquationError
from fredholm.problems import Problem

_IGNORED = 0.1
"""A slice of time with a smaller weight has hardly been trained."""


@dataclass(frozen=True)
class Causal(Weighting):
    """Times that count the more, the better the equations hold at all earlier ones.

    Time is cut into slices of equal length. The points of slice i = 1, 2, ... have the weight

        wᵢ = exp(-ε (L₀ + L₁ + ... + Lᵢ₋₁)),

    Lₖ the mean square of the residuals in slice k and L₀ that of the initial conditions, summed
    over the terms with their own weights. It is a number: no gradient passes through it. The next
    tolerance ε is taken when all weights are above `enough`. Until they are that with the last one,
    the solution is not trained at late times, whatever its loss says; a warning tells so.

    The scheme is never chosen by default. The authors' own code is not for commercial use and
    announces a patent on causal training: see whether that concerns you.

    Args:
        slices: Slices of time.
        tolerances: Values of ε, in units of one over the loss, in the order of their use.
        enough: Smallest weight at which the next ε is taken.
        terms: How the terms are weighed against each other.

    Reference:
        Wang, Sankaran & Perdikaris, CMAME 2024, arXiv:2203.07404, algorithm 1. Departures: points
        lie anywhere in a slice and not at its one time; weights are those of the last refresh.
    """

    slices: int = 32
    tolerances: tuple[float, ...] = (1e-2, 1e-1, 1.0, 10.0, 100.0)
    enough: float = 0.99
    terms: Weighting = field(default_factory=Constant)

    def __post_init__(self) -> None:
        if self.slices < 1 or not self.tolerances or min(self.tolerances) <= 0:
            raise ValueError(f"Causal needs slices of time and positive tolerances, got {self}")
        if not 0 < self.enough < 1:
            raise ValueError(f"enough is a weight between 0 and 1, got {self.enough}")

    def start(self, problem: Problem) -> "CausalWeighing":
        """The scheme at work on one training.

        Raises:
            EquationError: The problem has no time.
        """
        return CausalWeighing(self, problem)


class CausalWeighing(Weighing):
    """Weights of slices of time as they are now.

    Args:
        scheme: What is asked for.
        problem: It gives the span of time and the names of its equations.

    Attributes:
        tolerance: The present ε.
        weights: By slice; all are one before the first update.

    Raises:
        EquationError: The problem has no time.
    """

    def __init__(self, scheme: Causal, problem: Problem) -> None:
        if problem.time is None:
            raise EquationError(
                f"causal weights follow time, which {problem.key!r} does not have: take another "
                "weighting"
            )
        self.scheme, self.time = scheme, problem.time
        self.terms = scheme.terms.start(problem)
        self.equations = {term.name for term in terms_of(problem) if term.place == INTERIOR}
        self.starts = {term.name for term in terms_of(problem) if term.place == INITIAL}
        self.level = 0
        self.weights = torch.ones(scheme.slices, dtype=torch.float64)

    @property
    def tolerance(self) -> float:
        return self.scheme.tolerances[self.level]

    @property
    def smallest(self) -> float:
        """The weight of the last slice."""
        return self.weights[-1].item()

    def update(
        self,
        residuals: Residuals,
        points: Mapping[str, Float[Tensor, "n d"]],
        parameters: Sequence[nn.Parameter],
    ) -> None:
        self.terms.update(residuals, points, parameters)
        start = torch.zeros(1, dtype=torch.float64)
        losses = torch.zeros(self.scheme.slices, dtype=torch.float64)
        for name, values in residuals.items():
            squares = self.terms.term(name) * values.detach().double().cpu().square()
            if name in self.starts:
                start += squares.mean()
            elif name in self.equations:
                losses += self._means(squares, points[name])
        self.weights = causal_weights(start, losses, self.tolerance)
        if self.smallest > self.scheme.enough and self.level + 1 < len(self.scheme.tolerances):
            self.level += 1
            self.weights = causal_weights(start, losses, self.tolerance)

    def term(self, name: str) -> float:
        return self.terms.term(name)

    def of_points(self, name: str, points: Float[Tensor, "n d"]) -> Float[Tensor, "n"] | None:
        own = self.terms.of_points(name, points)
        if name not in self.equations:
            return own
        weights = self.weights.to(points)[self._slice(points)]
        return weights if own is None else weights * own

    @property
    def warning(self) -> str:
        if self.smallest >= _IGNORED:
            return self.terms.warning
        first = int((self.weights < _IGNORED).nonzero()[0])
        since = self.time.start + self.time.length * first / self.scheme.slices
        return (
            f"causal training has not come further than t = {since:.3g}: later times have weights "
            f"down to {self.smallest:.1e} at the tolerance {self.tolerance:g} and were hardly "
            "trained; train longer"
        )

    def state_dict(self) -> dict[str, Any]:
        return {"level": self.level, "weights": self.weights, "terms": self.terms.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.level, self.weights = state["level"], state["weights"]
        self.terms.load_state_dict(state["terms"])

    def _slice(self, points: Float[Tensor, "n d"]) -> Tensor:
        """The number of the slice of each point; time is the last column."""
        share = (points[:, -1] - self.time.start) / self.time.length
        return (share * self.scheme.slices).long().clamp(0, self.scheme.slices - 1)

    def _means(self, squares: Tensor, points: Float[Tensor, "n d"]) -> Float[Tensor, "slices"]:
        """Means by slice; zero in a slice without points."""
        rows = self._slice(points).cpu()
        sums = torch.zeros(self.scheme.slices, dtype=torch.float64).index_add_(0, rows, squares)
        return sums / rows.bincount(minlength=self.scheme.slices).clamp(min=1)


def causal_weights(
    start: Float[Tensor, "1"], losses: Float[Tensor, "slices"], tolerance: float
) -> Float[Tensor, "slices"]:
    """exp(-ε (L₀ + Σₖ Lₖ)) with the sum over the slices before each, its own not included.

    Args:
        start: L₀, the loss of the initial conditions.
        losses: Mean squares of the residuals by slice, in the order of time.
        tolerance: ε.
    """
    return torch.exp(-tolerance * torch.cat([start, losses[:-1]]).cumsum(0))
