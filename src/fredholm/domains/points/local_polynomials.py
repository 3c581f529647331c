"""Values between scattered points, from polynomials through their neighbours."""

import itertools

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.points.neighbours import kth_distance
from fredholm.domains.points.stencil import Stencil

_SOFT = 1e-3
"""Distance, relative to the radius of the neighbourhood, below which weights grow no more."""
_BLOCK = 16384
"""Points whose polynomials are fitted together: a bound on memory."""


def polynomial_stencil(
    coords: Float[Tensor, "n dim"], points: Float[Tensor, "m dim"], degree: int
) -> Stencil:
    """The neighbours whose weighted sum is the value at each point.

    About each point the polynomial is fitted that is nearest to its neighbours, weighted by the
    inverse squares of their distances; twice as many neighbours as it has coefficients. Polynomials
    of the degree are reproduced. On a point of the cloud its own value results. Directions in which
    the neighbours do not extend are left out, so that points on a line or a plane are served.

    Args:
        coords: The cloud.
        points: Where values are wanted.
        degree: 1 (error O(h²)), 2 (error O(h³)), or 0: the value of the nearest point.

    Returns:
        Numbers, weights, and which points lie outside: farther from the nearest point of the cloud
        than any of their neighbours is from the farthest of its own. These take its value.

    Reference:
        Lancaster & Salkauskas, Mathematics of Computation 37, 1981 (moving least squares).
    """
    powers = _powers(coords.shape[1], degree)
    count = min(max(2 * (len(powers) + 1), 2 * coords.shape[1] + 1), len(coords))
    tree = KDTree(coords.numpy())
    gap, near = (np.reshape(a, (len(points), count)) for a in tree.query(points.numpy(), count))
    numbers, gaps = torch.from_numpy(near.astype(np.int64)), torch.from_numpy(gap)
    reach = torch.from_numpy(kth_distance(tree, tree.data, count))
    outside = gaps[:, 0] > reach[numbers].amax(1)
    if not degree:
        return Stencil(numbers[:, :1], torch.ones_like(gaps[:, :1]), outside)
    weights = torch.zeros_like(gaps)
    weights[:, 0] = 1.0
    rows = ((gaps[:, 0] > 1e-9 * gaps[:, -1]) & ~outside).nonzero()[:, 0]
    for block in rows.split(_BLOCK):
        offsets = coords[numbers[block]] - points[block, None]
        weights[block] = _weights(offsets, gaps[block], powers)
    return Stencil(numbers, weights, outside)


def _powers(dim: int, degree: int) -> list[tuple[int, ...]]:
    """Exponents of the monomials up to a degree, without the constant."""
    every = itertools.product(range(degree + 1), repeat=dim)
    return [powers for powers in every if 0 < sum(powers) <= degree]


def _weights(
    offsets: Float[Tensor, "m k dim"], gaps: Float[Tensor, "m k"], powers: list[tuple[int, ...]]
) -> Float[Tensor, "m k"]:
    """Weights of the neighbours in the value of the fitted polynomial at offset zero.

    The constant is fitted first, through weighted means, so that it is reproduced whatever
    directions are left out.
    """
    radius = gaps[:, -1:]
    near = 1 / (gaps.square() + (_SOFT * radius).square())
    near = near / near.sum(1, keepdim=True)
    scaled = offsets / radius[..., None]
    terms = torch.stack([(scaled ** torch.tensor(p)).prod(-1) for p in powers], dim=-1)
    means = (near[..., None] * terms).sum(1, keepdim=True)
    terms = terms - means
    gram = terms.mT @ (near[..., None] * terms)
    slopes = torch.linalg.pinv(gram, rtol=1e-11, hermitian=True) @ means.mT
    return near * (1 - (terms @ slopes)[..., 0])
