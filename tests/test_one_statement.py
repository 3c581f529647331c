"""One statement, solved by the solver, by a network, and by an operator trained on its residual.

Nothing is told to them but the problem. The operator answers for one input, and its residual says
how far it can be from the solution: the energy of the error grows no faster than that feeds it.
"""

import math
from dataclasses import replace

import pytest
import torch

from fredholm import problems
from fredholm.calculus import derivative
from fredholm.collocation import Sampling, Setup, solve_by_network
from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.equations import dt, eq, field, lap, param
from fredholm.fields import Field, difference, norm
from fredholm.metrics import relative_l2
from fredholm.models import NeuralSpectral
from fredholm.objectives import GridResidual
from fredholm.operators import Operator, OverTime
from fredholm.problems import Problem
from fredholm.problems.imposing import impose
from fredholm.problems.priors import FourierSeries, GaussianField
from fredholm.training import Budget

POINTS = {"poisson": (11, 11), "wave": (12, 11), "burgers": (12, 21)}
HORIZON = 0.5


def statement(key: str) -> Problem:
    u, smooth = field("u"), FourierSeries(2, amplitude=0.3)
    if key == "poisson":
        source = GaussianField(5.0, 5.0, 2e4, "dirichlet")
        return replace(problems.build("poisson"), varies={"f": source})
    ring, time = Grid((64,), periodic=True), Axis(9, 0.0, HORIZON, name="t")
    if key == "wave":
        equation = eq(dt(u, 2), param("c", 1.0) ** 2 * lap(u))
        start = {"dt(u)": 0.0}
        return Problem("wave", "", {"u": equation}, ring, time, varies={"u": smooth}, initial=start)
    return replace(problems.build("burgers"), varies={"u": smooth}, time=time, final=False)


def operator(problem: Problem) -> Operator:
    """A small operator with the conditions of the problem built in."""
    torch.manual_seed(0)
    grid = problem.target_grid(problem.domain).collocated(POINTS[problem.key])
    net = NeuralSpectral(1, 1, grid, hidden_channels=6, layers=1)
    shown = net if problem.time is None else OverTime(net, grid.axis("t"))
    return impose(problem, shown).double()


def train(operator: Operator, objective: GridResidual, batch: Samples) -> None:
    """Minimises the objective for one input."""
    optimiser = torch.optim.LBFGS(
        operator.parameters(), max_iter=200, history_size=50, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        terms = objective(operator, batch, generator=torch.Generator())
        total = torch.stack(list(terms.values())).sum()
        total.backward()
        return total

    optimiser.step(loss)


def bound(problem: Problem, answer: Field, inputs: Field) -> float:
    """The largest error in L2, at any time, that the residual of an answer allows."""
    residual = problem.residual(answer, inputs)["u"]
    if problem.key == "poisson":  # ‖e‖ ≤ ‖r‖/λ with the first eigenvalue of the Laplacian
        return float(norm(residual)) / (2 * math.pi**2)
    if problem.key == "wave":  # ‖e_t(t)‖ ≤ ∫‖r‖ ≤ √t ‖r‖, integrated once more
        return float(norm(residual)) * 2 / 3 * HORIZON**1.5
    # ½ d‖e‖²/dt ≤ ½ max(-v_x) ‖e‖² + ‖r‖ ‖e‖ for e = v - u
    steepest = float((-derivative(answer, "x").values).max())
    return float(norm(residual)) * HORIZON**0.5 * math.exp(steepest / 2 * HORIZON)


@pytest.mark.parametrize("key", POINTS)
def test_solver_and_operator_agree_as_far_as_the_residual_says(key):
    problem = statement(key)
    own = problem.target_grid(problem.domain).collocated(POINTS[key])
    fine = own.resized([2 * n + 1 for n in own.shape])  # sees what the points of training miss
    inputs = problem.sample(1, generator=torch.Generator().manual_seed(3))
    shown = inputs.at(fine.without("t") if "t" in fine.names else fine)
    solution = problem.solve(inputs, tol=1e-4)
    uncertain = float(solution.error * norm(solution.field))
    empty = Field(torch.zeros(1, *own.shape, 0, dtype=torch.float64), own)
    batch = Samples(inputs, empty, problem.input_variables, ())
    model, errors, limits = operator(problem), [], []

    def look() -> None:
        with torch.no_grad():
            found = model(inputs, at=solution.field.grid)
            limits.append(bound(problem, model(inputs, at=fine), shown))
        errors.append(float(norm(difference(found, solution.field))))
        assert errors[-1] <= limits[-1] + uncertain

    look()
    train(model, GridResidual(problem), batch)
    look()
    assert errors[1] < 0.05 * float(norm(solution.field)) < errors[0]
    assert limits[1] < limits[0] / 10


@pytest.mark.parametrize("key", POINTS)
def test_solver_and_network_agree_within_the_stated_errors(key):
    """A member of the same family, by a network of coordinates: the verdict says how far off."""
    problem = statement(key)
    inputs = problem.sample(1, generator=torch.Generator().manual_seed(3))
    setup = Setup(hyper={"width": 16, "layers": 2}, sampling=Sampling(interior=500))
    member = problem.member(inputs)
    found = solve_by_network(member, setup, budget=Budget(steps=40))
    solution = problem.solve(inputs, tol=1e-5)
    error = float(relative_l2(found.trial.at(solution.field.grid), solution.field))
    assert error < 0.02
    assert found.verdict.trusted and error < 1.5 * found.verdict.error + float(solution.error)
    other = problem.member(problem.sample(1, generator=torch.Generator().manual_seed(4)))
    apart = float(relative_l2(other.solve(at=solution.field.grid).field, solution.field))
    assert apart > 0.1, "another member would pass too"
