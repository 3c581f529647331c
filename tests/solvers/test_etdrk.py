"""Semilinear evolution from its statement: exactness, orders, estimates, refusals."""

import math
import warnings

import numpy as np
import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import (
    advect,
    coefficient,
    coords,
    cos,
    d,
    div,
    dt,
    eq,
    field,
    grad,
    lap,
    param,
    rot,
    sin,
    vector,
)
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems.named.burgers import burgers, cole_hopf
from fredholm.solvers.etdrk import ETDRK
from fredholm.solvers.exponential import Scheme

x, y, t = coords("x y t")
u, v, w, p, psi = (field(name) for name in ("u", "v", "w", "p", "psi"))
RING = Grid((32,), 2 * math.pi, periodic=True)
TORUS = Grid((16, 16), 2 * math.pi, periodic=True)
TIME = Axis(4, 0.0, 1.5, name="t")


def on(grid: Grid, *functions) -> Field:
    """A batch of functions of the coordinates."""
    points = grid.points().unbind(-1)
    return Field(torch.stack([f(*points) for f in functions])[..., None], grid)


def relative(found: Field, expected: Field) -> torch.Tensor:
    return norm(difference(found, expected)) / norm(expected)


def wave(k: int, growth: complex):
    """exp(growth t) cos(k x) and the like, on the (t, x) grid: the real part of a plane wave."""
    grid = Grid.of(TIME, *RING.axes)
    z = torch.exp(growth * TIME.points()[:, None] + 1j * k * RING.points()[None, :, 0])
    return Field(z.real[None, ..., None], grid)


@pytest.mark.parametrize(
    ("right", "rate"),
    [
        (0.3 * lap(u), lambda k: -0.3 * k**2),
        (-2 * d(u, x), lambda k: -2j * k),
        (d(u, x, 3), lambda k: -1j * k**3),
        (-lap(u) - lap(lap(u)), lambda k: k**2 - k**4),
        (0.7 * u - div(u) + 0.1 * lap(u), lambda k: 0.7 - 1j * k - 0.1 * k**2),
    ],
    ids=lambda part: "rate" if callable(part) else str(part),  # an address would differ by process
)
@pytest.mark.parametrize("k", [1, 5])
def test_linear_equations_are_exact_in_one_step_per_frame(right, rate, k):
    start = on(RING, lambda x: torch.cos(k * x))
    solution = ETDRK(tol=0.1).solve({"u": eq(dt(u), right)}, {"u": start}, TIME)
    assert float(relative(solution.field, wave(k, rate(k)))) < 1e-12
    assert solution.details["steps"] == 3


def test_coupled_linear_systems_are_exact():
    start = on(RING, lambda x: torch.cos(3 * x))
    still = start.with_values(0 * start.values)
    telegraph = {"u": eq(dt(u, 2) + 2 * dt(u), 4 * lap(u))}
    found = ETDRK().solve(telegraph, {"u": start, "dt(u)": still}, TIME).field.values[0, :, :, 0]
    omega, times = math.sqrt(36 - 1), TIME.points()
    factor = torch.exp(-times) * (torch.cos(omega * times) + torch.sin(omega * times) / omega)
    assert float((found - factor[:, None] * start.values[0, :, 0]).abs().max()) < 1e-12
    schroedinger = {"u": eq(dt(u), -lap(v)), "v": eq(dt(v), lap(u))}
    found = ETDRK().solve(schroedinger, {"u": start, "v": still}, TIME).field.values[0]
    expected = [torch.cos(9 * times), -torch.sin(9 * times)]
    for channel, factor in enumerate(expected):
        gap = found[..., channel] - factor[:, None] * start.values[0, :, 0]
        assert float(gap.abs().max()) < 1e-12


def test_constant_sources_are_exact():
    start = on(RING, lambda x: 0 * x)
    solution = ETDRK().solve({"u": eq(dt(u), lap(u) - u + sin(2 * x))}, {"u": start}, TIME)
    factor = (1 - torch.exp(-5 * TIME.points())) / 5
    expected = factor[:, None] * torch.sin(2 * RING.points()[:, 0])
    assert float((solution.field.values[0, ..., 0] - expected).abs().max()) < 1e-12


def burgers_error(steps: int, order: int, resolution: int = 64) -> float:
    problem = burgers(nu=0.05, horizon=0.5)
    grid = Grid((64,), periodic=True)
    start = on(grid, lambda x: 1 + torch.sin(2 * math.pi * x))
    solver = ETDRK(order=order, step=0.5 / steps, resolution=resolution)
    found = solver.solve(problem.equations, {"u": start}, problem.time, final=True)
    return float(relative(found.field, cole_hopf(problem, start, grid)))


def slope(order: int) -> float:
    steps = (32, 64, 128)
    errors = [burgers_error(n, order) for n in steps]
    return -float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_order_in_time(order):
    assert abs(slope(order) - order) < 0.2


