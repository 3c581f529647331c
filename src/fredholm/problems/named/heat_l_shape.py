"""Heat conduction in random L-shapes."""

from fredholm.domains import Grid
from fredholm.equations import dot, dt, eq, field, grad, lap, normal, param
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import SquaredExponential
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import LShapes


def heat_l_shape(
    *,
    nu: float = 0.02,
    horizon: float = 1.0,
    frames: int = 6,
    length: float = 0.2,
    mesh_size: float = 0.05,
) -> Problem:
    """Heat conduction: ∂ₜu = ν Δu in the unit square without a rectangle at its upper right.

    The boundary is insulated; everything is dimensionless. The re-entrant corner and the initial
    state are random. The task is the map from both to the frames of the trajectory.

    Args:
        nu: Diffusivity ν.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        length: Correlation length of the initial state, which has mean zero and variance one.
        mesh_size: Length of the edges of the meshes.

    Expect: the initial state is smoothed over a width of √(2νt), and its integral stays.
    """
    u, diffusivity = field("u"), param("nu", nu, positive=True)
    return Problem(
        key="heat_l_shape",
        title="Heat conduction in random L-shapes",
        equations={"u": eq(dt(u), diffusivity * lap(u))},
        domain=Grid((33, 33)),
        time=time_axis(horizon, frames),
        final=frames == 0,
        shapes=LShapes(),
        mesh_size=mesh_size,
        tolerance=5e-3,
        varies={"u": SquaredExponential(length)},
        boundary={"all": dot(normal(), grad(u))},
        conserved={"mass": u},
        reference="task: heat on L-shaped domains",
    )
