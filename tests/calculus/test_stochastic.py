"""Estimates of Laplacians: unbiased, with the variance that theory gives."""

import pytest
import torch
from torch import nn

from fredholm.calculus import Component, Pointwise
from fredholm.calculus.nested import nested
from fredholm.calculus.stochastic import stochastic
from fredholm.equations import LAPLACIAN, d, dt, field, lap
from fredholm.equations.tree import Coord

COORDS = (*(f"x{i}" for i in range(12)), "t")
POINTS = torch.rand(3, 13, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
FIRST, TIME = (("x0", 1),), (("t", 1),)


def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return nn.Sequential(nn.Linear(13, 10), nn.Tanh(), nn.Linear(10, 2)).double()


@pytest.mark.parametrize("directions", ["coordinates", "signs"])
def test_unbiased(directions):
    net, wanted = network(), {0: {LAPLACIAN, TIME, FIRST, ()}, 1: {LAPLACIAN}}
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        exact = nested(net, POINTS, COORDS, wanted)
        draws = [
            stochastic(
                net, POINTS, COORDS, wanted, samples=4, generator=generator, directions=directions
            )
            for _ in range(600)
        ]
    for key, value in exact.items():
        values = torch.stack([draw[key] for draw in draws])
        if key[1] != LAPLACIAN:
            assert torch.allclose(values, value.expand_as(values), atol=1e-13)
            continue
        noise = values.std(0) / len(draws) ** 0.5
        assert noise.min() > 0
        assert ((values.mean(0) - value).abs() < 4 * noise).all()


def test_all_axes_are_exact():
    net, wanted = network(), {0: {LAPLACIAN}}
    generator = torch.Generator().manual_seed(1)
    found = stochastic(net, POINTS, COORDS, wanted, samples=12, generator=generator)
    assert torch.allclose(found[0, LAPLACIAN], nested(net, POINTS, COORDS, wanted)[0, LAPLACIAN])


def test_a_wrong_factor_would_be_seen():
    """The mean over axes of d ∂² is right; without the factor d/B it is far off."""
    generator = torch.Generator().manual_seed(1)
    bowl = lambda p: (p[:, :12] ** 2).sum(-1, keepdim=True)  # noqa: E731
    found = stochastic(bowl, POINTS, COORDS, {0: {LAPLACIAN}}, samples=5, generator=generator)
    assert torch.allclose(found[0, LAPLACIAN], torch.full((3,), 24.0).double())


def test_gradients_are_taken_apart_where_there_are_many():
    u = field("u")
    net = network()
    squares = sum((d(u, Coord(name)) ** 2 for name in COORDS[:-1]), dt(u))
    for samples in (3, 12):
        generator = torch.Generator().manual_seed(1)
        e = Pointwise(
            [squares, lap(u)],
            COORDS,
            derivatives="stochastic",
            samples=samples,
            generator=generator,
        )
        first, second = e({"u": Component(net)}, POINTS)
        exact = Pointwise([squares, lap(u)], COORDS, derivatives="nested")
        expected = exact({"u": Component(net)}, POINTS)
        assert torch.allclose(first, expected[0])
        assert torch.allclose(second, expected[1]) == (samples == 12)


def test_many_dimensions_are_cheap():
    """A Laplacian in 2000 dimensions from 16 axes, through a trial that vanishes on the sphere."""
    dim = 2000
    body = nn.Linear(dim, 4)
    trial = lambda p: (1 - p.square().sum(-1, keepdim=True)) * torch.tanh(body(p))  # noqa: E731
    names = [f"x{i}" for i in range(dim)]
    generator = torch.Generator().manual_seed(0)
    e = Pointwise([lap(field("u"))], names, generator=generator)
    [values] = e({"u": Component(trial)}, torch.rand(5, dim) / dim**0.5)
    assert torch.isfinite(values).all() and len(set(values.tolist())) == 5
    assert str(e.plan) == "stochastic: Δu (18 forward passes; nested would take 5002)"
