"""The loop of least-squares systems, and the optimisers that it runs."""

import math
import os
import signal
import sys
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from fredholm.errors import DivergedError, FormatError, Interrupted, MissingExtra
from fredholm.training import (
    LBFGS,
    SOAP,
    Adam,
    AdamW,
    Budget,
    Checkpoints,
    GaussNewton,
    LevenbergMarquardt,
    Muon,
    Record,
    SelfScaledBroyden,
    minimise,
)
from fredholm.training.least_squares import trial_loss


class Rosenbrock:
    """10 (y - x²) and 1 - x: both vanish at (1, 1) alone; y can be measured in another unit."""

    def __init__(self, unit: float = 1.0) -> None:
        self.units = torch.tensor([1.0, unit], dtype=torch.float64)
        start = torch.tensor([-1.2, 1.0], dtype=torch.float64)
        self.place = nn.Parameter(start / self.units)
        self.parameters = [self.place]

    def residuals(self) -> dict[str, Tensor]:
        x, y = self.units * self.place
        return {"valley": 10 * (y - x**2).reshape(1), "end": (1 - x).reshape(1)}


class Curve:
    """A tanh network through points of a wave; `draw` takes other points."""

    def __init__(self, *, width: int = 6, n: int = 40, seed: int = 0, dtype=torch.float64) -> None:
        source = torch.Generator().manual_seed(seed)
        self.first, self.last = nn.Linear(1, width), nn.Linear(width, 1)
        self.parameters = [*self.first.parameters(), *self.last.parameters()]
        for parameter in self.parameters:
            parameter.data = torch.randn(parameter.shape, generator=source).to(dtype)
        self.source, self.n, self.dtype = source, n, dtype
        self.draw()

    def draw(self) -> None:
        self.x = 2 * torch.rand(self.n, 1, generator=self.source).to(self.dtype) - 1

    def network(self, x: Tensor) -> Tensor:
        return self.last(torch.tanh(self.first(x)))

    def state_dict(self) -> dict[str, Tensor]:
        return {"x": self.x}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.x = state["x"]

    def residuals(self) -> dict[str, Tensor]:
        wrong = (self.network(self.x) - torch.sin(2 * self.x)).squeeze(1)
        at_zero = self.network(torch.zeros(1, 1, dtype=self.dtype)).squeeze(1)
        return {"wave": wrong / math.sqrt(self.n), "zero": at_zero}

    def error(self) -> float:
        x = torch.linspace(-1, 1, 101, dtype=self.dtype).unsqueeze(1)
        with torch.no_grad():
            return float((self.network(x) - torch.sin(2 * x)).square().mean().sqrt())


def test_levenberg_marquardt_converges_faster_than_linearly():
    system, losses = Rosenbrock(), []
    minimise(
        system,
        LevenbergMarquardt(),
        Budget(steps=40),
        watch=lambda moment, spent: losses.append(moment.loss),
    )
    assert torch.allclose(system.place, torch.ones(2, dtype=torch.float64), atol=1e-12)
    gains = [math.log(a / b) for a, b in pairwise(losses) if 1e-28 < b < a < 1e-1]
    assert len(gains) > 3
    assert gains == sorted(gains), "each step gains more digits than the one before"


def test_levenberg_marquardt_trains_a_network_far_below_adam_at_equal_steps():
    errors = {}
    for optimiser in (LevenbergMarquardt(), Adam(lr=1e-2)):
        system = Curve()
        minimise(system, optimiser, Budget(steps=60))
        errors[type(optimiser)] = system.error()
    assert errors[LevenbergMarquardt] < 1e-4 < 1e-3 < errors[Adam]


@pytest.mark.parametrize("scaling", ["identity", "marquardt"])
def test_marquardt_scaling_alone_does_not_see_the_units_of_the_parameters(scaling):
    def path(unit: float) -> Tensor:
        system = Rosenbrock(unit)
        minimise(system, LevenbergMarquardt(scaling=scaling), Budget(steps=4))
        return system.units * system.place.detach()

    same = torch.allclose(path(1.0), path(100.0), rtol=1e-8)
    assert same == (scaling == "marquardt")


def test_the_loop_stops_where_nothing_improves_and_says_so():
    record = minimise(Rosenbrock(), LevenbergMarquardt(), Budget(steps=500))
    assert record.steps < 100
    assert "minimal to rounding" in record.stopped