def test_a_scheme_with_a_wrong_weight_loses_its_order(monkeypatch):
    prepare = Scheme._prepare

    def wrong(self, linear, step):
        one, two, three = prepare(self, linear, step)
        return [one, two, 1.01 * three]

    monkeypatch.setattr(Scheme, "_prepare", wrong)
    assert slope(4) < 3


def test_spectral_decay_in_space():
    errors = [burgers_error(200, 4, n) for n in (12, 24, 36)]
    assert errors[1] < 1e-2 * errors[0] and errors[2] < 1e-2 * errors[1], errors


@pytest.mark.parametrize("tol", [1e-4, 1e-7])
def test_tolerance_and_estimate_hold_for_each_sample(tol):
    problem = burgers(nu=0.02, horizon=0.4)
    start = on(
        Grid((32,), periodic=True),
        lambda x: torch.sin(2 * math.pi * x),
        lambda x: 0.1 * torch.cos(4 * math.pi * x),
        lambda x: 1 + torch.exp(torch.sin(2 * math.pi * x)),
    )
    solution = ETDRK(tol=tol).solve(problem.equations, {"u": start}, problem.time, final=True)
    errors = relative(solution.field, cole_hopf(problem, start, start.grid))
    assert bool((errors < tol).all())
    assert bool((errors < 3 * solution.error + 1e-13).all())  # the estimate does not flatter
    assert bool((solution.error <= tol).all())


def test_manufactured_solution_with_a_moving_source():
    nu = 0.1
    exact = sin(x) * cos(t)
    source = -sin(x) * sin(t) + exact * cos(x) * cos(t) + nu * exact
    equation = eq(dt(u) + u * d(u, x), nu * lap(u) + source)
    start = on(RING, torch.sin)
    found = ETDRK(tol=1e-9).solve({"u": equation}, {"u": start}, TIME).field
    expected = torch.cos(TIME.points())[:, None] * torch.sin(RING.points()[:, 0])
    assert float((found.values[0, ..., 0] - expected).abs().max()) < 1e-8


@pytest.mark.parametrize("form", ["vorticity", "pressure"])
def test_taylor_green_in_both_forms(form):
    nu = param("nu", 0.1)
    flow = on(
        TORUS, lambda x, y: torch.cos(x) * torch.sin(y), lambda x, y: -torch.sin(x) * torch.cos(y)
    )
    if form == "vorticity":
        equations = {"w": eq(dt(w) + advect(rot(psi), w), nu * lap(w)), "psi": eq(-lap(psi), w)}
        initial = {"w": on(TORUS, lambda x, y: -2 * torch.cos(x) * torch.cos(y))}
        expected = on(TORUS, lambda x, y: -2 * torch.cos(x) * torch.cos(y)).values[0]
    else:
        velocity = vector(u, v)
        equations = {
            "u": eq(dt(u) + advect(velocity, u) + d(p, x), nu * lap(u)),
            "v": eq(dt(v) + advect(velocity, v) + d(p, y), nu * lap(v)),
            "p": eq(-lap(p), div(advect(velocity, velocity))),
        }
        initial = {"u": flow[0:1], "v": flow[1:2]}
        expected = flow.values[0]
    found = (
        ETDRK(tol=1e-8).solve(equations, initial, TIME, values={"nu": 0.2}).field.values[0, ..., 0]
    )
    decay = torch.exp(-0.4 * TIME.points())[:, None, None]
    assert float((found - decay * expected[None, ..., 0]).abs().max()) < 1e-9


def test_reactions_agree_with_scipy():
    from scipy.integrate import solve_ivp

    rates = {"f": 0.04, "k": 0.06}
    f, k = (param(name, value) for name, value in rates.items())
    gray_scott = {
        "u": eq(dt(u), 1e-2 * lap(u) - u * v**2 + f * (1 - u)),
        "v": eq(dt(v), 5e-3 * lap(v) + u * v**2 - (f + k) * v),
    }
    time = Axis(3, 0.0, 20.0, name="t")
    start = {"u": on(RING, lambda x: 0.5 + 0 * x), "v": on(RING, lambda x: 0.4 + 0 * x)}
    found = ETDRK(tol=1e-9).solve(gray_scott, start, time).field.values[0, -1, 0]

    def right(_, s):
        reaction = s[0] * s[1] ** 2
        return [-reaction + 0.04 * (1 - s[0]), reaction - 0.1 * s[1]]

    exact = solve_ivp(right, (0, 20), [0.5, 0.4], rtol=1e-12, atol=1e-13).y[:, -1]
    assert np.allclose(found.numpy(), exact, rtol=1e-8)


