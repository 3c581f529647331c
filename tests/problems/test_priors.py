import math

import pytest
import torch

from fredholm.calls import rebuild
from fredholm.domains import Axis, Grid
from fredholm.problems.priors import (
    FourierSeries,
    GaussianField,
    LogNormal,
    PeriodicKernel,
    SquaredExponential,
    Stretched,
    TwoPhase,
)
from fredholm.problems.series import basis, noise

SIX_SIGMA = 6.0  # two-sided failure probability 2e-9 for one number, below 1e-6 for all tested


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def coefficients(values, axes, boundary):
    """The coefficients of the resolved eigenfunctions in samples of a function."""
    for number, axis in enumerate(axes, start=1):
        inverse = torch.linalg.pinv(basis(axis, boundary).functions)
        values = torch.tensordot(values, inverse, dims=([number], [1])).movedim(-1, number)
    return values


@pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet"])
@pytest.mark.parametrize("location", ["cell", "node", "left"])
def test_finer_grid_adds_modes_to_the_same_function(boundary, location):
    prior = GaussianField(2.0, 3.0, boundary=boundary)
    parts = []
    for shape in ((9, 14), (24, 31)):
        grid = Grid(shape, 1.5, location=location)
        draw = prior.sample(3, grid, generator=seeded()).values[..., 0]
        parts.append(coefficients(draw, grid.axes, boundary))
    coarse, fine = parts
    shared = fine[:, : coarse.shape[1], : coarse.shape[2]]
    assert torch.allclose(coarse, shared, atol=1e-12)
    assert fine.abs().sum() > shared.abs().sum()


def test_noise_continues_when_the_shape_grows():
    seeds = torch.tensor([3, 2**61 + 1])
    large = noise(seeds, (19, 17, 23))
    assert torch.equal(noise(seeds, (5, 9, 3)), large[:, :5, :9, :3])
    # Numbering the modes row by row instead, the obvious alternative, draws another function.
    assert not torch.equal(large[:, :5, :9, :3].flatten(1), large.flatten(1)[:, : 5 * 9 * 3])


def test_generator_advances_by_the_number_of_functions_alone():
    prior = GaussianField(2.0, 3.0)
    states = []
    for size in (8, 64):
        generator = seeded(5)
        prior.sample(4, Grid((size,)), generator=generator)
        states.append(generator.get_state())
    assert torch.equal(*states)


def test_draws_in_two_parts_equal_draws_at_once():
    prior, grid, generator = GaussianField(2.0, 3.0), Grid((16,)), seeded(1)
    parts = [prior.sample(n, grid, generator=generator).values for n in (2, 3)]
    at_once = prior.sample(5, grid, generator=seeded(1)).values
    assert torch.allclose(torch.cat(parts), at_once, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "prior",
    [
        SquaredExponential(0.2),
        FourierSeries(5, decay=1.0),
        PeriodicKernel(0.3),
        Stretched(FourierSeries(5), -1.0, 2.0),
    ],
)
def test_draws_of_grid_free_priors_are_the_same_function_everywhere(prior):
    coarse = prior.sample(2, Grid((12, 16), location="left"), generator=seeded())
    fine = prior.sample(2, Grid((36, 32), location="left"), generator=seeded())
    assert torch.allclose(coarse.values, fine.values[:, ::3, ::2], atol=1e-12)


def spectrum_score(prior, alpha, draws=4000):
    """Largest deviation of a coefficient's variance from theory, in standard errors."""
    axis = Axis(33, 0.0, 2.0, location="cell")
    f = prior.sample(draws, Grid.of(axis), generator=seeded(2)).values[..., 0]
    found = coefficients(f, (axis,), "neumann").square().mean(0)
    kappa = math.pi / 2.0 * torch.arange(33, dtype=torch.float64)
    theory = 5.0**2 / 2.0 * (kappa**2 + 3.0**2) ** -alpha
    return float(((found / theory - 1) / math.sqrt(2 / draws)).abs().max())


def test_spectrum_is_the_stated_one():
    prior = GaussianField(2.0, 3.0, sigma=5.0, boundary="neumann")
    assert spectrum_score(prior, 2.0) < SIX_SIGMA
    assert spectrum_score(prior, 1.9) > SIX_SIGMA


