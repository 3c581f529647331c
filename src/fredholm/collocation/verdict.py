"""What can be believed of a solution: measured where it was not trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fredholm.collocation.points import Points
from fredholm.collocation.system import Collocation
from fredholm.collocation.terms import INTERIOR, Term
from fredholm.domains import Grid
from fredholm.equations.elliptic import distributed
from fredholm.equations.expand import expand
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field
from fredholm.metrics import relative_l2
from fredholm.problems import Problem

TRUSTED = 0.05
"""Relative error up to which a solution is called trustworthy."""
_OVERFIT = 3.0
"""A residual that is so many times larger at fresh points than at those of the training tells that
the loss is not evidence."""
_SPLIT = 3
"""Dimensions up to which the derivatives in a Laplacian are looked at one by one."""
_GRIDDED = 3
"""Dimensions beyond which solutions are compared at points, as no grid can be stored."""
_POINTS, _PART = 2000, 500
"""How many then, and how many at once."""
_FRESH = 2.0
"""Fresh points, relative to those of the training."""


@dataclass(frozen=True)
class Verdict:
    """Evidence about a solution, none of it from the points of the training.

    Args:
        residuals: By term, the root mean square at fresh points, relative to the largest addend of
            its equation there.
        overfit: By term, that root mean square over the one at the points of the training.
        reference: Relative L2 distance to the numerical solution or to the exact one; None
            where there is neither.
        uncertainty: The estimated error of that reference.
        method: What the reference is.
        notes: Sentences about conditions, weights and the missing reference.
        truth: That reference on the grid of the comparison, as long as the verdict is in memory.
    """

    residuals: Mapping[str, float]
    overfit: Mapping[str, float]
    reference: float | None = None
    uncertainty: float = 0.0
    method: str = ""
    notes: tuple[str, ...] = field(default=())
    truth: Field | None = field(default=None, repr=False, compare=False)

    @property
    def error(self) -> float | None:
        """A bound of the relative L2 error, as far as the reference is known; None without one."""
        return None if self.reference is None else self.reference + self.uncertainty

    @property
    def trusted(self) -> bool:
        """Whether the solution is trustworthy: its error is known, and small."""
        return self.error is not None and self.error <= TRUSTED

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return f"{self._judgement()} {self._evidence()}"

    def _judgement(self) -> str:
        worst, ratio = max(self.overfit.items(), key=lambda item: item[1], default=("", 0.0))
        if self.error is not None:
            word = "trustworthy" if self.trusted else "not trustworthy: its relative L2 error is"
            where = f"{word} to {self.error:.2g}" if self.trusted else f"{word} {self.error:.2g}"
            return f"{where}, measured against {self.method}."
        if ratio > _OVERFIT:
            return (
                f"not trustworthy: the residual of {worst!r} is {ratio:.3g} times larger at fresh "
                "points than where it was trained, so the small loss is no evidence."
            )
        term, size = max(self.residuals.items(), key=lambda item: item[1])
        if size > TRUSTED:
            return (
                f"not trustworthy: at fresh points the residual of {term!r} is {size:.2g} of its "
                "largest addend."
            )
        return (
            f"consistent: at fresh points every residual is below {size:.2g} of its largest "
            "addend; the error itself is not known, as there is no reference solver for this "
            "statement."
        )

    def _evidence(self) -> str:
        worst, ratio = max(self.overfit.items(), key=lambda item: item[1], default=("", 0.0))
        said = []
        if self.error is not None:
            term, size = max(self.residuals.items(), key=lambda item: item[1])
            said.append(f"The largest residual at fresh points is that of {term!r}: {size:.2g}.")
            if ratio > _OVERFIT:
                said.append(
                    f"That of {worst!r} is {ratio:.3g} times larger than at the points of the "
                    "training: the loss says too little."
                )
        return " ".join([*said, *(f"Note: {note}." for note in self.notes)]).strip()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "sentence": self.sentence,
            "trusted": self.trusted,
            "error": self.error,
            "reference": self.reference,
            "uncertainty": self.uncertainty,
            "method": self.method,
            "residuals": dict(self.residuals),
            "overfit": dict(self.overfit),
            "notes": list(self.notes),
        }


def judge(
    system: Collocation,
    *,
    generator: torch.Generator,
    against: bool = True,
    tol: float = 1e-4,
) -> Verdict:
    """Looks at a trained system with fresh points, and with the reference solver if there is one.

    Args:
        system: What was trained.
        generator: Source of the fresh points; it must not be that of the training.
        against: Compare with the exact solution or the numerical one, where there is any.
        tol: Relative error that the numerical solver aims at.
    """
    fresh = system.draw(generator, _FRESH)
    sizes, trained = _sizes(system, fresh), system.misfits(system.points)
    found = system.misfits(fresh)
    residuals = {name: _rms(found[name]) / sizes[name] for name in found if name in sizes}
    overfit = {name: _ratio(_rms(found[name]), _rms(trained[name])) for name in residuals}
    notes = list(system.trial.ansatz.notes)
    if system.derivatives == "stochastic":
        notes.append("the residuals contain the noise of estimated Laplacians")
    if system.weighing.warning:
        notes.append(system.weighing.warning)
    reference, uncertainty, method, truth = None, 0.0, "", None
    if against and not system.trial.numbers and not system.trial.coefficients:
        try:
            if system.trial.problem.domain.dim > _GRIDDED:
                reference, method = _distance_at_points(system, generator)
            else:
                reference, uncertainty, method, truth = _distance(system, tol)
        except (EquationError, DivergedError) as error:
            notes.append(f"no reference solution: {error}")
    return Verdict(residuals, overfit, reference, uncertainty, method, tuple(notes), truth)


def _distance(system: Collocation, tol: float) -> tuple[float, float, str, Field]:
    """Relative L2 distance to a reference, the error of that, what it is, and the reference."""
    problem = system.trial.problem
    grid = comparison_grid(problem)
    mine = system.trial.at(grid)
    if problem.exact is not None and problem.family is None and problem.region is None:
        truth, error, method = (
            problem.exact(problem, _nothing(problem), grid),
            0.0,
            "the exact solution",
        )
    else:
        solved = problem.solve(at=grid, tol=tol)
        truth, error = solved.field, float(solved.error.max())
        method = f"the numerical solver ({solved.method})"
    shown = [[*problem.equations].index(name) for name in problem.targets]
    # Outside a region there is no truth, and nothing to compare.
    outside = truth.values.isnan()
    mine = mine.with_values(mine.values[..., shown].masked_fill(outside, 0.0))
    there = truth.with_values(truth.values.masked_fill(outside, 0.0))
    return float(relative_l2(mine, there).max()), error, method, truth


@torch.no_grad()
def _distance_at_points(system: Collocation, generator: torch.Generator) -> tuple[float, str]:
    """Relative L2 distance to the exact solution at random points, and what they are."""
    problem = system.trial.problem
    exact = getattr(problem.exact, "at", None)
    if exact is None:
        raise EquationError(f"no exact solution, and no grid in {problem.domain.dim} dimensions")
    points = system.places.draw(INTERIOR, _POINTS, generator=generator).points
    truth = exact(problem, points)
    shown = [[*problem.equations].index(name) for name in problem.targets]
    mine = torch.cat([system.trial(part) for part in points.to(system.parameters[0]).split(_PART)])
    misfit = mine[:, shown].to(truth) - truth
    method = f"the exact solution at {_POINTS} random points"
    return float((misfit.norm(dim=0) / truth.norm(dim=0)).max()), method


def _nothing(problem: Problem) -> Field:
    """The inputs of a problem in which nothing varies."""
    return Field(torch.zeros(1, *problem.domain.shape, 0, dtype=torch.float64), problem.domain)


def comparison_grid(problem: Problem) -> Grid:
    """Where a solution is compared with a reference: the template, and times as many as frames."""
    if problem.time is None:
        return problem.domain
    return Grid.of(problem.time.resized(max(problem.time.size, 33)), *problem.domain.axes)


def _sizes(system: Collocation, points: Mapping[str, Points]) -> dict[str, float]:
    """By term, the root mean square of the largest addend of its equation."""
    sizes = {}
    for term in system.terms:
        if term.place in points:
            sizes[term.name] = max(
                max(map(_rms, _addends(system, term, points[term.place]))), 1e-300
            )
    for name in system.observations:
        sizes[name] = 1.0
    return sizes


def _addends(system: Collocation, term: Term, at: Points) -> list[Tensor]:
    """The addends of an equation; Laplacians and divergences count as sums of derivatives.

    Otherwise Δu = 0 would have one addend, and a residual as large as that at all times. In many
    dimensions the many derivatives would cost more than they tell.
    """
    sides, names = [term.equation.left, term.equation.right], system.trial.problem.domain.names
    if term.place == INTERIOR and len(names) <= _SPLIT:
        sides = [expand(side, names) for side in sides]
    parts = [system.trial.substituted(e) for side in sides for e in distributed(side)]
    program = system.program(parts)
    placed = at.to(system.parameters[0])
    with torch.no_grad():
        return program(system.trial.values(), placed.points, normals=placed.normals)


def _rms(values: Tensor) -> float:
    return float(values.detach().double().square().mean().sqrt())


def _ratio(fresh: float, trained: float) -> float:
    return fresh / trained if trained > 0 else (float("inf") if fresh > 0 else 1.0)
