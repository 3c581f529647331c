"""One step of exponential time differencing, orders 1 to 4."""

from collections.abc import Callable

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.solvers.phi import phi_matrices, phi_scalars

Modes = Complex[Tensor, "batch m *modes"]
Rate = Callable[[Modes, float], Modes]


def require_scheme(order: int, dealias: float) -> None:
    """Refuses settings that mean nothing.

    Raises:
        ValueError: An argument out of range.
    """
    if order not in (1, 2, 3, 4):
        raise ValueError(f"order of ETDRK is 1, 2, 3 or 4, got {order}")
    if not 0 < dealias <= 1:
        raise ValueError(f"dealias is a fraction in (0, 1], got {dealias}")


class Scheme:
    """The exponential Runge-Kutta scheme of an order and step for ∂ₜ s = L s + N(s, t).

    With N constant in time every order is exact. The coefficients are functions of hL, computed
    once: elementwise where L does not couple the states, as small matrices where it does.

    Args:
        linear: L for each mode.
        step: h.
        order: 1 to 4.
        drive: A factor of N for each mode, of a system without coupling; rates come without it. In
            the coefficients it costs nothing.

    Shapes:
        linear (batch or 1, *modes, m, m), states (batch, m, *modes), drive (batch or 1, m, *modes).

    Reference:
        Cox and Matthews, J. Comput. Phys. 176, 2002, equations 4, 22, 23-25 and 26-29.
    """

    def __init__(
        self,
        linear: Complex[Tensor, "batch *modes m m"],
        step: float,
        order: int,
        drive: Complex[Tensor, "batch m *modes"] | float = 1.0,
    ) -> None:
        self.step_size = step
        self.order = order
        self._drive = drive
        off_diagonal = linear - torch.diag_embed(linear.diagonal(dim1=-2, dim2=-1))
        self.coupled = bool(off_diagonal.abs().max() > 0)
        one, two, three = self._prepare(linear, step)
        self._one, self._weights = one, (one, two, three)
        # `_twice` acts on N - N₁/2 where the papers have 2N - N₁, which takes one operation more.
        if order == 3:
            self._twice = 2 * one
            self._weights = (one - 3 * two + 4 * three, 4 * two - 8 * three, 4 * three - two)
        if order == 4:
            self._twice = 2 * self._half_one
            self._weights = (one - 3 * two + 4 * three, 2 * two - 4 * three, 4 * three - two)

    def _prepare(self, linear: Tensor, step: float) -> list[Tensor]:
        """Sets exp(hL), exp(hL/2) and (h/2) φ₁(hL/2); returns h φ₁, h φ₂, h φ₃ of hL.

        What acts on rates includes the drive.
        """
        self._whole, *phi = self._phi(linear * step, 3)
        if self.order > 2:
            self._half, half_one = self._phi(linear * (step / 2), 1)
            self._half_one = half_one * (step / 2 * self._drive)
        return [value * (step * self._drive) for value in phi]

    def _phi(self, z: Tensor, count: int) -> list[Tensor]:
        if self.coupled:
            return phi_matrices(z, count)
        return phi_scalars(z.diagonal(dim1=-2, dim2=-1).movedim(-1, 1), count)

    def _apply(self, coefficient: Tensor, state: Modes) -> Modes:
        if not self.coupled:
            return coefficient * state
        return (coefficient @ state.movedim(1, -1)[..., None])[..., 0].movedim(-1, 1)

    def step(self, state: Modes, time: float, rate: Rate) -> Modes:
        """The state at time + h."""
        stages = (self._first, self._second, self._third, self._fourth)
        return stages[self.order - 1](state, time, rate)

    def _plus(self, base: Modes, coefficient: Tensor, state: Modes) -> Modes:
        """base + coefficient · state, in one pass over memory where nothing is coupled."""
        if not self.coupled:
            return torch.addcmul(base, coefficient, state)
        return base + self._apply(coefficient, state)

    def _first(self, u: Modes, t: float, rate: Rate) -> Modes:
        return self._plus(self._apply(self._whole, u), self._one, rate(u, t))

    def _second(self, u: Modes, t: float, rate: Rate) -> Modes:
        start = rate(u, t)
        a = self._plus(self._apply(self._whole, u), self._one, start)
        end = rate(a, t + self.step_size)
        return self._plus(a, self._weights[1], end - start)

    def _third(self, u: Modes, t: float, rate: Rate) -> Modes:
        h, apply, plus = self.step_size, self._apply, self._plus
        first, between, last = self._weights
        start = rate(u, t)
        a = plus(apply(self._half, u), self._half_one, start)
        middle = rate(a, t + h / 2)
        propagated = apply(self._whole, u)
        b = plus(propagated, self._twice, torch.sub(middle, start, alpha=0.5))
        end = rate(b, t + h)
        return plus(plus(plus(propagated, first, start), between, middle), last, end)

    def _fourth(self, u: Modes, t: float, rate: Rate) -> Modes:
        h, apply, plus = self.step_size, self._apply, self._plus
        first, between, last = self._weights
        start = rate(u, t)
        halfway = apply(self._half, u)
        a = plus(halfway, self._half_one, start)
        second = rate(a, t + h / 2)
        b = plus(halfway, self._half_one, second)
        third = rate(b, t + h / 2)
        c = plus(apply(self._half, a), self._twice, torch.sub(third, start, alpha=0.5))
        end = rate(c, t + h)
        propagated = plus(apply(self._whole, u), first, start)
        return plus(plus(propagated, between, second + third), last, end)
