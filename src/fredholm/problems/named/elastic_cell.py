"""A loaded plate with a random hole."""

from fredholm.domains import Grid
from fredholm.equations import Expression, coords, d, div, dot, eq, field, normal, param, vector
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import PlateWithHole

_FLOOR = 1e-6
"""Added to the square of the stress, so that its root has a derivative where nothing is loaded."""


def elastic_cell(
    *, poisson_ratio: float = 0.3, least: float = 0.2, most: float = 0.4, mesh_size: float = 0.05
) -> Problem:
    """Linear elasticity in plane stress: ∇·σ = 0 in the unit cell with a hole, pulled at its top.

    σ = E/(1 - ν²) ((1 - ν) ε + ν tr(ε) I) with the strain ε of the displacement (u, v). The bottom
    is clamped, the traction on the top is (0, T), the sides and the hole are free. Lengths are
    divided by the side of the cell, stresses by T, displacements by T/E times the side: the
    equations then hold with E = T = 1. The stress s is that of von Mises. Only the hole varies:
    the task is the map from the shape to u, v and s.

    Args:
        poisson_ratio: ν, between -1 and 1/2.
        least, most: Bounds of the radius of the hole.
        mesh_size: Length of the edges of the meshes; on the hole they are at most 0.04 long.

    Expect: stress several times the load beside the hole, ten times and more in thin walls, and
        hardly any above and below the hole.
    Fails when: the tolerance is small: stress is unbounded in the corners of the clamped side.

    Raises:
        ValueError: Radii that do not fit into the cell, or an impossible ν.

    Reference:
        The task of Li et al., JMLR 2023, arXiv:2207.05209, section 4.2. Departs from it: theirs is
        an incompressible Rivlin-Saunders solid with finite strains; the hole is smoother.
    """
    if not -1 < poisson_ratio < 0.5:
        raise ValueError(f"Poisson's ratio lies between -1 and 1/2, got {poisson_ratio:g}")
    u = field("u", long_name="displacement along x")
    v = field("v", long_name="displacement along y")
    s = field("s", long_name="von Mises stress")
    along, across, shear = _stress(u, v, param("nu", poisson_ratio))
    on_x, on_y = vector(along, shear), vector(shear, across)
    free = (dot(normal(), on_x), dot(normal(), on_y))
    square = along**2 - along * across + across**2 + 3 * shear**2
    return Problem(
        key="elastic_cell",
        title="A loaded plate with a random hole",
        equations={"u": eq(-div(on_x)), "v": eq(-div(on_y)), "s": eq(s, (square + _FLOOR) ** 0.5)},
        domain=Grid((33, 33)),
        shapes=PlateWithHole(least, most),
        mesh_size=mesh_size,
        tolerance=5e-2,
        boundary={
            "bottom": (u, v),
            "left|right|hole": free,
            "top": (free[0], eq(free[1], 1.0)),
        },
        reference="Li et al., JMLR 2023, arXiv:2207.05209",
    )


def _stress(
    u: Expression, v: Expression, nu: Expression
) -> tuple[Expression, Expression, Expression]:
    """σ_xx, σ_yy and σ_xy in plane stress with E = 1."""
    x, y = coords("x y")
    stiffness = 1 / (1 - nu**2)
    along = stiffness * (d(u, x) + nu * d(v, y))
    across = stiffness * (d(v, y) + nu * d(u, x))
    return along, across, (d(u, y) + d(v, x)) / (2 * (1 + nu))
