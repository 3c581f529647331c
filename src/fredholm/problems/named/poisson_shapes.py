"""Poisson's equation on random shapes, with random data on the boundary."""

from typing import Literal, get_args

from fredholm.domains import Grid
from fredholm.equations import coefficient, coords, div, eq, field, grad, param
from fredholm.problems.priors import SquaredExponential
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import CutCorners, SquareWithHoles, StarShapes

Shapes = Literal["star", "cut-corners", "holes"]
FAMILIES = {"star": StarShapes(), "cut-corners": CutCorners(), "holes": SquareWithHoles()}


def poisson_shapes(
    *,
    shapes: Shapes = "star",
    length: float = 0.25,
    source: float = 60.0,
    boundary: float = 1.0,
    contrast: float = 1.0,
    mesh_size: float = 0.05,
) -> Problem:
    """Poisson: -∇·(a ∇u) = f on a random shape Ω in the unit square, u = g on its boundary.

    Everything is dimensionless. The task is the map from Ω, f and g to u. The conductivity is
    a = c^(x - 1/2), constant for c = 1.

    Args:
        shapes: `"star"`: star-shaped with a smooth boundary. `"cut-corners"`: squares without 0 to
            4 of their corners. `"holes"`: a square with two round holes.
        length: Correlation length of f and g.
        source, boundary: Standard deviations of f and g, which have mean zero.
        contrast: c, the ratio of the conductivities at x = 1 and x = 0.
        mesh_size: Length of the edges of the meshes.

    Expect: smooth functions; the parts that f and g make add up, and are of similar size with
        these numbers. At re-entrant corners slopes are unbounded.

    Raises:
        ValueError: An unknown kind of shapes, or a contrast that is not positive.

    Reference:
        The task of Wang et al., ICLR 2024, arXiv:2401.09323 (BENO), whose shapes are
        `"cut-corners"`. Departs from it: f and g are Gaussian, meshes take the place of a grid.
    """
    if shapes not in FAMILIES:
        raise ValueError(f"shapes is one of {get_args(Shapes)}, got {shapes!r}")
    (x,), u = coords("x"), field("u")
    f, g = coefficient("f"), coefficient("g", long_name="value on the boundary")
    a = param("contrast", contrast, positive=True) ** (x - 0.5)
    return Problem(
        key="poisson_shapes",
        title="Poisson's equation on random shapes",
        equations={"u": eq(-div(a * grad(u)), f)},
        domain=Grid((33, 33)),
        shapes=FAMILIES[shapes],
        mesh_size=mesh_size,
        tolerance=5e-3,
        varies={
            "f": SquaredExponential(length, sigma=source),
            "g": SquaredExponential(length, sigma=boundary),
        },
        boundary={"all": eq(u, g)},
        reference="Wang et al., ICLR 2024, arXiv:2401.09323",
    )
