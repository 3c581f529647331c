"""Jets against nested reverse mode: values and gradients of parameters, to rounding."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from fredholm.calculus import chain
from fredholm.calculus.jet import Jet, Unsupported
from fredholm.calculus.jets import along, jets
from fredholm.calculus.multiindex import Carried, partitions
from fredholm.calculus.nested import gradients_taken, nested
from fredholm.equations.spread import LAPLACIAN

U = ()
X, Y, T, XX, XY = (("x", 1),), (("y", 1),), (("t", 1),), (("x", 2),), (("x", 1), ("y", 1))
FLOW = {U, X, Y, T, LAPLACIAN}
ALL = {U, X, T, XX, (("t", 1), ("x", 2)), (("t", 2),), (("x", 4),)}


def mlp(inputs: int, outputs: int, activation: type[nn.Module] = nn.Tanh) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layers = [nn.Linear(inputs, 10), activation(), nn.Linear(10, 10), activation()]
        return nn.Sequential(*layers, nn.Linear(10, outputs)).double()


def points(dim: int) -> torch.Tensor:
    return (
        torch.rand(12, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) + 0.1
    )


def difference(function, coords, wanted, **how) -> float:
    """Of values and gradients by the two methods, relative to their size."""
    at = points(len(coords))
    parameters = [*function.parameters()] if isinstance(function, nn.Module) else []
    results = []
    for method in (nested, lambda *args: jets(*args, **how)):
        found = method(function, at, coords, wanted)
        values = torch.stack([found[key] for key in sorted(found, key=str)])
        gradients = (
            torch.autograd.grad(
                values.square().sum(), parameters, allow_unused=True, materialize_grads=True
            )
            if parameters
            else ()
        )
        results.append([values, *gradients])
    return max(((a - b).abs().max() / (1e-9 + a.abs().max())).item() for a, b in zip(*results))


@pytest.mark.parametrize(
    ("outputs", "coords", "wanted"),
    [
        (1, "xt", {0: {U, X, T, XX}}),
        (3, "xyt", {0: FLOW, 1: FLOW, 2: {X, Y}}),
        (1, "xt", {0: {U, X, T, XX, (("x", 4),)}}),
        (1, "xy", {0: {XY}}),
        (1, "xy", {0: {LAPLACIAN, XX, XY}}),
        (1, "xy", {0: {(("x", 2), ("y", 2)), (("x", 4),), (("y", 4),)}}),
        (1, "abcdefghij", {0: {LAPLACIAN}}),
        (2, "xyz", {1: {LAPLACIAN, (("y", 3),), (("x", 1), ("z", 2))}}),
    ],
    ids=["burgers", "flow", "order-4", "mixed", "overlap", "biharmonic", "ten", "third"],
)
@pytest.mark.parametrize("collapse", [True, False])
def test_agrees_with_nested(outputs, coords, wanted, collapse):
    assert difference(mlp(len(coords), outputs), coords, wanted, collapse=collapse) < 1e-12


@pytest.mark.parametrize(
    "activation",
    [
        *(nn.Tanh, nn.Sigmoid, nn.SiLU, nn.GELU, nn.Softplus),
        lambda: nn.GELU(approximate="tanh"),
        lambda: nn.Softplus(beta=3.0),
    ],
)
def test_activations(activation):
    assert difference(mlp(2, 1, activation), "xt", {0: ALL}) < 1e-11


@pytest.mark.parametrize(
    "f",
    [
        *(torch.sin, torch.cos, torch.exp, torch.log, torch.sqrt, torch.square, torch.tanh),
        *(torch.sinh, torch.cosh, torch.abs, torch.reciprocal, torch.rsqrt, functional.relu),
        *(lambda u: u**3, lambda u: u**-1.5, lambda u: 2**u, lambda u: u**u, lambda u: 1 / (1 + u)),
        lambda u: (u * u.sin() - 3) / u.exp(),
        lambda u: torch.where(u > 0.5, u**2, 1 - u),
        lambda u: u.tanh().pow(2).neg() + torch.ones_like(u),
    ],
)
def test_functions_of_one_variable(f):
    assert difference(lambda p: f(p[:, :1] * p[:, 1:]), "xt", {0: ALL}) < 1e-11


CENTRES = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.8, 0.5]]).double()


@pytest.mark.parametrize(
    "f",
    [
        lambda p: torch.cat([p, p**2, torch.ones_like(p)], -1)[:, 1:4].sum(-1, keepdim=True),
        lambda p: torch.stack(p.unbind(-1), dim=1)[..., :1] * p[..., 1:],
        lambda p: torch.exp(-((p[:, None] - CENTRES) ** 2).sum(-1)) @ torch.ones(3, 1).double(),
        lambda p: torch.einsum("nd,kd->nk", p.sin(), CENTRES).mean(1),
        lambda p: torch.einsum("nk,nk->n", p.sin(), p.cos()),
        lambda p: (
            (p.unsqueeze(-1) * p.unsqueeze(1)).flatten(1).reshape(-1, 2, 2).transpose(1, 2)[:, 0]
        ),
        lambda p: torch.stack([p, p.exp()], dim=-1) @ torch.stack([p.sin(), p], dim=1),
        lambda p: 3.0 - p.chunk(2, dim=-1)[0] / p.split(1, dim=-1)[1],
        lambda p: torch.zeros(12, 1).double() + p[:, 0].unsqueeze(1) * CENTRES[:, 0],
    ],
)
def test_products_and_shapes(f):
    def first(p):
        out = f(p)
        return out.reshape(*out.shape[:1], -1)

    assert difference(first, "xt", {0: ALL | {LAPLACIAN}}) < 1e-11


class Gated(nn.Module):
    """Products of activations, as in a modified MLP."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.gates = nn.ModuleList(nn.Linear(2, 8) for _ in range(2))
        self.maps = nn.ModuleList([nn.Linear(2, 8), nn.Linear(8, 8)])
        self.last = nn.Linear(8, 2)
        self.double()

    def forward(self, x):
        one, other = (torch.tanh(gate(x)) for gate in self.gates)
        for linear in self.maps:
            x = torch.sin(linear(x))
            x = x * one + (1 - x) * other
        return self.last(x)


