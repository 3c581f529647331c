"""Named evolution problems against their exact solutions, and their provenance."""

import inspect
import json

import pytest
import torch

from fredholm.calls import rebuild
from fredholm.domains import Axis, Grid
from fredholm.equations import coords, dt, eq, field, from_json, lap, sin, to_json
from fredholm.errors import EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems import PROBLEMS, Problem, build, builder
from fredholm.problems.named.burgers import cole_hopf

EVOLUTIONS = ["advection", "burgers", "heat"]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def relative(found: Field, expected: Field) -> torch.Tensor:
    return norm(difference(found, expected)) / norm(expected)


@pytest.mark.parametrize("key", ["advection", "heat"])
@pytest.mark.parametrize("frames", [0, 4])
@pytest.mark.parametrize("resolution", [32, 33])
def test_linear_problems_are_exact(key, frames, resolution):
    problem = build(key, frames=frames)
    inputs = problem.sample(2, problem.grid(resolution), generator=seeded())
    solution = problem.solve(inputs, tol=1e-3)
    assert problem.exact is not None
    assert (
        float(relative(solution.field, problem.exact(problem, inputs, solution.field.grid)).max())
        < 1e-12
    )


def test_burgers_agrees_with_cole_hopf_to_rounding():
    problem = build("burgers", nu=0.1, frames=3)
    x = problem.grid(32).points()[:, 0]
    waves = torch.stack([torch.sin(2 * torch.pi * x), 0.5 + torch.cos(4 * torch.pi * x)])
    inputs = Field(waves[..., None], problem.grid(32))
    solution = problem.solve(inputs, tol=1e-11)
    assert (
        float(relative(solution.field, cole_hopf(problem, inputs, solution.field.grid)).max())
        < 1e-10
    )


def test_burgers_on_rough_draws_keeps_its_tolerance():
    problem = build("burgers")
    inputs = problem.sample(2, problem.grid(64), generator=seeded(3))
    solution = problem.solve(inputs, tol=1e-6)
    errors = relative(solution.field, cole_hopf(problem, inputs, solution.field.grid))
    assert bool((errors < 1e-6).all()) and bool((errors < 2 * solution.error).all())


def test_cole_hopf_solves_burgers():
    """The oracle is tried by itself: its residual vanishes with the time stencil."""
    residuals = []
    for frames in (11, 21, 41):
        problem = build("burgers", nu=0.2, horizon=0.2, frames=frames)
        grid = problem.grid(32)
        inputs = Field(torch.sin(2 * torch.pi * grid.points())[None], grid)
        u = cole_hopf(problem, inputs, problem.target_grid(grid))
        residuals.append(float(norm(problem.residual(u, inputs)["u"])[0]))
    assert residuals[1] < residuals[0] / 5 and residuals[2] < residuals[1] / 10, residuals
    wrong = build("burgers", nu=0.21, horizon=0.2, frames=41)
    assert float(norm(wrong.residual(u, inputs)["u"])[0]) > 100 * residuals[2]


@pytest.mark.parametrize("key", EVOLUTIONS)
def test_final_state_is_the_last_frame(key):
    final, frames = build(key), build(key, frames=3)
    inputs = final.sample(1, final.grid(32), generator=seeded())
    last = frames.solve(inputs, tol=1e-7).field.values[:, -1]
    assert float((final.solve(inputs, tol=1e-7).field.values - last).abs().max()) < 1e-5


@pytest.mark.parametrize("key", sorted(PROBLEMS))
def test_every_named_problem_has_documented_defaults(key):
    parameters = inspect.signature(builder(key)).parameters.values()
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in parameters)
    text = inspect.getdoc(builder(key)) or ""
    assert all(p.name in text for p in parameters)
    problem = build(key)
    assert problem.key == key and problem.title
    assert len(problem.input_variables) == len(problem.varies)


@pytest.mark.parametrize("key", [key for key in sorted(PROBLEMS) if build(key).varies])
def test_provenance_is_json_that_gives_the_parts_back(key):
    problem = build(key)
    where = {"grid": problem.grid(27)} if problem.shapes is None else {"size": 0.2}
    inputs = problem.sample(1, **where, generator=seeded())
    origin = json.loads(
        json.dumps(problem.origin(tol=1e-2, solution=problem.solve(inputs, tol=1e-2)))
    )
    for name, equation in problem.equations.items():
        assert from_json(origin["equations"][name]["tree"]) == equation
        assert origin["equations"][name]["tree"] == to_json(equation)
    for name, prior in problem.varies.items():
        assert rebuild(origin["varies"][name]) == prior


def test_labels_tell_initial_values_from_solutions():
    problem = build("burgers")
    assert [v.name for v in problem.input_variables] == ["u0"]
    assert [v.name for v in problem.target_variables] == ["u"]
    assert problem.target_grid(problem.grid(8)) == problem.grid(8)
    frames = build("burgers", frames=5)
    assert frames.target_grid(frames.grid(8)).shape == (5, 8)


def test_a_users_equation_with_stated_initial_values():
    (x,), u = coords("x"), field("u")
    problem = Problem(
        "mine",
        "heat with a stated start",
        {"u": eq(dt(u), 0.1 * lap(u))},
        Grid((16,), 2 * torch.pi, periodic=True),
        time=Axis(3, 0.0, 1.0, name="t"),
        initial={"u": sin(x) + 2},
    )
    found = problem.solve().field.values[0, :, :, 0]
    decay = torch.exp(-0.1 * torch.linspace(0, 1, 3, dtype=torch.float64))
    expected = 2 + decay[:, None] * torch.sin(problem.domain.points()[:, 0])
    assert float((found - expected).abs().max()) < 1e-12


def test_parameters_replace_those_of_the_statement():
    problem = build("heat").with_parameters(nu=0.5)
    assert problem.parameters == {"nu": 0.5}
    inputs = problem.sample(1, problem.grid(16), generator=seeded())
    other = build("heat", nu=0.5).solve(inputs).field
    assert float(relative(problem.solve(inputs).field, other)) < 1e-14
    with pytest.raises(EquationError, match="no parameter 'mu': known: nu"):
        problem.with_parameters(mu=1.0)


def test_wrong_uses_are_refused():
    problem = build("burgers")
    inputs = problem.sample(1, problem.grid(16), generator=seeded())
    with pytest.raises(EquationError, match="unknown problem 'burger'.*mean 'burgers'"):
        build("burger")
    with pytest.raises(EquationError, match="no parameter 'mu': known: .*nu"):
        build("burgers", mu=0.1)
    with pytest.raises(ValueError, match="1 channels"):
        problem.solve(inputs.with_values(inputs.values.expand(1, 16, 2)))
    with pytest.raises(ValueError, match="live on"):
        problem.solve(Field(inputs.values, Grid((16,))))
    with pytest.raises(ValueError, match=r"live on .* got x: 16 on \[0, 2\]"):
        problem.solve(Field(inputs.values, Grid((16,), 2.0, periodic=True)))
    with pytest.raises(ValueError, match="not finite"):
        problem.solve(inputs.with_values(inputs.values * float("nan")))
    with pytest.raises(ValueError, match="needs the trajectory"):
        problem.residual(inputs, inputs)
    with pytest.raises(EquationError, match="must be positive"):
        build("burgers", nu=-1.0)
    with pytest.raises(ValueError, match="frames is 0"):
        build("burgers", frames=1)
    with pytest.raises(EquationError, match="both ends"):
        Problem(
            "x", "", dict(problem.equations), problem.domain, time=Axis(3, periodic=True, name="t")
        )
