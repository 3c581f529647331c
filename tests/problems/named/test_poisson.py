import math

import pytest
import torch

from fredholm.domains import Grid
from fredholm.fields import Field, difference, norm
from fredholm.problems.named.poisson import poisson, sine_series


def on(grid, function):
    return Field(function(grid.points())[None, ..., None], grid)


@pytest.mark.parametrize("location", ["node", "cell", "left"])
def test_series_is_exact(location):
    def u(x):
        return torch.sin(2 * math.pi * x[..., 0]) * torch.sin(3 * math.pi * x[..., 1] / 2)

    grid = Grid((9, 12), ((0.0, 1.0), (0.0, 2.0)), location=location)
    target = Grid((20, 7), ((0.0, 1.0), (0.0, 2.0)))
    f = on(grid, lambda x: (4 + 9 / 4) * math.pi**2 * u(x))
    found = sine_series(poisson(), f, target)
    assert float(norm(difference(found, on(target, u))).max()) < 1e-13


def draws(problem, size, n=4):
    return problem.sample(n, Grid((size, size)), generator=torch.Generator().manual_seed(0))


def test_solver_agrees_with_the_series_to_second_order():
    problem, errors = poisson(alpha=4.0), []
    for size in (17, 33, 65, 129):
        f = draws(problem, size)
        exact = problem.exact(problem, f, f.grid)
        found = problem.solve(f, tol=1e-9)
        true = norm(difference(found.field, exact)) / norm(exact)
        errors.append(float(true.mean()))
        assert (found.error / true).min() > 0.5 and (found.error / true).max() < 2.5
    slope = math.log2(errors[1] / errors[3]) / 2
    assert slope == pytest.approx(2.0, abs=0.2)


def test_exact_solution_does_not_depend_on_the_grid():
    problem = poisson()
    coarse, fine = draws(problem, 33), draws(problem, 65)
    grid = Grid((17, 17))
    u, v = (problem.exact(problem, f, grid) for f in (coarse, fine))
    # The finer grid adds the modes beyond 31, of which u has a share of k^-4.
    assert float((norm(difference(u, v)) / norm(v)).max()) < 1e-4


def test_residual_of_the_exact_solution_vanishes_under_refinement():
    problem, sizes = poisson(alpha=4.0), []
    for size in (33, 65, 129):
        f = draws(problem, size)
        left_over = problem.residual(problem.exact(problem, f, f.grid), f)["u"]
        sizes.append(float((norm(left_over) / norm(f)).mean()))
    assert sizes[2] < sizes[1] / 3 < sizes[0] / 9


def test_source_is_of_order_one_to_ten():
    assert 1.0 < float(draws(poisson(), 65, n=200).values.std()) < 10.0
