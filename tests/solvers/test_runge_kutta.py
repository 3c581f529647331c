"""Adaptive Runge-Kutta: conditions of order, honest errors, adapted steps, refusals."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import coords, d, div, dt, eq, field, lap, param, sin
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems.named.burgers import burgers, cole_hopf
from fredholm.solvers import ETDRK, RungeKutta
from fredholm.solvers.adaptive import retrace
from fredholm.solvers.discrete import Discrete, Statement
from fredholm.solvers.tableaux import DORMAND_PRINCE, KENNEDY_CARPENTER
from fredholm.testing.functions import band_limited

x, t = coords("x t")
u = field("u")
RING = Grid((32,), 2 * math.pi, periodic=True)
LINE = Grid((48,), periodic=True)
TIME = Axis(4, 0.0, 0.6, name="t")
METHODS = ["imex", "explicit"]


def relative(found: Field, expected: Field) -> float:
    return float((norm(difference(found, expected)) / norm(expected)).max())


def defects(tableau, order: int) -> dict[str, float]:
    """How far the conditions up to an order are from being met, for every pairing of the two."""
    stages = len(tableau.weights)
    matrices = []
    for rows in (tableau.explicit, tableau.implicit):
        matrix = np.zeros((stages, stages))
        for number, row in enumerate(rows):
            matrix[number, : len(row)] = row
        matrices += [matrix] if rows else []
    b, c = np.array(tableau.weights), np.array(tableau.nodes)
    found = {"nodes": max(np.abs(m.sum(1) - c).max() for m in matrices)}
    for k in range(1, order + 1):
        found[f"b c^{k - 1}"] = b @ c ** (k - 1) - 1 / k
    for m in matrices:
        if order >= 3:
            found["b A c"] = b @ m @ c - 1 / 6
        if order >= 4:
            found["b c A c"] = b * c @ m @ c - 1 / 8
            found["b A c^2"] = b @ m @ c**2 - 1 / 12
            for other in matrices:
                found[f"b A A c {len(found)}"] = b @ m @ other @ c - 1 / 24
    return {name: abs(defect) for name, defect in found.items()}


@pytest.mark.parametrize("tableau", [DORMAND_PRINCE, KENNEDY_CARPENTER], ids=["dp", "kc"])
def test_conditions_of_order(tableau):
    assert max(defects(tableau, 4).values()) < 1e-14
    embedded = dataclasses.replace(tableau, weights=tableau.embedded)
    assert max(defects(embedded, 3).values()) < 1e-14
    worse = dataclasses.replace(tableau, weights=tableau.weights[::-1])
    assert max(defects(worse, 4).values()) > 1e-2


def stepped(tableau, steps: int) -> torch.Tensor:
    """Burgers with equal steps up to t = 0.2, on 48 points."""
    problem = burgers(nu=0.02)
    start = Field(1 + torch.sin(2 * math.pi * LINE.points())[None], LINE)
    discrete = Discrete(Statement(problem.equations, {"u": start}, {}, {}), (48,), 2 / 3)
    frames = retrace(discrete.system, discrete.state, 0.0, tableau, [[0.2 / steps] * steps])
    return discrete.fields(frames, [0.0, 0.2], LINE)[:, -1]


@pytest.mark.parametrize("tableau", [DORMAND_PRINCE, KENNEDY_CARPENTER], ids=["dp", "kc"])
def test_order_in_time(tableau):
    steps, fine = (40, 80, 160), stepped(tableau, 640)
    errors = [float((stepped(tableau, n) - fine).norm()) for n in steps]
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert abs(slope - tableau.order) < 0.4, (slope, errors)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tol", [1e-4, 1e-6])
def test_tolerance_and_estimate_hold(method, tol):
    problem = burgers(nu=0.02, horizon=0.3)
    start = band_limited(Grid((32,), periodic=True), n=2)
    solution = RungeKutta(method, tol=tol).solve(
        problem.equations, {"u": start}, problem.time, values=problem.parameters, final=True
    )
    error = relative(solution.field, cole_hopf(problem, start, start.grid))
    assert error < tol
    assert error < 3 * float(solution.error.max()) + 1e-13
    assert bool((solution.error <= tol).all())


@pytest.mark.parametrize("method", METHODS)
def test_it_agrees_with_etdrk(method):
    start = band_limited(RING, n=2)
    still = start.with_values(0 * start.values)
    wave = {"u": eq(dt(u, 2), lap(u) - u**3)}
    source = {"u": eq(dt(u) + u * d(u, x), 0.1 * lap(u) + sin(x) * sin(3 * t))}
    for equations, initial in ((wave, {"u": start, "dt(u)": still}), (source, {"u": start})):
        found = RungeKutta(method, tol=1e-5).solve(equations, initial, TIME).field
        assert relative(found, ETDRK(tol=1e-6).solve(equations, initial, TIME).field) < 1e-5


def test_implicit_treatment_takes_long_steps_where_diffusion_is_stiff():
    start = band_limited(RING, n=1)
    equations = {"u": eq(dt(u), 2 * lap(u) - lap(lap(u)) - u**3)}
    steps = {
        method: RungeKutta(method, tol=1e-4, resolution=24)
        .solve(equations, {"u": start}, TIME)
        .details["steps"]
        for method in METHODS
    }
    assert steps["imex"] < steps["explicit"] / 5, steps


def test_steps_follow_the_time_scale():
    start = Field(1 + 0.1 * torch.cos(RING.points())[None], RING)
    swift = {"u": eq(dt(u), -(u**3) * 100)}
    first, second = (
        RungeKutta("explicit", tol=1e-6, resolution=32)
        .solve(swift, {"u": start}, Axis(2, 0.0, stop, name="t"), final=True)
        .details["steps"]
        for stop in (1.0, 10.0)
    )
    assert second < 2 * first, (first, second)  # ten times the time, a slow decay


@pytest.mark.parametrize("method", METHODS)
def test_gradients_go_through_the_accepted_steps(method):
    grid = Grid((8,), 2 * math.pi, periodic=True)
    equations = {"u": eq(dt(u) + div(u**2 / 2), param("nu", 0.5) * lap(u))}

    def end(state, nu):
        solver = RungeKutta(method, tol=1e-4, resolution=8)
        start, values = {"u": Field(state, grid)}, {"nu": nu}
        times = Axis(2, 0.0, 0.1, name="t")
        return solver.solve(equations, start, times, values=values, final=True).field.values

    state = (0.2 * band_limited(grid, n=1).values).requires_grad_()
    nu = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(end, (state, nu), atol=1e-4, rtol=1e-3)


def test_blow_up_and_the_limit_of_steps_are_reported():
    start = Field(2 + torch.cos(RING.points())[None], RING)
    growing = {"u": eq(dt(u), u**2 + 0.01 * lap(u))}
    with pytest.raises(DivergedError, match=r"at t = 0\.3.*leaves the finite numbers"):
        RungeKutta(resolution=32).solve(growing, {"u": start}, TIME)
    stiff = {"u": eq(dt(u), lap(u) - u**3)}
    with pytest.raises(DivergedError, match="after 20 steps .* the limit; .* stiff"):
        RungeKutta("explicit", resolution=64, steps=20).solve(stiff, {"u": start}, TIME)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"method": "euler"}, "method is one of"),
        ({"tol": 0.0}, "tol is positive"),
        ({"dealias": 2.0}, "dealias in"),
        ({"resolution": 2}, "at least 4"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        RungeKutta(**arguments)


def test_other_equations_are_refused():
    with pytest.raises(EquationError, match="ill-posed"):
        RungeKutta().solve({"u": eq(dt(u), -lap(u))}, {"u": band_limited(RING)}, TIME)
    with pytest.raises(EquationError, match="periodic"):
        RungeKutta().solve({"u": eq(dt(u), lap(u))}, {"u": band_limited(Grid((9,)))}, TIME)
