"""Values of functions on a mesh at single points, to fix what is determined up to a constant."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Mesh


def value_at(
    mesh: Mesh, nodal: Float[Tensor, "*times nodes"], point: Sequence[float]
) -> Float[Tensor, "*times 1"]:
    """A function that is linear in each cell at a point, or at the nearest one in a cell.

    Args:
        mesh: Its cells fill space.
        nodal: Values at the nodes.
        point: Coordinates.
    """
    corners = mesh.coords[mesh.cells]
    sides = (corners[:, 1:] - corners[:, :1]).mT
    gap = torch.tensor(point, dtype=torch.float64) - corners[:, 0]
    rest = torch.linalg.solve(sides, gap)
    shares = torch.cat([1 - rest.sum(1, keepdim=True), rest], dim=1)
    cell = int(shares.amin(dim=1).argmax())
    share = shares[cell].clamp(min=0)
    share = share / share.sum()
    return (nodal[..., mesh.cells[cell]] * share).sum(dim=-1, keepdim=True)
