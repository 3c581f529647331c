"""The choice among the ways to differentiate, and what it says."""

import pytest
import torch
from torch import nn

from fredholm.calculus import Component, Pointwise
from fredholm.calculus.plan import choose, costs
from fredholm.equations import LAPLACIAN, advect, coords, d, div, dt, field, lap, vector

x, y, t = coords("x y t")
u, v, p = field("u"), field("v"), field("p")
POINTS = torch.rand(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def network(inputs: int = 3, outputs: int = 3) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(inputs, 8), nn.Tanh(), nn.Linear(8, outputs)).double()


def flow() -> list:
    velocity = vector(u, v)
    momentum = [
        dt(w) + advect(velocity, w) + d(p, along) - 0.01 * lap(w) for w, along in ((u, x), (v, y))
    ]
    return [*momentum, div(velocity)]


METHODS = ("nested", "jets", "laplacian", "auto")


@pytest.mark.parametrize("method", METHODS)
def test_residuals_do_not_depend_on_the_method(method):
    net = network()
    values = {name: Component(net, i) for i, name in enumerate("uvp")}
    results = []
    for each in ("nested", method):
        residuals = torch.stack(Pointwise(flow(), "xyt", derivatives=each)(values, POINTS))
        results.append([residuals, *torch.autograd.grad(residuals.square().sum(), net[0].weight)])
    assert all(torch.allclose(a, b, atol=1e-13) for a, b in zip(*results))


def test_the_plan_says_what_is_done():
    burgers = Pointwise([dt(u) + u * d(u, x) - d(u, x, 2)], "xt")
    assert str(burgers.plan) == "no function is differentiated"
    burgers({"u": Component(network(2, 1))}, POINTS[:, :2])
    assert str(burgers.plan) == ("jets: u, u_t, u_x, u_xx (4 forward passes; nested would take 4)")
    transport = Pointwise([dt(u) + d(u, x)], "xt")
    transport({"u": Component(network(2, 1))}, POINTS[:, :2])
    assert str(transport.plan) == "nested: u_t, u_x (2 forward passes; jets would take 3)"
    navier_stokes = Pointwise(flow(), "xyt")
    net = network()
    navier_stokes({name: Component(net, i) for i, name in enumerate("uvp")}, POINTS)
    assert str(navier_stokes.plan).startswith("laplacian: u, u_t, u_x, u_y, Δu, v,")


def test_costs():
    assert costs({0: {(("t", 1),)}}, "xt") == {"nested": 2.0, "jets": 2.0}
    ten = [f"x{i}" for i in range(10)]
    found = costs({0: {LAPLACIAN}}, ten)
    assert found["laplacian"] == 12 and found["jets"] > 21 and found["nested"] == 27
    assert choose({0: {LAPLACIAN}}, ten, {0: "u"}).method == "laplacian"
    assert choose({0: {LAPLACIAN}}, ten, {0: "u"}, jets=False).method == "nested"
    assert choose({0: {LAPLACIAN}}, ten, {0: "u"}, method="jets").method == "jets"
    many = [f"x{i}" for i in range(400)]
    assert choose({0: {LAPLACIAN}}, many, {0: "u"}).method == "laplacian"
    assert choose({0: {LAPLACIAN}}, many, {0: "u"}, samples=16).method == "stochastic"
    assert choose({0: {(("x", 2),)}}, "xt", {0: "u"}, method="laplacian").method == ("jets")


class Sorted(nn.Module):
    """A module that jets do not pass through."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = network(2, 1)

    def forward(self, x):
        return torch.cumsum(self.inner(x), -1)


def test_what_jets_do_not_pass_is_nested_and_said():
    residual = Pointwise([d(u, x, 2)], "xt")
    module = Sorted()
    with pytest.warns(UserWarning, match="Sorted is differentiated by nested.*cumsum"):
        [values] = residual({"u": Component(module)}, POINTS[:, :2])
    [expected] = residual({"u": Component(module.inner)}, POINTS[:, :2])
    assert torch.allclose(values, expected)
    assert "nested: u_xx" in str(residual.plan)
    residual({"u": Component(module)}, POINTS[:, :2])  # said once


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="got 'forward'"):
        Pointwise([u], "x", derivatives="forward")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="give a generator"):
        Pointwise([u], "x", derivatives="stochastic")
