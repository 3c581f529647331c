"""Statements in the frame of their particles: the chain rule, and the way back."""

import math

import pytest
import torch

from fredholm import problems
from fredholm.calculus import Pointwise
from fredholm.collocation import Trial, eulerian
from fredholm.domains import Axis, Grid
from fredholm.equations import coords, cos, d, div, dt, eq, exp, field, lap, param, sin
from fredholm.equations.expand import rename
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.metrics import relative_l2, snapshot_widths
from fredholm.problems import Problem, lagrangian
from fredholm.problems.lagrangian import DISPLACEMENT

(x, t), u, s = coords("x t"), field("u"), field(DISPLACEMENT)
NU = param("nu", 0.1, positive=True)
CIRCLE = Grid((64,), 2 * math.pi, periodic=True)
TIME = Axis(11, 0.0, 1.0, name="t")
STATEMENTS = {
    "burgers": (eq(dt(u) + div(u**2 / 2), NU * lap(u)), u),
    "reaction": (eq(dt(u) + sin(x) * d(u, x), d(u * d(u, x), x) + u * (1 - u)), sin(x)),
    "dispersive": (eq(dt(u) + 6 * u * d(u, x) + d(u, x, 3)), 6 * u),
}


def carried(equation) -> Problem:
    return Problem("carried", "", {"u": equation}, CIRCLE, TIME, initial={"u": sin(x)})


def mismatch(name: str, path, *, chain_rule: bool = True) -> float:
    """How far both frames differ for any state g(x, t) along any path x = X + s(X, t).

    The residuals along the path are those at the place, with u_x (s_t - a) for particles that do
    not move with the velocity a.
    """
    equation, velocity = STATEMENTS[name]
    state = exp(-t) * sin(x) + cos(2 * x + t) / 3
    problem = carried(equation)
    moving = lagrangian(problem, chain_rule=chain_rule)
    points = torch.rand(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    points[:, 0] *= 2 * math.pi

    here = {x: x + path}
    along = {u: rename(state, here), s: path}
    mine = [rename(e.residual, along) for e in moving.equations.values()]
    got_u, got_s = Pointwise(mine, ("x", "t"))(problem.parameters, points)

    fixed = [equation.residual, d(u, x), velocity]
    fixed = [rename(e, {u: state}) for e in fixed]
    shift = Pointwise([path, dt(path)], ("x", "t"))({}, points)
    places = torch.stack([points[:, 0] + shift[0], points[:, 1]], dim=1)
    residual, slope, a = Pointwise(fixed, ("x", "t"))(problem.parameters, places)
    assert torch.allclose(got_s, shift[1] - a, atol=1e-10)
    return float((got_u - (residual + slope * (shift[1] - a))).abs().max())


@pytest.mark.parametrize("name", STATEMENTS)
def test_both_frames_state_the_same(name):
    assert mismatch(name, t * sin(x) / 3) < 1e-10


def test_the_published_variant_needs_particles_that_move_alike():
    assert mismatch("burgers", t * sin(x) / 3, chain_rule=False) > 0.05
    assert mismatch("burgers", 30 * t, chain_rule=False) < 1e-10


def test_particles_that_nothing_carries_stay():
    moving = lagrangian(problems.build("heat"))
    assert str(moving.equations[DISPLACEMENT].right) == "0"


@pytest.mark.parametrize("key", ["poisson", "wave", "lotka_volterra", "burgers2d", "lorenz96"])
def test_other_statements_are_refused(key):
    with pytest.raises(EquationError, match="particles"):
        lagrangian(problems.build(key))


class Exact(torch.nn.Module):
    """u = exp(-νt) sin X, s = c t: the wave of `convection` as its particles see it."""

    def __init__(self, nu: float, speed: float, fold: float = 0.0) -> None:
        super().__init__()
        self.nu, self.speed, self.fold = nu, speed, fold
        self.unused = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def forward(self, points):
        label, time = points.unbind(-1)
        state = torch.exp(-self.nu * time) * torch.sin(label)
        moved = self.speed * time + self.fold * time * torch.sin(label)
        return torch.stack([state, moved], dim=-1)


def test_particles_lead_back_to_places():
    problem = problems.build("convection", speed=30.0, nu=0.01)
    trial = Trial(lagrangian(problem), Exact(0.01, 30.0), hard=False)
    found = eulerian(trial)
    truth = problem.solve(at=found.grid).field
    assert float(relative_l2(found, truth).max()) < 1e-5
    wrong = eulerian(Trial(lagrangian(problem), Exact(0.01, 29.0), hard=False))
    assert float(relative_l2(wrong, truth).max()) > 0.1


def test_overtaking_is_told_and_other_solutions_refused():
    problem = problems.build("convection")
    folded = Trial(lagrangian(problem), Exact(0.0, 1.0, fold=1.5), hard=False)
    with pytest.warns(UserWarning, match="overtaken"):
        eulerian(folded)
    with pytest.raises(ValueError, match="lagrangian"):
        eulerian(Trial(problem, Exact(0.0, 1.0), hard=False))


def test_a_wave_that_travels_has_no_few_modes():
    """A narrow bump on its way needs many functions where it is, and one as it is carried."""
    label, time = torch.meshgrid(CIRCLE.axes[0].points(), TIME.points(), indexing="ij")
    grid = Grid.of(TIME, *CIRCLE.axes)

    def bump(place: torch.Tensor) -> Field:
        return Field(torch.exp(-8 * (1 - torch.cos(place))).mT[None, ..., None], grid)

    travels = snapshot_widths(bump(label - 6 * time))
    stays = snapshot_widths(bump(label))
    assert travels[0] == stays[0] == 1
    assert travels[4] > 0.1
    assert stays[1] < 1e-6
