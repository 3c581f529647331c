"""Translations: as data, in every face, and on samples."""

import math

import pytest
import sympy
import torch

from fredholm.calculus import evaluate
from fredholm.domains import Axis, Grid
from fredholm.equations import (
    coefficient,
    coords,
    d,
    dt,
    eq,
    exp,
    field,
    from_json,
    latex,
    normal_form,
    param,
    require_well_posed,
    requirements,
    shift,
    to_json,
    to_sympy,
    validate,
)
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.etdrk import ETDRK

(x, y), u, a = coords("x y"), field("u"), coefficient("a")
RING = Grid((16,), 2 * math.pi, periodic=True)


def test_texts_and_files():
    e = shift(shift(u * a, x=1, y=-0.5), x=2)
    assert str(e) == "shift(u*a, x=3, y=-0.5)"
    assert latex(shift(u, x=1, y=-0.5)) == r"\left.u\right|_{x + 1, y - 0.5}"
    assert from_json(to_json(e)) == e
    assert requirements(shift(d(u, x) * a, x=1), ("x",)) == {"u": {(("x", 1),)}, "a": {()}}


def test_shifts_reach_the_functions_and_agree_with_sympy():
    e = shift(x * exp(a * d(u, x)) + param("F", 2.0), x=3, y=-1)
    X, Y = sympy.symbols("x y", real=True)
    U, A, F = sympy.Function("u"), sympy.Function("a"), sympy.Symbol("F", real=True)
    inside = X * sympy.exp(A(X, Y) * U(X, Y).diff(X)) + F
    moved = inside.subs({X: X + 3, Y: Y - 1}, simultaneous=True)
    assert sympy.simplify(to_sympy(e, ("x", "y")).doit() - moved.doit()) == 0


def test_shifts_that_cancel_leave_a_linear_term():
    (term,) = normal_form(shift(shift(u, x=1), x=-1), ("x",))
    assert term.linear and term.core == u
    (term,) = normal_form(3 * shift(d(u, x), x=1), ("x",))
    assert term.linear and term.unknown == "u" and term.orders == (("x", 1),)


@pytest.mark.parametrize("size", [15, 16])
def test_samples_move_to_the_left(size):
    axis = Axis(size, 0.0, float(size), periodic=True)
    frames = torch.randn(2, 3, size, dtype=torch.float64, generator=torch.Generator())
    grid = Grid.of(Axis(3, name="t"), axis)
    given = {"u": Field(frames[..., None], grid)}
    for steps in (1, -2, size // 2):
        found = evaluate(shift(u, x=steps), given, grid).values[..., 0]
        assert float((found - frames.roll(-steps, -1)).abs().max()) < 1e-14
    with pytest.raises(ValueError, match="periodic axis"):
        flat = Grid.of(Axis(size))
        evaluate(shift(u, x=1), {"u": Field(frames[:, 0, :, None], flat)}, flat)


def test_linear_shifts_are_integrated_exactly():
    """The heat equation of a ring of points: each wave decays by 2 - 2 cos k."""
    size, times = 12, Axis(3, 0.0, 1.0, name="t")
    grid = Grid((size,), float(size), periodic=True)
    start = torch.randn(2, size, dtype=torch.float64, generator=torch.Generator())
    equation = eq(dt(u), shift(u, x=1) - 2 * u + shift(u, x=-1))
    solver = ETDRK(resolution=size, dealias=1.0, lattice=True)
    found = solver.solve({"u": equation}, {"u": Field(start[..., None], grid)}, times, final=True)
    matrix = -2 * torch.eye(size) + torch.eye(size).roll(1, 0) + torch.eye(size).roll(-1, 0)
    expected = start @ torch.linalg.matrix_exp(matrix.double())
    assert float((found.field.values[..., 0] - expected).abs().max()) < 1e-13
    assert found.details["steps"] == 1 and float(found.error.max()) < 1e-12


def test_products_of_shifted_functions_and_coefficients():
    """u at x + 1 times a at x - 2, against the same right-hand side written with NumPy's rolls."""
    size, step = 8, 1e-3
    grid = Grid((size,), float(size), periodic=True)
    source = torch.Generator().manual_seed(0)
    start, given = torch.rand(2, 1, size, dtype=torch.float64, generator=source)
    solver = ETDRK(resolution=size, dealias=1.0, lattice=True, order=4, step=step)
    found = solver.solve(
        {"u": eq(dt(u), shift(u, x=1) * shift(a, x=-2))},
        {"u": Field(start[..., None], grid)},
        Axis(2, 0.0, 0.1, name="t"),
        coefficients={"a": Field(given[..., None], grid)},
        final=True,
    )
    matrix = torch.diag(given.roll(2, -1)[0]) @ torch.eye(size).roll(1, 1).double()
    expected = torch.linalg.matrix_exp(0.1 * matrix) @ start[0]
    assert float((found.field.values[0, :, 0] - expected).abs().max()) < 1e-12


def test_bad_shifts_are_refused_in_one_sentence():
    with pytest.raises(EquationError, match="finite way in space, got t=1"):
        shift(u, t=1)
    with pytest.raises(EquationError, match="finite way in space, got x=inf"):
        shift(u, x=math.inf)
    with pytest.raises(EquationError, match="coordinate 'y'"):
        validate({"u": eq(dt(u), shift(u, y=1))}, RING, timed=True, initial=["u"])
    with pytest.raises(ValueError, match="give resolution="):
        ETDRK(lattice=True)
    require_well_posed({"u": eq(dt(u), 2 * u - shift(u, x=1) - shift(u, x=-1))}, RING)
    with pytest.raises(EquationError, match="ill-posed"):
        require_well_posed({"u": eq(dt(u), shift(-d(u, x, 2), x=1))}, RING)
