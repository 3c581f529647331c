"""The points on the boundary as a set of its own: the distance to it, and the nearest of them."""

import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.points.unstructured import Unstructured


def boundary_distances(domain: Unstructured, other: Unstructured | None = None) -> Tensor:
    """Distance of each point of `domain` to the nearest boundary point of `other`.

    Args:
        domain: Where the distance is wanted.
        other: Whose boundary; by default that of `domain` itself.

    Shapes:
        (n, 1); zero everywhere where there is no boundary.
    """
    other = other or domain
    if not len(other.boundary):
        return torch.zeros(len(domain), 1, dtype=torch.float64)
    tree = KDTree(other.coords[other.boundary].numpy())
    return torch.as_tensor(tree.query(domain.coords.numpy())[0])[:, None]


def wall(
    domain: Unstructured, other: Unstructured | None = None
) -> tuple[Int[Tensor, "n k"], Float[Tensor, "n k"]]:
    """The boundary points of `other` nearest to each point of `domain`, and their shares.

    One more than there are dimensions, weighted by the inverse square of the distance: the mean of
    boundary data with these shares is its continuation to the point, and the data itself on the
    boundary.

    Args:
        domain: Where the data is wanted.
        other: Whose boundary; by default that of `domain` itself.

    Returns:
        Numbers of points of `other`, and shares that add up to one; shares of zero where there is
        no boundary.
    """
    other = other or domain
    numbers = other.boundary
    if not len(numbers):
        none = torch.zeros(len(domain), domain.dim, dtype=torch.long)
        return none, none.double()
    count = min(domain.dim + 1, len(numbers))
    distances, found = KDTree(other.coords[numbers].numpy()).query(domain.coords.numpy(), k=count)
    distances = torch.as_tensor(distances).reshape(len(domain), count)
    # Relative to the nearest, so that a point on the boundary, at distance zero, has all the share.
    ratio = distances[:, :1] / distances.clamp(min=1e-300)
    shares = torch.where(distances <= 0, torch.ones_like(ratio), ratio.square())
    return numbers[torch.as_tensor(found).reshape(len(domain), count)], shares / shares.sum(
        1, keepdim=True
    )
