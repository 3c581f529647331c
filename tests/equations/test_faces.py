"""Passes over the tree, tried against sympy as an independent algebra."""

import pytest
import sympy

from fredholm.equations import (
    advect,
    coefficient,
    coords,
    d,
    div,
    dot,
    dt,
    eq,
    exp,
    field,
    fn,
    grad,
    lap,
    normal_form,
    param,
    requirements,
    rot,
    split_linear,
    to_sympy,
    vector,
)
from fredholm.equations.tree import mul

x, y, t = coords("x y t")
u, w = field("u"), field("w")
a, nu = coefficient("a"), param("nu", 0.1, positive=True)
X, Y, T = sympy.symbols("x y t", real=True)
NU = sympy.Symbol("nu", positive=True)


def test_conservative_form_stays_unevaluated_in_sympy():
    face = to_sympy(eq(dt(u) + div(u**2 / 2), nu * lap(u)), ("x",))
    U = sympy.Function("u")(X, T)
    flux = sympy.Derivative(U**2 / 2, (X, 1), evaluate=False)
    assert flux in face.lhs.args
    assert sympy.simplify((face.lhs - U.diff(T) - U * U.diff(X)).doit()) == 0


def test_vector_calculus_agrees_with_sympy():
    U, W, A = (sympy.Function(name)(X, Y) for name in "uwa")
    cases = {
        div(a * grad(u)): (A * U.diff(X)).diff(X) + (A * U.diff(Y)).diff(Y),
        dot(grad(u), grad(w)): U.diff(X) * W.diff(X) + U.diff(Y) * W.diff(Y),
        advect(rot(u), w): U.diff(Y) * W.diff(X) - U.diff(X) * W.diff(Y),
        lap(u * w): (U * W).diff(X, 2) + (U * W).diff(Y, 2),
        div(advect(vector(u, w), vector(u, w))): (U * U.diff(X) + W * U.diff(Y)).diff(X)
        + (U * W.diff(X) + W * W.diff(Y)).diff(Y),
        div(rot(u)): sympy.Integer(0),
    }
    for ours, theirs in cases.items():
        assert sympy.expand(to_sympy(ours, ("x", "y")).doit() - theirs.doit()) == 0, str(ours)


@pytest.mark.parametrize(
    "e",
    [
        dt(u) + div(u**2 / 2) - nu * lap(u),
        u * (1 - u) * (2 - w) + lap(u**3 - u - nu * lap(u)),
        d(u * d(w, x) + 3 * u, y, 2) - x * (u + exp(w)),
        advect(rot(w), u) / nu,
    ],
    ids=str,
)
def test_normal_form_is_the_same_expression(e):
    coordinates = ("x",) if "div(u**2" in str(e) else ("x", "y")
    total = sympy.Integer(0)
    for term in normal_form(e, coordinates):
        part = to_sympy(term.core, coordinates, timed=True)
        for coord, order in term.orders:
            part = sympy.diff(part, sympy.Symbol(coord, real=True), order)
        total += to_sympy(term.coefficient, coordinates) * part
    expected = to_sympy(e, coordinates, timed=True).doit()
    assert sympy.simplify(sympy.expand(total - expected)) == 0


def test_split_finds_the_linear_part():
    equation = eq(dt(u), u * (1 - u) + nu * lap(u) + a * u)
    parts = split_linear(equation, {"u"}, ("x",))
    linear = {(term.orders, str(term.coefficient)) for term in parts.linear}
    assert linear == {((("t", 1),), "1"), ((), "-1"), ((("x", 2),), "-nu")}
    assert {str(mul(term.coefficient, term.core)) for term in parts.rest} == {"u*u", "-a*u"}


def test_requirements_follow_leibniz():
    found = requirements(div(a * grad(u)) + dt(w), ("x",))
    assert found["u"] == {(("x", 1),), (("x", 2),)}
    assert found["a"] == {(), (("x", 1),)}
    assert found["w"] == {(("t", 1),)}
    assert requirements(lap(lap(u)), ("x",))["u"] == {(("x", 4),)}
    assert requirements(u**2, ("x",))["u"] == {()}


def test_functions_reach_sympy():
    square = fn("square_for_test", torch=lambda z: z**2, sympy=lambda z: z**2)
    opaque = fn("opaque_for_test", torch=lambda z: z)
    U = sympy.Function("u")(X)
    assert to_sympy(square(u), ("x",)) == U**2
    assert to_sympy(opaque(u), ("x",)) == sympy.Function("opaque_for_test")(U)
    assert to_sympy(exp(u), ("x",)) == sympy.exp(U)
