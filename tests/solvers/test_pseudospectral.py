"""Collocation on boxes that are not periodic: exact solutions, orders, other people's solvers."""

import numpy as np
import pytest
import torch
from scipy.interpolate import RegularGridInterpolator
from scipy.io import loadmat

from fredholm.calculus import evaluate
from fredholm.domains import Axis, Grid
from fredholm.equations import (
    advect,
    coefficient,
    coords,
    cos,
    d,
    div,
    dot,
    dt,
    eq,
    exp,
    field,
    grad,
    lap,
    normal,
    pi,
    sin,
    vector,
)
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems import build
from fredholm.solvers import Pseudospectral, Solution
from fredholm.solvers.pseudospectral_conditions import assigned
from fredholm.solvers.pseudospectral_line import Line
from fredholm.solvers.pseudospectral_steady import newton
from fredholm.solvers.pseudospectral_system import System
from fredholm.solvers.radau import Radau

x, y, t = coords("x y t")
u, v, p = field("u"), field("v"), field("p")
LINE, SQUARE, TIME = Grid((33,)), Grid((17, 17)), Axis(5, 0.0, 1.0, name="t")
ENDS, SIDES = ("left", "right"), ("left", "right", "bottom", "top")
slope = dot(grad(u), normal())


def on(sides, *conditions):
    return dict.fromkeys(sides, conditions)


def judged(solution: Solution, exact, tol: float) -> float:
    """The true relative error of the worst sample; the stated one must not be far below it."""
    field = solution.field
    values = [evaluate(e, {}, field.grid).values.expand_as(field.values[..., :1]) for e in exact]
    expected = field.with_values(torch.cat(values, dim=-1))
    error = norm(difference(field, expected)) / norm(expected)
    assert bool((solution.error >= error / 5).all()), (solution.error, error)
    assert float(error.max()) <= tol and float(solution.error.max()) <= tol
    return float(error.max())


moving = exp(-t) * cos(x + 2 * t)
standing = cos(2 * pi * t) * sin(pi * x)


def test_burgers_with_conditions_that_move():
    """A Robin condition on the right, values that change in time on the left; in flux form."""
    source = (-1 + 0.5) * moving - (2 + moving) * exp(-t) * sin(x + 2 * t)
    statement = {"u": eq(dt(u) + div(u**2 / 2) - div(grad(u)) / 2, source)}
    sides = {
        "left": (eq(u, moving),),
        "right": (eq(slope + 3 * u, 3 * moving - exp(-t) * sin(x + 2 * t)),),
    }
    found = Pseudospectral().solve(statement, LINE, sides, time=TIME, initial={"u": cos(x)})
    judged(found, [moving], 1e-6)
    wrong = {**sides, "right": (eq(slope, 0),)}
    found = Pseudospectral(tol=1e-2).solve(statement, LINE, wrong, time=TIME, initial={"u": cos(x)})
    with pytest.raises(AssertionError):
        judged(found, [moving], 1e-2)


def test_waves_of_second_order_in_time():
    statement = {"u": eq(dt(u, 2), 4 * lap(u))}
    start = {"u": sin(pi * x), "dt(u)": 0 * x}
    found = Pseudospectral().solve(statement, LINE, on(ENDS, eq(u)), time=TIME, initial=start)
    judged(found, [standing], 1e-6)


def test_a_wave_leaves_through_a_side_that_lets_it_pass():
    shape = exp(-100 * (x - t - 0.5) ** 2)
    start = {"u": exp(-100 * (x - 0.5) ** 2), "dt(u)": 200 * (x - 0.5) * exp(-100 * (x - 0.5) ** 2)}
    open_ = on(ENDS, eq(dt(u) + slope))
    statement = {"u": eq(dt(u, 2), lap(u))}
    found = Pseudospectral(tol=1e-4).solve(statement, LINE, open_, time=TIME, initial=start)
    judged(found, [shape], 1e-4)


def test_first_order_systems_share_their_conditions():
    """Sound: two conditions on the pressure, none on the velocity."""
    statement = {"u": eq(dt(u), d(v, x)), "v": eq(dt(v), d(u, x))}
    exact = [sin(pi * x) * cos(pi * t), cos(pi * x) * sin(pi * t)]
    start = {"u": sin(pi * x), "v": 0 * x}
    found = Pseudospectral().solve(statement, LINE, on(ENDS, eq(u)), time=TIME, initial=start)
    judged(found, exact, 1e-6)


def test_two_unknowns_and_a_nonlinear_coupling():
    one, two = exp(-t) * cos(x), exp(-2 * t) * sin(x)
    statement = {
        "u": eq(dt(u), lap(u) + v * u - one * two),
        "v": eq(dt(v), lap(v) - v),
    }
    sides = on(ENDS, eq(u, one), eq(v, two))
    start = {"u": cos(x), "v": sin(x)}
    found = Pseudospectral().solve(statement, LINE, sides, time=TIME, initial=start)
    judged(found, [one, two], 1e-6)


