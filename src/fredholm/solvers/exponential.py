"""One step of exponential time differencing, orders 1 to 4."""

from collections.abc import Callable

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.solvers.phi import phi_matrices, phi_scalars

Modes = Complex[Tensor, "batch m *modes"]
Rate = Callable[[Modes, float], Modes]


class Scheme:
    """The exponential Runge-Kutta scheme of an order and step for ∂ₜ s = L s + N(s, t).

    With N constant in time every order is exact. The coefficients are functions of hL, computed
    once: elementwise where L does not couple the states, as small matrices where it does.

    Args:
        linear: L for each mode.
        step: h.
        order: 1 to 4.

    Shapes:
        linear (batch or 1, *modes, m, m), states (batch, m, *modes).

    Reference:
        Cox and Matthews, J. Comput. Phys. 176, 2002, equations 4, 22, 23-25 and 26-29.
    """

    def __init__(
        self, linear: Complex[Tensor, "batch *modes m m"], step: float, order: int
    ) -> None:
        self.step_size = step
        self.order = order
        off_diagonal = linear - torch.diag_embed(linear.diagonal(dim1=-2, dim2=-1))
        self.coupled = bool(off_diagonal.abs().max() > 0)
        self._whole = self._phi(linear * step)
        self._half = self._phi(linear * (step / 2)) if order > 2 else self._whole
        if order > 2:
            _, one, two, three = self._whole
            self._weights = (one - 3 * two + 4 * three, 2 * two - 4 * three, 4 * three - two)

    def _phi(self, z: Tensor) -> list[Tensor]:
        count = min(self.order, 3)
        if self.coupled:
            return phi_matrices(z, count)
        return phi_scalars(z.diagonal(dim1=-2, dim2=-1).movedim(-1, 1), count)

    def _apply(self, coefficient: Tensor, state: Modes) -> Modes:
        if not self.coupled:
            return coefficient * state
        return (coefficient @ state.movedim(1, -1)[..., None])[..., 0].movedim(-1, 1)

    def step(self, state: Modes, time: float, rate: Rate) -> Modes:
        """The state at time + h."""
        return (self._first, self._second, self._third, self._fourth)[self.order - 1](
            state, time, rate
        )

    def _first(self, u: Modes, t: float, rate: Rate) -> Modes:
        h, (e, one) = self.step_size, self._whole
        return self._apply(e, u) + h * self._apply(one, rate(u, t))

    def _second(self, u: Modes, t: float, rate: Rate) -> Modes:
        h, (e, one, two) = self.step_size, self._whole
        start = rate(u, t)
        a = self._apply(e, u) + h * self._apply(one, start)
        return a + h * self._apply(two, rate(a, t + h) - start)

    def _third(self, u: Modes, t: float, rate: Rate) -> Modes:
        h, (e, one, two, three) = self.step_size, self._whole
        start = rate(u, t)
        a = self._apply(self._half[0], u) + h / 2 * self._apply(self._half[1], start)
        middle = rate(a, t + h / 2)
        propagated = self._apply(e, u)
        b = propagated + h * self._apply(one, 2 * middle - start)
        end = rate(b, t + h)
        first, _, last = self._weights
        increment = self._apply(first, start) + self._apply(last, end)
        return propagated + h * (increment + self._apply(4 * two - 8 * three, middle))

    def _fourth(self, u: Modes, t: float, rate: Rate) -> Modes:
        h, apply = self.step_size, self._apply
        e_half, one_half = self._half[:2]
        start = rate(u, t)
        propagated = apply(e_half, u)
        a = propagated + h / 2 * apply(one_half, start)
        second = rate(a, t + h / 2)
        b = propagated + h / 2 * apply(one_half, second)
        third = rate(b, t + h / 2)
        c = apply(e_half, a) + h / 2 * apply(one_half, 2 * third - start)
        end = rate(c, t + h)
        first, between, last = self._weights
        increment = apply(first, start) + apply(between, second + third) + apply(last, end)
        return apply(self._whole[0], u) + h * increment
