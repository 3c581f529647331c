"""Networks that follow the particles of a flow, where networks of places fail.

The experiment solves one wave that is carried slowly and fast around a circle, by networks of
(place, time) and by networks of (label, time), with the same optimiser, points and processor
seconds. The paper takes a million steps of Adam; here both are trained by Levenberg-Marquardt.
"""

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm import problems
from fredholm.calls import Recorded
from fredholm.collocation import Sampling, Setup, eulerian, solve_by_network
from fredholm.collocation.verdict import comparison_grid
from fredholm.domains import Grid
from fredholm.equations import coords, d, dt, eq, field, lap, param, sin
from fredholm.fields import Field
from fredholm.metrics import relative_l2, snapshot_widths
from fredholm.models import CoordinateMLP
from fredholm.problems import Problem, lagrangian
from fredholm.problems.fourier import time_axis
from fredholm.problems.named.burgers import cole_hopf
from fredholm.systems.card import Card, Outcome
from fredholm.systems.experiments import Tell
from fredholm.training import Budget

_SECONDS, _POINTS = 4.0, 800
_SLOW, _FAST, _NU = 5.0, 30.0, 0.01
_BAR, _FLAT = 0.1, 3.0
_BURGERS_NU, _MEAN = 0.1, 1.0
_WIDTHS = (2, 4, 8, 16, 32)


class Branches(nn.Module, Recorded):
    """One network for the state, and a smaller one for the displacement.

    Args:
        inputs: Numbers per point.
        outputs: Two.
        width: Width of both.
        layers: Hidden layers of the network of the state.
        path_layers: Hidden layers of the network of the displacement.

    Shapes:
        (..., inputs) -> (..., 2).

    Raises:
        ValueError: Another number of outputs.

    Reference:
        Mojgani, Balajewicz & Hassanzadeh, CMAME 2023: 5 and 2 layers of width 50. Their code
        lets both branches share three layers, which the paper does not say.
    """

    def __init__(
        self, inputs: int, outputs: int, *, width: int = 20, layers: int = 2, path_layers: int = 2
    ) -> None:
        super().__init__()
        if outputs != 2:
            raise ValueError(f"Branches are for a state and a displacement, got {outputs} outputs")
        self.state = CoordinateMLP(inputs, 1, width=width, layers=layers)
        self.path = CoordinateMLP(inputs, 1, width=width, layers=path_layers)

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... 2"]:
        return torch.cat([self.state(x), self.path(x)], dim=-1)


def experiment(seed: int, tell: Tell) -> Outcome:
    """Velocities 5 and 30: networks of labels against networks of places.

    Also shown: Burgers' equation, where particles come together, with the chain rule and without
    it as in the published code; and how many functions a bump would need that is carried once
    around.
    """
    errors = {}
    for speed in (_SLOW, _FAST):
        problem = problems.build("convection", speed=speed, nu=_NU)
        grid = comparison_grid(problem)
        truth = problem.solve(at=grid).field
        for frame in ("places", "labels"):
            found = _solved(problem, grid, seed, follow=frame == "labels")
            errors[f"{frame}, c = {speed:g}"] = float(relative_l2(found, truth).max())
            tell(f"{frame}, c = {speed:g}: {errors[f'{frame}, c = {speed:g}']:.2g}")
    burgers = {}
    for name, chain_rule in (("chain rule", True), ("published code", False)):
        burgers[name] = _burgers(seed, chain_rule)
        tell(f"Burgers, {name}: {burgers[name]:.2g}")
    ratio = errors[f"labels, c = {_FAST:g}"] / errors[f"places, c = {_FAST:g}"]
    growth = errors[f"labels, c = {_FAST:g}"] / errors[f"labels, c = {_SLOW:g}"]
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline="a network of places with the same processor seconds, at c = 30",
        figures={
            "errors": errors,
            "fast_to_slow": growth,
            "fast_to_slow_bar": _FLAT,
            "burgers": burgers,
            "widths": _widths(),
            "processor_seconds": _SECONDS,
        },
        passed=ratio <= _BAR and growth <= _FLAT,
    )


def _solved(
    problem: Problem, grid: Grid, seed: int, *, follow: bool, chain_rule: bool = True
) -> Field:
    """The solution of a network on a grid of places and times."""
    setup = Setup(hyper={"width": 20, "layers": 2}, sampling=Sampling(interior=_POINTS))
    stated = problem
    if follow:
        stated = lagrangian(problem, chain_rule=chain_rule)
        setup = replace(setup, network=Branches, hyper={})
    budget = Budget(seconds=_SECONDS, clock="processor")
    found = solve_by_network(stated, setup, budget=budget, seed=seed, against=False)
    return eulerian(found.trial, grid) if follow else found.trial.at(grid)


def _burgers(seed: int, chain_rule: bool) -> float:
    """Error for sin x on a mean flow, whose particles come together and part."""
    (x,), u, nu = coords("x"), field("u"), param("nu", _BURGERS_NU, positive=True)
    problem = Problem(
        key="burgers_on_a_flow",
        title="Burgers on a mean flow",
        equations={"u": eq(dt(u) + u * d(u, x), nu * lap(u))},
        domain=Grid((256,), 2 * math.pi, periodic=True),
        time=time_axis(1.0, 51),
        initial={"u": sin(x) + _MEAN},
    )
    grid = comparison_grid(problem)
    # Few samples of a sine say all, and the exact solution costs less for few.
    line = problem.domain.resized(16)
    start = Field((torch.sin(line.points()) + _MEAN)[None], line)
    found = _solved(problem, grid, seed, follow=True, chain_rule=chain_rule)
    return float(relative_l2(found, cole_hopf(problem, start, grid)).max())


def _widths() -> dict[str, dict[int, float]]:
    """Error of the best n functions for a bump that is carried, and for what its particles see."""
    grid = Grid((256,), periodic=True)
    place = grid.points()
    bump = Field(torch.exp(-((place - 0.5) ** 2) / (2 * 0.05**2))[None], grid)
    found = {}
    for frame, speed in (("places", 1.0), ("labels", 0.0)):
        problem = problems.build(
            "advection_diffusion", speed=speed, nu=1e-4, horizon=1.0, frames=101
        )
        widths = snapshot_widths(problem.solve(bump).field)
        found[frame] = {n: float(widths[n]) for n in _WIDTHS}
    return found


CARD = Card(
    key="lpinn",
    title="Networks that follow the particles of a flow",
    reference="Mojgani, Balajewicz & Hassanzadeh, CMAME 2023, arXiv:2205.02902",
    published=(
        "convection with velocity c: networks of places fail from c = 20 to 30 on, with errors of "
        "order one, networks of labels stay at 1e-2 up to c = 50 and more"
    ),
    experiment=experiment,
    for_use=(
        "for one evolution on a periodic line that is carried far: solve lagrangian(problem), and "
        "read the result by collocation.eulerian"
    ),
)
