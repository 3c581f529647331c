"""Networks of coordinates: what each promises at the start, and that derivatives pass through."""

import json
import math

import pytest
import torch
from torch import Tensor, nn

from fredholm.calculus.jets import jets
from fredholm.calls import describe, rebuild
from fredholm.equations.spread import LAPLACIAN
from fredholm.layers import FactorisedLinear, Gaussian, RandomFourier, Snake, VarianceInformed
from fredholm.models import (
    KAN,
    SL2A,
    CoordinateMLP,
    FourierKAN,
    Gaussians,
    ModifiedMLP,
    PirateNet,
    Siren,
)
from fredholm.models.kan import b_splines
from fredholm.models.sl2a import chebyshev

SMALL = {
    "mlp": lambda: CoordinateMLP(3, 2, width=8, layers=2),
    "factorised mlp": lambda: CoordinateMLP(3, 2, width=8, layers=2, factorised=True),
    "gaussian mlp": lambda: CoordinateMLP(
        3, 2, width=8, activation=Gaussian(0.5), init=VarianceInformed(std=1.0)
    ),
    "modified mlp": lambda: ModifiedMLP(3, 2, width=8, layers=2, factorised=True),
    "pirate net": lambda: PirateNet(3, 2, width=8, blocks=2),
    "siren": lambda: Siren(3, 2, width=8, layers=2),
    "sl2a": lambda: SL2A(3, 2, width=8, degree=6, rank=2, activation="tanh"),
    "fourier kan": lambda: FourierKAN(3, 2, width=8, waves=3),
    "kan": lambda: KAN(3, 2, intervals=4),
    "gaussians": lambda: Gaussians(3, 2, gaussians=5, spread=0.5),
}


def small(name: str) -> nn.Module:
    torch.manual_seed(0)
    return SMALL[name]().double()


