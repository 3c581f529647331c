"""The residual of a trajectory vanishes with the step in time, and its size estimates the error."""

import pytest
import torch

from fredholm import problems
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, norm
from fredholm.operators import rollout
from fredholm.solvers.residual import (
    Residual,
    differences,
    estimated_error,
    frames_of,
    on_modes,
    sobolev_weight,
    trajectory_of,
)

PROBLEM = problems.build("burgers", nu=0.05)
GRID = PROBLEM.grid(32)
# Draws are rough: after a while the flow is smooth in time, as an order of accuracy needs.
START = PROBLEM.stepper(0.3, substeps=64, resolution=32)(
    PROBLEM.sample(2, GRID, generator=torch.Generator().manual_seed(0))
)


def trajectory(interval: float, frames: int = 12) -> tuple[Field, Field]:
    """An initial state and the frames that follow it."""
    step = PROBLEM.stepper(interval, substeps=8, resolution=32)
    return START, rollout(step, START, frames, interval=interval)


def parts(interval: float, **choices):
    start, following = trajectory(interval)
    system = on_modes(PROBLEM.equations, GRID, PROBLEM.parameters, torch.device("cpu"))
    known, unknown = (frames_of(system.basis, u) for u in (start, following))
    residual = Residual(system, interval, 1, unknown.shape[1], **choices)
    return system, residual, known, unknown


@pytest.mark.parametrize("accuracy", [2, 4])
def test_the_residual_of_solutions_is_that_of_the_differences(accuracy):
    sizes = []
    for interval in (0.01, 0.005):
        _, residual, known, unknown = parts(interval, accuracy=accuracy)
        found = residual(known, unknown)[:, 4:6]
        sizes.append(float(residual.square(found).sqrt().mean()))
    orders = [torch.log2(torch.tensor(a / b)).item() for a, b in zip(sizes, sizes[1:])]
    assert abs(orders[-1] - accuracy) < 0.3


def test_other_trajectories_have_a_residual():
    _, residual, known, unknown = parts(0.005)
    right = residual.square(residual(known, unknown))
    wrong = residual.square(residual(known, 1.1 * unknown))
    other = residual.square(residual(1.1 * known, unknown))
    assert (wrong > 100 * right).all() and (other > 100 * right).all()


def test_differences_are_exact_on_polynomials():
    times = torch.arange(-3, 6, dtype=torch.float64)
    rows = differences(4, 5, 6)
    assert torch.allclose(rows @ times**6, 6 * times[4:] ** 5, atol=1e-8)
    assert not torch.allclose(rows @ times**7, 7 * times[4:] ** 6, atol=1e-2)
    with pytest.raises(ValueError, match="differences of order 6 in time need 7 frames"):
        Residual(parts(0.01)[0], 0.01, 1, 5)


def test_the_norm_of_order_zero_is_that_of_the_points():
    system, residual, _, unknown = parts(0.01, order=0.0)
    time = Axis(unknown.shape[1], 0.0, 1.0, location="right", name="t")
    points = trajectory_of(system.basis, unknown, Grid.of(time, *GRID.axes))
    size = norm(points).square() / GRID.axes[0].length
    assert torch.allclose(residual.square(unknown), size, rtol=1e-10)
    weight = sobolev_weight(system.basis, -1.0)
    assert float(weight[1] / weight[3]) == pytest.approx(5.0)  # (1 + 9) / (1 + 1)


def test_the_preconditioner_inverts_the_linear_part():
    system, residual, known, unknown = parts(0.01, order=0.0)
    inverse = residual.inverse()
    change = torch.randn(
        unknown.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    change = system.basis.modes(system.basis.points(change.to(torch.complex128)))
    frames = (inverse @ change.movedim(1, -1)[:, 0, ..., None])[..., 0].movedim(-1, 1).unsqueeze(2)
    slope = torch.einsum("st,btmk->bsmk", residual.future.to(frames), frames)
    linear = system.linear[..., 0, 0] * frames
    assert torch.allclose(slope - linear, change, atol=1e-9)


def test_the_estimate_follows_the_error():
    system, _, known, unknown = parts(0.005)
    for size in (1e-2, 1e-4):
        moved = unknown * (1 + size * torch.linspace(0, 1, 12)[:, None, None])
        estimate = estimated_error(system, known, moved, 0.005, 4)
        true = ((moved - unknown).abs().square().sum((1, 2, 3)) ** 0.5) / (
            unknown.abs().square().sum((1, 2, 3)) ** 0.5
        )
        assert ((estimate > true / 3) & (estimate < 3 * true)).all()
    assert (estimated_error(system, known, unknown, 0.005, 4) < 1e-6).all()
