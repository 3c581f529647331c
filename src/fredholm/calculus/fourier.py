"""Real periodic functions as Fourier coefficients, independent of the points they came from."""

import math
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

from fredholm.calculus.spectral import multiplier, translation, wavenumbers
from fredholm.domains import Axis, Grid


class FourierBasis:
    """The modes exp(ik·(x - start)) that a number of points per axis resolves.

    Coefficients are stored as a transform of real values leaves them (half of the last axis), with
    `norm="forward"`, so that they do not depend on the number of points.

    Args:
        grid: A periodic grid; its extent and shape matter, not where its samples lie.
        device: Where factors and masks are made, and where values live.
        nodes: Number of nodes per axis on which `points` gives values and `modes` takes them; by
            default those of the grid. More of them leave room for products, and the modes that
            are not kept cost nothing.

    Shapes:
        points (..., *nodes), modes (..., *modes).

    Raises:
        ValueError: An axis is not periodic.
    """

    def __init__(
        self,
        grid: Grid,
        device: torch.device | None = None,
        nodes: Sequence[int] | None = None,
    ) -> None:
        if not grid.periodic:
            raise ValueError(f"Fourier modes need periodic axes, got {grid}")
        self.grid = grid
        self.device = device or torch.device("cpu")
        self.nodes = tuple(nodes or grid.shape)
        self._sizes = grid.shape
        self.shape = (*grid.shape[:-1], grid.shape[-1] // 2 + 1)

    def modes(self, values: Float[Tensor, "..."]) -> Complex[Tensor, "..."]:
        """Coefficients of values on the nodes start + jL/n."""
        return self._analysed(values, self.nodes)

    def points(self, modes: Complex[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Values on the nodes start + jL/n."""
        return self._sampled(modes, self.nodes)

    def factor(self, coord: str, order: int, by: float = 0.0) -> Complex[Tensor, "1 *modes"]:
        """(ik)^order exp(ik·by) along one coordinate; two zeros give ones for every mode."""
        if order == 0 and by == 0:
            return torch.ones(1, *self.shape, dtype=torch.complex128, device=self.device)
        number = self.grid.names.index(coord)
        axis = self.grid.axes[number]
        half = self._half(number)
        values = multiplier(axis, order, half=half) * translation(axis, by, half=half)
        return self._along(number, values)

    def multiplier(
        self, orders: Iterable[tuple[str, int]], shifts: Iterable[tuple[str, float]] = ()
    ) -> Complex[Tensor, "1 *modes"]:
        """The factor of a mixed derivative, as pairs (coordinate, order), after shifts."""
        result = self.factor("", 0)
        for coord, order in orders:
            result = result * self.factor(coord, order)
        for coord, distance in shifts:
            result = result * self.factor(coord, 0, distance)
        return result

    def thirds(self) -> list[tuple[Bool[Tensor, "*modes"], Bool[Tensor, "*modes"]]]:
        """For each axis, masks of the second and of the last third of its modes."""
        masks = []
        for number, axis in enumerate(self.grid.axes):
            share = self._index(number) / (axis.size / 2)
            masks.append(((share > 1 / 3) & (share <= 2 / 3), share > 2 / 3))
        return masks

    def _index(self, number: int) -> Float[Tensor, "*modes"]:
        """|j| of the modes exp(2πij x/L) along one axis, spread over the others."""
        axis = self.grid.axes[number]
        k = wavenumbers(axis, half=self._half(number)).abs()
        return self._along(number, k * axis.length / (2 * torch.pi))[0].expand(self.shape)

    def multiplicity(self) -> Float[Tensor, "*modes"]:
        """How often each stored mode occurs in the sum of squares: Σ = mean of |u|² (Parseval)."""
        count = torch.full((self.shape[-1],), 2.0, dtype=torch.float64, device=self.device)
        count[0] = 1.0
        if self.grid.shape[-1] % 2 == 0:
            count[-1] = 1.0
        return count.expand(self.shape)

    def expand(self, field: Float[Tensor, "..."], grid: Grid) -> Complex[Tensor, "..."]:
        """Coefficients of the interpolant of samples on another grid of the same box.

        Modes that this basis does not have are dropped.

        Args:
            field: Values (..., *points) on `grid`.
            grid: Their grid, with samples on nodes or cell centres.
        """
        modes = self._analysed(field, grid.shape)
        for number, axis in enumerate(grid.axes):
            if _offset(axis):
                modes = modes * self._shift(number, -_offset(axis)).to(modes)
        return modes

    def evaluate(self, modes: Complex[Tensor, "..."], grid: Grid) -> Float[Tensor, "..."]:
        """Values at the points of another grid of the same box, coarser or finer."""
        for number, axis in enumerate(grid.axes):
            if _offset(axis):
                modes = modes * self._shift(number, _offset(axis)).to(modes)
        strides = [-(-own.size // axis.size) for own, axis in zip(self.grid.axes, grid.axes)]
        fine = [axis.size * stride for axis, stride in zip(grid.axes, strides)]
        values = self._sampled(modes, fine)
        return values[(..., *(slice(None, None, stride) for stride in strides))]

    def _analysed(self, values: Tensor, nodes: Sequence[int]) -> Tensor:
        """The modes of values on a number of nodes: axis by axis, so that little is transformed."""
        last = len(nodes) - 1
        values = torch.fft.rfft(values, dim=-1, norm="forward")
        values = _resize(values, -1, nodes[last], self._sizes[last], half=True)
        for number in reversed(range(last)):
            dim = number - last - 1
            values = torch.fft.fft(values, dim=dim, norm="forward")
            values = _resize(values, dim, nodes[number], self._sizes[number], half=False)
        return values

    def _sampled(self, modes: Tensor, nodes: Sequence[int]) -> Tensor:
        """Values on a number of nodes."""
        *others, last = nodes
        for number, size in enumerate(others):
            dim = number - len(nodes)
            modes = _resize(modes, dim, self._sizes[number], size, half=False)
            modes = torch.fft.ifft(modes, dim=dim, norm="forward")
        if self._sizes[-1] % 2 == 0 or last < self._sizes[-1]:
            modes = _resize(modes, -1, self._sizes[-1], last, half=True)
        # Where there is no last cosine to be shared, irfft fills up with zeros by itself.
        return torch.fft.irfft(modes, n=last, dim=-1, norm="forward")

    def _half(self, number: int) -> bool:
        return number == self.grid.dim - 1

    def _along(self, number: int, vector: Tensor) -> Tensor:
        shape = [1] * (1 + self.grid.dim)
        shape[1 + number] = len(vector)
        return vector.to(self.device).reshape(shape)

    def _shift(self, number: int, by: float) -> Tensor:
        """exp(ik·by): the function moved to the left by that distance."""
        axis = self.grid.axes[number]
        k = wavenumbers(axis, half=self._half(number))
        return self._along(number, torch.exp(1j * k * by))[0]


def _offset(axis: Axis) -> float:
    return axis.spacing / 2 if axis.location == "cell" else 0.0


def kept(grid: Grid, fraction: float) -> Grid:
    """The grid that has just the modes with |j| < fraction · n/2; all of them for the fraction one.

    Args:
        grid: A periodic grid.
        fraction: In (0, 1].
    """
    if fraction == 1:
        return grid
    # 1e-9: two thirds of 96 are 64, whatever the rounding.
    return grid.resized([2 * math.ceil(fraction * n / 2 - 1e-9) - 1 for n in grid.shape])


def _resize(modes: Tensor, dim: int, n: int, size: int, half: bool) -> Tensor:
    """Coefficients of n points, as those of `size` points, along one dimension.

    The last mode of an even number of points is a cosine: on more points it is shared by +n/2 and
    -n/2; on fewer points it and what does not fit are dropped.
    """
    if size == n:
        return modes
    if half and size < n and size % 2:
        return modes[..., : size // 2 + 1]
    count = (min(n, size) - 1) // 2
    below = [modes.narrow(dim, 0, count + 1)]
    above = [] if half or not count else [modes.narrow(dim, n - count, count)]
    if n % 2 == 0 and size > n:
        shared = modes.narrow(dim, n // 2, 1) / 2
        below, above = [*below, shared], [] if half else [shared, *above]
    gap = (size // 2 + 1 if half else size) - sum(part.shape[dim] for part in (*below, *above))
    if gap:
        shape = list(modes.shape)
        shape[dim] = gap
        below.append(modes.new_zeros(shape))
    return torch.cat([*below, *above], dim=dim) if above or len(below) > 1 else below[0]
