"""The tree: what building may simplify, and what texts and files keep."""

import json
import math

import pytest

from fredholm.equations import (
    advect,
    coefficient,
    constant,
    coords,
    cos,
    d,
    div,
    dot,
    dt,
    eq,
    exp,
    field,
    fn,
    from_json,
    grad,
    lap,
    latex,
    normal,
    param,
    pi,
    rot,
    sin,
    to_json,
    vector,
)
from fredholm.errors import EquationError, FormatError

x, y, t = coords("x y t")
u, v, w = field("u"), field("v"), field("w")
nu = param("nu", 0.01, positive=True)
a = coefficient("a", positive=True)

STATEMENTS = {
    "burgers": eq(dt(u) + div(u**2 / 2), nu * lap(u)),
    "darcy": eq(-div(a * grad(u)), 1),
    "wave": eq(dt(u, 2), 4 * lap(u)),
    "vorticity": eq(dt(w) + advect(rot(u), w), nu * lap(w) + 0.1 * cos(2 * pi * (x + y))),
    "pressure": eq(-lap(u), div(advect(vector(v, w), vector(v, w)))),
    "growth": eq(dt(u), u * (1 - u) / (1 + exp(-v))),
    "flux": eq(dot(grad(u), normal()), -1 / 3),
}


@pytest.mark.parametrize("equation", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_json_is_exact(equation):
    data = json.loads(json.dumps(to_json(equation)))
    assert from_json(data) == equation
    assert to_json(from_json(data)) == to_json(equation)  # values that equality ignores, too
    assert hash(from_json(data)) == hash(equation)


@pytest.mark.parametrize("equation", STATEMENTS.values(), ids=STATEMENTS.keys())
def test_text_is_python_that_states_the_same(equation):
    names = {"u": u, "v": v, "w": w, "x": x, "y": y, "nu": nu, "a": a, "pi": pi, "sin": sin}
    names |= {"dt": dt, "d": d, "div": div, "grad": grad, "lap": lap, "rot": rot, "dot": dot}
    names |= {"advect": advect, "vector": vector, "normal": normal, "exp": exp, "cos": cos}
    left, right = str(equation).split(" = ")
    assert eq(eval(left, names), eval(right, names)) == equation


def test_parameter_values_survive_json():
    kept = from_json(to_json(param("nu", 0.1 / 3, positive=True, units="m2/s")))
    assert (kept.value, kept.positive, kept.units) == (0.1 / 3, True, "m2/s")


def test_building_folds_numbers_only():
    assert 2 * u * 3 == 6 * u and 0 * u == eq(0).left and u**1 == u and u + 0 == u
    assert (u + v) + w == u + (v + w)
    assert u * v != v * u  # structure is kept, not normalised
    assert str(div(u**2 / 2)) == "div(u**2/2)"  # a conservative form stays one
    assert str(1 - u) == "1 - u"


def test_latex_reads_like_mathematics():
    assert latex(STATEMENTS["burgers"]) == (
        r"\frac{\partial u}{\partial t} + \nabla \cdot \left(\frac{u^{2}}{2}\right)"
        r" = \nu \, \Delta u"
    )
    assert latex(STATEMENTS["darcy"]) == r"-\nabla \cdot \left(a \, \nabla u\right) = 1"
    assert latex(dt(u, 2)) == r"\frac{\partial^{2} u}{\partial t^{2}}"
    assert latex(sin(2 * pi * x)) == r"\sin\left(2 \, \pi \, x\right)"
    assert latex(field("u_in") * 1e-5) == r"10^{-5} \, u_{\mathrm{in}}"


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: u + grad(u), "one rank"),
        (lambda: grad(u) * grad(v), "write dot"),
        (lambda: grad(grad(u)), "grad needs a scalar"),
        (lambda: dot(u, grad(v)), "dot needs a vector"),
        (lambda: grad(u) ** 2, "powers are of scalars"),
        (lambda: sin(grad(u)), "acts on scalars"),
        (lambda: eq(grad(u), 0), "one equation for each component"),
        (lambda: vector(u, grad(v)), "component of a vector"),
        (lambda: d(u, u), "is not a coordinate"),
        (lambda: dt(u, 0), "order of a derivative"),
        (lambda: param("nu", -1.0, positive=True), "must be positive"),
        (lambda: field("2u"), "identifier"),
        (lambda: u + "v", "made of symbols and real numbers"),
        (lambda: u / 0, "division by zero"),
    ],
)
def test_nonsense_is_refused_when_it_is_built(build, says):
    with pytest.raises(EquationError, match=says):
        build()


def test_truth_of_an_expression_is_refused():
    with pytest.raises(TypeError, match="write an equation as eq"):
        bool(u == v or u)


def test_stored_nonsense_is_refused():
    with pytest.raises(FormatError, match="unknown node 'Grat'.*did you mean 'Grad'"):
        from_json({"node": "Grat", "operand": to_json(u)})
    with pytest.raises(FormatError, match="stored wrongly"):
        from_json({"node": "Grad", "operant": to_json(u)})
    with pytest.raises(EquationError, match="unknown function 'softsign'"):
        from_json({"node": "Call", "function": "softsign", "arguments": [to_json(u)]})


def test_a_users_function_is_stored_by_name():
    import torch

    cube = fn("cube_for_test", torch=lambda z: z**3)
    assert from_json(to_json(cube(u))) == cube(u)
    assert str(cube(u) + 1) == "cube_for_test(u) + 1"
    assert math.isclose(float(torch.tensor(2.0) ** 3), 8)


def test_texts_of_quotients_are_read_back_with_the_same_value():
    p, q = param("p", 3.0), param("q", 5.0)
    for e in (q / (2 * (1 + p)), 1 / (2 * p), 1 / (p * q), q / (2 * p), 1 / p**2, q / (p * q**2)):
        assert eval(str(e), {"p": 3.0, "q": 5.0}) == pytest.approx(float(constant(e, {}))), str(e)
