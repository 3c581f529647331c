"""Prey and predators: two ordinary differential equations."""

from fredholm.domains import Grid
from fredholm.equations import dt, eq, field, param
from fredholm.problems.fourier import time_axis
from fredholm.problems.problem import Problem


def lotka_volterra(
    *,
    growth: float = 1.3,
    predation: float = 0.9,
    gain: float = 0.8,
    decay: float = 1.8,
    prey: float = 0.44249296,
    predators: float = 4.6280594,
    horizon: float = 10.0,
    frames: int = 101,
) -> Problem:
    """Lotka-Volterra: du/dt = α u - β u v for the prey, dv/dt = γ u v - δ v for the predators.

    The two are functions of time alone, stated on a place of a single point. Everything is
    dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        growth: Birth rate α of the prey.
        predation: Rate β at which a predator eats.
        gain: Rate γ at which predators grow by it.
        decay: Death rate δ of the predators.
        prey, predators: The numbers of both at time zero.
        horizon: Final time.
        frames: Number of frames of the target, both ends included.

    Expect: cycles of about five time units, on which γu - δ log u + βv - α log v stays the same.

    Reference:
        Rackauckas et al., arXiv:2001.04385: these rates and numbers, with the two products unknown.
    """
    u = field("u", long_name="prey")
    v = field("v", long_name="predators")
    met = u * v
    eaten, eating = param("beta", predation), param("gamma", gain)
    return Problem(
        key="lotka_volterra",
        title="Prey and predators",
        equations={
            "u": eq(dt(u), param("alpha", growth) * u - eaten * met),
            "v": eq(dt(v), eating * met - param("delta", decay) * v),
        },
        domain=Grid((1,), periodic=True),
        time=time_axis(horizon, frames),
        initial={"u": prey, "v": predators},
        lattice=True,
        reference="Rackauckas et al., arXiv:2001.04385",
    )