def test_an_initial_state_that_contradicts_the_conditions():
    """u = 1 with u = 0 on the sides: the first frame is as stated, the others are smooth."""
    statement = {"u": eq(dt(u), lap(u))}
    later = Axis(3, 0.0, 0.1, name="t")
    solver = Pseudospectral(tol=1e-4)
    found = solver.solve(statement, LINE, on(ENDS, eq(u)), time=later, initial={"u": 1 + 0 * x})
    modes = [4 / (pi * k) * exp(-((k * pi) ** 2) * t) * sin(k * pi * x) for k in range(1, 40, 2)]
    frames = Grid.of(later, *LINE.axes)
    exact = evaluate(sum(modes[1:], modes[0]), {}, frames).values[:, 1:]
    assert float((found.field.values[:, 1:] - exact).abs().max()) < 1e-5
    assert bool((found.field.values[:, 0] == 1).all())


STEADY = exp(x) * sin(2 * y + 1)


@pytest.mark.parametrize("periodic", [False, True])
def test_steady_nonlinear_in_two_dimensions(periodic):
    exact = exp(x) * sin(2 * pi * y) if periodic else STEADY
    factor = 4 * pi**2 - 1 if periodic else 3
    statement = {"u": eq(-lap(u) + u**3, factor * exact + exact**3)}
    sides = {"left": (eq(u, exact),), "right": (eq(slope + u, 2 * exact),)}
    if not periodic:
        sides |= {"bottom": (eq(u, exact),), "top": (eq(slope, 2 * exp(x) * cos(2 * y + 1)),)}
    grid = Grid((17, 17), periodic=(False, periodic))
    judged(Pseudospectral(tol=1e-9).solve(statement, grid, sides), [exact], 1e-9)


def test_fourth_order_with_two_conditions_on_each_side():
    exact = x**2 * sin(x)
    load = x**2 * sin(x) - 8 * x * cos(x) - 12 * sin(x)
    sides = on(ENDS, eq(u, exact), eq(d(u, x), 2 * x * sin(x) + x**2 * cos(x)))
    judged(Pseudospectral().solve({"u": eq(lap(lap(u)), load)}, LINE, sides), [exact], 1e-9)


def test_a_constant_that_is_free_is_fixed_by_a_gauge():
    exact = cos(pi * x) * cos(pi * y) - 1
    statement = {"u": eq(-lap(u), 2 * pi**2 * (exact + 1))}
    insulated = on(SIDES, eq(slope))
    found = Pseudospectral().solve(statement, SQUARE, insulated, gauge={"u": (0.0, 0.0)})
    judged(found, [exact], 1e-9)
    with pytest.raises(EquationError, match="leave u undetermined.*gauge"):
        Pseudospectral().solve(statement, SQUARE, insulated)


def test_navier_stokes_with_its_pressure():
    decay = exp(-0.2 * pi**2 * t)
    exact = [
        -cos(pi * x) * sin(pi * y) * decay,
        sin(pi * x) * cos(pi * y) * decay,
        -(cos(2 * pi * x) + cos(2 * pi * y) - 2) / 4 * decay**2,
    ]
    flow = vector(u, v)
    statement = {
        "u": eq(dt(u) + advect(flow, u) + d(p, x), 0.1 * lap(u)),
        "v": eq(dt(v) + advect(flow, v) + d(p, y), 0.1 * lap(v)),
        "p": eq(div(flow)),
    }
    sides = on(SIDES, eq(u, exact[0]), eq(v, exact[1]))
    start = {"u": -cos(pi * x) * sin(pi * y), "v": sin(pi * x) * cos(pi * y)}
    early = Axis(3, 0.0, 0.2, name="t")
    found = Pseudospectral(tol=1e-3).solve(
        statement, SQUARE, sides, time=early, initial=start, gauge={"p": (0.0, 0.0)}
    )
    judged(found, exact, 1e-3)


def test_samples_and_callables_are_given_functions():
    """A conductivity by samples, a source by a function of points; one solution per sample."""
    a, f = coefficient("a"), coefficient("f")
    nodes = Grid((65,))
    samples = torch.stack([1 + nodes.points() / 2, 1 + nodes.points() ** 2])
    found = Pseudospectral(tol=1e-8).solve(
        {"u": eq(-div(a * grad(u)), f)},
        LINE,
        on(ENDS, eq(u, x**2)),
        coefficients={"a": Field(samples, nodes), "f": lambda points: -2 - 2 * points[:, 0]},
    )
    judged(replace_sample(found, 0), [x**2], 1e-8)
    assert float(norm(difference(found.field[:1], found.field[1:]))[0]) > 1e-2


