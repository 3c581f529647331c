"""Darcy flow in random shapes of random permeability."""

from fredholm.domains import Grid
from fredholm.equations import coefficient, div, eq, field, grad, param
from fredholm.problems.priors import Bounded, SquaredExponential
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import StarShapes


def darcy_shapes(
    *,
    low: float = 3.0,
    high: float = 12.0,
    length: float = 0.2,
    source: float = 100.0,
    mesh_size: float = 0.05,
) -> Problem:
    """Darcy flow: -∇·(a ∇u) = f on a random star shape in the unit square, u = 0 on its boundary.

    Everything is dimensionless. The task is the map from the shape and a to u. a is smooth, lies
    between two bounds and is often near one of them.

    Args:
        low, high: Bounds of the permeability a.
        length: Correlation length of the Gaussian function behind a.
        source: f, a constant.
        mesh_size: Length of the edges of the meshes.

    Expect: a dome a third high, steep where a is low, and lower in narrow parts of the shape.

    Raises:
        ValueError: low and high are not positive and in this order.

    Reference:
        The task of `darcy` (Li et al., ICLR 2021, arXiv:2010.08895) on shapes. Departs from it: a
        is smooth, as nodes of a mesh do not tell where it jumps.
    """
    if not 0 < low < high:
        raise ValueError(f"the permeability needs 0 < low < high, got {low:g} and {high:g}")
    u, a = field("u"), coefficient("a", positive=True)
    return Problem(
        key="darcy_shapes",
        title="Darcy flow in random shapes",
        equations={"u": eq(-div(a * grad(u)), param("f", source))},
        domain=Grid((33, 33)),
        shapes=StarShapes(),
        mesh_size=mesh_size,
        tolerance=5e-3,
        varies={"a": Bounded(SquaredExponential(length, sigma=3.0), low, high)},
        boundary={"all": u},
        reference="Li et al., ICLR 2021, arXiv:2010.08895",
    )
