"""Coordinates, activations and the rules by which weights start."""

import math

import pytest
import torch

from fredholm.domains import Grid
from fredholm.fields import NeuralField
from fredholm.layers import (
    ACTIVATIONS,
    ChannelNorm,
    Coordinates,
    Gaussian,
    Glorot,
    Orthogonal,
    RandomFourier,
    ShiftedGaussians,
    Sine,
    Snake,
    VarianceInformed,
    balanced_std,
    facts,
    moments,
    nonlinearity,
)
from fredholm.models import CoordinateMLP

RING = (("x", -1.0, 2.0, True), ("t", 0.0, 5.0, False))


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def field() -> NeuralField:
    torch.manual_seed(0)
    encoding = Coordinates(RING, harmonics=3)
    return NeuralField(encoding, CoordinateMLP(encoding.features, 2, width=16)).double()


def test_open_axes_fill_the_unit_box():
    encoding = Coordinates([("x", 2.0, 6.0, False), ("t", 0.0, 1e-3, False)])
    ends = torch.tensor([[2.0, 0.0], [6.0, 1e-3], [4.0, 5e-4]], dtype=torch.float64)
    expected = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    assert torch.allclose(encoding(ends), expected, atol=1e-15)


def test_periodic_functions_are_periodic_with_their_derivatives():
    network, x = field(), draw(20, 2)
    period = torch.tensor([3.0, 0.0], dtype=torch.float64)

    def slope(points):
        points = points.clone().requires_grad_()
        return torch.autograd.grad(network(points).sum(), points)[0]

    assert torch.allclose(network(x), network(x + period), atol=1e-13)
    assert torch.allclose(slope(x), slope(x + period), atol=1e-12)
    assert (network(x) - network(x + period / 2)).abs().max() > 1e-2
    assert (network(x) - network(x + period.flip(0))).abs().max() > 1e-3


def test_scales_survive_a_visit_to_single_precision():
    """Periods come from the numbers that were given, not from a rounded copy."""
    network, x = field().float().double(), draw(20, 2)
    period = torch.tensor([3.0, 0.0], dtype=torch.float64)
    assert torch.allclose(network(x), network(x + period), atol=1e-13)


@pytest.mark.parametrize(
    "axes",
    [[], [("x", 1.0, 1.0, False)], [("x", 0.0, 1.0, False)] * 2, [("x", 0.0, math.inf, False)]],
)
def test_impossible_axes_are_refused(axes):
    with pytest.raises(ValueError, match=r"different names|start < stop"):
        Coordinates(axes)


def test_points_with_other_columns_are_refused():
    with pytest.raises(ValueError, match="x, t, got 3 columns"):
        Coordinates(RING)(draw(4, 3))


def test_a_grid_is_read_by_the_names_of_its_axes():
    """A trajectory lies on (t, x); the network takes (x, t)."""
    grid = Grid((4, 5), [(0, 5), (-1, 2)], periodic=(False, True), names=("t", "x"))
    network = field()
    samples = network.at(grid, ("x", "t"))
    assert samples.values.shape == (1, 4, 5, 2)
    t, x = grid.points()[3, 2]
    assert torch.allclose(samples.values[0, 3, 2], network(torch.stack([x, t])), atol=1e-14)
    with pytest.raises(ValueError, match="depends on x, y, the grid has the axes t, x"):
        network.at(grid, ("x", "y"))