def replace_sample(found: Solution, i: int) -> Solution:
    return Solution(found.field[i], found.error[i : i + 1], found.method)


def test_what_is_not_solved_is_said():
    box = Grid((9, 9, 9))
    with pytest.raises(EquationError, match="one or two dimensions"):
        Pseudospectral().solve({"u": eq(lap(u), u**2)}, box, {})
    with pytest.raises(EquationError, match="2 conditions along 'x' are more"):
        Pseudospectral().solve(
            {"u": eq(dt(u) + d(u, x))}, LINE, on(ENDS, eq(u)), time=TIME, initial={"u": x}
        )
    with pytest.raises(EquationError, match="time derivatives of unknowns alone"):
        Pseudospectral().solve(
            {"u": eq(dt(u**2), lap(u))}, LINE, on(ENDS, eq(u)), time=TIME, initial={"u": x}
        )
    backwards = {"u": eq(dt(u), -lap(u))}
    with pytest.raises(DivergedError, match="ill-posed"):
        Pseudospectral(tol=1e-3).solve(
            backwards, LINE, on(ENDS, eq(u)), time=TIME, initial={"u": sin(pi * x)}
        )
    free = {"u": eq(dt(u), lap(u)), "p": eq(d(p, x), d(u, x))}
    with pytest.raises(EquationError, match="undetermined.*gauge"):
        Pseudospectral().solve(free, LINE, on(ENDS, eq(u)), time=TIME, initial={"u": sin(pi * x)})
    plate = on(SIDES, eq(u), eq(slope))
    with pytest.raises(EquationError, match="one on each side"):
        Pseudospectral().solve({"u": eq(lap(lap(u)), 1)}, SQUARE, plate)


def test_a_limit_is_reported_with_the_error_it_leaves():
    """The corners of a square limit the smoothness of -Δu = 1."""
    solver = Pseudospectral(tol=1e-10, size=900)
    with pytest.warns(UserWarning, match="above the tolerance"):
        found = solver.solve({"u": eq(-lap(u), 1)}, SQUARE, on(SIDES, eq(u)))
    k = torch.arange(1, 60, 2, dtype=torch.float64)
    sines = torch.sin(np.pi * k * SQUARE.axes[0].points()[:, None])
    weights = 16 / (np.pi**4 * k * k[:, None] * (k**2 + k[:, None] ** 2))
    series = sines @ weights @ sines.T
    error = float((found.field.values[0, ..., 0] - series).norm() / series.norm())
    assert 1e-10 < error < 1e-4
    assert float(found.error[0]) > 1e-10


def collocated(count: int, breaks=()) -> System:
    statement = {"u": eq(-div((1 + u**2) * grad(u)) + u, -3 * exp(3 * x))}
    sides = on(ENDS, eq(u, exp(x)))
    line = Line(Axis(9, 0.0, 1.0), count, breaks)
    conditions = assigned(statement, sides, ("x",))
    return System(statement, conditions, (line,), values={}, known={}, gauge={})


def test_errors_fall_exponentially_with_the_number_of_nodes():
    errors = []
    for count in (4, 6, 8, 10):
        system = collocated(count)
        found, _ = newton(system, np.ones(system.size_of_y), 1e-13)
        errors.append(np.abs(found - np.exp(system.layout.lines[0].nodes(2))).max())
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    assert (ratios > 20).all(), errors


def test_the_linearisation_is_exact():
    rng = np.random.default_rng(0)
    system = collocated(7, (0.3, 0.4))
    state, change, times = rng.normal(size=(27, 1)), rng.normal(size=(27, 1)), np.zeros(1)
    zero = np.zeros_like(state)
    by_y, by_rate = system.linearised(0.0, state[:, 0], zero[:, 0])
    ends = [system.residual(times, state + s * 1e-6 * change, zero) for s in (1, -1)]
    expected = (ends[0] - ends[1]) / 2e-6
    assert np.abs(by_y @ change - expected).max() < 1e-7 * np.abs(expected).max()
    assert by_rate.nnz == 0


class Oscillator:
    """(q' + t w, w' - q) = 0 beside the equation r = q² without derivative."""

    def residual(self, times, y, rate):
        return np.stack([rate[0] + times * y[1], rate[1] - y[0], y[2] - y[0] ** 2])

    def linearised(self, time, y, rate):
        import scipy.sparse as sp

        by_y = [[0, time, 0], [-1, 0, 0], [-2 * y[0], 0, 1]]
        return sp.csr_array(np.array(by_y, float)), sp.csr_array(np.diag([1.0, 1.0, 0.0]))


