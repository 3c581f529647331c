"""Derived symmetries against solvers, and statements whose symmetries are known."""

import inspect
import math

import pytest
import torch

from fredholm.domains import Grid
from fredholm.domains.geometry import Ball
from fredholm.equations import (
    coefficient,
    coords,
    cos,
    d,
    div,
    dot,
    dt,
    eq,
    field,
    grad,
    lap,
    learned,
    normal,
    param,
    shift,
    sin,
)
from fredholm.errors import EquationError
from fredholm.fields import Field, NamedSymmetry, difference, norm
from fredholm.problems import PROBLEMS, Problem, build, builder
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import Bounded, FourierSeries, GaussianField
from fredholm.problems.symmetries import broken_by, symmetries_of

EVOLUTIONS = [
    key
    for key in sorted(PROBLEMS)
    if build(key).time and build(key).varies and not build(key).shapes
]
QUICK = {
    "burgers2d": {"nu": 0.05, "horizon": 0.1, "modes": 2},
    "diffusion_reaction": {"modes": 3, "horizon": 0.3},
    "gray_scott": {"horizon": 5.0, "diffusivity": 1e-3},
    "navier_stokes": {"nu": 0.05, "horizon": 0.3, "peak": 2.0},
}
WAVES = FourierSeries(2)


def quick(key: str, **parameters) -> Problem:
    still = {"warmup": 0.0} if "warmup" in inspect.signature(builder(key)).parameters else {}
    return build(key, **{**still, **QUICK.get(key, {}), **parameters})


def changes(problem: Problem) -> list[str]:
    """The symmetries but the identity, without functions that are hidden."""
    texts = [str(symmetry) for symmetry in symmetries_of(problem)]
    assert texts[0] == "identity"
    return texts[1:]


def gaps(problem: Problem, symmetries, size: int) -> list[float]:
    """How far the solution of moved inputs is from the moved solution, for each symmetry."""
    drawn = problem.sample(1, problem.grid(size), generator=torch.Generator().manual_seed(2))
    inputs = [s.on([*problem.varies])(drawn).values for s in symmetries]
    solved = problem.solve(Field(torch.cat([drawn.values, *inputs]), drawn.grid), tol=1e-3).field
    moved = (s.on(problem.targets)(solved[:1]) for s in symmetries)
    return [
        float(norm(difference(solved[i : i + 1], image)) / norm(image))
        for i, image in enumerate(moved, start=1)
    ]


CASES = [(key, {}) for key in EVOLUTIONS if len(symmetries_of(build(key))) > 1]
CASES += [("navier_stokes", {"forcing": "kolmogorov", "horizon": 0.1})]
CASES += [("gray_scott", {"dim": 1}), ("cahn_hilliard", {"dim": 1})]


@pytest.mark.parametrize(("key", "parameters"), CASES, ids=lambda value: str(value)[:24])
def test_derived_symmetries_map_solutions_to_solutions(key, parameters):
    problem = quick(key, **parameters)
    found = gaps(problem, symmetries_of(problem)[1:], 16)
    assert max(found) < 1e-4  # exact but for rounding and the Nyquist waves of an even grid


@pytest.mark.parametrize(
    ("key", "name"),
    [("navier_stokes", "w"), ("burgers", "u"), ("burgers2d", "u"), ("kuramoto_sivashinsky", "u")],
)
def test_a_wrong_sign_does_not(key, name):
    """Each reflection fails where one function keeps its sign; the check says what breaks."""
    problem = quick(key)
    flips = (True, *[False] * (problem.domain.dim - 1))
    right = next(s for s in symmetries_of(problem) if s.flips == flips and s.order[0] == 0)
    images = {**right.images, name: (name, -right.images[name][1])}
    wrong = NamedSymmetry(right.axes, right.order, right.flips, images)
    assert broken_by(problem, right) == "" and broken_by(problem, wrong) == "the equations"
    good, bad = gaps(problem, [right, wrong], 16)
    assert good < 1e-5 < 3e-3 < bad


