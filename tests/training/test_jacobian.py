"""Jacobians from one backward pass per term: equal to autograd's, or not used."""

import gc
import weakref

import pytest
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from fredholm.calculus import Component, Pointwise
from fredholm.equations import coords, d, dt, field
from fredholm.training import jacobian as module
from fredholm.training.jacobian import Linearisation, columnwise, rowwise

N = 7


def number(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def parameter(*shape: int, seed: int) -> nn.Parameter:
    return nn.Parameter(number(*shape, seed=seed))


class Net:
    """A tanh network of (x, t) with one weight that is used in two layers."""

    def __init__(self) -> None:
        self.w0, self.b0 = parameter(5, 2, seed=1), parameter(5, seed=2)
        self.w1, self.b1 = parameter(5, 5, seed=3), parameter(5, seed=4)
        self.w2, self.b2 = parameter(1, 5, seed=5), parameter(1, seed=6)
        self.parameters = [self.w0, self.b0, self.w1, self.b1, self.w2, self.b2]
        self.x, self.wall = number(N, 2, seed=7), number(4, 2, seed=8)

    def first_weight(self) -> Tensor:
        return self.w0

    def __call__(self, x: Tensor) -> Tensor:
        y = torch.tanh(functional.linear(x, self.first_weight(), self.b0))
        for _ in range(2):
            y = torch.tanh(functional.linear(y, self.w1, self.b1))
        return functional.linear(y, self.w2, self.b2).squeeze(-1)

    def residuals(self) -> dict[str, Tensor]:
        return {"here": self(self.x) - 1, "wall": self(self.wall) ** 2 - self(-self.wall)}


class TaylorNet(Net):
    """Its residual u_t + u u_x - u_xx from rows of Taylor coefficients u, u_x, u_t, u_xx."""

    def residuals(self) -> dict[str, Tensor]:
        zero = torch.zeros_like(self.x)
        along = [zero + torch.eye(2, dtype=zero.dtype)[i] for i in range(2)]
        rows = torch.stack([self.x, along[0], along[1], zero])
        weights = [(self.w0, self.b0), (self.w1, self.b1), (self.w1, self.b1)]
        for w, b in weights:
            higher = functional.linear(rows[1:], w)
            v = torch.tanh(functional.linear(rows[0], w, b))
            slope = 1 - v**2
            second = slope * higher[2] - 2 * v * slope * higher[0] ** 2
            rows = torch.stack([v, slope * higher[0], slope * higher[1], second])
        value = functional.linear(rows[0], self.w2, self.b2).squeeze(-1)
        x, t, xx = functional.linear(rows[1:], self.w2).squeeze(-1).unbind()
        return {"pde": t + value * x - xx, "wall": self(self.wall)}


class NestedNet(Net):
    """The same residual by autograd in autograd."""

    def residuals(self) -> dict[str, Tensor]:
        x = self.x.clone().requires_grad_()
        u = self(x)
        first = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
        second = torch.autograd.grad(first[:, 0].sum(), x, create_graph=True)[0]
        return {"pde": first[:, 1] + u * first[:, 0] - second[:, 0], "wall": self(self.wall)}


class Inverse(NestedNet):
    """With an unknown number in the equation and slopes of the activation that are trained."""

    def __init__(self) -> None:
        super().__init__()
        self.nu, self.slope = parameter(seed=9), parameter(5, seed=10)
        self.parameters = [*self.parameters, self.nu, self.slope]

    def __call__(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.slope * functional.linear(x, self.w0, self.b0))
        return self.nu * (y @ self.w2.mT).squeeze(-1)


class Factorised(NestedNet):
    """With a weight that is a product of trained factors."""

    def __init__(self) -> None:
        super().__init__()
        self.s, self.v = parameter(5, 1, seed=11), parameter(5, 2, seed=12)
        self.parameters = [*self.parameters[1:], self.s, self.v]

    def first_weight(self) -> Tensor:
        return torch.exp(self.s) * self.v


class Stated:
    """The same kind of residual, stated and evaluated on a module."""

    def __init__(self, derivatives: str) -> None:
        self.net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh())
        self.net.append(nn.Linear(6, 1)).double()
        for seed, each in enumerate(self.net.parameters()):
            each.data = number(*each.shape, seed=seed)
        self.parameters = [*self.net.parameters()]
        (x,), u = coords("x"), field("u")
        residual = dt(u) + u * d(u, x) - d(u, x, 2)
        self.program = Pointwise([residual], ("x", "t"), derivatives=derivatives)
        self.x = number(N, 2, seed=7)

    def residuals(self) -> dict[str, Tensor]:
        return {"pde": self.program({"u": Component(self.net)}, self.x)[0]}


