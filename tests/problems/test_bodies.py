"""Boxes with bodies in them: the finite volumes that a region calls for, and what they refuse."""

import math
from dataclasses import replace

import pytest
import torch

from fredholm.collocation import Sampling, Setup, solve_by_network
from fredholm.domains import Box, Disk, Grid, Polygon
from fredholm.equations import coefficient, coords, dot, dt, eq, field, grad, lap, log, normal
from fredholm.errors import EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems import Problem, build
from fredholm.problems.bodies import check_bodies, solve_around_bodies
from fredholm.problems.on_meshes import solve_in_region
from fredholm.problems.solving import choose_solver
from fredholm.training import Budget

x, y = coords("x y")
u = field("u")
BOX = Box(((-1.0, 1.0), (-1.0, 1.0)))
CENTRE, RADIUS = (0.013, -0.007), 0.3
OUTSIDE = 1 + log(((x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2) / RADIUS**2) / 2


def ring(**changes) -> Problem:
    """Laplace around a disk, solved by 1 + log(|x - c|/r)."""
    statement = {
        "equations": {"u": eq(-lap(u), 0)},
        "domain": Grid((33, 33), (-1.0, 1.0)),
        "region": BOX - Disk(CENTRE, RADIUS, name="core"),
        "boundary": {"left|right|bottom|top": eq(u, OUTSIDE), "core": eq(u, 1)},
    }
    return Problem("ring", "a ring", **{**statement, **changes})


def truth(grid: Grid) -> Field:
    away = (grid.points() - torch.tensor(CENTRE, dtype=torch.float64)).norm(dim=-1)
    values, inside = 1 + torch.log(away / RADIUS), away < RADIUS * (1 - 1e-6)
    return Field(values.masked_fill(inside, torch.nan)[None, ..., None], grid)


def distance(mine: Field, other: Field) -> float:
    """Relative L2 distance; both must lack values at the same points."""
    assert torch.equal(mine.values.isnan(), other.values.isnan())
    a, b = (w.with_values(w.values.nan_to_num(0.0)) for w in (mine, other))
    return float(norm(difference(a, b)) / norm(b))


@pytest.mark.parametrize("tol", [3e-3, 3e-4])
def test_a_known_solution_is_found_to_the_tolerance(tol):
    """Grids are doubled until they are fine enough: 6e-4 and 3e-5 measured."""
    solution = ring().solve(tol=tol)
    found = distance(solution.field, truth(solution.field.grid))
    assert found < tol and float(solution.error) < tol
    elsewhere = ring(region=BOX - Disk(CENTRE, 0.9 * RADIUS, name="core")).solve(tol=tol)
    a, b = (w.field.values.nan_to_num(1.0) for w in (solution, elsewhere))
    assert float((a - b).norm() / a.norm()) > 1e-2


def test_the_value_inside_the_bodies_does_not_make_the_error_look_small():
    """1 + u and u differ by a constant: the absolute error is the same."""
    small = ring().solve(tol=1.0)
    large = ring(boundary={"left|right|bottom|top": eq(u, OUTSIDE + 99), "core": eq(u, 100)}).solve(
        tol=1.0
    )
    sizes = []
    for solution in (small, large):
        there = solution.field.with_values(solution.field.values.nan_to_num(0.0))
        sizes.append(float(solution.error * norm(there)))
    assert math.isclose(*sizes, rel_tol=0.05)


def test_bodies_may_cut_the_sides_and_each_other():
    pair = Disk((0.0, 0.0), 0.3, name="core") | Disk((0.3, 0.0), 0.3, name="twin")
    corner = Polygon(((0.5, 0.5), (2.0, 0.5), (2.0, 2.0), (0.5, 2.0)), name="corner")
    cut = ring(
        region=BOX - pair - corner,
        boundary={
            "left|right": dot(grad(u), normal()),
            "bottom|top": u,
            "core|twin|corner": eq(u, 2),
        },
    )
    values = cut.solve(tol=0.02).field.values[0, ..., 0]
    points = cut.domain.points()
    shared = (points - torch.tensor([0.15, 0.0])).norm(dim=-1) < 0.2
    assert bool(values[shared].isnan().all()) and bool(values[points.amin(-1) > 0.55].isnan().all())
    inside = values[~values.isnan()]
    assert float(inside.min()) >= -1e-9 and 1.5 < float(inside.max()) <= 2 + 1e-9


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"boundary": {"left|right|bottom|top": u, "core": dot(grad(u), normal())}},
            "one constant value of u on all shapes",
        ),
        ({"boundary": {"left|right|bottom|top": u, "core": eq(u, x)}}, "on all shapes of 'ring'"),
        (
            {
                "region": BOX - Disk((0, 0), 0.3, name="core") - Disk((0.6, 0.6), 0.1, name="dot"),
                "boundary": {"left|right|bottom|top": u, "core": u, "dot": eq(u, 1)},
            },
            "got u = 0, u = 1",
        ),
        ({"region": Disk((0, 0), 1.0, name="core"), "boundary": {"core": u}}, "not its box"),
        ({"equations": {"u": eq(-lap(u) + u**3, 1)}}, "no solver for the term"),
        (
            {
                "equations": {"u": eq(-lap(u), coefficient("f"))},
                "given": {"f": lambda points: points[:, 0]},
            },
            "without given functions",
        ),
        (
            {
                "equations": {"u": eq(dt(u), lap(u))},
                "time": Grid((5,), names=("t",)).axes[0],
                "initial": {"u": 1},
            },
            "a steady diffusion equation is all",
        ),
    ],
    ids=["flux", "function", "two values", "disk", "nonlinear", "given", "evolution"],
)
def test_what_finite_volumes_do_not_take_is_left_to_finite_elements(changes, message):
    problem = ring(**changes)
    with pytest.raises(EquationError, match=message):
        check_bodies(problem)
    assert choose_solver(problem) is solve_in_region
    assert choose_solver(ring()) is solve_around_bodies


def test_what_neither_takes_says_so():
    problem = ring(
        equations={"u": eq(lap(lap(u)), 1)},
        boundary={"left|right|bottom|top|core": (u, dot(grad(u), normal()))},
    )
    with pytest.raises(EquationError, match="finite elements cannot integrate"):
        problem.solve()
    with pytest.raises(EquationError, match="in 10 dimensions.*solve it by a network"):
        build("sine_gordon", dim=10).solve()


def test_a_region_must_lie_in_the_domain():
    with pytest.raises(EquationError, match="beyond the domain's"):
        ring(domain=Grid((9, 9), (-0.5, 1.0)))
    with pytest.raises(EquationError, match="has 2 dimensions, the domain 1"):
        ring(domain=Grid((9,), (-1.0, 1.0)), boundary={"left|right|bottom|top|core": u})


def test_a_network_around_bodies_is_judged_by_the_solver():
    """Measured: an error of 1.5 % and a residual of a quarter of the second derivatives."""
    problem = replace(build("poisson_holes"), domain=Grid((33, 33), (-0.5, 0.5)))
    setup = Setup(hyper={"width": 10, "layers": 2}, sampling=Sampling(interior=300))
    verdict = solve_by_network(problem, setup, budget=Budget(steps=50)).verdict
    assert "finite volumes" in verdict.method and verdict.truth is not None
    assert bool(verdict.truth.values.isnan().any())
    assert verdict.trusted and verdict.reference is not None and verdict.reference < 0.05
    # Of one addend, the Laplacian, the residual would be the whole.
    assert verdict.residuals["u"] < 0.6
