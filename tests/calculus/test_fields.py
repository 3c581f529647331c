"""Derivatives on grids: exact where they can be, of the stated order elsewhere."""

import math

import numpy as np
import pytest
import torch

from fredholm.calculus import FourierBasis, derivative, divergence, gradient, laplacian
from fredholm.domains import Grid
from fredholm.fields import Field, difference, norm


def on(grid: Grid, *functions) -> Field:
    points = grid.points().unbind(-1)
    return Field(torch.stack([f(*points) for f in functions], dim=-1)[None], grid)


@pytest.mark.parametrize("size", [9, 10, 16])
@pytest.mark.parametrize("location", ["node", "cell"])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_spectral_derivatives_are_exact_on_resolved_waves(size, location, order):
    grid = Grid((size,), (-1.0, 2.0), periodic=True, location=location)
    k = 2 * math.pi * 4 / 3  # the fourth wave, which nine points just resolve
    found = derivative(on(grid, lambda x: torch.sin(k * x)), "x", order)
    expected = on(grid, lambda x: k**order * torch.sin(k * x + order * math.pi / 2))
    assert float(norm(difference(found, expected)) / norm(expected)) < 1e-12


def test_nyquist_wave_has_no_odd_derivative_on_its_samples():
    grid = Grid((8,), 2 * math.pi, periodic=True)
    wave = on(grid, lambda x: torch.cos(4 * x))
    assert float(norm(derivative(wave, "x"))) < 1e-13
    assert (
        float(norm(difference(derivative(wave, "x", 2), wave.with_values(-16 * wave.values))))
        < 1e-12
    )


@pytest.mark.parametrize("shape", [(12, 9), (8, 7, 10)])
def test_vector_calculus_on_tori(shape):
    grid = Grid(shape, 2 * math.pi, periodic=True)
    names = range(len(shape))
    u = on(grid, lambda *p: torch.sin(sum((i + 1) * p[i] for i in names)))
    k2 = sum((i + 1) ** 2 for i in names)
    assert float(norm(difference(laplacian(u), u.with_values(-k2 * u.values)))) < 1e-11
    assert float(norm(difference(divergence(gradient(u)), laplacian(u)))) < 1e-11
    with pytest.raises(ValueError, match="one channel per axis"):
        divergence(u)


@pytest.mark.parametrize(("method", "accuracy"), [("fd2", 2), ("fd4", 4)])
@pytest.mark.parametrize("location", ["node", "cell", "left"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_differences_have_their_order_up_to_the_ends(method, accuracy, location, order):
    errors, spacings = [], []
    for size in (32, 64, 128):
        grid = Grid((size,), (0.0, 1.0), location=location)
        u = on(grid, lambda x: torch.exp(2 * x))
        found = derivative(u, "x", order, method=method)
        gap = difference(found, u.with_values(2**order * u.values))
        errors.append(math.log(float(norm(gap, p=math.inf))))  # the largest is at an end
        spacings.append(math.log(grid.axes[0].spacing))
    slope = float(np.polyfit(spacings, errors, 1)[0])
    assert abs(slope - accuracy) < 0.2, slope


@pytest.mark.parametrize(("method", "degree"), [("fd2", 2), ("fd4", 4)])
def test_differences_are_exact_on_polynomials(method, degree):
    grid = Grid((9,), (-1.0, 2.0))
    found = derivative(on(grid, lambda x: x**degree - x), "x", method=method)
    expected = on(grid, lambda x: degree * x ** (degree - 1) - 1)
    assert float(norm(difference(found, expected), p=math.inf)) < 1e-11
    beyond = derivative(on(grid, lambda x: x ** (degree + 1)), "x", method=method)
    wrong = on(grid, lambda x: (degree + 1) * x**degree)
    assert float(norm(difference(beyond, wrong), p=math.inf)) > 1e-3  # and no further


@pytest.mark.parametrize(("method", "accuracy"), [("fd2", 2), ("fd4", 4)])
def test_periodic_differences_wrap(method, accuracy):
    errors = []
    for size in (16, 32, 64):
        grid = Grid((size,), 2 * math.pi, periodic=True)
        found = derivative(on(grid, torch.sin), "x", method=method)
        errors.append(float(norm(difference(found, on(grid, torch.cos)))))
    slope = math.log2(errors[1] / errors[2])
    assert abs(slope - accuracy) < 0.2


def test_wrong_uses_are_refused():
    u = on(Grid((4,)), torch.sin)
    with pytest.raises(ValueError, match="need a periodic axis"):
        derivative(u, "x", method="spectral")
    with pytest.raises(ValueError, match="needs 5 samples, axis 'x' has 4"):
        derivative(u, "x", method="fd4")
    with pytest.raises(ValueError, match="method is one of"):
        derivative(u, "x", method="fd3")
    with pytest.raises(ValueError, match="has axes"):
        derivative(u, "y")


@pytest.mark.parametrize("source", [("node", (12, 9)), ("cell", (12, 9)), ("cell", (7, 10))])
@pytest.mark.parametrize("target", [("node", (7, 20)), ("cell", (48, 6)), ("node", (12, 9))])
def test_fourier_transfer_is_the_interpolant(source, target):
    generator = torch.Generator().manual_seed(0)
    grid, other = (
        Grid(n, (-1.0, 1.0), periodic=True, location=where) for where, n in (source, target)
    )
    values = torch.randn(2, *grid.shape, 1, dtype=torch.float64, generator=generator)
    basis = FourierBasis(grid.resized((15, 18)))
    found = basis.evaluate(basis.expand(values[..., 0], grid), other)
    expected = Field(values, grid).at(other).values[..., 0]
    assert float((found - expected).abs().max()) < 1e-13


def test_derivatives_keep_dtype_and_gradients():
    grid = Grid((8,), periodic=True)
    u = Field(
        torch.randn(1, 8, 1, dtype=torch.float32, generator=torch.Generator().manual_seed(1)), grid
    )
    assert derivative(u, "x").values.dtype == torch.float32
    for method in ("spectral", "fd4"):
        assert torch.autograd.gradcheck(
            lambda v, m=method: derivative(Field(v, grid), "x", method=m).values,
            u.values.double().requires_grad_(),
        )