def test_random_frequencies_follow_their_seed():
    one, same, other = (RandomFourier(2, 400, scale=5.0, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.frequencies, same.frequencies)
    assert not torch.equal(one.frequencies, other.frequencies)
    assert abs(float(one.frequencies.std()) - 5) < 0.5
    x = draw(7, 2).float()
    assert torch.allclose(one(x).square().sum(-1), torch.full((7,), 200.0))


def left_out(encoding: torch.nn.Module) -> float:
    """Error at the points between those that a linear map of the encoding was fitted to.

    The function has sixteen waves; the values are known to five per cent.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.linspace(-1, 1, 129, dtype=torch.float64)[:, None]
    phase = math.pi * torch.arange(1, 17) * x
    weights = torch.randn(32, 1, generator=generator, dtype=torch.float64)
    u = torch.cat([torch.cos(phase), torch.sin(phase)], 1) @ weights
    noise = torch.randn(65, 1, generator=generator, dtype=torch.float64)
    features, given = encoding.double()(x), u[::2] + 0.05 * u.std() * noise
    known, unknown = features[::2], features[1::2]
    ridge = 1e-2 * torch.eye(known.shape[1], dtype=torch.float64)
    fitted = torch.linalg.solve(known.T @ known + ridge, known.T @ given)
    return float((unknown @ fitted - u[1::2]).norm() / u[1::2].norm())


def test_width_and_scale_of_an_encoding_have_a_best_value():
    """Too narrow knows nothing between the points, too wide blurs; the best are equally good."""
    bells = [left_out(ShiftedGaussians(1, 256, width=s)) for s in (0.01, 0.03, 0.04, 0.05, 0.1)]
    waves = [left_out(RandomFourier(1, 256, scale=s)) for s in (10, 20, 30, 60)]
    assert min(bells) < 1.5 * min(waves) < 0.1
    assert min(bells[0], bells[-1]) > 2 * min(bells)
    assert min(waves[0], waves[-1]) > 2 * min(waves)


def test_shifted_gaussians_are_one_at_their_centres():
    encoding = ShiftedGaussians(2, 5, width=0.1)
    values = encoding(torch.tensor([[0.5, -1.0]], dtype=torch.float64))
    expected = torch.zeros(1, 10, dtype=torch.float64)
    expected[0, 3] = expected[0, 5] = 1
    assert values.shape[-1] == encoding.features
    assert torch.allclose(values, expected, atol=1e-5)
    with pytest.raises(ValueError, match="a width above 0"):
        ShiftedGaussians(1, 5, width=0.0)


def test_channel_norm_is_torch_layer_norm():
    x = draw(3, 4, 6)
    expected = torch.nn.functional.layer_norm(x, (6,))
    assert torch.allclose(ChannelNorm(6).double()(x), expected, atol=1e-13)


def test_every_name_is_a_function_with_facts():
    z = torch.linspace(-2, 2, 9)
    for name in ACTIVATIONS:
        assert torch.isfinite(nonlinearity(name)(z)).all()
        assert facts(name).smoothness == (0 if name == "relu" else math.inf)
    assert torch.allclose(Snake(5.0)(z), z + torch.sin(5 * z) ** 2 / 5, atol=1e-6)
    assert torch.allclose(Gaussian(0.5)(z), torch.exp(-2 * z**2))


def test_moments_are_those_of_the_formulae():
    """Snake at variance one: the mean and variance that its paper gives; relu: a half."""
    a = 0.7
    mean, square, _ = moments(Snake(a), 1.0)
    assert mean == pytest.approx((1 - math.exp(-2 * a**2)) / (2 * a), abs=1e-12)
    variance = 1 + (1 + math.exp(-8 * a**2) - 2 * math.exp(-4 * a**2)) / (8 * a**2)
    assert square - mean**2 == pytest.approx(variance, abs=1e-12)
    assert moments(Sine(1.0), 1.0)[1] == pytest.approx((1 - math.exp(-2)) / 2, abs=1e-12)
    assert moments(torch.relu, 2.0)[1] == pytest.approx(2.0, abs=1e-6)
    assert moments(torch.relu, 2.0)[2] == pytest.approx(0.5, abs=1e-3)


def test_balanced_std_keeps_signals_and_gradients():
    gaussian = Gaussian(0.2)
    std = balanced_std(gaussian)
    _, square, slope = moments(gaussian, std)
    assert std**2 * slope == pytest.approx(square, rel=1e-6)
    assert balanced_std(torch.sin) is None
    assert balanced_std(torch.relu) is None


def maps(*widths: int) -> list[torch.nn.Linear]:
    return [torch.nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])]


@torch.no_grad()
def test_rules_draw_the_variance_that_they_state():
    generator = torch.Generator().manual_seed(0)
    layers = maps(2, 400, 400)
    Glorot()(layers, torch.tanh, generator=generator)
    assert float(layers[1].weight.var()) == pytest.approx(1 / 400, rel=0.02)
    VarianceInformed(std=1.5)(layers, torch.relu, generator=generator)
    assert float(layers[0].weight.var()) == pytest.approx(1.5**2 / (2 / 3), rel=0.05)
    assert float(layers[1].weight.var()) == pytest.approx(2 / 400, rel=0.02)
    Orthogonal(2.0)(layers, torch.tanh, generator=generator)
    product = layers[1].weight @ layers[1].weight.T
    assert torch.allclose(product, 4 * torch.eye(400), atol=1e-4)
