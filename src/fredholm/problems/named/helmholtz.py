"""Helmholtz's equation in a square, with a source made for a known solution."""

from fredholm.domains import Grid
from fredholm.equations import coords, eq, field, lap, param, pi, sin
from fredholm.problems.closed_form import ClosedForm
from fredholm.problems.problem import Problem


def helmholtz(*, wavenumber: float = 1.0, half_x: int = 1, half_y: int = 4) -> Problem:
    """Helmholtz: Δu + k² u = q on [-1, 1]², u = 0 on the boundary, for u = sin aπx sin bπy.

    The source is q = (k² - (a² + b²) π²) u. Everything is dimensionless. Nothing varies: the task
    is to find this one solution.

    Args:
        wavenumber: k.
        half_x, half_y: Numbers a and b of half waves per unit length along x and y.

    Expect: for (1, 4) two by eight cells of alternating sign.
    Fails when: k² equals (m² + n²) π²/4 for whole m and n: the square then resonates, and u is not
        unique. Near it small residuals do not mean small errors.

    Raises:
        ValueError: A number of half waves below 1.

    Reference:
        Wang, Teng and Perdikaris, SIAM J. Sci. Comput. 43, 2021: k = 1, a = 1, b = 4.
    """
    if min(half_x, half_y) < 1:
        raise ValueError(f"there is at least 1 half wave along x and y, got {half_x} and {half_y}")
    (x, y), u, k = coords("x y"), field("u"), param("k", wavenumber)
    exact = sin(half_x * pi * x) * sin(half_y * pi * y)
    source = (k**2 - (half_x**2 + half_y**2) * pi**2) * exact
    return Problem(
        key="helmholtz",
        title="Helmholtz's equation in a square",
        equations={"u": eq(lap(u) + k**2 * u, source)},
        domain=Grid((129, 129), (-1.0, 1.0)),
        boundary={"all": u},
        exact=ClosedForm({"u": exact}),
        reference="Wang, Teng and Perdikaris, SIAM J. Sci. Comput. 43, 2021",
    )
