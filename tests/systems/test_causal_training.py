"""The card of causal training: what it sets up, and that its experiment is a fair contest."""

from dataclasses import replace

import pytest
import torch

from fredholm import problems
from fredholm.collocation import Collocation, Trial
from fredholm.errors import EquationError
from fredholm.systems import causal


def test_both_contestants_see_the_same_points_and_weights():
    problem = problems.build("allen_cahn_fronts")
    setup = causal.setup(problem, width=8, layers=1, points=64, slices=4)
    systems = [
        Collocation(
            Trial(problem, each.network_for(problem, 0), hard=each.hard),
            each.sampling,
            weighting=each.weighting,
            generator=torch.Generator().manual_seed(0),
        )
        for each in (setup, replace(setup, weighting=causal._TERMS))
    ]
    for system in systems:
        system.refresh()
    with_weights, without = (system.points["interior"].points for system in systems)
    assert torch.equal(with_weights, without)
    for one, other in zip(*(system.parameters for system in systems)):
        assert torch.equal(one, other)
    first, second = (system.residuals() for system in systems)
    assert torch.equal(first["u at start"], second["u at start"])
    assert not torch.equal(first["u"], second["u"])


def test_the_experiment_tells_who_converged(monkeypatch):
    """After four steps nobody has: neither the ratio nor the weights make a claim pass."""
    monkeypatch.setattr(causal, "_STEPS", 4)
    monkeypatch.setitem(causal._SMALL, "points", 128)
    told: list[str] = []
    outcome = causal.experiment(0, told.append)
    errors, weights = (
        outcome.figures[name] for name in ("relative_l2", "smallest_weight_by_tolerance")
    )
    assert outcome.ratio == pytest.approx(errors["causal"] / errors["plain"])
    for by_tolerance in weights.values():
        values = list(by_tolerance.values())
        assert values == sorted(values, reverse=True) and values[0] > values[-1]
    assert outcome.figures["converged"] == {"causal": False, "plain": False}
    assert not outcome.passed and len(told) == 4


def test_a_problem_without_time_is_refused():
    problem = problems.build("helmholtz")
    setup = causal.setup(problem)
    network = setup.network_for(problem, 0)
    with pytest.raises(EquationError, match="causal weights follow time"):
        Collocation(Trial(problem, network), setup.sampling, weighting=setup.weighting)
