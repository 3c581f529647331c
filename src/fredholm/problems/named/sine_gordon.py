"""A semilinear equation in a ball of any dimension, solved by pairs of coordinates."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Ball, Grid
from fredholm.equations import coefficient, eq, field, lap, sin
from fredholm.fields import Field
from fredholm.problems.problem import Problem


def sine_gordon(*, dim: int = 100, seed: int = 0) -> Problem:
    """Sine-Gordon: Δu + sin u = g in the unit ball of d dimensions, u = 0 on its sphere.

    The source g is made for u = (1 - |x|²) Σᵢ cᵢ sin(xᵢ + cos xᵢ₊₁ + xᵢ₊₁ cos xᵢ), with cᵢ drawn
    from the standard normal distribution. Everything is dimensionless. Nothing varies: the task is
    to find this one solution, at random points, as there is no grid in so many dimensions.

    Args:
        dim: Dimension d, at least 2; up to 100 000 has been tried.
        seed: Determines the numbers cᵢ.

    Expect: u grows like √d; errors are relative to it.
    Fails when: all d second derivatives are computed and d is beyond some hundreds.

    Raises:
        ValueError: Fewer than two dimensions.

    Reference:
        Hu, Shukla, Karniadakis and Kawaguchi, Neural Networks 176, 2024. Shi, Hu, Lin and
        Kawaguchi, NeurIPS 2024, arXiv:2412.00088.
    """
    u, body = field("u"), TwoBody(dim, seed)
    return Problem(
        key="sine_gordon",
        title="Sine-Gordon in a ball of many dimensions",
        equations={"u": eq(lap(u) + sin(u), coefficient("g"))},
        domain=Grid((2,) * dim, (-1.0, 1.0)),
        region=Ball((0.0,) * dim, 1.0),
        boundary={"all": u},
        given={"g": body.source},
        exact=body,
        reference="Shi, Hu, Lin and Kawaguchi, NeurIPS 2024, arXiv:2412.00088",
    )


@dataclass(frozen=True)
class TwoBody:
    """u = (1 - |x|²) h(x) with h = Σᵢ cᵢ sin aᵢ and aᵢ = xᵢ + cos xᵢ₊₁ + xᵢ₊₁ cos xᵢ.

    Args:
        dim: Dimension, at least 2.
        seed: Determines c.

    Raises:
        ValueError: Fewer than two dimensions.
    """

    dim: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dim < 2:
            raise ValueError(f"dim is at least 2, as pairs of coordinates interact, got {self.dim}")

    @cached_property
    def weights(self) -> Float[Tensor, "d-1"]:
        """c."""
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randn(self.dim - 1, generator=generator, dtype=torch.float64)

    def __call__(self, problem: Problem, inputs: Field, grid: Grid) -> Field:
        """The solution on a grid, for `Problem.exact`."""
        values = self.at(problem, grid.points().flatten(0, -2))
        return Field(values.reshape(1, *grid.shape, 1).expand(len(inputs), *grid.shape, 1), grid)

    def at(self, problem: Problem, points: Float[Tensor, "n d"]) -> Float[Tensor, "n 1"]:
        """The solution at points."""
        x, y = points[:, :-1], points[:, 1:]
        a = x + torch.cos(y) + y * torch.cos(x)
        h = (self.weights.to(points) * torch.sin(a)).sum(1, keepdim=True)
        return (1 - points.square().sum(1, keepdim=True)) * h

    def source(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n"]:
        """Δu + sin u at points, in as much work as u itself.

        Δu = -2d h - 4 x·∇h + (1 - |x|²) Δh, and each term of h depends on two coordinates only.
        """
        c, x, y = self.weights.to(points), points[:, :-1], points[:, 1:]
        sine, cosine = torch.sin(points), torch.cos(points)
        a = x + cosine[:, 1:] + y * cosine[:, :-1]
        sin_a, cos_a = torch.sin(a), torch.cos(a)
        a_x, a_y = 1 - y * sine[:, :-1], cosine[:, :-1] - sine[:, 1:]
        bending = -y * cosine[:, :-1] - cosine[:, 1:]
        h = (c * sin_a).sum(1)
        radial = (c * cos_a * (x * a_x + y * a_y)).sum(1)
        curved = (c * (cos_a * bending - sin_a * (a_x**2 + a_y**2))).sum(1)
        inside = 1 - points.square().sum(1)
        return -2 * self.dim * h - 4 * radial + inside * curved + torch.sin(inside * h)