@pytest.mark.parametrize("boundary", ["periodic", "neumann", "dirichlet"])
def test_marginal_variance_is_the_sum_over_modes(boundary):
    grid, draws = Grid((12, 10), 1.0, location="cell"), 4000
    prior = GaussianField(2.0, 3.0, boundary=boundary)
    f = prior.sample(draws, grid, generator=seeded(3)).values[..., 0]
    values = prior.scales(grid).square()
    for number, axis in enumerate(grid.axes):
        square = basis(axis, boundary).functions.square()
        values = torch.tensordot(values, square, dims=([number], [1])).movedim(-1, number)
    score = (f.square().mean(0) / values - 1) / math.sqrt(2 / draws)
    assert score.abs().max() < SIX_SIGMA
    assert (f.mean(0) / (values / draws).sqrt()).abs().max() < SIX_SIGMA


@pytest.mark.parametrize("dim, alpha, size", [(1, 2.0, 1001), (2, 3.0, 401), (3, 4.0, 101)])
def test_variance_on_a_large_box_is_that_of_the_matern_field(dim, alpha, size):
    # Whittle: the field on all of space has variance σ² Γ(ν) / (Γ(α) (4π)^d/2 τ^2ν), ν = α - d/2.
    nu, tau, sigma = alpha - dim / 2, 3.0, 1.7
    expected = sigma**2 * math.gamma(nu) / (math.gamma(alpha) * (4 * math.pi) ** (dim / 2))
    expected /= tau ** (2 * nu)
    grid = Grid((size,) * dim, (-2.0, 6.0), periodic=True)
    found = GaussianField(alpha, tau, sigma).scales(grid).square().sum()
    assert abs(float(found) / expected - 1) < 2e-3


def test_variance_does_not_depend_on_tau_by_default():
    grid = Grid((400, 400), 20.0, periodic=True)
    found = [float(GaussianField(3.0, tau).scales(grid).square().sum()) for tau in (1.0, 2.0)]
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_without_the_constant_mode_each_draw_has_the_stated_mean():
    grid = Grid((16, 16), location="cell")
    prior = GaussianField(2.0, 3.0, boundary="neumann", mean=0.3, constant=False)
    means = prior.sample(5, grid, generator=seeded()).values.mean((1, 2, 3))
    assert torch.allclose(means, torch.full_like(means, 0.3), atol=1e-14)


def test_covariance_of_squared_exponential():
    draws, length, sigma = 4000, 0.25, 1.5
    axis = Axis(15, -1.0, 0.5)
    f = SquaredExponential(length, sigma).sample(draws, Grid.of(axis), generator=seeded(4))
    values, x = f.values[..., 0], axis.points()
    theory = sigma**2 * torch.exp(-((x[:, None] - x) ** 2) / (2 * length**2))
    error = (sigma**4 + theory**2).div(draws).sqrt()  # Isserlis
    assert ((values.T @ values / draws - theory) / error).abs().max() < SIX_SIGMA
    assert ((values.T @ values / draws - theory.sqrt()) / error).abs().max() > SIX_SIGMA


def test_fourier_series_is_band_limited_with_the_stated_deviation():
    draws, axis = 4000, Axis(16, 0.0, 3.0, periodic=True)
    f = FourierSeries(4, amplitude=0.7).sample(draws, Grid.of(axis), generator=seeded(5))
    spectrum = torch.fft.rfft(f.values[..., 0], dim=1, norm="forward").abs().amax(0)
    assert spectrum[1:5].min() > 1e-3 and max(spectrum[0], *spectrum[5:]) < 1e-14
    variance = f.values.square().mean((0, 2))
    assert ((variance / 0.7**2 - 1) / math.sqrt(2 / draws)).abs().max() < SIX_SIGMA


def test_derived_coefficients():
    grid, g = Grid((16, 16)), GaussianField(2.0, 3.0, boundary="neumann")
    gaussian = g.sample(2, grid, generator=seeded()).values
    phases = TwoPhase(g, low=4.0, high=12.0).sample(2, grid, generator=seeded()).values
    assert torch.equal(phases, 8.0 + 4.0 * torch.where(gaussian >= 0, 1.0, -1.0).double())
    smooth = LogNormal(g, scale=2.0).sample(2, grid, generator=seeded()).values
    assert torch.allclose(smooth.log(), gaussian + math.log(2.0))


