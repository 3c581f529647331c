"""The verdict finds out what the loss does not tell."""

import pytest
import torch

from fredholm.collocation import (
    Collocation,
    NetworkSolution,
    Sampling,
    Setup,
    Trial,
    build_network,
    judge,
    solve_by_network,
)
from fredholm.domains import Grid
from fredholm.equations import coefficient, coords, eq, exp, field, lap, pi, sin
from fredholm.errors import EquationError, FormatError
from fredholm.problems import Problem, build
from fredholm.training import Budget

x, y = coords("x y")
u = field("u")
EASY = Setup(hyper={"width": 12, "layers": 2}, sampling=Sampling(interior=200))


def bowl(**changes) -> Problem:
    """-Δu = 2π² sin(πx) sin(πy), whose solution is the product of sines."""
    statement = {
        "equations": {"u": eq(-lap(u), 2 * pi**2 * sin(pi * x) * sin(pi * y))},
        "domain": Grid((33, 33)),
        "boundary": {"all": u},
    }
    return Problem("bowl", "a bowl", **{**statement, **changes})


@pytest.fixture(scope="module")
def solved() -> NetworkSolution:
    return solve_by_network(bowl(), EASY, budget=Budget(steps=40))


def test_a_good_solution_is_trusted_to_its_error(solved):
    points = torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    truth = torch.sin(torch.pi * points).prod(1)
    error = float((solved(points)[:, 0] - truth).norm() / truth.norm())
    assert error < 1e-3
    assert solved.verdict.trusted and error < 2 * solved.verdict.error + 1e-4
    assert "trustworthy to" in solved.verdict.sentence and "solver" in solved.verdict.sentence


def test_a_poor_solution_is_not_trusted():
    poor = solve_by_network(bowl(), EASY, budget=Budget(steps=1))
    assert not poor.verdict.trusted
    assert poor.verdict.sentence.startswith("not trustworthy")
    assert poor.predict().warnings == (poor.verdict.sentence,)


def test_a_small_loss_with_a_large_fresh_residual_is_called_out():
    """Twelve points and a thousand parameters: the loss vanishes, the equation does not hold."""
    sharp = bowl(
        equations={"u": eq(-lap(u) + u**3, 100 * exp(-((x - 0.5) ** 2 + (y - 0.3) ** 2) / 0.01))}
    )
    few = Setup(
        hyper={"width": 20, "layers": 3}, sampling=Sampling(interior=12, adaptive=False), every=1000
    )
    # Not more steps: a loss that cannot fall any more asks for other points.
    found = solve_by_network(sharp, few, budget=Budget(steps=15), against=False)
    assert found.record.history[-1].loss < 1e-6
    assert max(found.verdict.overfit.values()) > 10
    assert "the small loss is no evidence" in found.verdict.sentence


def test_without_a_reference_the_error_is_said_to_be_unknown(solved):
    system = Collocation(solved.trial, EASY.sampling)
    verdict = judge(system, generator=torch.Generator().manual_seed(1), against=False)
    assert verdict.error is None and not verdict.trusted
    assert "the error itself is not known" in verdict.sentence


def test_solutions_are_saved_and_loaded(solved, tmp_path):
    solved.save(tmp_path / "bowl")
    points = torch.rand(7, 2, dtype=torch.float64)
    with pytest.raises(FormatError, match="a statement of your own"):
        NetworkSolution.load(tmp_path / "bowl")
    again = NetworkSolution.load(tmp_path / "bowl", bowl())
    assert torch.equal(again(points), solved(points))
    assert again.verdict.sentence == solved.verdict.sentence
    other = bowl(equations={"u": eq(-lap(u), 1)})
    with pytest.raises(FormatError, match="another statement"):
        NetworkSolution.load(tmp_path / "bowl", other)
    with pytest.raises(FormatError, match="holds no solution"):
        NetworkSolution.load(tmp_path)


def test_a_family_is_refused():
    with pytest.raises(EquationError, match="a family in which f vary"):
        solve_by_network(build("poisson"))


def test_the_same_seed_gives_the_same_solution():
    points = torch.rand(5, 2, dtype=torch.float64)
    one, two = (
        solve_by_network(bowl(), EASY, budget=Budget(steps=3), against=False)(points)
        for _ in range(2)
    )
    other = solve_by_network(bowl(), EASY, budget=Budget(steps=3), against=False, seed=1)(points)
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_a_given_coefficient_is_a_function_of_the_points():
    f = coefficient("f")
    given = bowl(
        equations={"u": eq(-lap(u), f)},
        given={"f": lambda p: 2 * torch.pi**2 * torch.sin(torch.pi * p).prod(1, keepdim=True)},
    )
    stated, by_function = (
        Collocation(Trial(p, build_network(p, "mlp", width=8, layers=1))).residuals()["u"]
        for p in (bowl(), given)
    )
    assert torch.allclose(stated, by_function, atol=1e-12)


def test_a_statement_with_another_horizon_is_not_taken_for_the_same(tmp_path):
    problem = build("burgers_shock", horizon=0.5)
    solve_by_network(problem, EASY, budget=Budget(steps=1), against=False).save(tmp_path)
    with pytest.raises(FormatError, match=r"another statement of 'burgers_shock' \(time\)"):
        NetworkSolution.load(tmp_path)
    assert NetworkSolution.load(tmp_path, problem).trial.problem is not None


def test_outside_a_region_there_is_no_value():
    problem = build("poisson_holes")
    found = solve_by_network(problem, EASY, budget=Budget(steps=1), against=False)
    grid = Grid((11, 11), (-0.5, 0.5))
    for u in (found.predict(grid).mean, found.residual(grid)):
        x, y = grid.points().unbind(-1)
        holes = ((x.abs() - 0.3) ** 2 + (y.abs() - 0.3) ** 2) < 0.0999**2
        assert bool(holes.any()) and torch.equal(u.values[0, ..., 0].isnan(), holes)


def test_the_residual_on_a_grid_is_that_of_the_equation(solved):
    grid = Grid((21, 21))
    points = grid.points().reshape(-1, 2).requires_grad_()
    u = solved.trial(points)
    (slope,) = torch.autograd.grad(u.sum(), points, create_graph=True)
    bends = [torch.autograd.grad(slope[:, i].sum(), points, retain_graph=True)[0] for i in (0, 1)]
    source = 2 * torch.pi**2 * torch.sin(torch.pi * points).prod(1)
    expected = -(bends[0][:, 0] + bends[1][:, 1]) - source
    found = solved.residual(grid).values[0, ..., 0].reshape(-1)
    torch.testing.assert_close(found, expected.detach(), rtol=0, atol=1e-9)
