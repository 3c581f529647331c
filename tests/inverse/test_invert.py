"""Inversions: what is found agrees with the truth to within the error that they state."""

import math
from dataclasses import replace

import pytest
import torch

from fredholm.collocation import Observations, Setup
from fredholm.collocation.system import Sampling
from fredholm.domains import Axis, Grid
from fredholm.equations import coefficient, coords, div, dt, eq, field, grad, lap, param, sin
from fredholm.errors import DataError, EquationError
from fredholm.fields import Field
from fredholm.inverse import invert
from fredholm.inverse.damped_least_squares import search, standard_errors
from fredholm.inverse.inversion import Inversion
from fredholm.inverse.measured import Measured
from fredholm.inverse.random_function import RandomFunction
from fredholm.problems import Problem, build
from fredholm.problems.priors import Bounded, FourierSeries, GaussianField, LogNormal, TwoPhase
from fredholm.training import Budget

(x,) = coords("x")
U = field("u")
SQUARE = Grid((17, 17))


def decay(rate=0.3, growth=0.0):
    """u = exp(-D t) sin x + r t: two parameters, one of them positive."""
    diffusivity, source = param("D", rate, positive=True), param("r", growth)
    return Problem(
        key="decay",
        title="Decay of a wave",
        equations={"u": eq(dt(U), diffusivity * lap(U) + source)},
        domain=Grid((16,), 2 * math.pi, periodic=True),
        time=Axis(11, 0.0, 1.0, name="t"),
        initial={"u": sin(x)},
    )


def decayed(rate=0.3, growth=0.5, *, n=40, noise=0.01, seed=0, scale=None):
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(n, 2, generator=generator, dtype=torch.float64)
    points = points * torch.tensor([2 * math.pi, 1.0])
    places, times = points.unbind(1)
    values = torch.exp(-rate * times) * torch.sin(places) + growth * times
    values = values + noise * torch.randn(n, generator=generator, dtype=torch.float64)
    return Observations(points, {"u": U}, {"u": values}, scale)


@pytest.mark.parametrize("start", [0.05, 1.5])
def test_parameters_are_found_to_within_their_errors(start):
    found = invert(decay(start), decayed(), ["D", "r"])
    for name, truth in {"D": 0.3, "r": 0.5}.items():
        assert abs(found.values[name] - truth) < 3.5 * found.errors[name] < 0.2 * truth
    assert found.settled and all(found.determined.values())
    assert found.misfit == pytest.approx(1.0, abs=0.05)
    assert found.sentence.startswith("D = 0.")


def test_parameters_of_one_member_of_a_family():
    varied = replace(decay(1.0, 0.5), initial={}, varies={"u": FourierSeries(1)})
    wave = Field(torch.sin(varied.domain.points())[None], varied.domain)
    found = invert(varied.member(wave), decayed(), ["D"])
    assert found.values["D"] == pytest.approx(0.3, abs=3.5 * found.errors["D"])


