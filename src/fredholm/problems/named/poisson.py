"""Poisson's equation on a square with a random source and a known solution."""

import torch

from fredholm.domains import Grid
from fredholm.equations import coefficient, eq, field, lap
from fredholm.fields import Field
from fredholm.problems.priors import GaussianField
from fredholm.problems.problem import Problem
from fredholm.problems.series import basis, eigenfunctions


def poisson(*, alpha: float = 2.0, tau: float = 3.0, sigma: float = 60.0) -> Problem:
    """Poisson's equation on the unit square: -Δu = f, u = 0 on the boundary.

    The source is a random sine series, f = Σₖ cₖ sin(πk₁x) sin(πk₂y), so that every sample has a
    manufactured solution: u = Σₖ cₖ/(π²|k|²) sin(πk₁x) sin(πk₂y). Everything is dimensionless; the
    task is the map from f to u.

    Args:
        alpha, tau, sigma: Smoothness, inverse correlation length and amplitude of f (see
            `GaussianField`, with Dirichlet eigenfunctions); sigma = 60 makes f of order one to ten.

    Expect: u is a smoothed f, two orders smoother.
    """
    u, f = field("u"), coefficient("f")
    return Problem(
        key="poisson",
        title="Poisson's equation with a random source",
        equations={"u": eq(-lap(u), f)},
        domain=Grid((65, 65)),
        varies={"f": GaussianField(alpha, tau, sigma, "dirichlet")},
        boundary={"all": u},
        exact=sine_series,
        reference="the sine series of the source, divided by the eigenvalues of the Laplacian",
    )


def sine_series(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """The solution of -Δu = f with u = 0 on the boundary of a box, to rounding.

    Args:
        problem: The statement; not used, the solution is that of Poisson's equation on any box.
        inputs: f, a sum of the eigenfunctions that its grid resolves.
        grid: Where u is wanted.
    """
    values = inputs.values[..., 0].to(torch.float64)
    eigenvalue = torch.zeros((), dtype=torch.float64)
    for number, axis in enumerate(inputs.grid.axes, start=1):
        functions, wavenumbers = basis(axis, "dirichlet")
        to_coefficients = torch.linalg.pinv(functions)
        values = (values.movedim(number, -1) @ to_coefficients.T).movedim(-1, number)
        eigenvalue = eigenvalue[..., None] + wavenumbers**2
    values = values / eigenvalue
    for number, axis in enumerate(grid.axes, start=1):
        x, count = axis.points() - axis.start, values.shape[number]
        functions, _ = eigenfunctions(x, axis.length, "dirichlet", count)
        values = (values.movedim(number, -1) @ functions.T).movedim(-1, number)
    return Field(values[..., None], grid)