@pytest.mark.parametrize("collapse", [True, False])
def test_gated_networks(collapse):
    wanted = {0: {LAPLACIAN, XY, U}, 1: {(("x", 2), ("y", 1))}}
    assert difference(Gated(), "xy", wanted, collapse=collapse) < 1e-12


@pytest.mark.parametrize(
    "f",
    [
        lambda p: p - p.mean(0),
        lambda p: p[1:],
        lambda p: torch.cumsum(p, -1),
        lambda p: functional.layer_norm(p, (2,)),
        lambda p: p.reshape(2, -1),
    ],
)
def test_what_has_no_rule_is_refused(f):
    with pytest.raises(Unsupported):
        jets(f, points(2), "xt", {0: {X}})


def test_constants_and_absent_coordinates():
    found = jets(lambda p: torch.ones(12, 1), points(2), "xt", {0: {U, X}})
    assert found[0, X].abs().max() == 0 and found[0, U].min() == 1
    found = jets(lambda p: p[:, :1] ** 2, points(2), "xt", {0: {T, XX}})
    assert found[0, T].abs().max() == 0 and torch.allclose(
        found[0, XX], torch.full((12,), 2.0).double()
    )


def test_second_backward_pass():
    network, at = mlp(2, 1), points(2)
    curvature = []
    for method in (nested, jets):
        values = method(network, at, "xt", {0: {XX, T}})
        loss = sum(v.square().sum() for v in values.values())
        first = torch.autograd.grad(loss, network[2].weight, create_graph=True)[0]
        curvature.append(torch.autograd.grad(first.square().sum(), network[0].weight)[0])
    assert torch.allclose(*curvature, rtol=1e-10)


def test_transforms_of_torch_func():
    network, at = mlp(2, 1), points(2)

    def residual(weights, p):
        f = lambda x: torch.func.functional_call(network, weights, (x,))  # noqa: E731
        return jets(f, p[None], "xy", {0: {LAPLACIAN}})[0, LAPLACIAN][0]

    weights = {name: p.detach() for name, p in network.named_parameters()}
    rows = torch.func.vmap(torch.func.grad(residual), (None, 0))(weights, at)
    values = nested(network, at, "xy", {0: {LAPLACIAN}})[0, LAPLACIAN]
    for number in (0, 7):
        expected = torch.autograd.grad(values[number], network[0].weight, retain_graph=True)[0]
        assert torch.allclose(rows["0.weight"][number], expected, atol=1e-12)


def test_written_backward_pass_is_the_gradient(monkeypatch):
    network = mlp(2, 1, nn.SiLU)
    wanted = {0: {LAPLACIAN, (("x", 1), ("y", 2)), (("x", 4),)}}
    gradients = []
    for plain in (False, True):
        if plain:
            monkeypatch.setattr(chain, "is_transformed", lambda: True)
        loss = sum(v.square().sum() for v in jets(network, points(2), "xy", wanted).values())
        gradients.append(torch.autograd.grad(loss, network[0].weight)[0])
    assert torch.allclose(*gradients, rtol=1e-12)


def test_linear_maps_see_rows_of_points():
    shapes = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if Jet in types:
                with self:  # else the calls that the rule makes are not seen
                    return Jet.__torch_function__(func, types, args, kwargs)
            if func is functional.linear:
                shapes.append(tuple(args[0].shape))
            return func(*args, **(kwargs or {}))

    with Watch():
        jets(mlp(2, 1), points(2), "xt", {0: {U, X, T, XX}})
    assert set(shapes) == {(12, 2), (2, 12, 2), (12, 10), (3, 12, 10)}


def test_directions():
    slope = torch.tensor([[0.6, 0.8]]).double()
    found = along(lambda p: p[:, :1] * p[:, 1:], points(2), slope[None], Carried.of({(("s", 2),)}))
    assert torch.allclose(found(0, (("s", 2),)), torch.full((12,), 2 * 0.6 * 0.8).double())


def test_bell_numbers_count_the_terms():
    assert [len([*partitions("abcde"[:n])]) for n in range(6)] == [1, 1, 2, 5, 15, 52]
    fourth = Carried.of({(("x", 4),)})
    assert sum(count for row, _, count, _ in fourth.chains if row == 3) == 15 - 1
    assert sum(count for row, count, _, _ in fourth.products if row == 3) == 2**4 - 2


def test_gradients_are_shared():
    # One gradient gives u_x, u_t; that of u_x gives u_xx and u_xt.
    assert gradients_taken({U, X, T, XX, (("t", 1), ("x", 1))}, "xt") == [U, X]
    assert gradients_taken({LAPLACIAN}, "xyt") == [U, X, Y]
    assert gradients_taken({U}, "x") == []


def test_float32():
    found = jets(mlp(2, 1).float(), points(2).float(), "xt", {0: {XX}})[0, XX]
    exact = nested(mlp(2, 1), points(2), "xt", {0: {XX}})[0, XX]
    assert found.dtype == torch.float32
    assert (found - exact).abs().max() < 1e-5 * math.sqrt(12)
