import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.fields import difference, norm
from fredholm.problems.named.darcy import darcy


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def solved(problem, grid, *, drawn_on, n=6, seed=0):
    """Solutions on a grid, of coefficients drawn and solved on another."""
    a = problem.sample(n, drawn_on, generator=seeded(seed))
    return problem.solve(a, at=grid, tol=1e-8)


def test_two_phases_and_a_positive_pressure():
    problem = darcy(low=4.0)
    a = problem.sample(5, generator=seeded())
    u = problem.solve(a).field.values
    assert set(a.values.unique().tolist()) == {4.0, 12.0}
    assert u[:, 1:-1, 1:-1].min() > 0
    assert max(float(u.select(axis, end).abs().max()) for axis in (1, 2) for end in (0, -1)) == 0


@pytest.mark.parametrize("kind", ["two-phase", "log-normal"])
def test_symmetries_of_the_square(kind):
    problem = darcy(kind=kind)
    a = problem.sample(2, Grid((33, 33)), generator=seeded())
    u = problem.solve(a, tol=1e-10).field.values

    def moved(values, turns, mirror):
        values = torch.rot90(values, turns, (1, 2))
        return values.flip(1) if mirror else values

    for turns in range(4):
        for mirror in (False, True):
            image = problem.solve(a.with_values(moved(a.values, turns, mirror)), tol=1e-10)
            assert torch.allclose(image.field.values, moved(u, turns, mirror), atol=1e-9)


def test_scaling_of_permeability_and_source():
    grid = Grid((33, 33))
    u = solved(darcy(), grid, drawn_on=grid).field.values
    stiff = solved(darcy(low=6.0, high=24.0), grid, drawn_on=grid).field.values
    strong = solved(darcy(source=3.0), grid, drawn_on=grid).field.values
    assert torch.allclose(2 * stiff, u, atol=1e-8) and torch.allclose(strong / 3, u, atol=1e-8)


def test_log_normal_values_lie_between_low_and_high():
    problem = darcy(kind="log-normal", low=1.0, high=20.0)
    a = problem.sample(500, Grid((33, 33)), generator=seeded()).values.log()
    assert float(a.std()) == pytest.approx(math.log(20.0) / 4, rel=0.05)
    inside = (a > 0) & (a < math.log(20.0))
    # 95.4 % for a normal distribution whose deviation is the same everywhere; that of a field with
    # reflecting walls is larger at the walls.
    assert 0.93 < float(inside.double().mean()) < 0.965


def test_solving_on_a_finer_grid_brings_the_samples_closer_to_the_truth():
    problem, coarse, fine = darcy(), Grid((17, 17)), Grid((129, 129))
    assert problem.solving_grid(coarse).shape == (33, 33)

    def truth(drawn_on):
        """The same phases on a grid so fine that its own error does not matter here."""
        a = problem.sample(6, fine, generator=seeded())
        if drawn_on is not None:
            a = a.at(drawn_on, method="nearest")
        return problem.solve(a, at=coarse, tol=1e-8)

    reference = truth(None).field
    size = norm(reference)
    plain = norm(difference(truth(coarse).field, reference)) / size
    refined = truth(problem.solving_grid(coarse))
    error = norm(difference(refined.field, reference)) / size
    assert error.mean() < 0.7 * plain.mean()
    assert (refined.error / error).min() > 0.2 and (refined.error / error).max() < 5.0
    # The order of rough samples is one to two.
    assert 0.5 < float(refined.error.mean() / error.mean()) < 3.0


@pytest.mark.parametrize("location", ["node", "cell", "left"])
def test_grid_for_solving_has_the_points_of_the_samples(location):
    space = Grid.of(Axis(9, location=location), Axis(12, location=location, name="y"))
    finer = darcy().solving_grid(space)
    for axis, fine in zip(space.axes, finer.axes):
        gaps = (axis.points()[:, None] - fine.points()).abs().amin(1)
        assert fine.size >= 2 * axis.size - 1 and gaps.max() < 1e-14


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"low": -1.0}, "0 < low < high"),
        ({"low": 12.0, "high": 3.0}, "0 < low < high"),
        ({"kind": "uniform"}, "kind is one of"),
    ],
)
def test_wrong_parameters_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        darcy(**arguments)
