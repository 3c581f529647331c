import math

import numpy as np
import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.metrics import (
    censored,
    correlation_curve,
    curve_quartiles,
    distribution,
    error_curve,
    failures,
    gmean,
    growth_rate,
    quantile,
    valid_frames,
    valid_time,
)

TIME = Axis(5, 0.0, 2.5, name="t", location="right")
SPACE = Axis(16, periodic=True)
GRID = Grid.of(TIME, SPACE)


def trajectory(values) -> Field:
    return Field(torch.as_tensor(values, dtype=torch.float64), GRID)


def waves(amplitudes, *, batch: int = 1) -> torch.Tensor:
    """A sine in space with a stated amplitude at each time."""
    wave = torch.sin(2 * torch.pi * SPACE.points())
    rows = torch.as_tensor(amplitudes, dtype=torch.float64)[:, None] * wave
    return rows[None, ..., None].repeat(batch, 1, 1, 1)


def test_error_curve_is_the_relative_error_of_each_frame():
    p, y = (torch.rand(3, 5, 16, 2, dtype=torch.float64) for _ in range(2))
    expected = [
        [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(ps, ys)]
        for ps, ys in zip(p.numpy(), y.numpy())
    ]
    curve = error_curve(trajectory(p), trajectory(y))
    assert torch.allclose(curve, torch.tensor(expected, dtype=torch.float64), atol=1e-13)


def test_error_of_a_truth_that_passes_zero_is_scaled_by_the_trajectory():
    truth, wrong = waves([1, 1, 0, 1, 1]), waves([1.1, 1.1, 0.1, 1.1, 1.1])
    by_frame = error_curve(trajectory(wrong), trajectory(truth))
    assert by_frame[0].tolist() == pytest.approx([0.1, 0.1, math.inf, 0.1, 0.1])
    by_trajectory = error_curve(trajectory(wrong), trajectory(truth), scale="trajectory")
    assert by_trajectory[0].tolist() == pytest.approx([0.1 / math.sqrt(0.8)] * 5)


def test_time_may_stand_behind_space():
    p, y = (torch.rand(2, 5, 16, 1, dtype=torch.float64) for _ in range(2))
    turned = Grid.of(SPACE, TIME)
    there = error_curve(*(Field(v.transpose(1, 2), turned) for v in (p, y)))
    assert torch.allclose(there, error_curve(trajectory(p), trajectory(y)), atol=1e-14)


def test_correlation_is_pearsons():
    p, y = (torch.rand(2, 5, 16, 1, dtype=torch.float64) for _ in range(2))
    r = correlation_curve(trajectory(p), trajectory(y))
    assert float(r[1, 3]) == pytest.approx(np.corrcoef(p[1, 3, :, 0], y[1, 3, :, 0])[0, 1])
    shifted = correlation_curve(trajectory(3 * y + 5), trajectory(y))
    assert torch.allclose(shifted, torch.ones_like(shifted))


def test_correlation_of_constant_and_broken_frames():
    y = waves([1, 1, 1, 0, 0])
    p = waves([1, 0, math.nan, 0, 1])
    assert correlation_curve(trajectory(p), trajectory(y))[0].tolist() == pytest.approx(
        [1, 0, 0, 1, 0]
    )


def test_quartiles_and_quantiles_with_infinite_values():
    curve = torch.tensor([[0.0], [1.0], [2.0], [torch.inf], [torch.inf]]).double()
    assert curve_quartiles(curve)[:, 0].tolist() == [1.0, 2.0, math.inf]
    assert quantile(curve[:, 0], 0.7) == math.inf
    some = torch.rand(7, 4, dtype=torch.float64)
    assert torch.allclose(quantile(some, 0.3), torch.quantile(some, 0.3, dim=0))
    assert distribution(curve[:, 0])["p95"] == math.inf


def test_valid_time_is_the_first_failure():
    truth = waves([1, 1, 1, 1, 1], batch=3)
    wrong = truth.clone()
    wrong[0, 2:] *= -1  # fails at the third frame
    wrong[1, 1] *= -1  # fails at the second and recovers, which does not count
    p, y = trajectory(wrong), trajectory(truth)
    assert valid_time(p, y).tolist() == [1.5, 1.0, 2.5]
    assert censored(p, y).tolist() == [False, False, True]
    assert valid_time(p, y, lyapunov_time=0.5).tolist() == [3.0, 2.0, 5.0]
    assert valid_frames(p, y)[1].tolist() == [True, False, False, False, False]


def test_valid_time_by_error_and_by_other_thresholds():
    truth, wrong = waves([1, 1, 1, 1, 1]), waves([1.1, 1.4, 2.2, 3, 3])
    p, y = trajectory(wrong), trajectory(truth)
    assert valid_time(p, y).tolist() == [2.5]  # the correlation does not see an amplitude
    assert valid_time(p, y, measure="nrmse").tolist() == [1.5]
    assert valid_time(p, y, measure="nrmse", threshold=0.3).tolist() == [1.0]


def test_a_frame_that_is_not_finite_fails():
    truth = waves([1, 1, 1, 1, 1], batch=2)
    broken = truth.clone()
    broken[0, 3:] = math.nan
    p, y = trajectory(broken), trajectory(truth)
    for measure in ("correlation", "nrmse"):
        assert valid_time(p, y, measure=measure).tolist() == [2.0, 2.5]
        assert censored(p, y, measure=measure).tolist() == [False, True]
    assert error_curve(p, y)[0].tolist() == [0, 0, 0, math.inf, math.inf]
    assert failures(p).tolist() == [True, False]
    assert gmean(error_curve(p, y) + 1) == math.inf


def test_gmean_is_geometric_in_time_and_arithmetic_over_samples():
    curve = torch.tensor([[0.1, 0.4, 9.0], [0.3, 0.4, 9.0]])
    assert gmean(curve, up_to=2) == pytest.approx(math.sqrt(0.2 * 0.4))
    assert gmean(curve) == pytest.approx((0.2 * 0.4 * 9) ** (1 / 3))


def test_growth_rate_of_an_exponential_that_saturates():
    axis = Axis(40, 0.0, 4.0, name="t", location="right")
    t = axis.points()
    curve = torch.stack([0.01 * torch.exp(1.7 * t), 1e-6 * torch.exp(0.3 * t)]).clamp(max=1.4)
    assert growth_rate(curve, axis).tolist() == pytest.approx([1.7, 0.3])
    assert torch.isnan(growth_rate(torch.ones(1, 40).double(), axis)).all()


def test_what_is_no_trajectory_is_refused():
    u = Field(torch.rand(2, 16, 1), Grid.of(SPACE))
    with pytest.raises(ValueError, match="axis named 't'"):
        error_curve(u, u)
    y = trajectory(waves([1] * 5))
    with pytest.raises(ValueError, match="domain of its truth"):
        error_curve(Field(y.values[:, :4], Grid.of(TIME.resized(4), SPACE)), y)
    with pytest.raises(ValueError, match="measure is one of"):
        valid_time(y, y, measure="cosine")
    with pytest.raises(ValueError, match="scale is one of"):
        error_curve(y, y, scale="rms")
