"""Evolution on meshes: exact solutions, balances, and conditions that change in time."""

import math

import pytest
import torch

from fredholm.domains import Axis, Cylinder, Grid, Mesh, mesh_of_grid
from fredholm.equations import coords, cos, dot, dt, eq, exp, field, grad, lap, normal, pi, sin
from fredholm.equations.expand import rename
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field
from fredholm.solvers.finite_elements import FiniteElements

pytest.importorskip("skfem")
x, y, t = coords("x y t")
u, v = field("u"), field("v")
FLUX = dot(grad(u), normal())
TIME = Axis(3, 0.0, 0.1, name="t")


def square(n: int) -> Mesh:
    return mesh_of_grid(Grid((n + 1, n + 1)))


def everywhere(mesh: Mesh, *conditions) -> dict:
    return {part: conditions for part in mesh.parts}


def gap(solution, exact) -> float:
    """Largest difference to a function of (t, x, y), over all frames and nodes."""
    points = solution.field.domain.points()
    return float((solution.field.values[0, ..., 0] - exact(*points.unbind(-1))).abs().max())


def test_heat_decays_as_its_modes_do():
    mesh = square(6)
    solution = FiniteElements(tol=2e-3).solve(
        {"u": eq(dt(u), lap(u))},
        mesh,
        everywhere(mesh, eq(u)),
        time=TIME,
        initial={"u": sin(pi * x) * sin(pi * y)},
    )
    assert solution.field.domain == Cylinder(TIME, mesh)

    def exact(t, x, y):
        modes = torch.sin(torch.pi * x) * torch.sin(torch.pi * y)
        return torch.exp(-2 * torch.pi**2 * t) * modes

    assert gap(solution, exact) < 2e-3
    assert float(solution.error) < 2e-3


def test_sources_and_values_may_change_in_time():
    mesh = square(4)
    moving = exp(-t) * sin(2 * x + t) * cos(y)
    equations = {"u": eq(dt(u) + u**2, lap(u) + rename(dt(u) + u**2 - lap(u), {u: moving}))}
    conditions = everywhere(mesh, eq(u, moving)) | {"top": (eq(FLUX, rename(FLUX, {u: moving})),)}
    solution = FiniteElements(tol=1e-2).solve(
        equations, mesh, conditions, time=TIME, initial={"u": rename(moving, {t: 0 * x})}
    )
    assert gap(solution, lambda t, x, y: torch.exp(-t) * torch.sin(2 * x + t) * y.cos()) < 1e-3


def test_insulated_heat_keeps_its_integral_and_samples_differ():
    mesh = square(6)
    generator = torch.Generator().manual_seed(0)
    start = Field(torch.rand(2, len(mesh), 1, generator=generator, dtype=torch.float64), mesh)
    solution = FiniteElements(tol=2e-2).solve(
        {"u": eq(dt(u), lap(u))}, mesh, everywhere(mesh, eq(FLUX)), time=TIME, initial={"u": start}
    )
    # At its own nodes the integral is that of elements of first order: compare the last frames.
    mean = (mesh.weights() * solution.field.values[:, -1, :, 0]).sum(-1)
    wanted = (mesh.weights() * start.values[..., 0]).sum(-1)
    torch.testing.assert_close(mean, wanted, rtol=2e-3, atol=0)
    assert abs(float(wanted[0] - wanted[1])) > 1e-2
    final = FiniteElements(tol=2e-2).solve(
        {"u": eq(dt(u), lap(u))},
        mesh,
        everywhere(mesh, eq(FLUX)),
        time=TIME,
        initial={"u": start},
        final=True,
    )
    assert final.field.domain == mesh
    torch.testing.assert_close(final.field.values, solution.field.values[:, -1])


def test_waves_swing_and_keep_their_energy():
    mesh, period = square(6), math.sqrt(2)
    solution = FiniteElements(tol=5e-3).solve(
        {"u": eq(dt(u, 2), lap(u))},
        mesh,
        everywhere(mesh, eq(u)),
        time=Axis(5, 0.0, period, name="t"),
        initial={"u": sin(pi * x) * sin(pi * y), "dt(u)": 0 * x},
    )

    def exact(t, x, y):
        modes = torch.sin(torch.pi * x) * torch.sin(torch.pi * y)
        return torch.cos(2 * torch.pi * t / period) * modes

    assert gap(solution, exact) < 5e-3
    first, last = solution.field.values[0, [0, -1], :, 0]
    assert float((last - first).norm() / first.norm()) < 5e-3  # after one period


def test_pulled_waves_follow_their_end():
    """A value that is prescribed in time prescribes the rate too."""
    mesh = mesh_of_grid(Grid((17,)))
    moving = sin(x + t)
    solution = FiniteElements(tol=1e-3).solve(
        {"u": eq(dt(u, 2), lap(u))},
        mesh,
        {"left": (eq(u, moving),), "right": (eq(u, moving),)},
        time=Axis(3, 0.0, 2.0, name="t"),
        initial={"u": sin(x), "dt(u)": cos(x)},
    )
    assert gap(solution, lambda t, x: torch.sin(x + t)) < 1e-3


def test_unknowns_without_time_derivative_follow_the_others():
    mesh = square(4)
    solution = FiniteElements(tol=1e-2).solve(
        {"u": eq(dt(u), lap(u)), "v": eq(-lap(v), u)},
        mesh,
        everywhere(mesh, eq(u), eq(v)),
        time=TIME,
        initial={"u": sin(pi * x) * sin(pi * y)},
    )
    u_, v_ = solution.field.values[0].unbind(-1)
    torch.testing.assert_close(v_, u_ / (2 * torch.pi**2), rtol=0, atol=2e-4)


def test_what_does_not_go_on_is_refused():
    mesh = square(3)
    task = {"time": Axis(2, 0.0, 2.0, name="t"), "initial": {"u": 1 + 0 * x}}
    with pytest.raises(DivergedError, match="leaves the finite numbers"):
        FiniteElements().solve({"u": eq(dt(u), u**3)}, mesh, {p: () for p in mesh.parts}, **task)
    with pytest.raises(EquationError, match="undetermined"):
        FiniteElements().solve(
            {"u": eq(dt(u), lap(u)), "v": eq(0 * v, u)}, mesh, everywhere(mesh, eq(u)), **task
        )
