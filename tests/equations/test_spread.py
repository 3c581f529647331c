"""Derivatives carried to functions: what is left, and what is refused."""

import pytest

from fredholm.equations import (
    LAPLACIAN,
    absolute,
    coefficient,
    coords,
    d,
    div,
    dot,
    dt,
    exp,
    field,
    from_json,
    grad,
    lap,
    latex,
    learned,
    normal,
    param,
    requirements,
    shift,
    spread,
    to_json,
    to_sympy,
    vector,
)
from fredholm.equations.spread import derivative_of, needs
from fredholm.errors import EquationError

x, y, t = coords("x y t")
u, w, a = field("u"), field("w"), coefficient("a")
nu = param("nu", 0.1)
X, XX = (("x", 1),), (("x", 2),)


@pytest.mark.parametrize(
    ("e", "written"),
    [
        (d(u * w, x), "d(u, x)*w + d(w, x)*u"),
        (d(u**2, x, 2), "2*d(u, x)*d(u, x) + 2*d(u, x, 2)*u"),
        (d(x * (1 - x) * u, x, 4), "-12*d(u, x, 2) + 4*d(u, x, 3)*(1 - x) - 4*d(u, x, 3)*x"),
        (d(d(u, y), x), "d(d(u, x), y)"),
        (dt(t**2 * u), "2*t*u + dt(u)*t**2"),
        (lap(nu * u), "nu*lap(u)"),
        (lap(exp(u)), "exp(u)*lap(u) + exp(u)*d(u, x)*d(u, x) + exp(u)*d(u, y)*d(u, y)"),
        (lap(lap(u)), "d(u, x, 4) + 2*d(d(u, x, 2), y, 2) + d(u, y, 4)"),
        (div(a * grad(u)), "a*lap(u) + d(a, x)*d(u, x) + d(a, y)*d(u, y)"),
        (d(absolute(u), x), "sign(u)*d(u, x)"),
        (d(nu * y, x), "0"),
    ],
)
def test_rules(e, written):
    assert str(spread(e, ("x", "y"))).startswith(written)


def test_laplacians_of_vectors_and_in_one_dimension():
    assert str(spread(lap(vector(u, w)), ("x", "y"))) == "vector(lap(u), lap(w))"
    assert str(spread(lap(u), ("x",))) == "d(u, x, 2)"
    assert str(spread(dot(grad(lap(u)), vector(1, 0)), ("x", "y"))) == str(
        spread(d(u, x, 3) + d(d(u, x), y, 2), ("x", "y"))
    )


def test_needs_are_exact():
    """`requirements` has all that Leibniz' rule might make; after it nothing more than is there."""
    e = x * (1 - x) * u
    assert needs([spread(d(e, x, 2), ("x",))]) == {"u": {(), X, XX}}
    assert needs([spread(d(3 * u, x, 2), ("x",))]) == {"u": {XX}}
    assert needs([spread(lap(a * u), ("x", "y"))])["u"] == {(), X, (("y", 1),), LAPLACIAN}
    assert requirements(lap(u), ("x", "y"))["u"] == {XX, (("y", 2),)}
    assert derivative_of(d(d(u, x, 2), y)) == (u, (("x", 2), ("y", 1)))


def test_many_dimensions_stay_short():
    names = tuple(f"x{i}" for i in range(5000))
    assert str(spread(lap(u) + u, names)) == "lap(u) + u"


def test_what_has_no_meaning_is_refused():
    with pytest.raises(EquationError, match="not evaluated at single points"):
        spread(shift(u, x=1), ("x",))
    with pytest.raises(EquationError, match="take it out of d"):
        spread(d(dot(grad(u), normal()), x), ("x", "y"))


def test_learned_functions_are_symbols():
    law = learned("law", u, d(u, x))
    assert str(law) == "law(u, d(u, x))"
    assert from_json(to_json(law)) == law
    assert "law" in latex(law)
    assert str(to_sympy(learned("law", u), ("x",)).func) == "law"
    with pytest.raises(EquationError, match="depends on"):
        learned("law")
    assert needs([spread(d(law, x), ("x",))]) == {"u": {(), X, XX}}
