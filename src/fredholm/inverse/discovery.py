"""Equations from trajectories: which terms of a library make up the time derivative."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from fredholm.equations import Equation, Expression, Unknown, d, dt, eq, field
from fredholm.equations.tree import Coord, Scalar, add, expression, mul
from fredholm.errors import DataError
from fredholm.fields import Field
from fredholm.inverse.sparse import (
    Rows,
    above_threshold,
    choose_columns,
    least_squares,
    standard_errors,
)
from fredholm.inverse.weak_form import Windows

_AMBIGUOUS = 1e5
"""Condition from which on candidates count as dependent; those of common runs have 5 to 300."""
_FITTED = 0.7
"""Share of the time that fits; the rest is held out to choose the terms (windows there overlap)."""


@dataclass(frozen=True)
class Discovered:
    """An equation read off data: left = Σ coefficient · term.

    Args:
        left: The left side.
        terms: The terms that were kept, by name.
        coefficients: Their coefficients.
        errors: Standard errors of the coefficients.
        dropped: Names of the candidates that were not kept.
        residual: ‖left - right‖ / ‖left‖ over all test functions.
        held_out: The same at the last times, for coefficients from the earlier ones.
        count: Number of test functions.
        condition: Largest over smallest singular value of the normalised candidates; where it is
            large, other equations fit these data as well.
    """

    left: Expression
    terms: Mapping[str, Expression]
    coefficients: Mapping[str, float]
    errors: Mapping[str, float]
    dropped: tuple[str, ...]
    residual: float
    held_out: float
    count: int
    condition: float

    @property
    def equation(self) -> Equation:
        """The equation, for a solver or a problem."""
        return statement(self.left, self.terms, self.coefficients)

    def __str__(self) -> str:
        width = max(map(len, self.terms), default=0)
        lines = [
            f"  {name:{width}}  {self.coefficients[name]:+.8g} ± {self.errors[name]:.1g}"
            for name in self.terms
        ]
        head = f"{self.left} = sum of {len(lines)} terms, residual {self.residual:.1e}"
        tail = f"  dropped: {', '.join(self.dropped) or 'none'}"
        return "\n".join([head, *lines, tail])


def statement(
    left: Expression, terms: Mapping[str, Expression], coefficients: Mapping[str, Scalar]
) -> Equation:
    """left = Σ coefficient · term."""
    return eq(left, add(*(mul(coefficients[name], term) for name, term in terms.items())))


def candidate_terms(u: Unknown, coords: Sequence[str]) -> dict[str, Expression]:
    """The default library: 1, u, u², u³, and along each coordinate u u_x, u_x, ..., u_xxxx.

    The advective term is written as (u²/2)_x, so that its derivative can be moved to a test
    function.
    """
    terms: dict[str, Expression] = {
        "1": expression(1),
        f"{u}": u,
        f"{u}^2": u**2,
        f"{u}^3": u**3,
    }
    for name in coords:
        terms[f"{u} {u}_{name}"] = d(u**2 / 2, Coord(name))
        for order in range(1, 5):
            terms[f"{u}_{name * order}"] = d(u, Coord(name), order)
    return terms


def discover_equation(
    u: Field,
    candidates: Mapping[str, Expression] | None = None,
    left: Expression | None = None,
    *,
    unknowns: Sequence[str] = ("u",),
    threshold: float | None = None,
    support: float = 0.2,
) -> Discovered:
    """The sparse equation that trajectories satisfy, by regression on its weak form.

    Left side and candidates are averaged against test functions in space and time (see
    `Windows`). The candidate that explains least is dropped, and the others fitted again, until
    each explains its share of the left side. Without a threshold for that share the fewest terms
    are taken that predict the last 30 % of the times as well as the best choice of terms does.

    The standard errors speak of scatter alone. Noise in u also biases the coefficients, towards
    zero, and the more the higher the derivative: on a Kuramoto-Sivashinsky run 0.1 % of noise costs
    0.1 % and 1 % costs 9 %, which `fit_trajectory` takes back to 0.01 %. Samples that do not
    resolve the solution bias them too. Regression point by point, with differences in time, finds
    nothing on that run from 0.01 % of noise on (`records/solvers/independent_files.txt`).

    Args:
        u: Trajectories, one channel per unknown, on a grid with the time axis `t`.
        candidates: Terms by name; by default `candidate_terms` of the first unknown.
        left: What they are to explain; by default the time derivative of the first unknown.
        unknowns: Names of the channels.
        threshold: Share of the left side that a term alone must explain, 0 to 1; None chooses.
        support: Length of a test function as a fraction of each axis. Longer ones suppress
            noise, shorter ones see finer structure.

    Raises:
        DataError: No time axis, too few samples, values that are not finite, or a left side that
            is zero on these data.
        ValueError: The names do not match the channels.

    Warns where candidates depend on each other on these data, as u and u_xx do for one wave.

    Reference:
        Brunton, Proctor and Kutz, PNAS 113, 2016; Rudy et al., Sci. Adv. 3, 2017; Messenger and
        Bortz, J. Comput. Phys. 443, 2021 (the weak form). For departures see `eliminate` and
        `choose_columns` in `fredholm.inverse.sparse`.
    """
    values = _by_name(u, unknowns)
    first = field(unknowns[0])
    left = dt(first) if left is None else left
    space = [name for name in u.grid.names if name != "t"]
    terms = dict(candidate_terms(first, space) if candidates is None else candidates)
    windows = Windows(u.grid, support)
    rows, late = _rows(windows, left, terms, values)
    condition = rows.condition()
    if condition > _AMBIGUOUS:
        warnings.warn(
            f"on these data the candidates depend on each other (condition {condition:.0e}), so "
            "several equations fit them: give richer trajectories or fewer candidates",
            stacklevel=2,
        )
    fit, held_out = rows.chosen(~late), rows.chosen(late)
    kept = choose_columns(fit, held_out) if threshold is None else above_threshold(rows, threshold)
    factors = least_squares(rows, kept)
    errors = standard_errors(rows, factors)
    numbers = {name: float(c) for name, c in zip(terms, factors) if c != 0}
    return Discovered(
        left,
        {name: terms[name] for name in numbers},
        numbers,
        {name: float(e) for name, e in zip(terms, errors) if name in numbers},
        tuple(name for name in terms if name not in numbers),
        rows.residual(factors),
        held_out.residual(least_squares(fit, kept)),
        len(rows.left),
        condition,
    )


def _by_name(u: Field, unknowns: Sequence[str]) -> dict[str, Field]:
    if "t" not in u.grid.names:
        raise DataError(f"an evolution is read off trajectories with a time axis t, got {u.grid}")
    if len(unknowns) != u.channels:
        raise ValueError(f"{u.channels} channels need as many names, got unknowns={unknowns!r}")
    if not bool(torch.isfinite(u.values).all()):
        raise DataError("the trajectories contain values that are not finite")
    u = u.to(torch.float64)
    return {name: u.with_values(u.values[..., i : i + 1]) for i, name in enumerate(unknowns)}


def _rows(
    windows: Windows, left: Expression, terms: Mapping[str, Expression], values: Mapping[str, Field]
) -> tuple[Rows, torch.Tensor]:
    """One row per window, and which rows are late in time."""
    target = windows.average(left, values)
    columns = [windows.average(term, values).expand_as(target) for term in terms.values()]
    if not bool(target.abs().max() > 0):
        raise DataError(f"{left} is zero everywhere on these data; there is nothing to explain")
    dim = 1 + windows.grid.names.index("t")
    steps = target.shape[dim]
    late = torch.arange(steps) >= _FITTED * steps
    late = late.reshape(-1, *[1] * (target.ndim - dim - 1)).expand_as(target)
    block = windows.blocks(tuple(target.shape))
    stacked = torch.stack([column.flatten() for column in columns], dim=1)
    return Rows(stacked, target.flatten(), block.flatten()), late.flatten()
