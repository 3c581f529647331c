"""Steady flow past a random body in a channel."""

from fredholm.domains import Grid
from fredholm.equations import coords, d, eq, field, param
from fredholm.problems.named.cavity import steady_flow
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import AroundBody, StarShapes

LENGTH, RADIUS = 3.0, 0.15
"""Length of the channel and mean radius of the body, in widths of the channel."""


def flow_past_shapes(
    *, reynolds: float = 40.0, amplitude: float = 0.4, mesh_size: float = 0.08
) -> Problem:
    """Steady flow: u·∇u + ∇p = ν Δu and ∇·u = 0 around a body in the channel [0, 3] x [0, 1].

    At the inlet x = 0 the velocity is (6 y (1 - y), 0), of mean one; body and walls are at rest; at
    the outlet the flow is normal to the boundary and the pressure zero. The body is a star shape
    of mean radius 0.15 near (0.8, 1/2). Lengths are divided by the width of the channel, velocities
    by the mean one, pressures by the density times its square. Only the body varies: the task is
    the map from the shape to the velocity (u, v) and the pressure p.

    Args:
        reynolds: Reynolds number of the mean velocity and the mean diameter of the body, 0.3/ν.
        amplitude: By how much the radius of the body varies, relative to its mean, below one.
        mesh_size: Length of the edges of the meshes; on the body they are half as long.

    Expect: fast flow between body and walls, and two slow vortices behind the body.
    Fails when: the Reynolds number exceeds about 100: the wake is then not steady in nature.

    Reference:
        The benchmark of Schäfer and Turek, Notes on Numerical Fluid Mechanics 52, 1996, with
        random bodies in the place of the cylinder and a wider one.
    """
    (x, y), u, v, p = coords("x y"), field("u"), field("v"), field("p")
    viscosity = param("nu", 2 * RADIUS / reynolds, positive=True)
    body = StarShapes(RADIUS, amplitude, vertices=24, centre=(0.0, 0.0), name="body")
    return Problem(
        key="flow_past_shapes",
        title="Steady flow past a random body",
        equations=steady_flow(viscosity),
        domain=Grid((97, 33), ((0.0, LENGTH), (0.0, 1.0))),
        shapes=AroundBody(body, ((0.0, LENGTH), (0.0, 1.0))),
        mesh_size=mesh_size,
        tolerance=5e-2,
        boundary={
            "left": (eq(u, 6 * y * (1 - y)), v),
            "right": (d(u, x), v, p),
            "bottom|top|body": (u, v),
        },
        reference="Schäfer and Turek, Notes on Numerical Fluid Mechanics 52, 1996",
    )
