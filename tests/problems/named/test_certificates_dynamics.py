"""Named evolution problems against exact solutions, conservation laws and independent solvers."""

import inspect
import math

import numpy as np
import pytest
import torch

from fredholm.calculus import evaluate
from fredholm.domains import Grid
from fredholm.equations import dot, dt, eq, field, grad, lap
from fredholm.fields import Field, difference, norm
from fredholm.problems import PROBLEMS, Problem, build, builder
from fredholm.solvers.etdrk import ETDRK

EVOLUTIONS = [
    key
    for key in sorted(PROBLEMS)
    if build(key).time and build(key).varies and not build(key).shapes
]
LINEAR = ["advection", "advection_diffusion", "diffusion", "heat"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def on(grid: Grid, *functions) -> Field:
    """One function of the coordinates, with a channel for each of these."""
    points = grid.points().unbind(-1)
    return Field(torch.stack([f(*points) for f in functions], dim=-1)[None], grid)


def relative(found: Field, expected: Field) -> torch.Tensor:
    return norm(difference(found, expected)) / norm(expected)


CHEAP = {
    "burgers2d": {"nu": 0.05, "horizon": 0.2},
    "diffusion_reaction": {"modes": 3, "horizon": 1.0},
    "gray_scott": {"horizon": 5.0, "diffusivity": 1e-3},
    "kdv": {"horizon": 2.0, "length": 32.0},
    "navier_stokes": {"nu": 0.05, "horizon": 0.3, "peak": 2.0},
}
"""Parameters that make a problem quicker to solve."""


def cheap(key: str, **parameters) -> Problem:
    still = {"warmup": 0.0} if "warmup" in inspect.signature(builder(key)).parameters else {}
    return build(key, **still, **CHEAP.get(key, {}), **parameters)


@pytest.mark.parametrize("key", LINEAR)
@pytest.mark.parametrize("resolution", [32, 33])
def test_linear_problems_are_exact_to_rounding(key, resolution):
    problem = build(key, frames=4)
    inputs = problem.sample(2, problem.grid(resolution), generator=seeded())
    solution = problem.solve(inputs, tol=1e-3)
    assert problem.exact is not None
    expected = problem.exact(problem, inputs, solution.field.grid)
    assert float(relative(solution.field, expected).max()) < 1e-12
    first = relative(Field(expected.values[:, 0], inputs.grid), inputs)
    assert float(first.max()) < 1e-12


def test_diffusion_in_three_dimensions_is_exact():
    problem = build("diffusion", dim=3, modes=2, horizon=0.2)
    inputs = problem.sample(1, problem.grid((8, 9, 10)), generator=seeded())
    solution = problem.solve(inputs)
    assert problem.exact is not None
    expected = problem.exact(problem, inputs, solution.field.grid)
    assert float(relative(solution.field, expected)) < 1e-12
    slower = build("diffusion", dim=3, nu=0.011).exact(problem, inputs, solution.field.grid)  # type: ignore[misc]
    assert float(relative(expected, slower)) < 1e-12  # the problem that is given counts


def test_kdv_soliton():
    problem = build("kdv", length=40.0, horizon=3.0)
    grid, speed = Grid((96,), 40.0, periodic=True), 1.5

    def soliton(t: float):
        return lambda x: 3 * speed / torch.cosh(speed**0.5 / 2 * (x - 20 - speed * t)) ** 2

    found = problem.solve(on(grid, soliton(0.0)), tol=1e-7).field
    assert float(relative(found, on(grid, soliton(3.0)))) < 1e-6
    assert float(relative(found, on(grid, soliton(2.99)))) > 1e-3


def two_solitons(x: torch.Tensor, t: float) -> torch.Tensor:
    """u = 12 ∂²ₓ log F with Hirota's F = 1 + e₁ + e₂ + ((p - q)/(p + q))² e₁e₂."""
    p, q = 0.8, 1.2
    slow, fast = torch.exp(p * (x - 1) - p**3 * t), torch.exp(q * (x + 4) - q**3 * t)
    terms = [1 + 0 * x, slow, fast, ((p - q) / (p + q)) ** 2 * slow * fast]
    rates = [0.0, p, q, p + q]
    f, first, second = (
        torch.stack([rate**n * term for rate, term in zip(rates, terms)]).sum(0) for n in range(3)
    )
    return 12 * (second / f - (first / f) ** 2)


def test_two_solitons_of_kdv_pass_through_each_other():
    """The faster one overtakes the slower one; the sum of two solitons is not what comes out."""
    grid, named = Grid((128,), (-25.0, 31.0), periodic=True), build("kdv", horizon=9.0)
    problem = Problem("kdv", "", named.equations, grid, named.time, True, named.varies)
    found = problem.solve(on(grid, lambda x: two_solitons(x, 0.0)), tol=1e-6).field
    assert float(relative(found, on(grid, lambda x: two_solitons(x, 9.0)))) < 1e-5

    def alone(x: torch.Tensor, rate: float, place: float) -> torch.Tensor:
        return 3 * rate**2 / torch.cosh((rate * (x - place) - rate**3 * 9.0) / 2) ** 2

    separate = on(grid, lambda x: alone(x, 0.8, 1.0) + alone(x, 1.2, -4.0))
    assert float(relative(found, separate)) > 0.1


def test_taylor_green_vortices_decay():
    problem = build("navier_stokes", nu=0.05, frames=3)
    grid = problem.grid(24)
    inputs = on(grid, lambda x, y: 2 * torch.cos(2 * x) * torch.cos(2 * y))
    found = problem.solve(inputs, tol=1e-9).field.values[0, ..., 0]
    decay = torch.exp(-0.05 * 8 * torch.tensor([0, 0.5, 1.0], dtype=torch.float64))
    assert float((found - decay[:, None, None] * inputs.values[..., 0]).abs().max()) < 1e-11


def test_forces_of_navier_stokes():
    """A flow at rest takes up the force, and the viscosity takes it down again."""
    problem = build("navier_stokes", nu=0.05, forcing="kolmogorov", warmup=0.0, drag=0.2)
    inputs = on(problem.grid(24), lambda x, y: 0 * x)
    rate = 0.05 * 16 + 0.2
    factor = -4 * (1 - math.exp(-rate)) / rate
    expected = on(inputs.grid, lambda x, y: factor * torch.cos(4 * y))
    assert float(relative(problem.solve(inputs, tol=1e-9).field, expected)) < 1e-9
    problem = build("navier_stokes", nu=0.01, forcing="diagonal")
    rate = 0.01 * 8 * math.pi**2
    factor = 0.1 * (1 - math.exp(-rate)) / rate
    phase = lambda x, y: 2 * math.pi * (x + y)  # noqa: E731
    inputs = on(problem.grid(24), lambda x, y: 0 * x)
    expected = on(
        inputs.grid, lambda x, y: factor * (torch.sin(phase(x, y)) + torch.cos(phase(x, y)))
    )
    assert float(relative(problem.solve(inputs, tol=1e-9).field, expected)) < 1e-9


def test_soliton_of_schroedinger():
    problem = build("schroedinger", length=10 * math.pi, horizon=1.5)
    grid, height, speed = problem.grid(128), 1.2, 0.6  # the speed is a multiple of 2π / length

    def wave(t: float, part):
        def function(x: torch.Tensor) -> torch.Tensor:
            z = x - 5 * math.pi
            phase = speed * z + (height**2 - speed**2) / 2 * t
            return height / torch.cosh(height * (z - speed * t)) * part(phase)

        return function

    start, end = (on(grid, wave(t, torch.cos), wave(t, torch.sin)) for t in (0.0, 1.5))
    assert float(relative(problem.solve(start, tol=1e-7).field, end)) < 1e-6


def test_front_of_allen_cahn_stays_and_that_of_nagumo_moves():
    """tanh(x/(√2 ε)) rests; with the zero at a it moves with the speed ε √2 (½ - a)."""
    grid, width = Grid((256,), (-1.0, 1.0), periodic=True), 0.05
    problem = build("allen_cahn", epsilon=width, horizon=2.0)
    profile = lambda z: torch.tanh(z / (2**0.5 * width))  # noqa: E731
    pair = on(grid, lambda x: profile(x + 0.5) * profile(0.5 - x))
    box = Problem("a", "", problem.equations, grid, problem.time, True, problem.varies)
    assert float(relative(box.solve(pair, tol=1e-8).field, pair)) < 1e-5
    u, zero = field("u"), 0.3
    moving = eq(dt(u), width**2 * lap(u) + u * (1 - u) * (u - zero))
    box = Problem("b", "", {"u": moving}, grid, problem.time, True, problem.varies)
    speed = width * 2**0.5 * (0.5 - zero)

    def step(t: float):
        front = lambda x: (1 + torch.tanh((x + 0.3 + speed * t) / (8**0.5 * width))) / 2  # noqa: E731
        return lambda x: front(x) * front(-x)

    # Two fronts that are 0.6 apart feel each other by exp(-0.6/(√2 ε)), 2e-4 of the height.
    assert (
        float(relative(box.solve(on(grid, step(0.0)), tol=1e-8).field, on(grid, step(2.0)))) < 1e-3
    )
    assert float(relative(on(grid, step(0.0)), on(grid, step(2.0)))) > 1e-2


def test_wave_of_fisher():
    """The front (1 + exp(√(r/6ν) x - 5/6 r t))⁻² of Ablowitz and Zeppetella, mirrored on a ring."""
    grid = Grid((256,), (-1.0, 1.0), periodic=True)
    named = build("fisher_kpp", nu=1e-4, r=4.0, horizon=0.3)
    problem = Problem("f", "", named.equations, grid, named.time, True, named.varies)

    def wave(t: float):
        slope = math.sqrt(4.0 / 6e-4)
        return lambda x: (1 + torch.exp(slope * (x.abs() - 0.5) - 5 / 6 * 4.0 * t)) ** -2

    found = problem.solve(on(grid, wave(0.0)), tol=1e-8).field
    assert float(relative(found, on(grid, wave(0.3)))) < 1e-7
    assert float(relative(found, on(grid, wave(0.29)))) > 1e-3


def test_gray_scott_without_diffusion_agrees_with_scipy():
    from scipy.integrate import solve_ivp

    problem = build("gray_scott", dim=1, feed=0.03, kill=0.055, horizon=30.0)
    start = on(problem.grid(16), lambda x: 0.6 + 0 * x, lambda x: 0.3 + 0 * x)
    found = problem.solve(start, tol=1e-9).field.values[0, 0]

    def right(_, s):
        reaction = s[0] * s[1] ** 2
        return [-reaction + 0.03 * (1 - s[0]), reaction - 0.085 * s[1]]

    exact = solve_ivp(right, (0, 30), [0.6, 0.3], rtol=1e-12, atol=1e-13).y[:, -1]
    assert np.allclose(found.numpy(), exact, rtol=1e-8)


def test_burgers_in_two_dimensions_by_cole_hopf():
    """u = -2ν ∇ log φ solves it where φ solves the heat equation."""
    nu, time = 0.05, 0.3
    problem = build("burgers2d", nu=nu, horizon=time)
    tau = 2 * math.pi

    def velocity(t: float) -> Field:
        fade = math.exp(-2 * nu * tau**2 * t)

        def phi(x, y):
            return 2 + fade * torch.cos(tau * x) * torch.cos(tau * y)

        return on(
            problem.grid(32),
            lambda x, y: 2 * nu * tau * fade * torch.sin(tau * x) * torch.cos(tau * y) / phi(x, y),
            lambda x, y: 2 * nu * tau * fade * torch.cos(tau * x) * torch.sin(tau * y) / phi(x, y),
        )

    assert float(relative(problem.solve(velocity(0.0), tol=1e-8).field, velocity(time))) < 1e-7


@pytest.mark.parametrize("size", [40, 39])
def test_lorenz96_agrees_with_plain_runge_kutta(size):
    problem = build("lorenz96", size=size, warmup=2.0)
    inputs = problem.sample(1, generator=seeded())
    solution = problem.solve(inputs, tol=1e-7)
    x, h = inputs.values[0, :, 0].numpy(), 1e-3

    def rate(x):
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8

    for _ in range(1000):
        a = rate(x)
        b = rate(x + h / 2 * a)
        c = rate(x + h / 2 * b)
        x = x + h / 6 * (a + 2 * b + 2 * c + rate(x + h * c))
    assert np.abs(solution.field.values[0, :, 0].numpy() - x).max() < 1e-6
    assert float(solution.error) < 1e-7
    assert solution.details["points"] == [size]


def solve_kdv(steps: int, order: int, resolution: int = 64) -> Field:
    problem = build("kdv", length=20.0, horizon=0.5)
    start = on(problem.grid(64), lambda x: torch.exp(torch.sin(2 * math.pi * x / 20)))
    solver = ETDRK(order=order, step=0.5 / steps, resolution=resolution)
    return solver.solve(problem.equations, {"u": start}, problem.time, final=True).field  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_orders_in_time_on_kdv(order):
    exact = solve_kdv(400, 4)
    errors = [float(relative(solve_kdv(steps, order), exact)) for steps in (10, 20, 40)]
    slope = -np.polyfit(np.log([10, 20, 40]), np.log(errors), 1)[0]
    assert abs(slope - order) < 0.25, errors


def test_errors_in_space_decay_exponentially():
    exact = solve_kdv(100, 4, 96)
    errors = [float(relative(solve_kdv(100, 4, n), exact)) for n in (12, 24, 36)]
    assert errors[1] < 0.05 * errors[0] and errors[2] < 0.05 * errors[1], errors


@pytest.mark.parametrize("key", [key for key in EVOLUTIONS if build(key).conserved])
def test_conserved_quantities_stay(key):
    problem = cheap(key, frames=3)
    one = problem.domain.dim == 1
    inputs = problem.sample(1, problem.grid(48 if one else 17), generator=seeded(1))
    # On grids that resolve what is integrated: sums then are integrals.
    at = problem.target_grid(problem.grid(384 if one else 96))
    u = problem.solve(inputs, at=at, tol=1e-7).field
    values = {n: u.with_values(u.values[..., i : i + 1]) for i, n in enumerate(problem.targets)}
    for name, density in problem.conserved.items():
        found = evaluate(density, {**problem.parameters, **values}, u.grid).values.flatten(2)
        size = float(found.abs().mean())
        drift = float((found.mean(2) - found.mean(2)[:, :1]).abs().max()) / size
        linear = name in ("mass", "circulation") and key != "schroedinger"
        assert drift < (1e-12 if linear else 1e-5), (name, drift)


def test_what_is_not_conserved_drifts():
    problem = build("fisher_kpp", frames=3)
    inputs = problem.sample(1, problem.grid(48), generator=seeded())
    mass = problem.solve(inputs, tol=1e-4).field.values.mean(2)
    assert float((mass - mass[:, :1]).abs().max()) > 0.1


@pytest.mark.parametrize("key", ["allen_cahn", "cahn_hilliard", "swift_hohenberg"])
def test_energies_fall(key):
    problem = build(key, frames=9)
    dim = problem.domain.dim
    inputs = problem.sample(1, problem.grid(48 if dim == 1 else 24), generator=seeded())
    at = problem.target_grid(problem.grid(192 if dim == 1 else 72))
    found = problem.solve(inputs, at=at, tol=1e-4).field
    u = field("u")
    values = problem.parameters
    energy = {
        "allen_cahn": lambda: (
            (u**2 - 1) ** 2 / 4 + values["epsilon"] ** 2 / 2 * dot(grad(u), grad(u))
        ),
        "cahn_hilliard": lambda: (u**2 - 1) ** 2 / 4 + values["gamma"] / 2 * dot(grad(u), grad(u)),
        "swift_hohenberg": lambda: (
            (u + lap(u)) ** 2 / 2 - values["r"] / 2 * u**2 - values["g"] / 3 * u**3 + u**4 / 4
        ),
    }[key]()
    sums = evaluate(energy, {"u": found}, found.grid).values.flatten(2).mean(2)[0]
    assert bool((sums.diff() < 0).all()), sums


def test_chaos_is_followed_by_different_steps_and_resolutions():
    """Kuramoto-Sivashinsky to t = 20, where errors have grown about fivefold."""
    problem = build("kuramoto_sivashinsky", length=32.0, horizon=20.0, warmup=20.0)
    inputs = problem.sample(1, generator=seeded()).at(problem.grid(64))
    solve = lambda step, n: ETDRK(step=step, resolution=n).solve(  # noqa: E731
        problem.equations,
        {"u": inputs},
        problem.time,
        final=True,  # type: ignore[arg-type]
    )
    coarse, fine = solve(0.1, 96).field, solve(0.05, 144).field
    assert float(relative(coarse, fine)) < 1e-3
    assert float(relative(problem.solve(inputs, tol=1e-5).field, fine)) < 1e-4


def test_the_mean_of_the_flames_stays_because_of_the_hidden_unknown():
    """Without p the mean falls by the mean of |∇u|²/2, and nothing else changes."""
    problem = build("kuramoto_sivashinsky2d", warmup=0.0, length=16.0, horizon=1.0)
    inputs = problem.sample(1, problem.grid(16), generator=seeded())
    u = field("u")
    plain = {"u": eq(dt(u) + dot(grad(u), grad(u)) / 2, -lap(u) - lap(lap(u)))}
    other = Problem("k", "", plain, problem.domain, problem.time, True, problem.varies)
    with_p, without = (p.solve(inputs, tol=1e-8).field.values[..., 0] for p in (problem, other))
    assert float(without.mean()) < -0.1 and abs(float(with_p.mean())) < 1e-9
    assert float((without - without.mean() - with_p).abs().max()) < 1e-7


def test_hidden_unknowns_in_the_residual():
    """The stream function is found again from the vorticity; a wrong viscosity shows."""
    problem = build("navier_stokes", nu=0.05, horizon=0.1, frames=11, peak=2.0)
    inputs = problem.sample(1, problem.grid(32), generator=seeded())
    u = problem.solve(inputs, tol=1e-8).field
    residual = problem.residual(u, inputs)
    assert list(residual) == ["w"]
    right = float(norm(residual["w"]))
    wrong = float(norm(problem.with_parameters(nu=0.06).residual(u, inputs)["w"]))
    assert right < 1e-2 * wrong, (right, wrong)


STATED = [key for key in EVOLUTIONS if "translations" in build(key).symmetries]


@pytest.mark.parametrize("key", STATED)
def test_translations_map_solutions_to_solutions(key):
    problem = cheap(key)
    inputs = problem.sample(1, problem.grid(40 if problem.lattice else 16), generator=seeded(2))
    solved = problem.solve(inputs, tol=1e-3)
    moved = problem.solve(translated(inputs), tol=1e-3).field
    gap = relative(moved, translated(solved.field))
    assert float(gap) < 1e-4  # exact but for the aliasing of products, where points do not move


def translated(u: Field) -> Field:
    return u.with_values(u.values.roll(u.grid.shape[0] // 3, 1))


def test_dispersion_of_the_linear_part_of_swift_hohenberg():
    """A wave of wavenumber k so small that nothing but r - (1 - k²)² acts on it."""
    problem = build("swift_hohenberg", dim=1, horizon=1.0, length=4 * math.pi, g=0.0)
    inputs = on(problem.grid(32), lambda x: 1e-6 * torch.cos(1.5 * x))
    growth = math.exp(0.7 - (1 - 1.5**2) ** 2)
    expected = inputs.with_values(growth * inputs.values)
    assert float(relative(problem.solve(inputs, tol=1e-9).field, expected)) < 1e-8
