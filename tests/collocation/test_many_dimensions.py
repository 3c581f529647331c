"""Statements in so many dimensions that there is no grid."""

import pytest
import torch
from torch import Tensor, nn

from fredholm.collocation import Collocation, Sampling, Setup, Trial, solve_by_network
from fredholm.collocation.solution import NetworkSolution
from fredholm.domains import Ball, Box
from fredholm.problems import build
from fredholm.training import Adam, Budget

EVEN = Sampling(interior=50, adaptive=False, method="radii")


class Solution(nn.Module):
    """u / φ of the exact solution, with φ = (1 - |x|²)/2: what a network would have to learn."""

    def __init__(self, weights: Tensor, error: float = 0.0) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)
        self.error = error

    def forward(self, points: Tensor) -> Tensor:
        x, y = points[:, :-1], points[:, 1:]
        a = x + torch.cos(y) + y * torch.cos(x)
        return (torch.sin(a) * self.weights).sum(-1, keepdim=True) * (2 + self.error)


def system(dim: int, error: float = 0.0, **settings) -> Collocation:
    problem = build("sine_gordon", dim=dim)
    trial = Trial(problem, Solution(problem.exact.weights, error))  # type: ignore[union-attr]
    return Collocation(trial, EVEN, **settings)


@pytest.mark.parametrize("derivatives", ["laplacian", "nested"])
def test_the_exact_solution_has_no_residual(derivatives):
    exact = system(20, derivatives=derivatives)
    wrong = system(20, 0.01, derivatives=derivatives)
    assert exact.residuals()["u"].abs().max() < 1e-10
    assert wrong.residuals()["u"].abs().max() > 1e-3


def test_estimated_residuals_have_that_of_autograd_as_their_mean():
    estimated = system(20, derivatives="stochastic", directions=4)
    problem = estimated.trial.problem
    points = estimated.points["interior"].points
    laplacians = torch.vmap(torch.func.hessian(lambda x: estimated.trial(x[None]).squeeze()))(
        points
    ).diagonal(dim1=1, dim2=2)
    u = estimated.trial(points)[:, 0]
    expected = laplacians.sum(1) + torch.sin(u) - problem.given["g"](points)
    draws = torch.stack([estimated.misfits(estimated.points)["u"] for _ in range(400)])
    sigma = draws.std(0) / 20
    assert ((draws.mean(0) - expected).abs() < 5 * sigma).all()


def test_a_thousand_dimensions_cost_little_and_are_judged_at_points():
    setup = Setup(
        hyper={"width": 16, "layers": 2},
        optimiser=Adam(),
        sampling=EVEN,
        every=1,
        derivatives="stochastic",
    )
    problem = build("sine_gordon", dim=1000)
    found = solve_by_network(problem, setup, budget=Budget(steps=3))
    assert found.trial.ansatz.exact == {"u on ball"}
    assert 0.5 < found.verdict.error < 2 and not found.verdict.trusted
    assert "at 2000 random points" in found.verdict.sentence
    assert "noise" in found.verdict.sentence


def test_a_saved_solution_answers_the_same(tmp_path):
    setup = Setup(hyper={"width": 8, "layers": 1}, sampling=EVEN, optimiser=Adam())
    problem = build("sine_gordon", dim=12)
    found = solve_by_network(problem, setup, budget=Budget(steps=2))
    found.save(tmp_path / "run")
    points = torch.rand(3, 12, dtype=torch.float64) / 4
    again = NetworkSolution.load(tmp_path / "run", problem=problem)
    assert torch.equal(again(points), found(points))


def test_radii_are_spread_on_request():
    ball = Ball((0.0,) * 100, 2.0)
    radii = {
        method: ball.sample(500, generator=torch.Generator().manual_seed(0), method=method).norm(
            dim=1
        )
        for method in ("uniform", "radii")
    }
    assert radii["uniform"].min() > 1.7 and radii["radii"].max() <= 2
    assert abs(float(radii["radii"].mean()) - 1) < 0.1
    with pytest.raises(ValueError, match="radii of a ball"):
        Box(((0.0, 1.0),)).sample(5, generator=torch.Generator(), method="radii")


def test_the_distance_of_a_ball_knows_its_laplacian():
    ball = Ball((0.1, 0.2, 0.3), 2.0)
    points = ball.sample(4, generator=torch.Generator().manual_seed(0))
    [part] = ball.parts
    hessians = torch.vmap(torch.func.hessian(lambda x: ball.distance(x, part)))(points)
    assert torch.allclose(ball.distance_laplacian(points, part), hessians.diagonal(0, 1, 2).sum(1))
    assert Box(((0.0, 1.0),)).distance_laplacian(torch.rand(2, 1), "left") is None
