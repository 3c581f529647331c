"""Quadrature on the boundary of clouds and meshes."""

import torch
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.meshes.simplices import simplex_volumes
from fredholm.domains.points.unstructured import Unstructured


def boundary_weights(domain: Unstructured) -> Float[Tensor, "k"]:
    """Quadrature weights on the boundary, for the points `domain.boundary`.

    On a mesh each facet gives its measure to its corners in equal shares: exact for functions that
    are linear on each facet. A cloud has no facets: there a point stands for the mean distance to
    its 2 (dim - 1) nearest neighbours on the boundary, to the power dim - 1.
    """
    numbers = domain.boundary
    if not len(numbers):
        return torch.zeros(0, dtype=torch.float64)
    if isinstance(domain, Mesh):
        facets = torch.cat([*domain.facets.values()])
        share = simplex_volumes(domain.coords[facets]) / facets.shape[1]
        weights = torch.zeros(len(domain), dtype=torch.float64)
        weights.index_add_(0, facets.flatten(), share.repeat_interleave(facets.shape[1]))
        return weights[numbers]
    count = min(2 * (domain.dim - 1), len(numbers) - 1)
    if count < 1:  # the two ends of a line, or a single point
        return torch.ones(len(numbers), dtype=torch.float64)
    coords = domain.coords[numbers].numpy()
    distances, _ = KDTree(coords).query(coords, k=count + 1)
    return torch.as_tensor(distances)[:, 1:].mean(1) ** (domain.dim - 1)
