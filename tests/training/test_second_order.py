"""Gauss-Newton and quasi-Newton methods, each against what it must equal."""

import math

import pytest
import torch
from test_minimise import Curve, Rosenbrock
from torch import Tensor, nn

from fredholm.training import (
    LBFGS,
    Adam,
    Budget,
    GaussNewton,
    LevenbergMarquardt,
    SelfScaledBroyden,
    gauss_newton,
    minimise,
)
from fredholm.training.damped import damped
from fredholm.training.jacobian import Linearisation
from fredholm.training.least_squares import trial_loss
from fredholm.training.line_search import strong_wolfe
from fredholm.training.quasi_newton import QuasiNewton, self_scaled


class Quadratic:
    """A x - b, whose least-squares solution is known."""

    def __init__(self, size: int = 12) -> None:
        source = torch.Generator().manual_seed(0)
        self.matrix = torch.randn(size, size, generator=source, dtype=torch.float64)
        self.matrix += 4 * torch.eye(size)
        self.right = torch.randn(size, generator=source, dtype=torch.float64)
        self.x = nn.Parameter(torch.zeros(size, dtype=torch.float64))
        self.parameters = [self.x]

    def residuals(self) -> dict[str, Tensor]:
        return {"all": self.matrix @ self.x - self.right}

    def error(self) -> float:
        return float((self.x.detach() - torch.linalg.solve(self.matrix, self.right)).norm())


@pytest.mark.parametrize("n", [8, 60])
@pytest.mark.parametrize("form", ["kernel", "iterative"])
def test_all_forms_of_the_equations_have_one_solution(form, n):
    values, jacobian = Linearisation(Curve(n=n))()
    normal = damped(jacobian, values, 1e-2, "normal")
    other = damped(jacobian, values, 1e-2, form, tolerance=1e-12)
    assert torch.allclose(other, normal, rtol=1e-8, atol=1e-10)
    assert not torch.allclose(damped(jacobian, values, 2e-2, form), normal, rtol=1e-3)


