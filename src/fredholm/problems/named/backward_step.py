"""Steady flow over a step, behind which it separates."""

from fredholm.domains import Grid, Polygon
from fredholm.equations import coords, d, eq, field, param
from fredholm.problems.named.cavity import steady_flow
from fredholm.problems.problem import Problem

CORNERS = ((0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (2.0, 2.0), (2.0, 1.0), (0.0, 1.0))
"""Of [0, 4] x [0, 2] without [0, 2] x [1, 2], anticlockwise."""

EDGES = ("wall", "outlet", "wall", "wall", "wall", "inlet")
"""From each corner to the next."""


def backward_step(*, nu: float = 0.01, inflow: float = 4.0) -> Problem:
    """Steady flow: u·∇u + ∇p = ν Δu and ∇·u = 0 in a channel that widens from one to two.

    The channel is [0, 4] x [0, 2] without [0, 2] x [1, 2]. At the inlet x = 0 the velocity is
    (a y (1 - y), 0), the walls are at rest, and at the outlet x = 4 the flow is normal to the
    boundary and the pressure zero; ∂u/∂x = 0 there follows from the two and ∇·u = 0. The velocity
    is (u, v), the density is one, everything is dimensionless. Nothing varies: the task is to find
    this one solution.

    Args:
        nu: Viscosity ν.
        inflow: a, four times the largest speed at the inlet.

    Expect: a jet along the floor, and behind the step a slow vortex that reaches the outlet.

    Reference:
        Hao et al., NeurIPS 2024, arXiv:2306.08827 (PINNacle, NS2d-CG without its obstacles).
    """
    (x, y), viscosity = coords("x y"), param("nu", nu, positive=True)
    u, v, p = field("u"), field("v"), field("p")
    entering = param("inflow", inflow) * y * (1 - y)
    return Problem(
        key="backward_step",
        title="Steady flow over a backward-facing step",
        equations=steady_flow(viscosity),
        domain=Grid((129, 65), ((0.0, 4.0), (0.0, 2.0))),
        region=Polygon(CORNERS, edges=EDGES),
        boundary={
            "inlet": (eq(u, entering), v),
            "outlet": (d(u, x), v, p),
            "wall": (u, v),
        },
        reference="Hao et al., NeurIPS 2024, arXiv:2306.08827",
    )
