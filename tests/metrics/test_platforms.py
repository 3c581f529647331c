"""Each definition against the published formula, written a second time in NumPy loops."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import gmean

from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.metrics import relative_l2, valid_time
from fredholm.metrics.platforms import (
    METRICS,
    apebench,
    cfdbench,
    exponax,
    fno,
    pdearena,
    pdebench,
    poseidon,
    version,
    well,
)

SHAPES = [(16,), (12, 10), (6, 4, 8)]
BATCH, TIMES, CHANNELS = 3, 4, 2


def pair(shape, seed=0):
    """Random prediction and truth as fields and as arrays (batch, times, *points, channels)."""
    generator = np.random.default_rng(seed)
    size = (BATCH, TIMES, *shape, CHANNELS)
    p, y = generator.standard_normal(size), generator.standard_normal(size) + 0.5
    axes = [Axis(n, name="xyz"[i], periodic=True) for i, n in enumerate(shape)]
    grid = Grid.of(Axis(TIMES, name="t", location="right"), *axes)
    return Field(torch.from_numpy(p), grid), Field(torch.from_numpy(y), grid), p, y


def each(values, function):
    """A number for each sample, time and channel: function of an array over space."""
    return np.array(
        [
            [[function(values[b, t, ..., c]) for c in range(CHANNELS)] for t in range(TIMES)]
            for b in range(BATCH)
        ]
    )


def rms(v):
    return math.sqrt(np.mean(np.square(v)))


@pytest.mark.parametrize("shape", SHAPES, ids=len)
def test_pdebench_aggregates_in_its_own_order(shape):
    u, v, p, y = pair(shape)
    e = p - y
    assert pdebench.rmse(u, v) == pytest.approx(each(e, rms).mean())
    assert pdebench.nrmse(u, v) == pytest.approx((each(e, rms) / each(y, rms)).mean())
    assert pdebench.rmse(u, v) != pytest.approx(rms(e), rel=1e-4)  # not the root of the mean
    sums = each(e, np.sum)
    expected = np.sqrt((sums**2).mean(0)).mean() / math.prod(shape)
    assert pdebench.crmse(u, v) == pytest.approx(expected)
    largest = np.abs(e).max(axis=(0, *range(2, 2 + len(shape)))).mean()
    assert pdebench.maximum(u, v) == pytest.approx(largest)


@pytest.mark.parametrize("shape", SHAPES, ids=len)
def test_pdebench_boundary_error(shape):
    u, v, p, y = pair(shape)
    e2 = (p - y) ** 2
    number = sum(2 * math.prod(shape) // n for n in shape)
    total = sum(
        np.take(e2, end, axis=2 + i).reshape(BATCH, TIMES, -1, CHANNELS).sum(2)
        for i in range(len(shape))
        for end in (0, -1)
    )
    if len(shape) == 3:
        total = total.sum(-1)  # its three-dimensional case merges the channels
    assert pdebench.brmse(u, v) == pytest.approx(np.sqrt(total / number).mean())


@pytest.mark.parametrize("shape", [(32,), (32, 30), (28, 26, 30)], ids=len)
def test_pdebench_fourier_error_sums_a_quadrant(shape):
    u, v, p, y = pair(shape)
    power = np.abs(np.fft.fftn(p - y, axes=range(2, 2 + len(shape)))) ** 2
    one = len(shape) == 1
    top = shape[0] // 2 + 1 if one else min(n // 2 for n in shape)
    shells = np.zeros((BATCH, TIMES, top, CHANNELS))
    for k in np.ndindex(*([n // 2 + 1 for n in shape] if one else [n // 2 for n in shape])):
        s = int(math.sqrt(sum(i * i for i in k)))
        if s < top:
            shells[:, :, s] += power[(slice(None), slice(None), *k)]
    amplitude = np.sqrt(shells.mean(0)) / math.prod(shape)
    expected = [amplitude[:, a:b].mean() for a, b in ((0, 4), (4, 12), (12, None))]
    assert list(pdebench.frmse(u, v).values()) == pytest.approx(expected)
    doubled = pdebench.frmse(u, v, volume=2.0)
    assert list(doubled.values()) == pytest.approx([2 * x for x in expected])


def test_pdebench_ignores_modes_of_mixed_sign():
    grid = Grid((16, 16), periodic=True)
    x, y = (2 * torch.pi * grid.points()).unbind(-1)
    zero = Field(torch.zeros(1, 16, 16, 1).double(), grid)
    mixed = zero.with_values(torch.cos(2 * x - 2 * y)[None, ..., None])
    equal = zero.with_values(torch.cos(2 * x + 2 * y)[None, ..., None])
    assert pdebench.frmse(mixed, zero)["low"] < 1e-12 < 0.1 < pdebench.frmse(equal, zero)["low"]


@pytest.mark.parametrize("shape", SHAPES, ids=len)
def test_well_pointwise_family(shape):
    u, v, p, y = pair(shape)
    e, eps = p - y, 1e-7
    mse, mae = each(e, lambda a: np.mean(a * a)), each(e, lambda a: np.mean(np.abs(a)))
    power = each(y, lambda a: np.mean(a * a))
    variance = each(y, lambda a: np.var(a, ddof=1))
    expected = {
        "mse": mse,
        "rmse": np.sqrt(mse),
        "mae": mae,
        "nmae": mae / (each(y, lambda a: np.mean(np.abs(a))) + eps),
        "nmse": mse / (power + eps),
        "nrmse": np.sqrt(mse / (power + eps)),
        "vmse": mse / (variance + eps),
        "vrmse": np.sqrt(mse / (variance + eps)),
        "linf": each(e, lambda a: np.abs(a).max()),
    }
    for name, values in expected.items():
        assert np.allclose(well.METRICS[name](u, v).numpy(), values, rtol=1e-12), name


def test_well_epsilon_is_absolute():
    u, v, _, _ = pair((16,))
    small = [w.with_values(1e-5 * w.values) for w in (u, v)]
    assert float(well.nrmse(*small).max()) < 0.1 < float(well.nrmse(u, v).min())


def test_well_pearson_mixes_two_moments():
    u, _, _, _ = pair((16,))
    assert well.pearson(u, u).numpy() == pytest.approx(15 / 16, abs=1e-6)


def test_well_histogram_distance_depends_on_units():
    u, v, p, y = pair((16,))
    square = np.mean(y**2, axis=(1, 2)) + 1e-7
    order = [np.sort(a.reshape(BATCH, -1, CHANNELS), axis=1) for a in (p, y)]
    expected = np.abs(order[0] - order[1]).mean(1) / square
    assert np.allclose(well.histogram_w1(u, v)[:, 0].numpy(), expected)


@pytest.mark.parametrize("shape", [(16,), (15,), (12, 10), (6, 4, 8)], ids=str)
def test_well_spectral_bins_sum_to_the_mse(shape):
    u, v, p, y = pair(shape)
    bins = well.binned_spectral_mse(u, v)
    assert torch.allclose(bins.sum(2), well.mse(u, v), atol=1e-12)
    edges = np.geomspace(2 * np.pi / max(shape), np.pi * math.sqrt(len(shape)) + 1e-6, 4)
    waves = [2 * np.pi * np.fft.fftfreq(n) for n in shape]
    expected, truth = np.zeros((2, BATCH, TIMES, 3, CHANNELS))
    powers = [np.abs(np.fft.fftn(a, axes=range(2, 2 + len(shape)))) ** 2 for a in (p - y, y)]
    for k in np.ndindex(*shape):
        radius = math.sqrt(sum(waves[i][j] ** 2 for i, j in enumerate(k)))
        number = int(radius >= edges[1]) + int(radius >= edges[2])
        for total, power in zip((expected, truth), powers):
            total[:, :, number] += power[(slice(None), slice(None), *k)] / math.prod(shape) ** 2
    assert np.allclose(bins.numpy(), expected)
    relative = well.binned_spectral_nmse(u, v).numpy()
    assert np.allclose(relative, expected / (truth + 1e-7))


@pytest.mark.parametrize("shape", [(16,), (8, 8), (6, 6, 6)], ids=len)
def test_exponax_spatial_family(shape):
    u, v, p, y = pair(shape)
    cell = (3.0 / shape[0]) ** len(shape)
    for kind, (inner, outer) in {"MAE": (1, 1), "MSE": (2, 1), "RMSE": (2, 0.5)}.items():

        def size(values, inner=inner, outer=outer):
            return each(values, lambda a: (cell * np.sum(np.abs(a) ** inner)) ** outer)

        expected = {
            "absolute": size(p - y).sum(-1),
            "normalized": (size(p - y) / size(y)).sum(-1),
            "symmetric": (2 * size(p - y) / (size(p) + size(y))).sum(-1),
        }
        for mode, values in expected.items():
            got = exponax.spatial(u, v, kind, mode, domain_extent=3.0)
            assert np.allclose(got.numpy(), values), (kind, mode)


@pytest.mark.parametrize("shape", [(16,), (15,), (8, 8), (6, 6, 6)], ids=str)
def test_exponax_fourier_family_is_the_spatial_one_by_parseval(shape):
    u, v, _, _ = pair(shape)
    for kind in ("MSE", "RMSE"):
        for mode in ("absolute", "normalized"):
            there, here = (f(u, v, kind, mode, domain_extent=2.0) for f in ENERGY)
            assert torch.allclose(there, here, rtol=1e-10)


ENERGY = (exponax.fourier, exponax.spatial)


def test_exponax_fourier_options_against_loops():
    u, v, p, y = pair((8, 8))
    k = np.fft.fftfreq(8, 1 / 8)

    def aggregate(a, inner, outer, order):
        hat, total = np.fft.fftn(a), [0.0, 0.0]
        for i, j in np.ndindex(8, 8):
            if 2 <= max(abs(k[i]), abs(k[j])) <= 3:
                for axis, wave in enumerate((k[i], k[j])):
                    factor = abs(2 * np.pi / 5 * wave) ** order
                    total[axis] += (factor * abs(hat[i, j])) ** inner
        return sum(((5 / 8) ** 2 / 64 * part) ** outer for part in total)

    for kind, (inner, outer) in exponax.POWERS.items():
        size = [each(a, lambda b: aggregate(b, inner, outer, 1)) for a in (p - y, y)]  # noqa: B023
        got = exponax.fourier(u, v, kind, low=2, high=3, derivative_order=1, domain_extent=5.0)
        assert np.allclose(got.numpy(), (size[0] / size[1]).sum(-1)), kind
        both = exponax.fourier(u, v, kind) + exponax.fourier(u, v, kind, derivative_order=1)
        assert torch.allclose(exponax.h1(u, v, kind), both)


def test_exponax_drops_small_coefficients():
    u, v, _, _ = pair((16,))
    small = [w.with_values(1e-7 * w.values) for w in (u, v)]
    assert (exponax.fourier(*small, "RMSE", "absolute") == 0).all()
    assert (exponax.spatial(*small, "RMSE", "absolute") > 0).all()


def test_exponax_correlation_is_a_cosine():
    u, v, p, y = pair((8, 8))
    expected = each(p * y, np.sum) / np.sqrt(each(p * p, np.sum) * each(y * y, np.sum))
    assert np.allclose(exponax.correlation(u, v).numpy(), expected.mean(-1))
    constant = v.with_values(torch.ones_like(v.values))
    moved = v.with_values(3 * torch.ones_like(v.values))
    assert torch.allclose(exponax.correlation(moved, constant), torch.ones(BATCH, TIMES).double())


def test_exponax_needs_a_cube_and_known_names():
    u, v, _, _ = pair((12, 10))
    with pytest.raises(ValueError, match="N points on every axis"):
        exponax.spatial(u, v)
    u, v, _, _ = pair((16,))
    with pytest.raises(ValueError, match="kind is one of"):
        exponax.spatial(u, v, "rmse")
    with pytest.raises(ValueError, match="no symmetric"):
        exponax.fourier(u, v, "RMSE", "symmetric")


def test_apebench_gmean():
    u, v, p, y = pair((16,))
    norm = [np.linalg.norm(a, axis=2) for a in (p - y, y)]
    curve = (norm[0] / norm[1]).sum(-1).mean(0)
    assert np.allclose(apebench.mean_nrmse(u, v).numpy(), curve)
    assert apebench.gmean(u, v) == pytest.approx(gmean(curve))
    assert apebench.gmean(u, v, up_to=2) == pytest.approx(gmean(curve[:2]))
    broken = u.with_values(torch.where(u.values > 2, torch.nan, u.values))
    assert math.isnan(apebench.gmean(broken, v))


def test_pdearena_sums_over_times_and_fields():
    u, v, p, y = pair((12, 10))
    e2 = (p - y) ** 2
    assert pdearena.mse(u, v) == pytest.approx(e2.mean((2, 3)).sum((1, 2)).mean())
    assert pdearena.rollout_mse(u, v) == pytest.approx(e2.mean((0, 2, 3, 4)).sum())
    assert pdearena.rollout_mse(u, v) == pytest.approx(pdearena.mse(u, v) / CHANNELS)
    norms = [np.linalg.norm(a.reshape(BATCH, -1), axis=1) for a in (p - y, y)]
    assert pdearena.scaled_l2(u, v) == pytest.approx((norms[0] / norms[1]).mean())
    rows = [
        [np.corrcoef(p[b, t].ravel(), y[b, t].ravel())[0, 1] for t in range(TIMES)]
        for b in range(BATCH)
    ]
    assert np.allclose(pdearena.correlation(u, v).numpy(), np.mean(rows, axis=0))


def test_pdearena_counts_frames_that_come_back():
    _, v, _, _ = pair((16,))
    signs = torch.tensor([1.0, -1.0, 1.0, 1.0]).reshape(1, 4, 1, 1)
    u = v.with_values(signs * v.values)
    assert pdearena.valid_steps(u, v) == 3
    assert valid_time(u, v).tolist() == [0.5] * BATCH


def test_poseidon_median_per_group():
    u, v, p, y = pair((12, 10))
    share = [np.abs(a).reshape(BATCH * TIMES, -1, CHANNELS).sum(1) for a in (p - y, y)]
    alone = np.mean([np.median(100 * share[0][:, c] / share[1][:, c]) for c in range(CHANNELS)])
    together = np.median(100 * share[0].sum(1) / share[1].sum(1))
    assert poseidon.rel_l1_median(u, v) == pytest.approx(together)
    assert poseidon.rel_l1_median(u, v, groups=[[0], [1]]) == pytest.approx(alone)
    one = v[:1].with_values(torch.zeros(1, *v.values.shape[1:]).double())
    assert float(poseidon.rel_l1(u[:1], one).min()) > 1e10
    failed = u.values.clone()
    failed[0, :] = torch.inf
    assert math.isfinite(poseidon.rel_l1_median(u.with_values(failed), v))  # the median hides it


def test_fno_and_cfdbench():
    u, v, p, y = pair((12, 10))
    norms = [np.linalg.norm(a.reshape(BATCH, -1), axis=1) for a in (p - y, y)]
    assert fno.rel_l2(u, v) == pytest.approx((norms[0] / norms[1]).mean())
    assert fno.rel_l2(u, v) == pytest.approx(float(relative_l2(u, v).mean()))
    assert cfdbench.mse(u, v) == pytest.approx(np.mean((p - y) ** 2))
    assert cfdbench.mae(u, v) == pytest.approx(np.mean(np.abs(p - y)))
    assert cfdbench.nmse(u, v) == pytest.approx(np.sum((p - y) ** 2) / np.sum(y**2))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_version_and_vanishes_for_the_truth(name):
    assert version(name).startswith("1: as of")
    _, v, _, _ = pair((24,))
    value = METRICS[name](v, v)
    value = torch.as_tensor([*value.values()] if isinstance(value, dict) else value)
    if "correlation" in name or "pearson" in name or "steps" in name:
        assert (value > 0.9).all()
    else:
        assert value.abs().max() < 1e-12


def test_a_function_without_time_is_one_frame_and_other_grids_are_refused():
    u, v, _, _ = pair((16,))
    frame = [Field(w.values[:, 0], w.grid.without("t")) for w in (u, v)]
    assert well.vrmse(*frame).shape == (BATCH, 1, CHANNELS)
    with pytest.raises(ValueError, match="domain of its truth"):
        well.mse(frame[0], v)
    with pytest.raises(ValueError, match="did you mean 'well.vrmse'"):
        version("well.vrms")
