"""Structure-preserving operator network: multigrid with learned smoothers on finite elements."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Domain, Mesh, Stack, Unstructured, p1_levels, shape_features, stacked
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, PointFeatures, SparseMap, sparse_pair
from fredholm.operators import Claim, Operator, at_least_one


class SPON(Operator):
    """A network from the degrees of freedom of finite elements to those of others.

    The input is known by its values at the nodes of a mesh, and so is the answer. Between them x
    passes V-cycles over nested spaces: on every level, down and up,

        x <- x + W₂ σ(W₁ [x, A x, M x, G₁ x, ..., G_d x]),

    with the matrices of the elements (stiffness, mass, slopes; free of units) and learned maps W of
    the channels: a smoother with the sparsity of A that sees lengths and angles through A, M and G
    alone. Restriction is Pᵀ up to volumes and prolongation P, both fixed. With one level it is the
    plain network of the paper, without multigrid.

    What the answer has to fulfil whatever the weights is the business of the space that it is read
    in: see `fredholm.operators.Prescribed`, `Solenoidal` and `MeanZero`.

    Args:
        in_channels: Channels of the input; may be zero where only the meshes vary.
        out_channels: Channels of the output.
        bounds: Box that holds the meshes; coordinates are scaled to it.
        hidden_channels: Channels between lifting and projection.
        levels: Spaces of the cycle, the finest included.
        ratio: Nodes of a level for each node of the next coarser one.
        cycles: Number of V-cycles.
        smoothings: Smoothers on each level on the way down, and on the way up.

    Shapes:
        Field (batch, nodes, in_channels) on meshes -> Field (batch, nodes, out_channels).

    Raises:
        ValueError: A size below one, or points without cells.

    Reference:
        Bouziani & Boullé, 2024, arXiv:2410.01065. Departs from it: coarse
        spaces are combinations of the fine one's functions, so that any mesh has them; the
        local operators are polynomials in the matrices of the elements.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        bounds: Sequence[tuple[float, float]],
        *,
        hidden_channels: int = 32,
        levels: int = 4,
        ratio: float = 4.0,
        cycles: int = 2,
        smoothings: int = 1,
    ) -> None:
        super().__init__()
        at_least_one(
            hidden_channels=hidden_channels, levels=levels, cycles=cycles, smoothings=smoothings
        )
        if ratio <= 1:
            raise ValueError(f"coarser levels have fewer nodes: ratio is above 1, got {ratio}")
        dim, width = len(bounds), hidden_channels
        self.levels = levels
        self.ratio = ratio
        self.places = PointFeatures([(f"x{i}", *ends, False) for i, ends in enumerate(bounds)])
        self.lifting = MLP((self.places.count + in_channels + dim + 1, width, width))
        self.cycles = nn.ModuleList(_Cycle(width, dim, levels, smoothings) for _ in range(cycles))
        self.projection = MLP((width, width, out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        return ()

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        meshes = stacked(u.domain, len(u))
        maps = self._maps(meshes, u.values)
        shapes = meshes.gathered(shape_features)[..., :-1].to(u.values)
        x = meshes.flat(torch.cat([u.values, shapes], dim=-1))
        x = self.lifting(self.places(meshes, x))
        for cycle in self.cycles:
            x = cycle(x, maps)
        result = Field(meshes.padded(self.projection(x)), u.domain)
        return result if at is None else result.at(at)

    def _maps(self, meshes: Stack, like: Tensor) -> list["_Maps"]:
        """The fixed maps of each level, one block for each function."""
        pairs = [mesh.remembered(_level_pairs, self.levels, self.ratio) for mesh in meshes]
        found = []
        for operators, *between in (zip(*level) for level in zip(*pairs)):
            maps = [SparseMap.blocks(each, like) if each[0] else None for each in between]
            found.append(_Maps(SparseMap.blocks(operators, like), *maps))
        return found


class _Maps(NamedTuple):
    """The maps of a level: smoothing, from the finer one, and to it."""

    operators: SparseMap
    restriction: SparseMap | None
    prolongation: SparseMap | None


class _Smoother(nn.Module):
    """x + W₂ σ(W₁ [x, S x])."""

    def __init__(self, width: int, operators: int) -> None:
        super().__init__()
        self.mix = MLP(((1 + operators) * width, width, width), activation=functional.gelu)

    def forward(self, x: Tensor, operators: SparseMap) -> Tensor:
        seen = operators(x).reshape(len(x), -1)
        return x + self.mix(torch.cat([x, seen], dim=-1))


class _Cycle(nn.Module):
    """One V-cycle."""

    def __init__(self, width: int, dim: int, levels: int, smoothings: int) -> None:
        super().__init__()

        def smoothers(count: int) -> nn.ModuleList:
            every = [[_Smoother(width, 2 + dim) for _ in range(smoothings)] for _ in range(count)]
            return nn.ModuleList(nn.ModuleList(each) for each in every)

        self.down, self.up = smoothers(levels), smoothers(levels - 1)
        self.corrections = nn.ModuleList(nn.Linear(width, width) for _ in range(levels - 1))

    def forward(self, x: Tensor, maps: list[_Maps], level: int = 0) -> Tensor:
        for smoother in self.down[level]:  # type: ignore[union-attr]
            x = smoother(x, maps[level].operators)
        if level + 1 == len(maps):
            return x
        to_coarse, to_fine = maps[level + 1].restriction, maps[level + 1].prolongation
        assert to_coarse is not None and to_fine is not None
        coarse = self(to_coarse(x), maps, level + 1)
        x = x + self.corrections[level](to_fine(coarse))
        for smoother in self.up[level]:  # type: ignore[union-attr]
            x = smoother(x, maps[level].operators)
        return x


def _level_pairs(domain: Unstructured, levels: int, ratio: float) -> list[tuple]:
    """The matrices of each level with their transposes.

    Raises:
        ValueError: The domain has no cells.
    """
    if not isinstance(domain, Mesh):
        raise ValueError(f"spon needs meshes, whose cells carry finite elements; got a {domain}")
    return [
        tuple(
            None if matrix is None else sparse_pair(matrix)
            for matrix in (level.operators, level.restriction, level.prolongation)
        )
        for level in p1_levels(domain, levels, ratio)
    ]