def test_a_step_among_the_residuals_is_a_levenberg_marquardt_step():
    """The same damping, on a system with fewer residuals than parameters."""
    few, dense = Curve(n=8), Curve(n=8)
    values, jacobian = Linearisation(few)()
    slope = jacobian.transposed(values)
    largest = jacobian.matrix().square().sum(0).max().item()
    curvature = (slope.square().sum() / values.square().sum()).item()
    minimise(few, GaussNewton(damping=largest / curvature), Budget(steps=1))
    minimise(dense, LevenbergMarquardt(damping=1.0), Budget(steps=1))
    for a, b in zip(few.parameters, dense.parameters):
        assert torch.allclose(a, b, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(
    "form, n, momentum", [("normal", 40, 0.0), ("kernel", 12, 0.0), ("kernel", 12, 0.3)]
)
def test_gauss_newton_leaves_adam_behind(form, n, momentum):
    system, first_order = Curve(n=n), Curve(n=n)
    record = minimise(system, GaussNewton(momentum=momentum), Budget(steps=60))
    minimise(first_order, Adam(lr=1e-2), Budget(steps=60))
    assert form in record.settings["method"]
    assert record.history[-1].loss < 1e-6
    assert trial_loss(first_order) > 1e-4


def test_gauss_newton_without_matrices(monkeypatch):
    monkeypatch.setattr(gauss_newton, "_DIRECT", 4)
    record = minimise(Curve(), GaussNewton(), Budget(steps=60))
    assert "iterative" in record.settings["method"]
    assert record.history[-1].loss < 1e-6


def test_momentum_helps_where_each_step_sees_few_points():
    """The reason for SPRING: directions from small samples are averaged."""

    def error(momentum: float) -> float:
        found = []
        for seed in range(3):
            system = Curve(width=10, n=6, seed=seed)
            optimiser = GaussNewton(momentum=momentum)
            minimise(system, optimiser, Budget(steps=40), refresh=system.draw, every=1)
            found.append(math.log(system.error()))
        return sum(found)

    assert error(0.6) < error(0.0)


@pytest.mark.parametrize("optimiser", [LBFGS(), SelfScaledBroyden(), SelfScaledBroyden("bfgs")])
def test_quasi_newton_methods_find_the_minimum(optimiser):
    system, square = Rosenbrock(), Quadratic()
    record = minimise(system, optimiser, Budget(steps=300))
    assert torch.allclose(system.place, torch.ones(2, dtype=torch.float64), atol=1e-8)
    assert "rounding" in record.stopped
    minimise(square, optimiser, Budget(steps=200))
    assert square.error() < 1e-8


def test_lbfgs_needs_its_memory():
    def steps(memory: int) -> int:
        system = Quadratic()
        return minimise(
            system, LBFGS(memory), Budget(steps=400), watch=None, measure=system.error
        ).steps

    assert steps(20) < steps(1) / 2


def test_quasi_newton_keeps_what_it_learned_when_the_points_change(monkeypatch):
    def error() -> float:
        system = Curve(n=60)
        minimise(system, LBFGS(), Budget(steps=150), refresh=system.draw, every=5)
        return system.error()

    def forgetful(self) -> None:
        self.slope = None
        self.forget()

    keeping = error()
    monkeypatch.setattr(QuasiNewton, "changed", forgetful)
    assert keeping < error() / 2


@pytest.mark.parametrize("update", ["broyden", "bfgs"])
def test_the_update_maps_y_to_s_and_stays_positive(update):
    source = torch.Generator().manual_seed(1)
    inverse = torch.eye(6, dtype=torch.float64)
    root = torch.randn(6, 6, generator=source, dtype=torch.float64)
    for _ in range(20):
        s, noise = torch.randn(2, 6, generator=source, dtype=torch.float64)
        y = root @ (root.mT @ s) + 0.1 * noise
        sbs = s.dot(torch.linalg.solve(inverse, s)).item()
        inverse = self_scaled(inverse, s, y, sbs, update)
        assert torch.allclose(inverse @ y, s, rtol=1e-6, atol=1e-6 * s.norm().item())
        assert torch.allclose(inverse, inverse.mT, rtol=1e-8, atol=1e-8)
        assert torch.linalg.eigvalsh(inverse).min() > 0


def test_the_update_is_bfgs_where_no_scaling_is_needed():
    s, y = torch.tensor([1.0, 0.5]).double(), torch.tensor([0.5, 0.3]).double()
    inverse = torch.eye(2, dtype=torch.float64)
    left = inverse - torch.outer(s, y) / y.dot(s)
    plain = left @ inverse @ left.mT + torch.outer(s, s) / y.dot(s)
    tau = y.dot(s) / s.dot(s)
    assert tau < 1, "the curvature is below that of the identity: H is enlarged"
    found = self_scaled(inverse, s, y, s.dot(s).item(), "bfgs")
    assert torch.allclose(
        found, (plain - torch.outer(s, s) / y.dot(s)) / tau + torch.outer(s, s) / y.dot(s)
    )
    steep = self_scaled(inverse, 0.1 * s, s, 0.01 * s.dot(s).item(), "bfgs")
    left = inverse - torch.outer(0.1 * s, s) / s.dot(0.1 * s)
    assert torch.allclose(
        steep, left @ inverse @ left.mT + torch.outer(0.1 * s, 0.1 * s) / s.dot(0.1 * s)
    )


@pytest.mark.parametrize("first", [1e-3, 0.3, 1.0, 50.0])
@pytest.mark.parametrize(
    "function",
    [
        lambda t: ((t - 1) ** 2, 2 * (t - 1)),
        lambda t: (t**4 - t, 4 * t**3 - 1),
        lambda t: (-t / (t**2 + 2), (t**2 - 2) / (t**2 + 2) ** 2),
        lambda t: (t - math.log(t + 1e-3), 1 - 1 / (t + 1e-3)) if t < 9 else (math.inf, 0.0),
    ],
)
def test_the_line_search_satisfies_the_strong_wolfe_conditions(function, first):
    calls = []

    def along(t: float) -> tuple[float, float]:
        calls.append(t)
        return function(t)

    value, slope = function(0.0)
    t = strong_wolfe(along, value, slope, first)
    assert t is not None and calls[-1] == t
    f, g = function(t)
    assert f <= value + 1e-4 * t * slope
    assert abs(g) <= 0.9 * abs(slope)


def test_the_line_search_admits_defeat():
    assert strong_wolfe(lambda t: (1.0 + t, -1.0), 1.0, -1.0, 1.0) is None


@pytest.mark.parametrize(
    "optimiser", [LBFGS(), SelfScaledBroyden(), LevenbergMarquardt(), GaussNewton()]
)
def test_single_precision_is_warned_of(optimiser):
    with pytest.warns(UserWarning, match=r"double precision.*\.double\(\)"):
        optimiser.start(Curve(dtype=torch.float32))


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: LBFGS(0), "at least one"),
        (lambda: SelfScaledBroyden("dfp"), "update"),  # type: ignore[arg-type]
        (lambda: SelfScaledBroyden().start(Curve(width=2000)), "LBFGS"),
        (lambda: GaussNewton(momentum=1.0), "momentum"),
    ],
)
def test_wrong_second_order_settings_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