def test_variable_coefficients_conserve_mass():
    a = coefficient("a", positive=True)
    start = on(RING, lambda x: torch.exp(torch.cos(x)))
    given = {"a": on(RING, lambda x: 0.2 + 0.1 * torch.sin(x))}
    solution = ETDRK(tol=1e-7).solve(
        {"u": eq(dt(u), div(a * grad(u)))}, {"u": start}, TIME, coefficients=given
    )
    mass = solution.field.values.mean(2)
    assert float((mass - mass[:, :1]).abs().max()) < 1e-12
    finer = ETDRK(step=2e-3, resolution=96).solve(
        {"u": eq(dt(u), div(a * grad(u)))}, {"u": start}, TIME, coefficients=given
    )
    assert float(relative(solution.field, finer.field)) < 1e-7


def test_parameters_may_differ_between_samples():
    start = on(RING, lambda x: torch.cos(x), lambda x: torch.cos(x))
    equations = {"u": eq(dt(u) + div(u**2 / 2), param("nu", 1.0) * lap(u))}
    both = ETDRK(tol=1e-7).solve(
        equations, {"u": start}, TIME, values={"nu": torch.tensor([0.3, 0.6])}
    )
    for sample, nu in enumerate((0.3, 0.6)):
        alone = ETDRK(tol=1e-7).solve(equations, {"u": start[0:1]}, TIME, values={"nu": nu})
        gap = both.field.values[sample] - alone.field.values[0]
        assert float(gap.abs().max()) < 1e-6


def test_gradients_reach_state_and_parameter():
    grid = Grid((8,), 2 * math.pi, periodic=True)
    equations = {"u": eq(dt(u) + div(u**2 / 2), param("nu", 0.5) * lap(u))}
    time = Axis(2, 0.0, 0.4, name="t")

    def end(state, nu):
        solver = ETDRK(step=0.2, resolution=12)
        start = {"u": Field(state, grid)}
        return solver.solve(equations, start, time, values={"nu": nu}, final=True).field.values

    state = on(grid, torch.sin).values.requires_grad_()
    nu = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(end, (state, nu))


def test_requested_grid_may_be_coarse_shifted_or_fine():
    problem = burgers(nu=0.05, horizon=0.3)
    start = on(Grid((64,), periodic=True), lambda x: torch.sin(2 * math.pi * x))
    for at in (Grid((5,), periodic=True), Grid((48,), periodic=True, location="cell")):
        found = ETDRK(tol=1e-9).solve(
            problem.equations, {"u": start}, problem.time, at=at, final=True
        )
        assert float(relative(found.field, cole_hopf(problem, start, at))) < 1e-9


def test_blow_up_is_reported_with_its_step():
    start = on(RING, lambda x: 2 + torch.cos(x))
    with pytest.raises(DivergedError, match=r"at t = 0\.3.*\(step \d+ of \d+, sample 0\).*blow up"):
        ETDRK().solve({"u": eq(dt(u), u**2 + 0.01 * lap(u))}, {"u": start}, TIME)
    with pytest.raises(DivergedError, match="take a smaller step"):
        ETDRK(step=0.5).solve({"u": eq(dt(u), u**3)}, {"u": start}, Axis(2, 0.0, 20.0, name="t"))


def test_steps_that_are_too_large_are_not_called_a_blow_up():
    """The porous medium equation from compact support: bounded, and stiff where it is large."""
    line = Grid((128,), periodic=True)
    start = on(line, lambda x: (1 - ((x - 0.5) / 0.2) ** 2).clamp(min=0) ** 0.5)
    solver = ETDRK(steps=1500, resolution=128)
    with pytest.raises(DivergedError, match="128 points need smaller steps than the limit of 1500"):
        solver.solve(
            {"u": eq(dt(u), div(u**2 * grad(u)))}, {"u": start}, Axis(11, 0, 0.1, name="t")
        )


def test_an_unreachable_tolerance_warns():
    start = on(RING, torch.sin)
    equations = {"u": eq(dt(u) + div(u**2 / 2), 0.05 * lap(u))}
    with pytest.warns(UserWarning, match="above the tolerance"):
        ETDRK(tol=1e-10, steps=64).solve(equations, {"u": start}, TIME)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ETDRK(tol=1e-3).solve(equations, {"u": start}, TIME)


@pytest.mark.parametrize(
    ("equations", "says"),
    [
        ({"u": eq(dt(u), -lap(u))}, "ill-posed"),
        ({"u": eq(u * dt(u), lap(u))}, "not semilinear.*solve for"),
        ({"u": eq(dt(u), p), "p": eq(lap(p), p * u)}, "nonlinear term of its own"),
    ],
)
def test_other_equations_are_refused(equations, says):
    with pytest.raises(EquationError, match=says):
        ETDRK().solve(equations, {"u": on(RING, torch.sin)}, TIME)


def test_data_with_boundaries_is_refused():
    start = on(Grid((9,)), torch.sin)
    with pytest.raises(EquationError, match="needs periodic axes"):
        ETDRK().solve({"u": eq(dt(u), lap(u))}, {"u": start}, TIME)