def phase_statistics(phases):
    """Deviation of the phase fraction; correlation of neighbours at the wall and in the middle."""
    signs = 2 * phases - 1
    wall, middle = signs[:, 0] * signs[:, 1], signs[:, 7] * signs[:, 8]
    return float(phases.mean((1, 2)).std()), float(wall.mean()), float(middle.mean())


def test_published_darcy_phases_are_of_the_kind_of_the_prior(shared_data):
    path = shared_data / "neuraloperator" / "darcy_train_16.pt"
    published = phase_statistics(torch.load(path, weights_only=True)["x"].double())

    def ours(boundary, constant):
        prior = TwoPhase(GaussianField(2.0, 3.0, None, boundary, constant=constant), 0.0, 1.0)
        grid = Grid((16, 16), location="left")
        return phase_statistics(prior.sample(1000, grid, generator=seeded(6)).values[..., 0])

    # Found 0.063, 0.91, 0.74 against 0.049, 0.88, 0.71 in the file, whose parameters are not
    # documented: the walls reflect and the constant mode is missing.
    fraction, wall, middle = ours("neumann", constant=False)
    assert abs(fraction / published[0] - 1) < 0.35
    assert abs(wall - published[1]) < 0.05 and abs(middle - published[2]) < 0.05
    assert ours("neumann", constant=True)[0] > 3 * published[0]
    assert ours("periodic", constant=False)[1] < published[1] - 0.15


@pytest.mark.parametrize(
    "prior",
    [
        TwoPhase(GaussianField(2.0, 3.0, boundary="neumann", constant=False), 4.0, 12.0),
        LogNormal(GaussianField(2.0, 3.0, 1.5), 0.5),
        SquaredExponential(0.2),
        FourierSeries(5),
    ],
)
def test_description_rebuilds_the_prior(prior):
    assert rebuild(prior.describe()) == prior


@pytest.mark.parametrize(
    "draw, sentence",
    [
        (lambda: GaussianField(2.0, 0.0), "tau is an inverse length"),
        (lambda: GaussianField(0.5, 1.0).scales(Grid((8,))), "alpha must exceed d/2"),
        (lambda: basis(Axis(8), "free"), "boundary is one of"),
        (lambda: SquaredExponential(-1.0), "correlation length is positive"),
        (lambda: FourierSeries(0), "at least one mode"),
        (
            lambda: FourierSeries(9).sample(1, Grid((12,)), generator=seeded()),
            "not resolved by x: 12",
        ),
    ],
)
def test_wrong_arguments_are_refused(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()


def test_periodic_kernel_has_its_covariance():
    """The empirical covariance agrees within six standard errors; that of another ℓ does not."""
    grid, draws, length = Grid((16,), 2.0, periodic=True), 4000, 0.2
    u = PeriodicKernel(length, sigma=1.5).sample(draws, grid, generator=seeded()).values[..., 0]
    r = torch.arange(16, dtype=torch.float64) / 16
    found = u.T @ u / draws

    def score(length: float) -> float:
        profile = 1.5**2 * torch.exp(-(torch.sin(math.pi * r) ** 2) / (2 * length**2))
        index = torch.arange(16)
        expected = profile[(index[:, None] - index) % 16]
        deviation = ((1.5**4 + expected**2) / draws).sqrt()
        return float(((found - expected) / deviation).abs().max())

    assert score(length) < SIX_SIGMA < score(1.5 * length)


def test_stretched_draws_reach_both_ends_and_stay_between():
    prior = Stretched(PeriodicKernel(0.2), 0.0, 1.0)
    fine = prior.sample(5, Grid((1024,), periodic=True), generator=seeded()).values[..., 0]
    assert torch.equal(fine.amin(1), torch.zeros(5).double())
    assert torch.allclose(fine.amax(1), torch.ones(5).double(), atol=1e-15)
    again = rebuild(prior.describe()).sample(5, Grid((64,), periodic=True), generator=seeded())
    assert torch.allclose(again.values[..., 0], fine[:, ::16], atol=1e-12)
    with pytest.raises(ValueError, match="low < high"):
        Stretched(PeriodicKernel(0.2), 1.0, 1.0)