def points(n: int = 6, dim: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 1.8 * torch.rand(n, dim, generator=generator, dtype=torch.float64) - 0.9


@pytest.mark.parametrize("name", SMALL)
def test_each_point_is_answered_alone(name):
    """The answer at a point knows of no other point, whatever the shape of the batch."""
    network, x = small(name), points(6)
    together = network(x.reshape(2, 3, 3))
    assert together.shape == (2, 3, 2)
    alone = torch.cat([network(point[None]) for point in x])
    assert torch.allclose(together.reshape(6, 2), alone, atol=1e-13)


@pytest.mark.parametrize("name", SMALL)
def test_second_derivatives_are_those_of_the_function(name):
    x = points(3).requires_grad_()
    assert torch.autograd.gradgradcheck(small(name), x, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_jets_pass_through(name):
    network, x = small(name), points(4).requires_grad_()
    curvature = (("x", 1), ("y", 1))
    found = jets(network, x.detach(), ("x", "y", "t"), {0: [curvature, LAPLACIAN]})
    (slope,) = torch.autograd.grad(network(x)[:, 0].sum(), x, create_graph=True)
    rows = [torch.autograd.grad(slope[:, i].sum(), x, retain_graph=True)[0] for i in range(2)]
    assert torch.allclose(found[0, curvature], rows[0][:, 1], atol=1e-10)
    assert torch.allclose(found[0, LAPLACIAN], rows[0][:, 0] + rows[1][:, 1], atol=1e-10)


def test_kinks_are_declared():
    """Second derivatives of relu do not exist at a kink; who asks for smoothness is told so."""
    assert CoordinateMLP(1, 1, activation="relu").smoothness == 0
    assert KAN(1, 1).smoothness == 2
    assert all(SMALL[name]().smoothness == math.inf for name in SMALL if name != "kan")


@pytest.mark.parametrize("name", SMALL)
def test_the_constructor_call_makes_it_again(name):
    network = small(name)
    again = rebuild(json.loads(json.dumps(describe(network)))).double()
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(points()), network(points()))


def test_single_precision_works():
    for make in SMALL.values():
        assert make()(points().float()).dtype == torch.float32


@pytest.mark.parametrize(
    "make",
    [
        lambda: CoordinateMLP(0, 1),
        lambda: KAN(1, 1, intervals=0),
        lambda: Gaussians(1, 1, spread=0.0),
        lambda: RandomFourier(1, 5),
        lambda: CoordinateMLP(1, 1, activation="swish"),
        lambda: CoordinateMLP(1, 1, activation=torch.erf),
    ],
)
def test_impossible_sizes_are_refused(make):
    with pytest.raises(ValueError, match=r"at least 1|above 0|even|one of|nothing is known"):
        make()


def test_pirate_net_is_linear_in_its_features_at_the_start():
    network, x = small("pirate net"), points()
    linear = network.last(network.embedding(x))
    assert torch.equal(network(x), linear)
    with torch.no_grad():
        network.gates[1] = 0.1
    assert (network(x) - linear).abs().max() > 1e-3


def test_pirate_net_starts_from_known_values():
    network, x = PirateNet(1, 1, width=32).double(), points(200, 1)
    values = torch.sin(3 * x)
    before = (network(x) - values).abs().max()
    network.match(x, values)
    assert (network(x) - values).abs().max() < 1e-6 < before
    between = points(50, 1) * 0.9
    assert (network(between) - torch.sin(3 * between)).abs().max() < 1e-4


def test_factorised_weights_are_the_same_map_at_first():
    linear = nn.Linear(4, 3).double()
    factorised, x = FactorisedLinear(linear), points(5, 4)
    assert torch.allclose(factorised(x), linear(x), atol=1e-14)
    assert factorised.direction.norm() < 0.5 * linear.weight.norm()
    factorised(x).sum().backward()
    assert factorised.scale.grad.abs().min() > 0


def test_arguments_of_a_siren_keep_their_size_at_depth():
    """Var ω(Wh + b) = 1 + ω²/3n with the biases; the tanh of the same depth fades."""
    torch.manual_seed(0)
    omega, n, network = 30.0, 512, Siren(2, 1, width=512, layers=12)
    h = 2 * torch.rand(1000, 2) - 1
    spread = []
    with torch.no_grad():
        for linear in network.maps[:-1]:
            z = omega * linear(h)
            h = torch.sin(z)
            spread.append(float(z.std()))
    expected = math.sqrt(1 + omega**2 / (3 * n))
    assert all(abs(each - expected) < 0.1 for each in spread[1:])


def test_variance_informed_weights_keep_any_activation_alive_at_depth():
    x = 2 * torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) - 1

    def spread(activation, **init) -> float:
        torch.manual_seed(0)
        network = CoordinateMLP(2, 1, width=256, layers=20, activation=activation, **init)
        h = x
        with torch.no_grad():
            for linear in network.maps[:-2]:
                h = network.activation(linear(h))
            return float(network.maps[-2](h).std())

    informed = VarianceInformed(std=1.0)
    for activation in (Gaussian(0.2), Snake(1.0), "tanh"):
        assert spread(activation, init=informed) == pytest.approx(1, abs=0.1)
        assert spread(activation, init=lambda maps, activation: None) < 0.5


def test_splines_are_a_partition_of_unity_with_cubic_precision():
    x = torch.linspace(-1, 1, 101, dtype=torch.float64)
    values = b_splines(x, 7)
    assert values.shape == (101, 10)
    assert torch.allclose(values.sum(-1), torch.ones_like(x), atol=1e-13)
    assert values.min() > -1e-14
    fit = torch.linalg.lstsq(values, torch.stack([x**3, x**4], 1)).solution
    cubic, quartic = (values @ fit - torch.stack([x**3, x**4], 1)).abs().amax(0)
    assert cubic < 1e-12 < 1e-6 < quartic
    beyond = b_splines(torch.tensor([1.9, 50.0, -1.9]), 7)
    assert not beyond.any()


