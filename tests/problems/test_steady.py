"""Steady equations: what the diffusion solver is handed, read off the statement."""

from dataclasses import replace

import pytest
import torch

from fredholm.calculus import evaluate
from fredholm.domains import Axis, Grid
from fredholm.equations import (
    Coord,
    coefficient,
    coords,
    cos,
    div,
    dot,
    dt,
    eq,
    exp,
    field,
    grad,
    lap,
    normal,
    param,
    pi,
    sin,
)
from fredholm.equations.elliptic import dirichlet, elliptic
from fredholm.errors import EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems import Problem
from fredholm.problems.priors import GaussianField

x, y = coords("x y")
u, v = field("u"), field("v")
a, f = coefficient("a", positive=True), coefficient("f")
k = param("k", 2.0)


@pytest.mark.parametrize(
    ("equation", "parts"),
    [
        (eq(-div(a * grad(u)), 1), ("a", "0", "1")),
        (eq(div(a * grad(u)), -f), ("a", "0", "f")),
        (eq(-lap(u) + k * u, f), ("1", "k", "f")),
        (eq(k * lap(u) - 3 * u + f), ("k", "3", "f")),
        (eq(-2 * div(a * grad(u) + grad(u)), x), ("2*a + 2", "0", "x")),
    ],
    ids=str,
)
def test_parts_are_found_with_their_signs(equation, parts):
    form = elliptic(equation, "u", {})
    assert (str(form.conductivity), str(form.reaction), str(form.source)) == parts


@pytest.mark.parametrize(
    "equation", [eq(lap(u**2), 1), eq(u * lap(u), 1), eq(div(u * grad(u)), 1), eq(u, 1)], ids=str
)
def test_other_forms_are_refused(equation):
    with pytest.raises(EquationError, match="form -div|no second derivative"):
        elliptic(equation, "u", {})


def test_boundary_values_and_fluxes_are_told_apart():
    assert str(dirichlet(eq(2 * u, x), "u")) == "x/2"
    assert str(dirichlet(eq(u), "u")) == "0"
    assert dirichlet(eq(dot(a * grad(u), normal())), "u") is None
    with pytest.raises(EquationError, match="neither"):
        dirichlet(eq(dot(grad(u), normal()), 1), "u")
    with pytest.raises(EquationError, match="neither"):
        dirichlet(eq(u**2, 1), "u")


def solved(n: int, exact, source, boundary, domain: Grid) -> float:
    """Relative error of -div((1 + x/2) grad u) + 3 u = source on n points per axis."""
    statement = {"u": eq(-div((1 + x / 2) * grad(u)) + 3 * u, source)}
    problem = Problem("test", "manufactured", statement, domain.resized(n), boundary=boundary)
    found = problem.solve(tol=1e-10).field
    expected = evaluate(exact, {}, problem.domain)
    return float(norm(difference(found, expected)) / norm(expected))


@pytest.mark.parametrize("case", ["values", "fluxes"])
def test_manufactured_solutions_converge_with_order_two(case):
    if case == "values":
        exact, domain = exp(x) * cos(y), Grid((9, 9))
        # -(1 + x/2) (uxx + uyy) - ux/2 + 3u with uxx + uyy = 0
        source, boundary = (3 - 0.5) * exact, {"all": eq(u, exp(x) * cos(y))}
    else:
        exact = cos(pi * x) * sin(2 * pi * y)
        domain = Grid((8, 8), periodic=(False, True), location="cell")
        slope = -pi * sin(pi * x) * sin(2 * pi * y)
        source = (1 + x / 2) * 5 * pi**2 * exact - slope / 2 + 3 * exact
        boundary = {"left|right": dot(grad(u), normal())}
    sizes = (17, 33, 65) if case == "values" else (16, 32, 64)
    errors = torch.tensor([solved(n, exact, source, boundary, domain) for n in sizes])
    assert float((errors[1] / errors[2]).log2()) == pytest.approx(2, abs=0.2)


def test_what_finite_volumes_do_not_take_is_collocated():
    """A system, a slope and a value on different sides, waves, and a reaction that varies."""
    exact = sin(pi * x) * sin(pi * y)
    pair = {"u": eq(-lap(u), 2 * pi**2 * v), "v": eq(-lap(v), 2 * pi**2 * exact)}
    mixed = {"left": eq(u, 1), "right|bottom|top": eq(dot(grad(u), normal()) + u, 1)}
    statements = {
        "system": (pair, {"all": (u, v)}, exact),
        "sides": ({"u": eq(-lap(u) + u, 1)}, mixed, 1 + 0 * x),
        "waves": ({"u": eq(-lap(u) - 3 * u, (2 * pi**2 - 3) * exact)}, {"all": u}, exact),
        "reaction": ({"u": eq(-lap(u) + x * u, (2 * pi**2 + x) * exact)}, {"all": u}, exact),
    }
    for key, (equations, boundary, expected) in statements.items():
        found = Problem(key, "", equations, Grid((9, 9)), boundary=boundary).solve(tol=1e-8)
        values = evaluate(expected, {}, Grid((9, 9))).values
        assert float((found.field.values[..., :1] - values).abs().max()) < 1e-8, key
        assert "collocation" in found.method


def test_a_source_that_varies_between_different_sides_is_collocated():
    sides = {"left|right": eq(u, x), "bottom|top": eq(dot(grad(u), normal()))}
    equation = {"u": eq(-lap(u), f)}
    prior = GaussianField(2.0, 3.0, 1.0)
    problem = Problem("m", "", equation, Grid((9, 9)), varies={"f": prior}, boundary=sides)
    points = problem.domain.points()[..., :1]
    inputs = Field(torch.stack([torch.zeros_like(points), 2 - 6 * points]), problem.domain)
    expected = torch.stack([points, points - points**2 + points**3])
    # -(x - x² + x³)'' = 2 - 6 x, with the values 0 and 1 on the sides
    found = problem.solve(inputs, tol=1e-8)
    assert float((found.field.values - expected).abs().max()) < 1e-8
    assert found.error.shape == (2,)


def test_a_box_that_is_not_periodic_evolves_by_collocation():
    decay = exp(-(pi**2) * Coord("t")) * sin(pi * x)
    problem = Problem(
        "rod",
        "",
        {"u": eq(dt(u), lap(u) + f)},
        Grid((17,)),
        time=Axis(3, 0.0, 0.1, name="t"),
        initial={"u": sin(pi * x)},
        boundary={"left|right": u},
        given={"f": lambda points: 0 * points[:, 0]},
    )
    found = problem.solve(tol=1e-7).field
    assert float((found.values - evaluate(decay, {}, found.grid).values).abs().max()) < 1e-7
    last = replace(problem, final=True).solve(tol=1e-7).field
    assert float((last.values - found.values[:, -1]).abs().max()) < 1e-7


def test_what_no_solver_fits_is_said():
    box = Problem("box", "", {"u": eq(-lap(u), u**2)}, Grid((9, 9, 9)), boundary={"all": u})
    with pytest.raises(EquationError, match="no solver for the term"):
        box.solve()