class Mixed(Net):
    """Residuals that depend on the mean over all samples."""

    def residuals(self) -> dict[str, Tensor]:
        u = self(self.x)
        return {"deviation": u - u.mean()}


class Summed(Net):
    """One residual made of all samples."""

    def residuals(self) -> dict[str, Tensor]:
        return {"mean": self(self.x).mean().reshape(1)}


def autograd(system) -> Tensor:
    values = torch.cat(list(system.residuals().values()))
    return torch.cat(rowwise(values, system.parameters), dim=1)


@pytest.mark.parametrize("kind", [Net, TaylorNet, NestedNet, Inverse, Factorised])
def test_the_captured_jacobian_is_autograds(kind):
    system = kind()
    values, jacobian = Linearisation(system)()
    assert torch.equal(values, torch.cat(list(system.residuals().values())).detach())
    assert torch.allclose(jacobian.matrix(), autograd(system), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("derivatives", ["jets", "nested"])
def test_the_jacobian_of_a_stated_equation_is_captured(derivatives):
    system = Stated(derivatives)
    linearised = Linearisation(system)
    _, jacobian = linearised()
    assert "one backward pass" in linearised.note
    assert torch.allclose(jacobian.matrix(), autograd(system), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", [TaylorNet, NestedNet])
def test_a_graph_is_freed_once_its_jacobian_is_known(kind, monkeypatch):
    """Captures and graphs refer to each other through C++, where Python finds no circles."""
    seen = []

    class Watched(module.Capture):
        def finish(self) -> None:
            seen.extend(weakref.ref(product.result) for product in self.products)
            super().finish()

    monkeypatch.setattr(module, "Capture", Watched)
    Linearisation(kind())()
    gc.collect()
    assert len(seen) > 3 and not any(tensor() is not None for tensor in seen)
    monkeypatch.setattr(Watched, "release", lambda self: None)
    seen.clear()
    Linearisation(kind())()
    gc.collect()
    assert any(tensor() is not None for tensor in seen), "there is nothing to release"


def test_jets_and_nested_derivatives_give_the_same():
    _, taylor = Linearisation(TaylorNet())()
    _, nested = Linearisation(NestedNet())()
    assert torch.allclose(taylor.matrix(), nested.matrix(), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("kind", [Mixed, Summed])
def test_residuals_that_mix_samples_are_found_out(kind):
    system = kind()
    linearised = Linearisation(system)
    with pytest.warns(UserWarning, match="row by row"):
        _, jacobian = linearised()
    assert torch.allclose(jacobian.matrix(), autograd(system), rtol=1e-10, atol=1e-12)
    assert "row by row" in linearised.note
    linearised()  # and says so once


def test_the_check_is_needed(monkeypatch):
    monkeypatch.setattr(Linearisation, "_agrees", lambda *_: True)
    system = Mixed()
    _, jacobian = Linearisation(system)()
    assert not torch.allclose(jacobian.matrix(), autograd(system), rtol=1e-2)


@pytest.mark.parametrize("kind", [TaylorNet, Inverse, Factorised])
def test_products_without_the_matrix_are_the_same(kind, monkeypatch):
    system = kind()
    matrix = autograd(system)
    monkeypatch.setattr(module, "DENSE", 0)
    _, jacobian = Linearisation(system)()
    v, w = number(len(matrix), seed=13), number(matrix.shape[1], seed=14)
    assert jacobian.shape == matrix.shape
    assert torch.allclose(jacobian.transposed(v), matrix.mT @ v, rtol=1e-10)
    assert torch.allclose(jacobian.times(w), matrix @ w, rtol=1e-10)
    assert torch.allclose(jacobian.kernel(), matrix @ matrix.mT, rtol=1e-10)
    assert torch.allclose(jacobian.gram().tril(), (matrix.mT @ matrix).tril(), rtol=1e-10)


def test_columns_and_rows_are_the_same():
    system = Inverse()
    values = torch.cat(list(system.residuals().values()))
    pairs = zip(rowwise(values, system.parameters[-2:]), columnwise(values, system.parameters[-2:]))
    assert all(torch.allclose(a, b, rtol=1e-12) for a, b in pairs)


def test_single_precision_passes_the_check():
    system = NestedNet()
    for each in system.parameters:
        each.data = each.data.float()
    system.x, system.wall = system.x.float(), system.wall.float()
    _, jacobian = Linearisation(system)()
    assert torch.allclose(jacobian.matrix(), autograd(system), rtol=1e-3, atol=1e-4)
