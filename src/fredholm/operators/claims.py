"""What an operator promises, as numbers that a test can refute.

A claim holds for any weights: it is a property of the architecture. `defect` measures by how much
a given operator breaks it on given functions, relative to the size of the output, and `bound` says
how much may be left (rounding, aliasing of the activation).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from fredholm.domains import Grid, Mesh, PointCloud, Stack, refined, stacked
from fredholm.fields import Field, Group, difference, members, norm

if TYPE_CHECKING:
    from fredholm.operators.operator import Operator


@dataclass(frozen=True)
class Claim(ABC):
    """A promise about every operator of a class.

    Args:
        bound: Largest relative defect that is accepted, in float64.
    """

    bound: float = 1e-10

    @abstractmethod
    def defect(self, operator: "Operator", u: Field) -> float:
        """Relative L2 size of the violation on the functions `u`."""


def _finer(grid: Grid, factor: int) -> list[int]:
    """Sizes of the grid with `factor` times smaller spacing whose nodes include the old ones."""
    ends = [axis.location == "node" and not axis.periodic for axis in grid.axes]
    return [factor * (n - end) + end for n, end in zip(grid.shape, ends)]


def distance(found: Field, expected: Field) -> float:
    """‖found - expected‖ / ‖expected‖ over the whole batch."""
    gap, size = norm(difference(found, expected)), norm(expected)
    gap, size = gap.detach().square().sum().sqrt(), size.detach().square().sum().sqrt()
    return float(gap / size.clamp(min=1e-300))


@dataclass(frozen=True)
class AnyResolution(Claim):
    """Refining the input's grid changes the output by no more than the aliasing of activations.

    The functions must be resolved by their grid; the bound is for a batch of band-limited ones.

    Args:
        factor: How much finer the second grid is.
    """

    bound: float = 1e-3
    factor: int = 2

    def defect(self, operator: "Operator", u: Field) -> float:
        fine = u.at(u.grid.resized(_finer(u.grid, self.factor)))
        return distance(operator(u), operator(fine).at(u.grid))


@dataclass(frozen=True)
class ShiftEquivariant(Claim):
    """On a periodic grid, shifting the input shifts the output."""

    def defect(self, operator: "Operator", u: Field) -> float:
        axes = tuple(range(1, 1 + u.grid.dim))
        by = tuple(axis.size // 3 for axis in u.grid.axes)
        shifted = operator(u.with_values(torch.roll(u.values, by, axes)))
        image = operator(u)
        return distance(shifted, image.with_values(torch.roll(image.values, by, axes)))


@dataclass(frozen=True)
class Linear(Claim):
    """G(αu + βv) = αG(u) + βG(v)."""

    def defect(self, operator: "Operator", u: Field) -> float:
        v = u.with_values(u.values.flip(0) ** 2)
        mixed = operator(u.with_values(0.7 * u.values - 1.3 * v.values))
        expected = 0.7 * operator(u).values - 1.3 * operator(v).values
        return distance(mixed, mixed.with_values(expected))


@dataclass(frozen=True)
class ZeroOnBoundary(Claim):
    """The output vanishes on every sampled point of the boundary of a box."""

    def defect(self, operator: "Operator", u: Field) -> float:
        image = operator(u)
        worst = 0.0
        for number, axis in enumerate(image.grid.axes, start=1):
            sides = {"left": (0,), "right": (-1,), "cell": ()}.get(axis.location, (0, -1))
            for side in () if axis.periodic else sides:
                worst = max(worst, float(image.values.select(number, side).detach().abs().max()))
        return worst / float(norm(image, p=float("inf")).detach().max().clamp(min=1e-300))


@dataclass(frozen=True)
class ConsistentQuery(Claim):
    """The output is one function, whatever points it is asked at.

    Asking on a finer grid and reading off the coarse points gives what the coarse grid gives; on
    scattered points, every second of them is asked for alone.
    """

    bound: float = 1e-12

    def defect(self, operator: "Operator", u: Field) -> float:
        if not isinstance(u.domain, Grid):
            return self._on_points(operator, u)
        coarse = operator(u)
        grid = coarse.grid
        doubled = [
            2 * axis.size - (axis.location == "node" and not axis.periodic) for axis in grid.axes
        ]
        if any(axis.location in ("cell", "right") for axis in grid.axes):
            raise ValueError(f"{type(self).__name__} is tested on nodes, got {grid}")
        fine = operator(u, at=grid.resized(doubled))
        every_second = (slice(None), *[slice(None, None, 2)] * grid.dim)
        return distance(coarse.with_values(fine.values[every_second]), coarse)

    @staticmethod
    def _on_points(operator: "Operator", u: Field) -> float:
        members = stacked(u.domain, len(u)).members
        some = Stack(
            tuple(PointCloud(m.coords[::2], names=m.names, units=m.units) for m in members)
        )
        every = [values[: len(m) : 2] for values, m in zip(operator(u).values, members)]
        expected = Field(torch.nn.utils.rnn.pad_sequence(every, batch_first=True), some)
        return distance(operator(u, at=some), expected)


@dataclass(frozen=True)
class Equivariant(Claim):
    """G(a u) = b G(u) for every member (a, b) of a group of symmetries.

    Args:
        symmetry: The group, by name or by its members, see `fredholm.fields.members`.
    """

    symmetry: Group = "square"

    def defect(self, operator: "Operator", u: Field) -> float:
        dim = sum(axis.name != "t" for axis in u.grid.axes)
        image = operator(u)
        group = members(self.symmetry, dim)
        return max(distance(operator(g.inputs(u)), g.targets(image)) for g in group)


@dataclass(frozen=True)
class PassiveBeyond(Claim):
    """Waves beyond given wavenumbers are neither made from the others nor amplified.

    With P the projection on the waves with Σ_j (k_j / modes_j)² ≥ 1: ‖P G(u)‖ ≤ ‖P u‖. A step that
    keeps this cannot fill the fine end of the spectrum, however often it is repeated.

    Args:
        modes: Radii of the disc of the other wavenumbers, in periods per length of a periodic grid.
    """

    modes: tuple[int, ...] = ()

    def defect(self, operator: "Operator", u: Field) -> float:
        # The fastest wave of the grid, modulated by u: the whole spectrum has something to amplify.
        sign = torch.ones(())
        for axis in u.grid.axes:
            sign = sign[..., None] * (-1.0) ** torch.arange(axis.size)
        rough = u.with_values(u.values * (1 + sign[..., None]))
        return max(self._growth(operator, each) for each in (u, rough))

    def _growth(self, operator: "Operator", u: Field) -> float:
        """What is added to the fine waves, relative to the size of the function."""
        found, given = (float(self._beyond(each).norm()) for each in (operator(u), u))
        return max(found - given, 0.0) / float(u.values.norm())

    def _beyond(self, u: Field) -> torch.Tensor:
        """The Fourier coefficients outside the disc, scaled so that their norm is that of u."""
        square = torch.zeros(())
        for axis, radius in zip(u.grid.axes, self.modes, strict=True):
            k = torch.fft.fftfreq(axis.size, 1 / axis.size)
            square = square[..., None] + (k / radius) ** 2
        axes = tuple(range(1, 1 + u.grid.dim))
        return torch.fft.fftn(u.values.detach(), dim=axes, norm="ortho")[:, square >= 1]


@dataclass(frozen=True)
class Superposition(Claim):
    """The answer is the sum of those to two parts of the input: G(v, w) = G(v, 0) + G(0, w).

    Args:
        first, second: Channels of the two parts; all others stay as they are.
    """

    first: tuple[int, ...] = ()
    second: tuple[int, ...] = ()

    def defect(self, operator: "Operator", u: Field) -> float:
        parts = [u.values.clone() for _ in range(2)]
        parts[0][..., list(self.second)] = 0
        parts[1][..., list(self.first)] = 0
        image = operator(u)
        both = sum(operator(u.with_values(part)).values for part in parts)
        return distance(image.with_values(both), image)


@dataclass(frozen=True)
class AnyDensity(Claim):
    """Refining the meshes changes the answer by no more than the quadrature of what they resolve.

    Every edge is halved, the input stays the same piecewise linear function, and the answers are
    compared at the nodes that both meshes have. What is known on the boundary alone stays the same
    function there, and zero at all other nodes, which are nearer to the boundary on finer meshes.

    Args:
        boundary: Channels of the input that are known on the boundary alone.
    """

    bound: float = 0.1
    boundary: tuple[int, ...] = ()

    def defect(self, operator: "Operator", u: Field) -> float:
        domains = stacked(u.domain, len(u))
        fine = Stack(
            tuple(refined(member) for member in domains.members if isinstance(member, Mesh))
        )
        if len(fine) != len(domains):
            raise ValueError(f"{type(self).__name__} is tested on meshes, got {domains}")
        u = self._known(Field(u.values, domains))
        image = operator(self._known(u.at(fine)))
        coarse = [image.values[i, :size] for i, size in enumerate(domains.sizes)]
        kept = torch.nn.utils.rnn.pad_sequence(coarse, batch_first=True)
        return distance(Field(kept, domains), operator(u))

    def _known(self, u: Field) -> Field:
        """The functions without what is not known inside."""
        assert isinstance(u.domain, Stack)
        masks = [member.on_boundary for member in u.domain]
        edge = torch.nn.utils.rnn.pad_sequence(masks, batch_first=True)
        values = u.values.clone()
        values[..., list(self.boundary)] *= edge[..., None].to(values)
        return u.with_values(values)
