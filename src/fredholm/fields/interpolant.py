"""A function known by its samples, as a smooth function of points."""

import math

import numpy as np
import scipy.interpolate
import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.domains import Axis
from fredholm.fields.field import Field

_DEGREE = 5
"""Of the splines: four continuous derivatives, error O(h⁶)."""


class Interpolant(nn.Module):
    """The smooth function through the samples of one function on a grid, differentiable in points.

    Trigonometric along periodic axes; along others a spline of degree five, whose first four
    derivatives are continuous. Samples of a function that jumps make it oscillate near the jump.

    Args:
        samples: A batch of one function.

    Shapes:
        (n, dim), the columns in the order of the grid's axes -> (n, channels).

    Raises:
        ValueError: The batch has not one function.
    """

    coefficients: Tensor

    def __init__(self, samples: Field) -> None:
        super().__init__()
        if len(samples) != 1:
            raise ValueError(f"an interpolant is that of one function, got {len(samples)}")
        bases = [_Waves(a) if a.periodic else _Splines(a) for a in samples.grid.axes]
        values = samples.values[0].detach().to("cpu", torch.float64)
        for number, basis in enumerate(bases):
            rows = values.movedim(number, 0)
            found = basis.coefficients(rows.reshape(len(rows), -1)).reshape(rows.shape)
            values = found.movedim(0, number)
        self.bases = nn.ModuleList(bases)
        self.register_buffer("coefficients", values)

    def forward(self, points: Float[Tensor, "n dim"]) -> Float[Tensor, "n channels"]:
        result = self.coefficients.to(points).expand(len(points), *self.coefficients.shape)
        for number, basis in enumerate(self.bases):
            result = torch.einsum("ni...,ni->n...", result, basis(points[:, number]))
        return result


def sample_weights(axis: Axis, x: Float[Tensor, "n"]) -> Float[Tensor, "n samples"]:
    """The weights of the samples on an axis in the values of their interpolant at points."""
    basis = _Waves(axis) if axis.periodic else _Splines(axis)
    return basis(x) @ basis.coefficients(torch.eye(axis.size, dtype=x.dtype))


class _Waves(nn.Module):
    """Cosines and sines on a periodic axis, as many as it has samples."""

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n samples"]:
        count = self.axis.size
        k = torch.arange(count // 2 + 1, dtype=x.dtype, device=x.device)
        turn = 2 * torch.pi / self.axis.length * (x[:, None] - float(self.axis.points()[0])) * k
        return torch.cat([turn.cos(), turn[:, 1 : (count + 1) // 2].sin()], dim=1)

    def coefficients(self, values: Float[Tensor, "samples rest"]) -> Float[Tensor, "samples rest"]:
        """Of the functions, so that their sum has these values at the samples."""
        return torch.linalg.solve(self(self.axis.points()), values)


class _Splines(nn.Module):
    """The cardinal splines on an axis with ends, piece by piece."""

    knots: Tensor
    pieces: Tensor

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        x = axis.points().numpy()
        degree = min(_DEGREE, axis.size - 1)
        degree -= 1 - degree % 2  # odd ones need no conditions at the ends
        spline = scipy.interpolate.make_interp_spline(x, np.eye(axis.size), k=max(degree, 1))
        knots = np.unique(spline.t)
        taylor = [spline(knots[:-1], nu=m) / math.factorial(m) for m in range(spline.k, -1, -1)]
        self.register_buffer("knots", torch.from_numpy(knots))
        self.register_buffer("pieces", torch.from_numpy(np.stack(taylor)))

    def coefficients(self, values: Float[Tensor, "samples rest"]) -> Float[Tensor, "samples rest"]:
        """Of the splines: the samples themselves."""
        return values

    def forward(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n samples"]:
        knots = self.knots.to(x)
        place = (torch.searchsorted(knots, x.detach().contiguous(), right=True) - 1).clamp(
            0, len(knots) - 2
        )
        pieces, step = self.pieces.to(x)[:, place], (x - knots[place])[:, None]
        result = pieces[0]
        for coefficients in pieces[1:]:
            result = result * step + coefficients
        return result