def test_curvature_of_splines_is_right_on_the_knots():
    """Grids meet the knots: a formula with |x| has no second derivative there."""
    x = torch.linspace(-1, 1, 8, dtype=torch.float64, requires_grad=True)
    dense = torch.linspace(-1, 1, 101, dtype=torch.float64)
    weights = torch.linalg.lstsq(b_splines(dense, 7), dense**3).solution
    (slope,) = torch.autograd.grad((b_splines(x, 7) @ weights).sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    assert torch.allclose(curvature, 6 * x.detach(), atol=1e-9)


def test_a_finer_kan_is_the_same_function():
    torch.manual_seed(0)
    coarse, x = KAN(2, 1, layers=1, intervals=4).double(), points(50, 2)
    with torch.no_grad():
        for layer in coarse.layers:  # Hidden values stay in [-1, 1], and splines matter.
            layer.base.weight.mul_(0.2)
            layer.splines.weight.normal_(0, 0.1)
    assert coarse.layers[0](x).abs().max() < 1
    assert torch.allclose(coarse.finer(8)(x), coarse(x), atol=1e-12)
    assert 1e-6 < (coarse.finer(5)(x) - coarse(x)).abs().max() < 0.1


def test_chebyshev_polynomials_are_cosines():
    angle = torch.linspace(0, math.pi, 30, dtype=torch.float64)[:, None]
    expected = torch.cat([torch.cos(k * angle) for k in range(1, 65)], -1)
    assert torch.allclose(chebyshev(torch.cos(angle), 64), expected, atol=1e-11)


def test_each_channel_has_its_own_gaussians():
    network = Gaussians(2, 1, gaussians=7, channels=3).double()
    assert network.centres.shape == (3, 7, 2)
    assert network.centres.abs().max() <= 1
    assert network.centres.unique().numel() == 42
    with torch.no_grad():
        for total in network.sums:
            total.weight.fill_(1.0)
        x = network.centres[1, 4][None]
        bells = torch.exp(-0.5 * ((x - network.centres) / 0.1).square().sum(-1)).sum(-1)
        expected = network.last(torch.tanh(network.first(bells)))
    assert torch.allclose(network(x)[0], expected, atol=1e-13)


def test_snake_extrapolates_what_tanh_cannot():
    """sin 2x + 0.3x is learned on [-5, 5] and asked for up to |x| = 8."""

    def truth(x: Tensor) -> Tensor:
        return torch.sin(2 * x) + 0.3 * x

    def error(activation, init) -> float:
        torch.manual_seed(0)
        network = CoordinateMLP(1, 1, width=64, layers=2, activation=activation, init=init)
        x = torch.linspace(-5, 5, 200)[:, None]
        optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
        for _ in range(400):
            optimiser.zero_grad()
            (network(x) - truth(x)).square().mean().backward()
            optimiser.step()
        beyond = torch.cat([torch.linspace(-8, -5, 60), torch.linspace(5, 8, 60)])[:, None]
        with torch.no_grad():
            return float((network(beyond) - truth(beyond)).square().mean().sqrt())

    snake = error(Snake(5.0), VarianceInformed(std=1.0, inputs=25 / 3))
    assert snake <= 0.25 * error("tanh", lambda maps, activation: None)


def test_splines_learn_a_composition_better_than_a_perceptron():
    """exp(sin πx + y²) by 300 steps of L-BFGS: 210 parameters of a KAN against 337 of tanh."""

    def truth(x: Tensor) -> Tensor:
        y = torch.exp(torch.sin(math.pi * x[:, :1]) + x[:, 1:] ** 2)
        return (y - 1.6) / 1.3  # of order one

    def error(make) -> float:
        torch.manual_seed(0)
        network, x = make().double(), points(1000, 2) / 0.9
        optimiser = torch.optim.LBFGS(
            network.parameters(), max_iter=300, history_size=10, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = (network(x) - truth(x)).square().mean()
            value.backward()
            return value

        optimiser.step(loss)
        other = points(3000, 2)[1000:] / 0.9
        with torch.no_grad():
            return float((network(other) - truth(other)).norm() / truth(other).norm())

    splines = error(lambda: KAN(2, 1, intervals=10))
    assert splines <= 0.5 * error(lambda: CoordinateMLP(2, 1, width=16, layers=2))
