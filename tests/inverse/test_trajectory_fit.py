"""Coefficients fitted through the solver: the noise that biases a regression does not bias them."""

import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import coords, d, dt, eq, field
from fredholm.errors import DataError
from fredholm.fields import Field
from fredholm.inverse import discover_equation, fit_trajectory
from fredholm.solvers.etdrk import ETDRK

x, t = coords("x t")
u, v = field("u"), field("v")
RING = Grid((32,), 2 * math.pi, periodic=True)
TIME = Axis(31, 0.0, 1.2, name="t")
X = RING.points()[..., 0]
WAVES = torch.sin(X) + 0.4 * torch.cos(2 * X - 1) + 0.2 * torch.sin(3 * X + 2) + 0.3
START = Field(WAVES[None, :, None], RING)
QUICK = ETDRK(step=0.04, resolution=48)


def noisy(u, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(u.values.shape, generator=generator, dtype=torch.float64)
    return u.with_values(u.values + size * noise)


def test_noise_biases_the_regression_and_not_the_fit():
    truth = {"u u_x": -1.0, "u_xx": 0.1}
    statement = {"u": eq(dt(u), -d(u**2 / 2, x) + 0.1 * d(u, x, 2))}
    flow = noisy(ETDRK(tol=1e-6).solve(statement, {"u": START}, TIME).field, 0.1)
    library = {"u u_x": d(u**2 / 2, x), "u_xx": d(u, x, 2)}
    found = discover_equation(flow, library, threshold=0.0, support=0.4)
    fit = fit_trajectory({"u": found}, flow, initial=START, solver=QUICK)
    for name, value in truth.items():
        error = fit.errors["u"][name]
        assert abs(fit.coefficients["u"][name] - value) < 3.5 * error < 0.2 * abs(value)
    assert abs(found.coefficients["u_xx"] - 0.1) > 2.5 * fit.errors["u"]["u_xx"]
    assert fit.distance < fit.start
    assert 0.09 < fit.distance * float(flow.values.square().mean().sqrt()) < 0.11
    solved = QUICK.solve(fit.equations, {"u": START}, TIME).field
    assert float((solved.values - flow.values).norm() / flow.values.norm()) == pytest.approx(
        fit.distance, rel=1e-3
    )


def test_exact_data_stay_where_they_are():
    statement = {"u": eq(dt(u), -0.3 * d(u, x) + 0.1 * d(u, x, 2))}
    flow = ETDRK().solve(statement, {"u": START}, TIME).field
    fit = fit_trajectory({"u": discover_equation(flow, support=0.4)}, flow)
    assert fit.coefficients["u"] == pytest.approx({"u_x": -0.3, "u_xx": 0.1}, rel=1e-9)
    assert fit.distance < 1e-10


def test_systems():
    start = {"u": START, "v": START.with_values(START.values.flip(1))}
    waves = {"u": eq(dt(u), 2 * d(v, x)), "v": eq(dt(v), 2 * d(u, x) - 0.5 * v)}
    flow = noisy(ETDRK().solve(waves, start, TIME).field, 0.05)
    library = {"u": u, "v": v, "u_x": d(u, x), "v_x": d(v, x)}
    options = {"unknowns": ("u", "v"), "support": 0.4}
    found = {
        "u": discover_equation(flow, library, dt(u), **options),
        "v": discover_equation(flow, library, dt(v), **options),
    }
    initial = Field(torch.cat([start["u"].values, start["v"].values], dim=-1), RING)
    fit = fit_trajectory(found, flow, initial=initial)
    assert fit.coefficients["u"] == pytest.approx({"v_x": 2.0}, rel=0.01)
    assert fit.coefficients["v"] == pytest.approx({"u_x": 2.0, "v": -0.5}, rel=0.03)


def test_refusals():
    flow = ETDRK().solve({"u": eq(dt(u), 0.1 * d(u, x, 2))}, {"u": START}, TIME).field
    found = {"u": discover_equation(flow, support=0.4)}
    late = Axis(31, 0.0, 1.24, location="right", name="t")
    with pytest.raises(DataError, match="begin with their initial state"):
        fit_trajectory(found, Field(flow.values, Grid.of(late, *RING.axes)))
    with pytest.raises(DataError, match="no coefficients"):
        fit_trajectory({"u": discover_equation(flow, threshold=1e9, support=0.4)}, flow)