def test_the_record_keeps_the_terms_apart():
    record = minimise(Curve(), LevenbergMarquardt(), Budget(steps=5))
    assert [moment.step for moment in record.history] == [1, 2, 3, 4, 5]
    for moment in record.history:
        assert set(moment.terms) == {"wave", "zero"}
        assert moment.loss == pytest.approx(sum(moment.terms.values()))
    losses = [moment.loss for moment in record.history]
    assert losses == sorted(losses, reverse=True)
    assert record.parameters == 19
    assert record.settings["optimiser"] == str(LevenbergMarquardt())
    assert Record.from_json(record.to_json()) == record


def test_points_are_refreshed_as_often_as_asked():
    system, calls = Curve(), []
    minimise(system, Adam(), Budget(steps=10), refresh=lambda: calls.append(1), every=3)
    assert len(calls) == 3


def test_fresh_points_let_a_stalled_run_go_on():
    system = Curve(n=8)
    fixed = minimise(system, LevenbergMarquardt(), Budget(steps=50))
    moving = Curve(n=8)
    record = minimise(moving, LevenbergMarquardt(), Budget(steps=50), refresh=moving.draw, every=5)
    assert not record.stopped
    assert moving.error() < system.error() / 5
    assert fixed.history[-1].loss < 1e-8, "the loss on eight points says nothing of the error"


def test_a_measure_chooses_the_parameters():
    system = Curve()
    record = minimise(system, Adam(lr=0.3), Budget(steps=40), measure=system.error)
    assert record.best is not None
    assert system.error() == record.best.validation
    assert record.best.validation == min(m.validation for m in record.history if m.validation)


OPTIMISERS = [
    Adam(),
    AdamW(),
    LevenbergMarquardt(),
    GaussNewton(momentum=0.3),
    LBFGS(),
    SelfScaledBroyden(),
    Muon(),
    SOAP(),
]
all_optimisers = pytest.mark.parametrize(
    "optimiser", OPTIMISERS, ids=lambda optimiser: type(optimiser).__name__
)


@all_optimisers
def test_the_same_seed_gives_the_same_run_and_a_resumed_one_too(optimiser, tmp_path):
    def run(steps_before_stop=None, **options) -> Tensor:
        system = Curve()
        count = iter(range(1, 1000))

        def stop(moment, spent):
            if next(count) == steps_before_stop:
                os.kill(os.getpid(), signal.SIGINT)

        minimise(
            system,
            optimiser,
            Budget(steps=20),
            refresh=system.draw,
            every=4,
            watch=stop,
            generator=system.source,
            **options,
        )
        return torch.cat([p.detach().flatten() for p in system.parameters])

    whole = run()
    assert torch.equal(run(), whole)

    with pytest.raises(Interrupted, match="--resume"):
        run(7, checkpoints=Checkpoints(tmp_path))
    resumed = run(checkpoints=Checkpoints(tmp_path, resume=True))
    assert torch.equal(resumed, whole)
    with pytest.raises(FormatError, match="other settings"):
        minimise(
            Rosenbrock(),
            optimiser,
            Budget(steps=20),
            checkpoints=Checkpoints(tmp_path, resume=True),
        )


@all_optimisers
def test_the_loss_falls(optimiser):
    system = Curve()
    before = trial_loss(system)
    record = minimise(system, optimiser, Budget(steps=60))
    assert record.history[-1].loss < 0.7 * before


def test_muon_makes_steps_of_matrices_orthogonal():
    system = Curve(width=6)
    before = system.last.weight.detach().clone()
    minimise(system, Muon(lr=1e-2, schedule="constant"), Budget(steps=1))
    # One row: the nearest orthogonal matrix is the normalised row, 0.2 √6 times the rate long.
    step = (system.last.weight.detach() - before).norm().item()
    assert step == pytest.approx(1e-2 * 0.2 * math.sqrt(6), rel=0.35)


def test_soap_needs_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_optimizer", None)
    with pytest.raises(MissingExtra, match=r"fredholm\[optim\]"):
        SOAP().start(Curve())


@all_optimisers
def test_a_loss_that_is_not_finite_is_named(optimiser):
    system = Curve()
    system.x[0] = math.nan
    with pytest.raises(DivergedError, match="wave = nan"):
        minimise(system, optimiser, Budget(steps=3))


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: LevenbergMarquardt(damping=0), "damping"),
        (lambda: LevenbergMarquardt(scaling="none"), "scaling"),  # type: ignore[arg-type]
        (lambda: Adam(lr=-1), "lr > 0"),
        (lambda: Muon(momentum=1), "momentum"),
        (lambda: SOAP(every=0), "every"),
        (lambda: LevenbergMarquardt().start(Curve(width=1200)), "GaussNewton"),
        (lambda: AdamW(average=0.9).start(Curve()), "average"),
        (lambda: minimise(Curve(), Adam(), Budget(epochs=3)), "steps"),
    ],
)
def test_wrong_settings_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
