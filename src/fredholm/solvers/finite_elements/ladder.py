"""The elements with which a sample is solved, one after the other, until two solutions agree."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Mesh, Region, refined
from fredholm.solvers.finite_elements.places import ElementMesh
from fredholm.solvers.finite_elements.steady import Factors


@dataclass(frozen=True, eq=False)
class Rung:
    """A mesh and the order of its elements.

    Args:
        level: The mesh.
        order: Order of the elements.
        factors: Of the last matrix that was factorised here.
        parents: For each refinement of the mesh the edges whose middles became nodes.
    """

    level: ElementMesh
    order: int
    factors: Factors
    parents: tuple[Float[Tensor, "edges 2"], ...]

    def raised(self, nodal: Float[Tensor, "nodes *c"]) -> Float[Tensor, "finer *c"]:
        """The nodal values here of a function that is linear in the cells of a coarser mesh."""
        sizes = [int(edges.max()) + 1 for edges in self.parents]
        done = sum(size < len(nodal) for size in sizes)
        for edges in self.parents[done:]:
            nodal = torch.cat([nodal, nodal[edges].mean(dim=1)])
        return nodal


class Ladder:
    """Elements of first and of second order on one mesh, then on meshes with halved edges.

    Args:
        mesh: The first mesh; its nodes are the first ones of all others.
        region: Its curved boundary is what new nodes are moved to, and cells are bent to.
    """

    def __init__(self, mesh: Mesh, region: Region | None) -> None:
        self.mesh, self.region = mesh, region
        self._rungs: dict[tuple[int, int], Rung] = {}

    def rungs(self, lowest: int, highest: int) -> Iterator[Rung]:
        """Ever finer elements, those of the lowest order on the first mesh alone."""
        yield from (self._rung(0, order) for order in range(lowest, highest + 1))
        yield from (self._rung(halvings, highest) for halvings in count(1))

    def _rung(self, halvings: int, order: int) -> Rung:
        if (halvings, order) not in self._rungs:
            self._rungs[halvings, order] = self._made(halvings, order)
        return self._rungs[halvings, order]

    def _made(self, halvings: int, order: int) -> Rung:
        if halvings == 0:
            known = [rung.level for (level, _), rung in self._rungs.items() if level == 0]
            level = known[0] if known else ElementMesh(self.mesh, self.region)
            return Rung(level, order, Factors(), ())
        coarser = self._rung(halvings - 1, order)
        mesh = coarser.level.mesh
        finer = ElementMesh(refined(mesh, onto=self.region), self.region)
        return Rung(finer, order, Factors(), (*coarser.parents, mesh.edges))
