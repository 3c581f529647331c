"""Flows and their parts without divergence, as SPON's experiment asks for them."""

import torch

from fredholm.data import Samples
from fredholm.domains import Mesh, Stack
from fredholm.fields import Field, Variable
from fredholm.models import SPON
from fredholm.operators import Function, Solenoidal
from fredholm.systems.leray import divergence, divergence_free_part, leray_samples
from fredholm.testing.scattered import smooth, star_meshes

MESHES = star_meshes((8, 10))
EMPTY = Samples(smooth(MESHES), smooth(MESHES), (Variable("a"),), (Variable("b"),))
FLOWS = leray_samples(EMPTY, seed=0)


def square(n: int) -> Mesh:
    line = torch.linspace(0, 1, n, dtype=torch.float64)
    numbers = torch.arange(n * n).reshape(n, n)
    a, b = numbers[:-1, :-1].flatten(), numbers[1:, 1:].flatten()
    cells = [
        torch.stack([a, corner.flatten(), b], 1) for corner in (numbers[1:, :-1], numbers[:-1, 1:])
    ]
    return Mesh(torch.cartesian_prod(line, line), torch.cat(cells))


def parts_of_known_flow(n: int) -> tuple[float, float]:
    """Errors of the parts of curl ψ + ∇φ and of ∇φ, ψ = sin πx sin πy, φ = x² - y²."""
    mesh = square(n)
    x, y = (torch.pi * mesh.coords).T
    curl = torch.stack([x.sin() * y.cos(), -x.cos() * y.sin()], dim=1)
    gradient = mesh.coords * torch.tensor([2.0, -2.0])

    def size(v: torch.Tensor) -> float:
        return float((mesh.weights()[:, None] * v.square()).sum().sqrt())

    whole, none = (divergence_free_part(mesh, w) for w in (curl + gradient, gradient))
    return size(whole - curl) / size(curl), size(none) / size(gradient)


def test_parts_of_a_known_flow_are_found_with_second_order_inside():
    coarse, fine = parts_of_known_flow(9), parts_of_known_flow(17)
    assert fine[0] < 0.05
    assert fine[0] < coarse[0] / 2.5, "of first order at the boundary, where means are one-sided"
    assert fine[1] < 1e-10, "the gradient of a function that is quadratic has no such part"


def test_flows_are_those_of_their_number_and_nothing_leaves_the_shape():
    again = leray_samples(EMPTY[:1], seed=0).inputs.values[0]
    assert torch.equal(again, FLOWS.inputs.values[0, : len(again)])
    assert torch.isfinite(FLOWS.targets.values).all()
    for row, mesh in enumerate(MESHES):
        areas = mesh.weights()[:, None]
        w, v = (f.values[row, : len(mesh)] for f in (FLOWS.inputs, FLOWS.targets))
        assert 0 < (areas * v**2).sum() < (areas * w**2).sum(), "a projection does not enlarge"


def test_divergence_tells_the_spaces_apart():
    torch.manual_seed(0)
    bounds = ((-1.5, 1.5), (-1.5, 1.5))
    network = SPON(2, 2, bounds, hidden_channels=4, levels=2, cycles=1).double()
    assert divergence(Solenoidal(network, (0.0, 0.0)), FLOWS) < 1e-12
    assert divergence(network, FLOWS) > 1e-4


def test_divergence_of_nodal_values_is_that_of_the_linear_function():
    stack = Stack((star_meshes((6,)).members[0],))
    points = stack.points()
    flows = Samples(
        Field(points, stack), Field(points, stack), *[(Variable("x"), Variable("y"))] * 2
    )

    def turned(u: Field) -> Field:
        return u.with_values(torch.stack([-u.values[..., 1], u.values[..., 0]], dim=-1))

    assert divergence(Function(turned), flows) < 1e-12
    assert divergence(Function(lambda u: u), flows) > 0.1
