"""Statements that do not determine their unknowns are refused in one sentence."""

import pytest

from fredholm.domains import Grid
from fredholm.equations import (
    coefficient,
    coords,
    d,
    div,
    dt,
    eq,
    field,
    grad,
    lap,
    param,
    require_well_posed,
    validate,
    vector,
)
from fredholm.errors import EquationError

x, y, z, t = coords("x y z t")
u, v = field("u"), field("v")
a = coefficient("a")
RING, LINE = Grid((8,), periodic=True), Grid((8,))
SQUARE, STRIP = Grid((8, 8)), Grid((8, 8), periodic=(True, False))
HEAT = {"u": eq(dt(u), lap(u))}
POISSON = {"u": eq(-lap(u), 1)}
ZERO = eq(u)


@pytest.mark.parametrize(
    ("equations", "domain", "options", "says"),
    [
        ({}, RING, {}, "at least one equation"),
        ({"u": eq(dt(u), v)}, RING, {"initial": ["u"]}, "unknown 'v'.*no equation"),
        ({"u": eq(-div(a * grad(u)), 1)}, RING, {"timed": False}, "coefficient 'a'.*not given"),
        ({"u": eq(d(u, z), 1)}, SQUARE, {"timed": False}, "coordinate 'z'"),
        ({"u": eq(lap(u), x * y)}, RING, {"timed": False}, "coordinate 'y'"),
        (HEAT, RING, {"timed": False}, "no time interval"),
        (POISSON, RING, {"timed": True}, "no equation has a time derivative"),
        ({"v": eq(dt(u), lap(u)), "u": eq(dt(u), u)}, RING, {"initial": ["u"]}, "does not contain"),
        (
            {"v": eq(dt(u), lap(u)), "u": eq(dt(v), lap(v))},
            RING,
            {"initial": ["u", "v"]},
            "does not contain",
        ),
        (HEAT, RING, {}, "time order 1.*missing: u"),
        ({"u": eq(dt(u, 2), lap(u))}, RING, {"initial": ["u"]}, r"missing: dt\(u\)"),
        (HEAT, RING, {"initial": ["u", "dt(u)"]}, r"initial condition for 'dt\(u\)'"),
        (POISSON, SQUARE, {"timed": False, "boundary": {"left": ZERO}}, "no boundary condition on"),
        (POISSON, RING, {"timed": False, "boundary": {"left": ZERO}}, "is periodic"),
        (POISSON, RING, {"timed": False, "boundary": {"all": ZERO}}, "has no boundary"),
        (POISSON, STRIP, {"timed": False, "boundary": {"left": ZERO}}, "'x' is periodic"),
        (POISSON, LINE, {"timed": False, "boundary": {"lefd|right": ZERO}}, "mean 'left'"),
        (POISSON, LINE, {"timed": False, "boundary": {"all": ZERO, "left": ZERO}}, "named twice"),
        (POISSON, LINE, {"timed": False, "boundary": {"all": eq(x)}}, "contains no unknown"),
        (POISSON, LINE, {"timed": False}, "no boundary condition"),
        ({"u": eq(div(vector(u, u)), 1)}, RING, {"timed": False}, "2 components"),
        ({"u": eq(div(u), 1)}, SQUARE, {"timed": False}, "no meaning over x, y"),
        (
            {"u": eq(dt(u), param("k", 1.0) * u + param("k", 2.0))},
            RING,
            {"initial": ["u"]},
            "'k'.*values",
        ),
        ({"a": eq(lap(u), a)}, RING, {"timed": False, "given": ["a"]}, "unknown|both"),
    ],
)
def test_bad_statements_are_refused(equations, domain, options, says):
    with pytest.raises(EquationError, match=says) as caught:
        validate(equations, domain, **{"timed": True, **options})
    assert "\n" not in str(caught.value)


def test_good_statements_pass():
    validate(HEAT, RING, timed=True, initial=["u"])
    validate(POISSON, STRIP, timed=False, boundary={"bottom|top": ZERO})
    validate({"u": eq(dt(u, 2), lap(u))}, RING, timed=True, initial=["u", "dt(u)"])


def test_a_constraint_determines_a_multiplier_that_it_does_not_contain():
    p = field("p")
    stokes = {"u": eq(d(p, x), lap(u)), "v": eq(d(p, y), lap(v)), "p": eq(div(vector(u, v)))}
    validate(stokes, SQUARE, timed=False, boundary={"all": (ZERO, eq(v))})
    with pytest.raises(EquationError, match="keyed by 'p' does not contain"):
        free = {**stokes, "u": eq(lap(u)), "v": eq(lap(v))}
        validate(free, SQUARE, timed=False, boundary={"all": (ZERO, eq(v))})
    pair = {"u": eq(dt(u), lap(u) + v), "v": eq(-lap(v), u)}
    validate(pair, RING, timed=True, initial=["u"])


BOX = Grid((8, 8), periodic=True)


@pytest.mark.parametrize(
    "right",
    [-lap(u), d(u, x, 4), lap(lap(u)), lap(u) - 3 * d(u, y, 2), d(u, x, 2) - 0.1 * d(u, x, 6)],
    ids=str,
)
def test_negative_diffusion_is_refused(right):
    with pytest.raises(EquationError, match="ill-posed"):
        require_well_posed({"u": eq(dt(u), right)}, BOX)


@pytest.mark.parametrize(
    "right",
    [lap(u), -lap(u) - lap(lap(u)), d(u, x, 3), d(u, x), 5 * u, -lap(lap(u)), lap(u**3 - u) - u],
    ids=str,
)
def test_well_posed_equations_pass(right):
    right = right if "u**3" not in str(right) else right - lap(lap(u))
    require_well_posed({"u": eq(dt(u), right)}, BOX)


def test_waves_pass_and_elliptic_evolution_does_not():
    require_well_posed({"u": eq(dt(u, 2), lap(u))}, BOX)
    with pytest.raises(EquationError, match="ill-posed"):
        require_well_posed({"u": eq(dt(u, 2), -lap(u))}, BOX)


def test_coupled_systems_are_judged_together():
    schroedinger = {"u": eq(dt(u), -lap(v)), "v": eq(dt(v), lap(u))}
    require_well_posed(schroedinger, BOX)
    backwards = {"u": eq(dt(u), lap(v)), "v": eq(dt(v), lap(u))}
    with pytest.raises(EquationError, match="ill-posed"):
        require_well_posed(backwards, BOX)
