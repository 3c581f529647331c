"""Expressions on grids, against sympy and against exact solutions."""

import math

import pytest
import sympy
import torch

from fredholm.calculus import evaluate
from fredholm.domains import Axis, Grid
from fredholm.equations import (
    advect,
    coefficient,
    coords,
    d,
    div,
    dt,
    eq,
    exp,
    field,
    fn,
    grad,
    lap,
    param,
    rot,
    sin,
    to_sympy,
)
from fredholm.errors import EquationError
from fredholm.fields import Field, norm

x, y, t = coords("x y t")
u, w, a = field("u"), field("w"), coefficient("a")
nu = param("nu", 0.05)
TORUS = Grid((24, 21), 2 * math.pi, periodic=True)
X, Y, T = sympy.symbols("x y t", real=True)
SOLUTIONS = {
    "u": sympy.sin(X + 2 * Y),
    "w": sympy.cos(X) * sympy.sin(Y),
    "a": sympy.exp(sympy.cos(X)),
}


def sampled(formula, grid: Grid) -> Field:
    symbols = sympy.symbols(" ".join(grid.names), real=True)
    compute = sympy.lambdify(symbols, formula, "numpy")
    points = [p.numpy() for p in grid.points().unbind(-1)]
    values = torch.as_tensor(compute(*points), dtype=torch.float64)
    return Field(values.expand(grid.shape)[None, ..., None], grid)


@pytest.mark.parametrize(
    "e",
    [
        lap(u) - nu * u,
        div(a * grad(u)),
        advect(rot(w), u) + u * w,
        d(u * d(w, x), y, 2),
        exp(sin(u)) * w**2 / (2 + w),
        lap(u**3 - lap(w)),
        -u * w - (u - w) ** 2 - a + w**2.0 - 3 * u,
    ],
    ids=str,
)
def test_expressions_agree_with_sympy(e):
    formula = to_sympy(e, ("x", "y")).subs(sympy.Symbol("nu", real=True), 0.05)
    for name, solution in SOLUTIONS.items():
        formula = formula.subs(sympy.Function(name)(X, Y), solution)
    fields = {name: sampled(solution, TORUS) for name, solution in SOLUTIONS.items()}
    expected = sampled(formula.doit(), TORUS)
    found = evaluate(e, fields, TORUS)
    gap = found.with_values(found.values - expected.values)
    assert float(norm(gap) / norm(expected)) < 1e-10
    wrong = evaluate(e * 1.001, fields, TORUS)
    assert float(norm(wrong.with_values(wrong.values - expected.values)) / norm(expected)) > 1e-4


def heat_residual(frames: int, equation) -> float:
    grid = Grid.of(Axis(frames, 0.0, 1.0, name="t"), *Grid((16,), 2 * math.pi, periodic=True).axes)
    exact = sampled(sympy.exp(-4 * T) * sympy.sin(2 * X) + sympy.cos(X) * sympy.exp(-T), grid)
    return float(norm(evaluate(equation.residual, {"u": exact}, grid)))


def test_residual_of_an_exact_solution_vanishes_with_the_time_stencil():
    heat = eq(dt(u), lap(u))
    errors = [heat_residual(n, heat) for n in (21, 41, 81)]
    assert 3.8 < math.log2(errors[1] / errors[2]) < 4.6
    assert heat_residual(81, eq(dt(u), 1.01 * lap(u))) > 1e-2  # another diffusivity is noticed


def test_functions_of_space_are_constant_in_time():
    space = Grid((8,), 2 * math.pi, periodic=True)
    grid = Grid.of(Axis(6, 0.0, 1.0, name="t"), *space.axes)
    found = evaluate(dt(a) + a * t, {"a": sampled(sympy.cos(X), space)}, grid)
    expected = sampled(T * sympy.cos(X), grid)
    assert float(norm(found.with_values(found.values - expected.values))) < 1e-13


def test_parameters_may_differ_between_functions():
    grid = Grid((8,), 2 * math.pi, periodic=True)
    field_u = sampled(sympy.sin(X), grid)
    both = field_u.with_values(field_u.values.expand(2, 8, 1))
    found = evaluate(nu * u, {"u": both, "nu": torch.tensor([1.0, 3.0])}, grid)
    assert torch.allclose(found.values[1], 3 * found.values[0])


def test_a_users_function_is_called():
    step = fn("step_for_test", torch=lambda z: (z > 0).to(z))
    found = evaluate(step(x - 0.5), {}, Grid((3,)))
    assert found.values.flatten().tolist() == [0.0, 0.0, 1.0]


def test_vectors_give_channels():
    found = evaluate(grad(u), {"u": sampled(SOLUTIONS["u"], TORUS)}, TORUS)
    expected = sampled(2 * sympy.cos(X + 2 * Y), TORUS)
    assert float((found.values[..., 1:] - expected.values).abs().max()) < 1e-12


def test_missing_and_misplaced_functions_are_refused():
    here = sampled(SOLUTIONS["u"], TORUS)
    with pytest.raises(EquationError, match="no values are given for 'w'"):
        evaluate(u + w, {"u": here}, TORUS)
    with pytest.raises(ValueError, match=r"lives on .* use .at"):
        evaluate(u, {"u": here}, TORUS.resized(8))
