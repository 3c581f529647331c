"""Steady flow in a box whose lid moves."""

from fredholm.domains import Grid
from fredholm.equations import (
    Equation,
    Expression,
    advect,
    coords,
    d,
    div,
    eq,
    field,
    lap,
    param,
    vector,
)
from fredholm.problems.problem import Problem


def cavity(*, lid: float = 4.0, nu: float = 0.01) -> Problem:
    """Steady flow: u·∇u + ∇p = ν Δu and ∇·u = 0 in the unit square, driven by its lid.

    The lid y = 1 moves with the velocity a x (1 - x), so that it rests in both corners; the other
    walls are at rest, and p(0, 0) = 0. The velocity is (u, v), the density is one, everything is
    dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        lid: a, four times the largest speed of the lid.
        nu: Viscosity ν; the Reynolds number is a/(4ν).

    Expect: one large vortex, and weak ones in the lower corners.
    Fails when: the Reynolds number exceeds some thousands: steady states then are not unique.

    Reference:
        Hao et al., NeurIPS 2024, arXiv:2306.08827 (PINNacle, NS2d-C): a = 4 and 16 with ν = 0.01.
    """
    (x,), viscosity = coords("x"), param("nu", nu, positive=True)
    u, v = field("u", long_name="velocity along x"), field("v", long_name="velocity along y")
    return Problem(
        key="cavity",
        title="Steady flow in a box whose lid moves",
        equations=steady_flow(viscosity),
        domain=Grid((65, 65)),
        boundary={"left|right|bottom": (u, v), "top": (eq(u, param("lid", lid) * x * (1 - x)), v)},
        gauge={"p": (0.0, 0.0)},
        reference="Hao et al., NeurIPS 2024, arXiv:2306.08827",
    )


def steady_flow(viscosity: Expression) -> dict[str, Equation]:
    """Steady incompressible Navier-Stokes for the velocity (u, v) and the pressure p, density one.

    The equation that is keyed by the pressure is the constraint of which it is the multiplier.
    """
    (x, y), u, v, p = coords("x y"), field("u"), field("v"), field("p", long_name="pressure")
    velocity = vector(u, v)
    return {
        "u": eq(advect(velocity, u) + d(p, x), viscosity * lap(u)),
        "v": eq(advect(velocity, v) + d(p, y), viscosity * lap(v)),
        "p": eq(div(velocity)),
    }
