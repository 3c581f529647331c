"""What a network is told of a shape at each of its points."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.points.boundary_points import boundary_distances
from fredholm.domains.points.unstructured import Unstructured


def shape_features(domain: Unstructured) -> Float[Tensor, "n features"]:
    """Normals, an indicator of the boundary, and the distance to it, at each point.

    They move with the shape: a turn turns the normals and nothing else, and the order of the points
    is their only order. Of a batch: `domains.gathered(shape_features)`.

    Args:
        domain: A cloud or a mesh. The boundary is known by its points.

    Shapes:
        (n, dim + 2): the outward unit normal, zero inside (dim columns); one on the boundary, zero
        inside; the distance to the nearest boundary point in the units of the coordinates, zero
        everywhere where there is no boundary.
    """
    indicator = domain.on_boundary[:, None].to(torch.float64)
    return torch.cat([domain.normals, indicator, boundary_distances(domain)], dim=1)
