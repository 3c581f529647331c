"""In many dimensions gradients and Laplacians stay whole."""

import pytest
import torch
from torch import Tensor, nn

from fredholm.calculus import Component, Pointwise
from fredholm.equations import Expression, coefficient, coords, d, field, lap, sin

NAMES = tuple(f"x{i}" for i in range(12))
POINTS = torch.rand(5, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
u, phi = field("u"), coefficient("phi")


class Distance:
    """1 - |x|², which knows its Laplacian, and how often it was asked."""

    def __init__(self, laplacian: float = -24.0) -> None:
        self.known, self.asked = laplacian, 0

    def __call__(self, points: Tensor) -> Tensor:
        return 1 - points.square().sum(1, keepdim=True)

    def laplacian(self, points: Tensor) -> Tensor:
        self.asked += 1
        return torch.full_like(points[:, :1], self.known)


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return nn.Sequential(nn.Linear(12, 10), nn.Tanh(), nn.Linear(10, 1)).double()


def by_hessian(function) -> Tensor:
    """The Laplacian of a scalar function of one point, by torch's own transforms."""
    hessians = torch.vmap(torch.func.hessian(function))(POINTS)
    return hessians.diagonal(dim1=1, dim2=2).sum(1)


def values(e: Expression, net: nn.Module, distance: Distance, **settings) -> Tensor:
    known = {"u": Component(net), "phi": Component(distance)}
    return Pointwise([e], NAMES, **settings)(known, POINTS)[0]


@pytest.mark.parametrize("method", ["nested", "jets", "laplacian"])
def test_laplacian_of_a_product(method):
    net, distance = network(), Distance()
    expected = by_hessian(lambda x: (distance(x[None]) * net(x[None])).squeeze())
    found = values(lap(phi * u), net, distance, derivatives=method)
    assert torch.allclose(found, expected, atol=1e-12)


def test_of_a_product_of_three_with_a_coordinate_and_a_sum():
    net, distance, [x0] = network(), Distance(), coords("x0")
    expected = by_hessian(lambda x: (x[0] * distance(x[None]) * (3 + net(x[None]))).squeeze())
    found = values(lap(x0 * phi * (3 + u)), net, distance)
    assert torch.allclose(found, expected, atol=1e-12)


def test_a_kept_inner_product_can_be_differentiated():
    net, distance, [x0] = network(), Distance(), coords("x0")

    def laplacian(x: Tensor) -> Tensor:
        product = torch.func.hessian(lambda p: (distance(p[None]) * net(p[None])).squeeze())
        return product(x).trace()

    expected = torch.vmap(torch.func.grad(laplacian))(POINTS)[:, 0]
    known = {"u": Component(net), "phi": Component(distance.__call__)}
    [found] = Pointwise([d(lap(phi * u), x0)], NAMES)(known, POINTS)
    assert torch.allclose(found, expected, atol=1e-11)


def test_the_tree_does_not_grow_with_the_dimension():
    def size(names) -> int:
        return sum(1 for _ in Pointwise([lap(phi * u) + sin(u)], names).expressions[0].walk())

    assert size(NAMES) == size(tuple(f"x{i}" for i in range(2000)))


def test_estimates_of_a_product_are_unbiased():
    net, distance = network(), Distance()
    expected = by_hessian(lambda x: (distance(x[None]) * net(x[None])).squeeze())
    generator = torch.Generator().manual_seed(0)
    known = {"u": Component(net), "phi": Component(distance)}
    program = Pointwise(
        [lap(phi * u)], NAMES, derivatives="stochastic", samples=4, generator=generator
    )
    with torch.no_grad():
        draws = torch.stack([program(known, POINTS)[0] for _ in range(600)])
    sigma = draws.std(0) / len(draws) ** 0.5
    assert sigma.min() > 0  # they are estimates
    assert ((draws.mean(0) - expected).abs() < 4 * sigma).all()


def test_all_axes_make_an_estimate_exact():
    net, distance = network(), Distance()
    expected = values(lap(phi * u), net, distance, derivatives="laplacian")
    found = values(
        lap(phi * u),
        net,
        distance,
        derivatives="stochastic",
        samples=12,
        generator=torch.Generator(),
    )
    assert torch.allclose(found, expected, atol=1e-11)


def test_a_function_is_asked_for_its_laplacian_once_per_points():
    net, distance = network(), Distance()
    program = Pointwise([lap(phi * u)], NAMES)
    known = {"u": Component(net), "phi": Component(distance)}
    right = program(known, POINTS)[0]
    program(known, POINTS)
    assert distance.asked == 1
    wrong = values(lap(phi * u), net, Distance(laplacian=0.0))
    assert torch.allclose(right - wrong, -24 * net(POINTS)[:, 0], atol=1e-12)
