"""What a trajectory leaves over in its equations, on Fourier modes, and how large that is."""

from collections.abc import Mapping

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from fredholm.calculus import FourierBasis
from fredholm.calculus.finite_difference import weights
from fredholm.domains import Grid
from fredholm.equations import Equation, Values
from fredholm.fields import Field
from fredholm.solvers.discrete import box
from fredholm.solvers.exponential import Scheme
from fredholm.solvers.spectral_system import SpectralSystem
from fredholm.solvers.trajectory import advance

Frames = Complex[Tensor, "batch t m *modes"]


class Residual:
    """R = ∂ₜ s - L s - N(s) of equidistant frames, with the initial frame given.

    Space is spectral and dealiased, as in the solvers. Time is differenced, with stencils that
    reach into the known frames at the beginning and are one-sided at the end.

    Args:
        system: The equations on the modes of a grid; they do not depend on time.
        interval: Time between two frames.
        known: Number of known frames, the last of which is the initial one.
        unknown: Number of frames that follow.
        accuracy: Order of the differences in time, even.
        order: Order s of the Sobolev norm.

    Shapes:
        known (batch, known, m, *modes), unknown (batch, unknown, m, *modes).

    Raises:
        ValueError: Too few frames for the differences.

    Reference:
        Cao et al., ICLR 2025, arXiv:2405.17211, section 4 (the residual in the norm of negative
        order as an estimate of the error).
    """

    def __init__(
        self,
        system: SpectralSystem,
        interval: float,
        known: int,
        unknown: int,
        *,
        accuracy: int = 6,
        order: float = -1.0,
    ) -> None:
        if known < 1 or known + unknown < accuracy + 1:
            raise ValueError(
                f"differences of order {accuracy} in time need {accuracy + 1} frames, at least one "
                f"of them known; got {known} known and {unknown} others"
            )
        self.system, self.basis = system, system.basis
        rows = differences(known, unknown, accuracy) / interval
        self.past, self.future = rows[:, :known], rows[:, known:]
        self.weight = sobolev_weight(self.basis, order) * self.basis.multiplicity()

    def __call__(self, known: Frames, unknown: Frames) -> Frames:
        """The residual at each frame that is not known."""
        states = unknown.flatten(0, 1)
        rate = _applied(self.system.linear, states) + self.system.rate(states, 0.0)
        slope = _along_time(self.past, known) + _along_time(self.future, unknown)
        return slope - rate.unflatten(0, unknown.shape[:2])

    def square(self, residual: Frames) -> Float[Tensor, "batch"]:
        """The mean over the frames and over the box of |(α - Δ)^(s/2) R|², by Parseval."""
        density = (residual.real.square() + residual.imag.square()) * self.weight
        return density.flatten(2).sum(-1).mean(1)

    def inverse(self) -> Complex[Tensor, "*modes tm tm"]:
        """The changes of the frames that change ∂ₜ s - L s by one of norm one at each place.

        Expressed in them the residual of a linear equation is the unknown itself, so that an
        iteration does not feel the stiffness of the equation.
        """
        m, t = self.system.linear.shape[-1], len(self.future)
        d = self.future.to(torch.complex128)
        identity = torch.eye(m, dtype=d.dtype), torch.eye(t, dtype=d.dtype)
        slope = torch.einsum("ts,ij->tisj", d, identity[0])
        linear = torch.einsum("...ij,ts->...tisj", self.system.linear[0], identity[1])
        matrix = (slope - linear).flatten(-2).flatten(-3, -2)
        scale = (self.weight / self.basis.multiplicity()).sqrt()
        return torch.linalg.inv(matrix) / scale[..., None, None]


def on_modes(
    equations: Mapping[str, Equation], grid: Grid, values: Values | None, device: torch.device
) -> SpectralSystem:
    """The equations on the modes of a grid that quadratic products keep."""
    return SpectralSystem(
        equations, box(grid), device=device, values=values or {}, coefficients={}, dealias=2 / 3
    )


def estimated_error(
    system: SpectralSystem, first: Frames, frames: Frames, interval: float, substeps: int
) -> Float[Tensor, "batch"]:
    """The relative L2 error of trajectories, estimated without knowing the true ones.

    The defect of a frame is its difference to what the solver makes of the frame before, for all
    frames at once. It is carried to the frames that follow by the linear part alone: for times in
    which small differences do not grow much by the rest.

    Args:
        system: The equations.
        first: The initial frame, which is exact.
        frames: Those that follow.
        interval: Time between two of them.
        substeps: Steps of the solver per interval.
    """
    starts = torch.cat([first, frames[:, :-1]], dim=1)
    scheme = Scheme(system.linear, interval / substeps, 4)
    ends = advance(scheme, starts.flatten(0, 1), 0.0, substeps, system.rate)
    defects = frames - ends.unflatten(0, frames.shape[:2])
    carry = torch.linalg.matrix_exp(system.linear * interval)
    error, errors = torch.zeros_like(defects[:, 0]), []
    for defect in defects.unbind(1):
        error = defect + _applied(carry, error)
        errors.append(error)
    return (_square(system.basis, torch.stack(errors, 1)) / _square(system.basis, frames)).sqrt()


def _square(basis: FourierBasis, frames: Frames) -> Float[Tensor, "batch"]:
    """The sum over the frames of the mean of |s|² over the box (Parseval)."""
    density = frames.real.square() + frames.imag.square()
    return (density * basis.multiplicity()).flatten(1).sum(1)


def _applied(matrices: Tensor, states: Complex[Tensor, "batch m *modes"]) -> Tensor:
    """The matrix of each mode applied to the states."""
    return (matrices @ states.movedim(1, -1)[..., None])[..., 0].movedim(-1, 1)


def differences(known: int, unknown: int, accuracy: int) -> Float[Tensor, "unknown total"]:
    """Weights of all frames for the time derivative at those that are not known, per interval."""
    total, width = known + unknown, accuracy + 1
    rows = torch.zeros(unknown, total, dtype=torch.float64)
    for row in range(unknown):
        place = known + row
        first = min(max(place - accuracy // 2, 0), total - width)
        offsets = tuple(range(first - place, first - place + width))
        rows[row, first : first + width] = torch.tensor(weights(offsets, 1))
    return rows


def sobolev_weight(basis: FourierBasis, order: float) -> Float[Tensor, "*modes"]:
    """(α + |k|²)^s with α = |k|² of the longest wave, so that it is finite at k = 0."""
    square = sum(basis.factor(name, 1)[0].imag.square() for name in basis.grid.names)
    assert isinstance(square, Tensor)
    return (square[square > 0].min() + square) ** order


def _along_time(matrix: Tensor, frames: Frames) -> Frames:
    return torch.einsum("st,bt...->bs...", matrix.to(frames), frames)


def frames_of(basis: FourierBasis, u: Field) -> Frames:
    """The modes of the frames of a trajectory, or of a state as its only frame."""
    if "t" not in u.grid.names:
        values, space = u.values[:, None], u.grid
    else:
        values, space = u.values.movedim(1 + u.grid.names.index("t"), 1), u.grid.without("t")
    return basis.expand(values.movedim(-1, 2).to(torch.float64), space)


def trajectory_of(basis: FourierBasis, frames: Frames, grid: Grid) -> Field:
    """The trajectory with these modes, on a grid whose first axis is t."""
    return Field(basis.evaluate(frames, grid.without("t")).movedim(2, -1), grid)