class Decay:
    """Misfits of exp(-x t) at ten times."""

    times = torch.linspace(0, 2, 10, dtype=torch.float64)

    def __init__(self, seed, noise=0.05):
        off = torch.randn(10, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.data, self.noise = torch.exp(-self.times) + noise * off, noise

    def residual(self, x):
        return (torch.exp(-x * self.times) - self.data) / self.noise

    def jacobian(self, x, residual):
        return (-self.times * torch.exp(-x * self.times) / self.noise)[:, None]


def test_standard_errors_are_the_spread_of_repeated_experiments():
    start = torch.full((1,), 0.2, dtype=torch.float64)
    found = [search(Decay(seed), start) for seed in range(200)]
    off = torch.stack([(each.x - 1) / standard_errors(each.jacobian) for each in found])
    assert 0.85 < float(off.square().mean().sqrt()) < 1.15
    assert all(each.settled for each in found)


def test_a_known_noise_tells_that_the_statement_is_wrong():
    right = invert(decay(growth=0.5), decayed(scale=0.01), ["D"])
    wrong = invert(decay(growth=0.0), decayed(scale=0.01), ["D"])
    assert 0.7 < right.misfit < 1.4 and "met" in right.sentence
    assert wrong.misfit > 5 and "does not explain" in wrong.sentence


def test_what_the_data_do_not_see_is_not_determined():
    early = decayed()
    early = Observations(early.points * torch.tensor([1.0, 1e-3]), {"u": U}, early.data, 0.01)
    values = torch.sin(early.points[:, 0]) + 0.01 * torch.randn(40, generator=torch.Generator())
    found = invert(decay(), Observations(early.points, {"u": U}, {"u": values}, 0.01), ["D"])
    assert not found.determined["D"]
    assert "not determined" in found.sentence
    assert found.values["D"] > 0


def test_the_network_agrees_with_the_solver():
    observations = decayed(n=30)
    start = decay(0.9, 0.5)
    setup = Setup(hyper={"width": 10, "layers": 2}, sampling=Sampling(interior=100))
    trained = invert(
        start, observations, ["D"], through="network", setup=setup, budget=Budget(steps=40)
    )
    solved = invert(start, observations, ["D"])
    assert abs(trained.values["D"] - solved.values["D"]) < 2 * solved.errors["D"]
    assert 0.5 < trained.errors["D"] / solved.errors["D"] < 2
    assert trained.solution is not None and trained.solution.learned == trained.values


def flow(prior, grid=SQUARE):
    a = coefficient("a", positive=True)
    return Problem(
        key="flow",
        title="Flow through a random medium",
        equations={"u": eq(-div(a * grad(U)), 1.0)},
        domain=grid,
        varies={"a": prior},
        boundary={"all": U},
    )


ROUGH = GaussianField(2.0, 3.0, boundary="neumann", constant=False)
SMOOTH = GaussianField(3.0, 3.0, sigma=60.0, boundary="neumann")


def pressures(problem, seed, n=60, noise=0.01):
    generator = torch.Generator().manual_seed(seed)
    a = problem.sample(1, generator=generator)
    u = problem.solve(a, tol=1e-8).field
    rows = torch.randperm(u.values.numel(), generator=generator)[:n]
    scale = noise * float(u.values.std())
    values = u.values.flatten()[rows] + scale * torch.randn(n, generator=generator).double()
    points = problem.domain.points().flatten(0, 1)[rows]
    return a, Observations(points, {"u": U}, {"u": values}, scale)


@pytest.mark.parametrize(
    "prior",
    [TwoPhase(ROUGH), LogNormal(SMOOTH), Bounded(SMOOTH, 1.0, 3.0)],
    ids=lambda p: str(p)[:5],
)
def test_slopes_by_the_adjoint_are_those_of_differences(prior):
    problem = flow(prior)
    _, observations = pressures(problem, 0)
    flux = Observations(
        observations.points, {"flux": coefficient("a") * U}, {"flux": observations.data["u"]}, 0.1
    )
    both = Measured(problem, {"u": observations, "flux": flux}, SQUARE)
    model = RandomFunction(problem, "a", both)
    generator = torch.Generator().manual_seed(1)
    modes, direction = (
        0.3 * torch.randn(model.scales.numel(), generator=generator, dtype=torch.float64)
        for _ in range(2)
    )
    jacobian = model.jacobian(modes, model.residual(modes))
    ahead, behind = (model.residual(modes + h * direction) for h in (1e-5, -1e-5))
    assert torch.allclose(jacobian @ direction, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-5)


def test_two_phases_are_found_to_the_error_that_is_stated():
    problem = flow(TwoPhase(ROUGH))
    for seed in (0,):
        truth, observations = pressures(problem, seed)
        found = invert(problem, observations, ["a"])
        a = found.functions["a"]
        error = float((a.values - truth.values).norm() / truth.values.norm())
        nothing = float((7.5 - truth.values).norm() / truth.values.norm())
        assert error < nothing / 2
        assert 0.4 < error / found.expected_error["a"] < 2
        assert found.misfit < 2 and found.determined["a"]


def test_a_diffusivity_that_may_be_negative_is_refused():
    problem = flow(GaussianField(3.0, 3.0, sigma=60.0, boundary="neumann"))
    blind = Observations(torch.full((1, 2), 0.5).double(), {"u": U}, {"u": torch.ones(1)}, 1.0)
    with pytest.raises(EquationError, match="negative"):
        invert(problem, blind, ["a"])


def test_a_function_that_the_data_do_not_see_keeps_its_prior():
    problem = flow(LogNormal(SMOOTH))
    _, observations = pressures(problem, 0, n=10)
    blind = Observations(observations.points, {"u": U}, observations.data, 10.0)
    found = invert(problem, blind, ["a"])
    assert not found.determined["a"] and "not determined" in found.sentence
    assert torch.allclose(found.functions["a"].values, torch.ones(()).double(), atol=1e-2)
    assert invert(problem, observations, ["a"]).determined["a"]


def test_damping_leads_through_places_where_the_model_cannot_be_run():
    class Root:
        """x² = 4 for x > 1: undamped, the first step from 1.1 would be to 2.4 and beyond."""

        def residual(self, x):
            if not 1 < float(x[0]) < 2.2:
                raise EquationError("not here")
            return x.square() - 4

        def jacobian(self, x, residual):
            return (2 * x)[None]

    found = search(Root(), torch.tensor([1.1], dtype=torch.float64))
    assert float(found.x[0]) == pytest.approx(2.0, abs=1e-6)


def test_unknowns_that_the_data_confuse_have_no_error():
    jacobian = torch.tensor([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 2.0]]).double()
    errors = standard_errors(jacobian)
    assert torch.isinf(errors[:2]).all() and float(errors[2]) == pytest.approx(0.5)


def test_words():
    found = Inversion({"D": 0.1}, {"D": 0.3}, 3.0, 1.0, "the numerical solver", settled=False)
    assert "D is not determined" in found.sentence and "ran out of steps" in found.sentence
    assert found.to_json()["determined"] == {"D": False}


@pytest.mark.parametrize(
    "problem, change, error, text",
    [
        (decay(), {"learn": ["nu"]}, EquationError, "no parameter or coefficient 'nu'"),
        (decay(), {"learn": []}, EquationError, "got nothing"),
        (decay(), {"through": "magic"}, ValueError, "solver, network"),
        (decay(), {"shift": 10.0}, DataError, "outside the domain"),
        (decay(), {"learn": ["D", "r"], "n": 1}, DataError, "do not determine 2"),
        (build("burgers"), {"learn": ["u"]}, EquationError, "nothing depends on time"),
        (flow(TwoPhase(ROUGH)), {"learn": ["a"], "scale": None}, DataError, "scale="),
        (
            flow(TwoPhase(ROUGH)),
            {"learn": ["a"], "through": "network"},
            EquationError,
            "NeuralField",
        ),
    ],
)
def test_bad_input_is_refused(problem, change, error, text):
    n, learn = change.get("n", 4), change.get("learn", ["D"])
    points = torch.rand(n, 2, generator=torch.Generator().manual_seed(0)).double()
    observations = Observations(
        points + change.get("shift", 0.0),
        {"u": U},
        {"u": torch.linspace(0, 1, n).double()},
        change.get("scale", 0.1),
    )
    with pytest.raises(error, match=text):
        invert(problem, observations, learn, through=change.get("through", "solver"))
