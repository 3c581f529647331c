"""T1: one transform, and a network on the coefficients."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Axis, Domain, Grid
from fredholm.fields import NOTHING, Field, Given, norm
from fredholm.layers import MLP, Transform, count, require_transform, to_coefficients, to_points
from fredholm.operators import AnyResolution, Claim, ConsistentQuery, Operator, at_least_one


class T1(Operator):
    """Transform once: z = P F u, repeat z <- z + f(z)/√layers, answer F⁻¹ Q z.

    F takes the lowest coefficients of the input, P and Q act on the channels of each coefficient,
    and f(z) = M₁ ... M_d gelu(K z + b) with a matrix K over the channels for each coefficient and,
    for each channel, a matrix Mᵢ over the coefficients along the axis i. Nothing returns to the
    points in between: the cost does not depend on the grid, apart from the two transforms.

    It is trained on coefficients too (`objectives.Own`): the squared distance to a target is the
    sum over the kept coefficients and what the target has beyond them, so that the inverse
    transform is only made for an answer.

    Args:
        in_channels: Channels of the input function.
        out_channels: Channels of the output function.
        modes: Wavenumbers kept per axis (half waves for the cosines), exclusive; its length is the
            dimension.
        hidden_channels: Channels of the coefficients.
        layers: Number of layers.
        transform: `"cosine"`, for any box, or `"fourier"`, for periodic ones: cosines of half
            waves represent a function that is not even about the walls only slowly.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels) on
        any grid in the same box.

    Raises:
        ValueError: A size below one, an unknown transform, or an input that is not on a
            `len(modes)`-dimensional grid.

    Reference:
        Poli et al., NeurIPS 2022, arXiv:2211.14453. Departs from it: coefficients are means over
        the box and do not grow with the number of points; the lifting acts after the transform,
        with which it commutes, and learned biases of the coefficients take the place of
        coordinates; Fourier coefficients are kept as real ones of sines and cosines; the output
        layer is not drawn near zero.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: tuple[int, ...],
        *,
        hidden_channels: int = 32,
        layers: int = 6,
        transform: Transform = "cosine",
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers, modes=min(modes, default=0))
        require_transform(transform)
        width = hidden_channels
        self.modes = tuple(modes)
        self.transform: Transform = transform
        kept = tuple(count(k, transform) for k in modes)
        # A function of size one has coefficients of size one when it uses all of them alike.
        self.scale = math.sqrt(math.prod(kept))
        self.lifting = nn.Linear(in_channels, width)
        self.layers = nn.ModuleList(CoefficientLayer(width, kept) for _ in range(layers))
        self.projection = MLP((width, 4 * width, out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        # The network does not see the points at all; only the transform does. That of cosines is
        # a quadrature of functions with kinks at the ends, of second order: measured 1e-3.
        exact = self.transform == "fourier"
        return AnyResolution(bound=1e-10 if exact else 5e-3), ConsistentQuery()

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        asked = u.grid if at is None else at
        if not isinstance(asked, Grid):
            raise ValueError(f"T1 answers on grids, got a {type(asked).__name__}")
        axes = _in_order(asked, u.grid)
        values = to_points(self.answer(u), axes, u.grid.axes, self.modes, self.transform)
        return Field(values.movedim(-2, 0), asked)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The relative L2 error of the answer, without an inverse transform (Parseval)."""
        given.only()
        _in_order(target.grid, u.grid)
        known = self.coefficients(target)
        square = norm(target).square() / target.grid.weights().sum().to(target.values)
        beyond = (square - _squares(known)).clamp(min=0)
        error = (_squares(self.answer(u) - known) + beyond).sqrt()
        size = square.sqrt()
        return {"relative_l2": (error / size.clamp(min=1e-6 * float(size.mean()) + 1e-30)).mean()}

    def coefficients(self, u: Field) -> Float[Tensor, "*modes batch c"]:
        """The coefficients of functions that are kept."""
        if u.grid.dim != len(self.modes):
            raise ValueError(
                f"T1 has {len(self.modes)} axes of modes, the function has {u.grid.dim} axes"
            )
        values = u.values.movedim(0, -2).contiguous()
        return to_coefficients(values, u.grid.axes, self.modes, self.transform)

    def answer(self, u: Field) -> Float[Tensor, "*modes batch d"]:
        """The coefficients of the answer."""
        z = self.lifting(self.scale * self.coefficients(u))
        for layer in self.layers:
            z = z + layer(z) / math.sqrt(len(self.layers))
        return self.projection(z) / self.scale


class CoefficientLayer(nn.Module):
    """f(z) = M₁ ... M_d gelu(K z + b): channels are mixed per coefficient, then coefficients.

    The weights are drawn so that f(z) has the size of z. Drawn as those of a Fourier layer often
    are, from [0, 1/width²), they make the numbers vanish from layer to layer.

    Args:
        width: Channels.
        kept: Coefficients per axis.

    Shapes:
        (*kept, batch, width) -> the same.
    """

    def __init__(self, width: int, kept: tuple[int, ...]) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(*kept, width, width) / math.sqrt(width))
        self.bias = nn.Parameter(torch.zeros(*kept, 1, width))
        self.mixing = nn.ParameterList(torch.randn(width, k, k) / math.sqrt(k) for k in kept)
        with torch.no_grad():
            self.mixing[0].div_(_AFTER_GELU)

    def forward(self, z: Float[Tensor, "*kept batch c"]) -> Float[Tensor, "*kept batch c"]:
        *kept, batch, c = z.shape
        mixed = torch.bmm(z.reshape(-1, batch, c), self.kernel.reshape(-1, c, c))
        x = functional.gelu(mixed.reshape(z.shape) + self.bias).movedim(-1, 0)
        for number, matrix in enumerate(self.mixing, start=1):
            rows = x.movedim(number, 1)
            moved = torch.bmm(matrix, rows.reshape(c, rows.shape[1], -1))
            x = moved.reshape(rows.shape).movedim(1, number)
        return x.movedim(0, -1)


_AFTER_GELU = 0.652
"""Root mean square of gelu(ξ) for standard normal ξ."""


def _squares(coefficients: Float[Tensor, "*modes batch c"]) -> Float[Tensor, "batch"]:
    """The mean of |u|² over the box, summed over the channels."""
    return coefficients.square().sum(-1).flatten(0, -2).sum(0)


def _in_order(asked: Grid, home: Grid) -> tuple[Axis, ...]:
    """The axes of a grid, which must lie in the box of another.

    Raises:
        ValueError: They have other names, or other ends.
    """
    boxes = ([(axis.name, axis.start, axis.stop) for axis in grid.axes] for grid in (asked, home))
    if next(boxes) != next(boxes):
        raise ValueError(f"T1 answers in the box of its input, {home}; asked for {asked}")
    return asked.axes
