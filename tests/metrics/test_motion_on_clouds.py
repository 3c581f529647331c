"""Metrics of motion on clouds and meshes: each function has weights of its own."""

import torch

from fredholm.domains import Axis, Cylinder
from fredholm.fields import Field
from fredholm.metrics import correlation_curve, error_curve, relative_l2
from fredholm.metrics.frames import space_weights, time_axis
from fredholm.testing import smooth, star_meshes

TIME = Axis(3, 0.0, 1.0, location="right", name="t")


def trajectories(seed: int = 0) -> Field:
    u = smooth(star_meshes((3, 5, 4)), seed=seed)
    factors = torch.tensor([1.0, -0.5, 2.0])[:, None, None]
    return Field(u.values[:, None] * factors, Cylinder(TIME, u.domain))


def test_errors_of_frames_are_those_of_functions():
    truth = trajectories()
    found = truth.with_values(truth.values + 0.1 * trajectories(1).values ** 2)
    curve = error_curve(found, truth)
    assert time_axis(truth) == TIME
    for frame in range(3):
        parts = (Field(u.values[:, frame], u.domain.space) for u in (found, truth))
        assert torch.allclose(curve[:, frame], relative_l2(*parts), atol=1e-12)


def test_each_function_is_correlated_by_its_own_volume():
    truth = trajectories()
    inside = space_weights(truth).movedim(1, -1)[:, None] > 0
    shifted = truth.with_values(inside * (3 * truth.values + 5.0))
    assert torch.allclose(correlation_curve(shifted, truth), torch.ones(3, 3).double(), atol=1e-10)
    other = truth.with_values(inside * trajectories(1).values)
    together = correlation_curve(other, truth)
    alone = torch.cat([correlation_curve(other[i], truth[i]) for i in range(3)])
    assert torch.allclose(together, alone, atol=1e-12)
    assert together.abs().max() < 0.99


def test_functions_on_one_mesh_share_its_weights():
    mesh = star_meshes((4,)).members[0]
    values = torch.rand(2, 3, len(mesh), 1, dtype=torch.float64)
    shared = Field(values, Cylinder(TIME, mesh))
    assert space_weights(shared).shape == (len(mesh),)
    assert error_curve(shared.with_values(1.5 * values), shared).sub(0.5).abs().max() < 1e-12
