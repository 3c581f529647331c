"""The card of neural spectral methods: what is built, and what its experiment measures."""

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable
from fredholm.models import NeuralSpectral
from fredholm.operators import OverTime
from fredholm.systems import Task, nsm

RING = Grid((24,), periodic=True)
TIME = Axis(5, 0.0, 1.0, name="t")
U = (Variable("u"),)


def task(inputs: Grid, targets: Grid) -> Task:
    first, second = (Field(torch.zeros(2, *grid.shape, 1), grid) for grid in (inputs, targets))
    return Task(Samples(first, second, U, U).signature)


def test_trajectories_are_functions_of_time_and_space():
    operator = nsm.build(task(RING, Grid.of(TIME, *RING.axes)), times=7)
    assert isinstance(operator, OverTime) and operator.time.location == "chebyshev"
    u = Field(torch.randn(2, 24, 1), RING)
    assert operator(u, at=Grid.of(TIME, *RING.axes)).values.shape == (2, 5, 24, 1)
    steady = nsm.build(task(Grid((9, 9)), Grid((9, 9))))
    assert isinstance(steady, NeuralSpectral)
    assert [axis.location for axis in steady.grid.axes] == ["chebyshev"] * 2
    circle = nsm.build(task(RING, RING))
    assert isinstance(circle, NeuralSpectral) and circle.grid.shape == (23,)  # odd
    with pytest.raises(FredholmError, match="first frame"):
        nsm.build(task(Grid.of(TIME, *RING.axes), Grid.of(TIME, *RING.axes)))


def test_experiment_gives_all_the_same_time_and_says_what_holds(monkeypatch):
    monkeypatch.setattr(nsm, "_SECONDS", 0.3)
    monkeypatch.setattr(nsm, "_WIDTH", 4)
    monkeypatch.setattr(nsm, "_TESTS", 2)
    outcome = nsm.experiment(0, lambda line: None)
    errors, steps = outcome.figures["relative_l2"], outcome.figures["steps"]
    assert outcome.ratio == errors["nsm"] / errors["nsm, differences"]
    assert outcome.passed == (outcome.ratio <= outcome.bar)
    assert max(errors.values()) < 1 and min(steps.values()) >= 1
    assert steps["nsm"] > steps["fno, differences"]  # it computes on fewer points
    assert outcome.figures["error_of_reference"] < 1e-5


def test_the_published_size_takes_the_worst_of_its_viscosities(monkeypatch):
    monkeypatch.setattr(nsm, "_LONG", 0.3)
    monkeypatch.setattr(nsm, "_VISCOSITIES", (0.01, 0.1))
    monkeypatch.setattr(nsm, "_WIDTH", 4)
    monkeypatch.setattr(nsm, "_TESTS", 2)
    outcome = nsm.published_size(0, lambda line: None)
    assert set(outcome.figures) == {"0.01", "0.1"}
    ratios = [each["relative_l2"] for each in outcome.figures.values()]
    assert outcome.ratio == max(r["nsm"] / r["nsm, differences"] for r in ratios)