def test_kdv_has_no_reflection():
    problem = quick("kdv", horizon=2.0, length=32.0)
    assert changes(problem) == []
    mirror = NamedSymmetry(("x",), (0,), (True,), {"u": ("u", -1)})
    assert broken_by(problem, mirror) == "the equations" and gaps(problem, [mirror], 32)[0] > 0.1


def test_symmetries_of_other_statements_are_refused():
    problem = build("burgers")
    for axes, name, sentence in (("y", "u", "axes of 'burgers' are x"), ("x", "w", "no unknown")):
        other = NamedSymmetry((axes,), (0,), (True,), {name: (name, -1)})
        with pytest.raises(EquationError, match=sentence):
            broken_by(problem, other)


SQUARE = ["y -> -y", "x -> -x", "(x, y) -> (-x, -y)", "(x, y) -> (y, x)"]
SQUARE += ["(x, y) -> (y, -x)", "(x, y) -> (-y, x)", "(x, y) -> (-y, -x)"]


@pytest.mark.parametrize("key", ["darcy", "gray_scott", "diffusion_reaction", "swift_hohenberg"])
def test_scalars_have_the_square(key):
    assert changes(build(key)) == SQUARE


def test_vorticity_and_velocity_turn_with_the_square():
    signs = [", (w, psi) -> (-w, -psi)" if n in (0, 1, 3, 6) else "" for n in range(7)]
    assert changes(build("navier_stokes")) == [a + b for a, b in zip(SQUARE, signs)]
    velocity = "v) -> (u, -v)", "u -> -u", "(u, v) -> (-u, -v)", "(u, v) -> (v, u)"
    found = changes(build("burgers2d"))
    assert found[:2] == ["y -> -y, v -> -v", "x -> -x, u -> -u"]
    assert found[2:4] == [f"{SQUARE[i]}, {velocity[i]}" for i in (2, 3)]
    assert found[5] == "(x, y) -> (-y, x), (u, v) -> (-v, u)"


@pytest.mark.parametrize(
    ("forcing", "expected"), [("diagonal", []), ("kolmogorov", ["(x, y) -> (-x, -y)"])]
)
def test_a_force_breaks_symmetries(forcing, expected):
    assert changes(build("navier_stokes", forcing=forcing)) == expected


def test_changes_of_sign_alone():
    assert changes(build("advection")) == ["u -> -u"]
    assert changes(build("burgers")) == ["x -> -x, u -> -u"]
    assert changes(build("allen_cahn")) == ["u -> -u", "x -> -x", "x -> -x, u -> -u"]
    # What is likely counts: a mean that is not zero prefers one phase.
    assert "u -> -u" in changes(build("cahn_hilliard"))
    assert changes(build("cahn_hilliard", mean=0.2)) == SQUARE
    # A phase of a wave function turns its parts into each other.
    assert changes(build("schroedinger"))[:2] == ["(re, im) -> (-re, -im)", "(re, im) -> (im, -re)"]


X, Y = coords("x y")
U, V, A = field("u"), field("v"), coefficient("a")


def steady(residual, *, boundary=None, prior=WAVES, **options) -> Problem:
    """Δu and more on a square, with a random coefficient a."""
    conditions = {"all": U} if boundary is None else boundary
    return Problem(
        "k", "", {"u": eq(lap(U), residual)}, Grid((9, 9)), varies={"a": prior},
        boundary=conditions, **options,
    )  # fmt: skip


def evolving(residual, dim: int = 1, **options) -> Problem:
    grid = Grid((16,) * dim, periodic=True)
    varies = {"u": options.pop("prior", WAVES)}
    return Problem(
        "k", "", {"u": eq(dt(U), residual)}, grid, time_axis(1.0, 0), True, varies, **options
    )


