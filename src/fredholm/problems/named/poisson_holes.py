"""Elliptic equations in a square with round holes."""

from fredholm.domains import Box, Disk, Grid, Region
from fredholm.equations import Equation, Unknown, coords, eq, field, lap, param, pi, sin
from fredholm.problems.problem import Problem

EQUAL = tuple((x, y, 0.1) for x in (-0.3, 0.3) for y in (-0.3, 0.3))
"""Centres and radii of four equal disks."""

UNEQUAL = ((0.5, 0.5, 0.2), (0.4, -0.4, 0.4), (-0.2, -0.7, 0.1), (-0.6, 0.5, 0.3))
"""Centres and radii of four others."""


def poisson_holes(*, outside: float = 1.0, holes: float = 0.0) -> Problem:
    """Laplace: -Δu = 0 on [-1/2, 1/2]² without four disks of radius 0.1 at (±0.3, ±0.3).

    Everything is dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        outside: Value of u on the sides of the square.
        holes: Value of u on the circles.

    Expect: steep slopes between each circle and the corner next to it.

    Reference:
        Hao et al., NeurIPS 2024, arXiv:2306.08827 (PINNacle, Poisson2d-C).
    """
    u = field("u")
    return Problem(
        key="poisson_holes",
        title="Laplace's equation in a square with four holes",
        equations={"u": eq(-lap(u))},
        domain=Grid((65, 65), (-0.5, 0.5)),
        region=_square_without(0.5, EQUAL),
        boundary=_on_sides_and_circles(u, outside, holes),
        reference="Hao et al., NeurIPS 2024, arXiv:2306.08827",
    )


def poisson_boltzmann(*, k: float = 8.0, outside: float = 0.2, holes: float = 1.0) -> Problem:
    """Linearised Poisson-Boltzmann: -Δu + k² u = f on [-1, 1]² without four disks.

    f = 10 (17 + x² + y²) sin πx sin 4πy. The disks have radii 0.2, 0.4, 0.1 and 0.3. Everything is
    dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        k: Inverse of the length over which charges are screened.
        outside: Value of u on the sides of the square.
        holes: Value of u on the circles.

    Expect: layers of width 1/k along the circles, stripes of the source elsewhere.

    Reference:
        Hao et al., NeurIPS 2024, arXiv:2306.08827 (PINNacle, Poisson2d-CG).
    """
    (x, y), u = coords("x y"), field("u")
    source = 10 * (17 + x**2 + y**2) * sin(pi * x) * sin(4 * pi * y)
    return Problem(
        key="poisson_boltzmann",
        title="Poisson-Boltzmann in a square with four holes",
        equations={"u": eq(-lap(u) + param("k", k) ** 2 * u, source)},
        domain=Grid((129, 129), (-1.0, 1.0)),
        region=_square_without(1.0, UNEQUAL),
        boundary=_on_sides_and_circles(u, outside, holes),
        reference="Hao et al., NeurIPS 2024, arXiv:2306.08827",
    )


def _square_without(half: float, disks: tuple[tuple[float, float, float], ...]) -> Region:
    """The square of sides 2·half about the origin; the circles are hole1, hole2, ..."""
    region: Region = Box(((-half, half), (-half, half)))
    for number, (x, y, radius) in enumerate(disks, start=1):
        region = region - Disk((x, y), radius, name=f"hole{number}")
    return region


def _on_sides_and_circles(u: Unknown, outside: float, holes: float) -> dict[str, Equation]:
    return {
        "left|right|bottom|top": eq(u, outside),
        "|".join(f"hole{number}" for number in range(1, 5)): eq(u, holes),
    }