def test_radau_has_order_five():
    ends = []
    for count in (8, 16, 32, 256):
        scheme = Radau(Oscillator(), lambda change, like: float(np.abs(change).max()), 1e-13)
        state, h = np.array([1.0, 0.0, 1.0]), 4 / count
        for k in range(count):
            step, error = scheme.attempt(k * h, state, h, np.zeros((3, 3)))
            state = step.after
        ends.append(state)
    errors = [np.abs(end - ends[-1]).max() for end in ends[:-1]]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.abs(orders - 5).max() < 0.5, orders
    assert abs(state[2] - state[0] ** 2) < 1e-12


@pytest.mark.parametrize("periodic", [False, True])
def test_lines_differentiate_and_continue(periodic):
    axis = Axis(9, -1.0, 2.0, periodic=periodic)
    line = Line(axis, 25) if periodic else Line(axis, 12, (0.0, 0.5))
    rate = 4 * np.pi / 3
    points = np.linspace(-1, 2, 40)
    for q in (0,) if periodic else (0, 1, 2, 4):
        values = np.sin(rate * line.nodes(q))
        assert np.abs(line.at(q, points) @ values - np.sin(rate * points)).max() < 1e-5
        second = line.matrix(q, 2, "start") @ values
        assert abs(second[0] + rate**2 * np.sin(-rate)) < 1e-3
        assert abs(line.weights(q) @ values**2 - 0.5) < 1e-4
        if q:
            assert (line.joints(q) @ values).shape == (2 * q,)
            assert np.abs(line.joints(q)[:q] @ values).max() < 1e-2
            broken = values + (np.arange(len(values)) >= len(values) // 3)
            assert np.abs(line.joints(q) @ broken).max() > 0.5


BURGERS = {"u": eq(dt(u) + u * d(u, x), 0.01 / pi * lap(u))}


def burgers(axis: Axis, time: Axis, tol: float) -> Solution:
    grid = Grid.of(axis)
    solver, start = Pseudospectral(tol=tol), {"u": -sin(pi * x)}
    return solver.solve(BURGERS, grid, on(ENDS, eq(u)), time=time, initial=start)


def test_a_shock_agrees_with_chebfun(shared_data):
    stored = loadmat(shared_data / "pinns" / "burgers_shock.mat")
    found = burgers(Axis(256, -1.0, 1.0), Axis(100, 0.0, 0.99, name="t"), 1e-6)
    expected = torch.tensor(stored["usol"].T)
    error = float((found.field.values[0, ..., 0] - expected).norm() / expected.norm())
    assert error < 5e-7 and float(found.error[0]) < 1e-6
    assert float(found.error[0]) >= error / 5
    assert found.details["elements"][0] > 8


def test_a_shock_agrees_with_finite_elements(shared_data):
    """The stored solution of a coarse mesh is 1.3 percent off, most of it beside the shock."""
    stored = np.loadtxt(shared_data / "pinnacle" / "burgers1d.dat", comments="%")
    found = burgers(Axis(101, -1.0, 1.0), Axis(11, 0.0, 1.0, name="t"), 1e-4)
    values = found.field.values[0, ..., 0].numpy().T
    gap = values - stored[:, 1:]
    assert np.linalg.norm(gap) / np.linalg.norm(values) < 2e-2
    assert np.abs(gap[:, 0]).max() < 1e-5


def test_fronts_of_allen_cahn_between_insulated_sides():
    """A front at rest on a line that cuts it far away: tanh(x / √(2 ε²))."""
    width = 0.05
    statement = {"u": eq(dt(u), width**2 * lap(u) + u - u**3)}
    exact = 1 - 2 / (exp(2**0.5 * (x - 0.5) / width) + 1)
    box = Grid((65,), (-0.5, 1.5))
    found = Pseudospectral(tol=1e-6).solve(
        statement, box, on(ENDS, eq(slope)), time=TIME, initial={"u": exact}
    )
    judged(found, [exact + 0 * t], 1e-6)


def test_a_driven_cavity_agrees_with_finite_elements(shared_data):
    stored = np.loadtxt(shared_data / "pinnacle" / "lid_driven_a4.dat", comments="%")
    cavity = build("cavity", lid=4.0)
    with pytest.warns(UserWarning, match="above the tolerance"):
        found = Pseudospectral(tol=1e-3, size=1700).solve(
            cavity.equations,
            cavity.domain,
            cavity.conditions,
            values=cavity.parameters,
            gauge=cavity.gauge,
        )
    axes = [axis.points().numpy() for axis in cavity.domain.axes]
    flow = RegularGridInterpolator(axes, found.field.values[0, ..., :2].numpy(), method="cubic")
    gap = flow(stored[:, :2].clip(0, 1)) - stored[:, 2:4]
    error = np.linalg.norm(gap) / np.linalg.norm(stored[:, 2:4])
    assert error < 2e-3 and float(found.error[0]) > error
