"""Expressions at points, against functions whose derivatives are known."""

import math

import pytest
import sympy
import torch
from torch import nn

from fredholm.calculus import Component, Pointwise
from fredholm.equations import (
    advect,
    coefficient,
    coords,
    d,
    div,
    dot,
    dt,
    exp,
    field,
    fn,
    grad,
    lap,
    learned,
    normal,
    param,
    sin,
    sqrt,
    to_sympy,
    vector,
)
from fredholm.errors import EquationError

x, y, t = coords("x y t")
u, v, p = field("u"), field("v"), field("p")
a, phi = coefficient("a"), coefficient("phi")
nu = param("nu", 0.05)
X, Y, T = sympy.symbols("x y t", real=True)
SOLUTIONS = {
    "u": sympy.sin(X + 2 * Y) * sympy.exp(-T),
    "v": sympy.cos(X) * sympy.sin(Y) + T**2 * X,
    "a": sympy.exp(sympy.cos(X)) * (2 + T),
}
POINTS = torch.rand(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def mlp(inputs: int, outputs: int, seed: int = 0) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = nn.Linear(inputs, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh()
        return nn.Sequential(*layers, nn.Linear(12, outputs)).double()


def torch_function(formula):
    compute = sympy.lambdify((X, Y, T), formula, torch)
    return lambda points: compute(*points.unbind(-1)).unsqueeze(-1)


def at_points(formula) -> torch.Tensor:
    compute = sympy.lambdify((X, Y, T), formula, "numpy")
    values = torch.as_tensor(compute(*POINTS.T.numpy()), dtype=torch.float64)
    return values.expand(len(POINTS))


@pytest.mark.parametrize(
    "e",
    [
        dt(u) + u * d(u, x) - nu * d(u, x, 2),
        lap(u) - nu * u,
        div(a * grad(u)),
        div(vector(u * v, sqrt(a) * u)),
        advect(vector(u, v), a) + u * v,
        d(u * d(v, x), y, 2),
        exp(sin(u)) * v**2 / (2 + v),
        lap(u**3 - lap(v)),
        lap(u * v * x + exp(u)),
        dt(lap(u), 2),
        d(a**v, x),
        lap(dot(grad(u), grad(v))),
    ],
)
def test_agrees_with_sympy(e):
    formula = to_sympy(e, ("x", "y"), timed=True)
    names = {name: sympy.Function(name)(X, Y, T) for name in ("u", "v")}
    names["a"] = sympy.Function("a")(X, Y)
    exact = formula.subs({names[n]: SOLUTIONS[n] for n in names}).doit()
    exact = exact.subs(sympy.Symbol("nu", real=True), 0.05)
    given = {name: Component(torch_function(SOLUTIONS[name])) for name in SOLUTIONS}
    [values] = Pointwise([e], ("x", "y", "t"))(given, POINTS)
    expected = at_points(exact)
    assert (values - expected).abs().max() <= 1e-11 * (1 + expected.abs().max())


def test_hard_constraints_are_differentiated_exactly():
    network = mlp(2, 1)
    distance = x * (1 - x)
    trial = exp(-t) * sin(x) + distance * t * u
    residual = dt(trial) + trial * d(trial, x) - nu * d(trial, x, 2)
    points = POINTS[:, :2].clone()

    def whole(points):
        x, t = points[:, :1], points[:, 1:]
        return torch.exp(-t) * torch.sin(x) + x * (1 - x) * t * network(points)

    [spread_out] = Pointwise([residual], ("x", "t"))({"u": Component(network)}, points)
    plain = dt(u) + u * d(u, x) - nu * d(u, x, 2)
    [expected] = Pointwise([plain], ("x", "t"))({"u": Component(whole)}, points)
    assert torch.allclose(spread_out, expected, atol=1e-12)


def test_given_functions_are_computed_once_per_points():
    calls = []

    def distance(points):
        calls.append(len(points))
        return points[:, :1] * (1 - points[:, :1])

    residual = Pointwise([lap(phi * u)], ("x", "y", "t"))
    given = {"u": Component(mlp(3, 1)), "phi": Component(distance)}
    first = residual(given, POINTS)[0]
    calls.clear()
    assert torch.equal(residual(given, POINTS)[0], first)
    assert not calls
    residual(given, POINTS.clone())
    assert calls == [len(POINTS)]
    points = POINTS.clone()
    residual(given, points)
    points[0] += 0.1  # a change in place is seen
    moved = residual(given, points)[0]
    assert torch.equal(moved, residual(given, points.clone())[0])
    assert not torch.equal(moved[0], first[0])


def test_trained_coefficients_are_computed_anew():
    hidden = mlp(3, 1, seed=1)
    for function in (hidden, lambda points: hidden(points) ** 2):
        residual = Pointwise([div(a * grad(u))], ("x", "y", "t"))
        given = {"u": Component(mlp(3, 1)), "a": Component(function)}
        before = residual(given, POINTS)[0]
        gradient = torch.autograd.grad(
            before.square().sum(), hidden.parameters(), allow_unused=True
        )
        assert gradient[0].abs().sum() > 0
        with torch.no_grad():
            hidden[0].weight += 0.1
        assert not torch.allclose(residual(given, POINTS)[0], before)


def test_numbers_train_and_points_may_have_their_own():
    viscosity = nn.Parameter(torch.tensor(0.3, dtype=torch.float64))
    residual = Pointwise([nu * lap(u) + v], ("x", "y", "t"))
    own = torch.arange(40.0).double()
    values = {"u": Component(mlp(3, 1)), "nu": viscosity, "v": own}
    [r] = residual(values, POINTS)
    [laplacian] = Pointwise([lap(u)], ("x", "y", "t"))(values, POINTS)
    assert torch.allclose(r, 0.3 * laplacian + own)
    assert torch.allclose(torch.autograd.grad(r.sum(), viscosity)[0], laplacian.sum())


def test_normals_and_parts():
    angle = torch.linspace(0, 2 * math.pi, 40).double()
    normals = torch.stack([angle.cos(), angle.sin()], 1)
    network = mlp(3, 1)
    points = POINTS.clone().requires_grad_()
    slopes = torch.autograd.grad(network(points).sum(), points)[0]
    condition = Pointwise([dot(grad(u), normal())], ("x", "y", "t"))
    [flux] = condition({"u": Component(network)}, POINTS, normals=normals)
    assert torch.allclose(flux, (slopes[:, :2] * normals).sum(1), atol=1e-13)
    with pytest.raises(EquationError, match="give the normals"):
        condition({"u": Component(network)}, POINTS.clone())


def test_learned_functions_obey_the_chain_rule():
    law, network = mlp(2, 1, seed=5), mlp(3, 1)
    e = d(learned("law", u, u * x), x)
    [values] = Pointwise([e], ("x", "y", "t"))({"u": Component(network), "law": law}, POINTS)
    points = POINTS.clone().requires_grad_()
    w = network(points)
    inside = law(torch.cat([w, w * points[:, :1]], 1))
    expected = torch.autograd.grad(inside.sum(), points)[0][:, 0]
    assert torch.allclose(values, expected, atol=1e-13)
    assert torch.autograd.grad(values.sum(), law[0].weight)[0].abs().sum() > 0


def test_registered_functions_without_a_formula():
    cubed = fn("cubed_in_test", torch=lambda z: z**3)
    given = {"u": Component(mlp(3, 1))}
    both = Pointwise([lap(cubed(u)), lap(u**3)], ("x", "y", "t"))
    first, second = both(given, POINTS)
    assert torch.allclose(first, second, atol=1e-12)


def test_outputs_of_one_network_are_taken_together():
    network, calls = mlp(3, 3), []
    network.register_forward_hook(lambda *_: calls.append(1))
    parts = {name: Component(network, i) for i, name in enumerate("uvp")}
    e = advect(vector(u, v), u) + d(p, x) - nu * lap(u)
    Pointwise([e, div(vector(u, v))], ("x", "y", "t"))(parts, POINTS)
    assert len(calls) == 1


def test_derivatives_of_constants_vanish():
    flat = nn.Linear(3, 1).double()
    given = {"u": Component(flat), "a": Component(lambda points: torch.ones(len(points)))}
    values = Pointwise([lap(u), lap(a), dt(u)], ("x", "y", "t"))(given, POINTS)
    assert values[0].abs().max() == values[1].abs().max() == 0
    assert torch.allclose(values[2], flat.weight[0, 2].expand(40))
    assert Pointwise([d(u, x)], ("x", "y", "t"))({"u": 2.0}, POINTS)[0].abs().max() == 0


def test_without_gradients_nothing_is_recorded():
    given = {"u": Component(mlp(3, 1))}
    residual = Pointwise([lap(u)], ("x", "y", "t"))
    with torch.no_grad():
        [plain] = residual(given, POINTS)
    assert not plain.requires_grad
    assert torch.allclose(plain, residual(given, POINTS)[0], atol=1e-14)


def test_points_may_have_a_gradient_and_inference_leaves_no_trace():
    bump = lambda points: torch.exp(-points.square().sum(-1))  # noqa: E731
    given = {"u": Component(mlp(3, 1)), "a": Component(bump)}
    residual = Pointwise([a * lap(u)], ("x", "y", "t"))
    points = POINTS.clone()
    with torch.inference_mode():
        plain = residual(given, points)[0].clone()
    trained = residual(given, points)[0]
    trained.sum().backward()
    assert torch.allclose(plain.clone(), trained)
    moved = points.clone().requires_grad_()
    slope = torch.autograd.grad(residual(given, moved)[0].sum(), moved)[0][:, 0]
    step = torch.zeros_like(points)
    step[:, 0] = 1e-6
    ahead, behind = (residual(given, points + s * step)[0] for s in (1, -1))
    assert torch.allclose(slope, (ahead - behind) / 2e-6, atol=1e-7)


def test_refusals():
    with pytest.raises(EquationError, match="is a vector"):
        Pointwise([grad(u)], ("x", "y"))
    with pytest.raises(EquationError, match="along 't'"):
        Pointwise([dt(u)], ("x", "y"))
    with pytest.raises(EquationError, match="no values are given for 'u'"):
        Pointwise([u], ("x",))({"w": 1.0}, torch.zeros(2, 1))
    with pytest.raises(EquationError, match="given at the points only"):
        Pointwise([d(u, x)], ("x",))({"u": torch.zeros(2)}, torch.zeros(2, 1))
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        Pointwise([u], ("x", "y"))({"u": 1.0}, torch.zeros(2, 3))
    with pytest.raises(EquationError, match="no function is given"):
        Pointwise([learned("law", u)], ("x",))({"u": 1.0}, torch.zeros(2, 1))