def test_conditions_have_to_keep_their_sides():
    lid = {"left|right|bottom": U, "top": U - X}
    assert "(u, a) -> (-u, -a)" in changes(steady(A))
    assert changes(steady(A, boundary=lid)) == []
    even = {"left|right": U, "bottom|top": slope()}
    assert len(changes(steady(A, boundary=even))) == 7, "no exchange of the axes"
    # An inflow on one side and an outflow on the other: u and the normal turn their signs.
    through = {"bottom|top": slope(), "left|right": d(U, X) - 1}
    assert changes(steady(A, boundary=through))[:2] == ["y -> -y", "x -> -x, (u, a) -> (-u, -a)"]


def slope():
    """The derivative along the outward normal."""
    return dot(grad(U), normal())


def test_coordinates_and_parameters_count_as_they_are():
    about_centre = cos(2 * math.pi * X) * U
    assert changes(evolving(about_centre)) == ["u -> -u", "x -> -x", "x -> -x, u -> -u"]
    assert changes(evolving(sin(2 * math.pi * X))) == ["x -> -x, u -> -u"]
    assert changes(evolving(X * U)) == ["u -> -u"]
    drift = param("c", 0.0) * d(U, X) + lap(U)
    assert len(changes(evolving(drift))) == 3
    assert changes(evolving(drift).with_parameters(c=1.0)) == ["u -> -u"]


def test_what_is_not_as_likely_breaks_a_symmetry():
    assert changes(steady(A, prior=Bounded(WAVES))) == SQUARE
    skew = NamedSymmetry(("x", "y"), (0, 1), (False, False), {"u": ("u", -1), "a": ("a", -1)})
    assert broken_by(steady(A, prior=GaussianField(2.0, 3.0, mean=1.0)), skew).endswith("for 'a'")
    assert broken_by(steady(A, prior=GaussianField(2.0, 3.0)), skew) == ""


def test_functions_of_two_kinds_do_not_mix():
    """Exchange of u and v needs equal priors and equal equations."""
    grid = Grid((16,), periodic=True)

    def pair(second, prior):
        system = {"u": eq(dt(U), lap(U) - U * V), "v": eq(dt(V), second * lap(V) - U * V)}
        return Problem("k", "", system, grid, time_axis(1.0, 0), True, {"u": WAVES, "v": prior})

    assert "(u, v) -> (v, u)" in changes(pair(1.0, WAVES))
    assert "(u, v) -> (v, u)" not in changes(pair(2.0, WAVES))
    assert "(u, v) -> (v, u)" not in changes(pair(1.0, FourierSeries(3)))


def test_given_functions_and_initial_values_are_asked():
    grid = Grid((16,), periodic=True)

    def given(function, initial):
        equation = {"u": eq(dt(U), div(A * grad(U)))}
        return Problem(
            "k",
            "",
            equation,
            grid,
            time_axis(1.0, 0),
            initial={"u": initial},
            given={"a": function},
        )

    def even(points):
        return 2 + torch.cos(2 * math.pi * points[:, 0])

    def skew(points):
        return 2 + torch.sin(2 * math.pi * points[:, 0])

    wave = 2 * math.pi * coords("x")[0]
    assert changes(given(even, cos(wave))) == ["x -> -x"]
    assert changes(given(even, sin(wave))) == ["x -> -x, u -> -u"]
    assert changes(given(skew, cos(wave))) == []


def test_what_cannot_be_checked_has_the_identity_alone():
    for rate in (shift(U, x=0.1) - U, learned("f", U)):
        assert changes(evolving(rate)) == []
    assert changes(build("poisson_shapes")) == []
    ball, box = Ball((0.0,) * 9, 1.0), Grid((3,) * 9, (-1.0, 1.0))
    inside = Problem("k", "", {"u": eq(lap(U), 1.0)}, box, boundary={"all": U}, region=ball)
    assert changes(inside) == []  # at once, though its box has 10⁸ symmetries
