"""Gauss-Newton, also called energy natural gradient, for networks of any size."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fredholm.training.damped import Form, damped
from fredholm.training.jacobian import Linearisation
from fredholm.training.least_squares import (
    Descent,
    System,
    flat,
    put,
    trial_loss,
    warn_of_single_precision,
)

_DIRECT = 3000
"""Parameters or residuals up to which a matrix of that size is factorised."""
_HALVINGS = 10
_ROUNDING = 1e-14


@dataclass(frozen=True)
class GaussNewton:
    """δ = μδ' − Jᵀ(JJᵀ + λ)⁻¹(r + μJδ'), with δ' the direction before, and a line search.

    It works among the parameters or among the residuals, whichever are fewer, and by conjugate
    gradients where both are many. The damping λ follows the steps that the line search takes.

    Args:
        damping: First λ, relative to the curvature |Jᵀr|²/|r|² along the first residuals.
        momentum: μ; it averages over what fresh points add to each step.
        iterations: Most conjugate-gradient iterations of a step.

    Raises:
        ValueError: A value out of its range.

    Reference:
        Müller & Zeinhofer, ICML 2023, arXiv:2302.13163; Guzmán-Cordero et al., 2025,
        arXiv:2505.12149; the momentum is SPRING: Goldshlager et al., 2024, arXiv:2401.10190.
        Departs from them: the damping is not fixed.
    """

    damping: float = 1e-3
    momentum: float = 0.0
    iterations: int = 200

    def __post_init__(self) -> None:
        if not (self.damping > 0 and 0 <= self.momentum < 1 and self.iterations > 0):
            raise ValueError(
                f"GaussNewton needs damping > 0, 0 <= momentum < 1 and iterations > 0, got {self}"
            )

    def start(self, system: System) -> Descent:
        """The method at work on this system."""
        return _Descent(system, self)


class _Descent(Descent):
    """Gauss-Newton at work."""

    def __init__(self, system: System, settings: GaussNewton) -> None:
        super().__init__(system)
        warn_of_single_precision(self.parameters, "GaussNewton")
        self.settings, self.linearised = settings, Linearisation(system)
        self.direction = torch.zeros_like(flat(self.parameters))

    def step(self, progress: float) -> None:
        values, jacobian = self.linearised()
        form = form_for(*jacobian.shape)
        self.note = f"{self.linearised.note}; {form} equations"
        slope, loss = jacobian.transposed(values), values.square().sum().item()
        curvature = slope.square().sum().item() / max(loss, 1e-300)
        self.rate = max(self.rate or self.settings.damping * curvature, _ROUNDING * curvature)
        kept = self.settings.momentum * self.direction
        try:
            self.direction = kept + damped(
                jacobian,
                -values - jacobian.times(kept),
                self.rate,
                form,
                iterations=self.settings.iterations,
            )
        except ArithmeticError:
            self.rate *= 10
            return
        if self.direction @ slope >= 0:  # the momentum leads uphill
            self.direction = damped(jacobian, -values, self.rate, form)
        self._search(loss, 2 * (self.direction @ slope).item())

    def _search(self, loss: float, slope: float) -> None:
        """Halves the step until the loss falls; short steps ask for more damping."""
        begin, length, self.stalled = flat(self.parameters), 1.0, ""
        for halvings in range(_HALVINGS):
            put(self.parameters, begin + length * self.direction)
            if trial_loss(self.system) < loss + 1e-4 * length * slope:
                self.rate *= 1 / 3 if halvings == 0 else 4.0 ** (halvings - 1)
                return
            length /= 2
        put(self.parameters, begin)
        self.rate *= 4.0**_HALVINGS
        if self.direction.norm() <= _ROUNDING**0.5 * begin.norm():
            self.rate = 0.0
            self.stalled = f"no step improves the loss of {loss:.3g}: it is minimal to rounding"
        self.direction = torch.zeros_like(begin)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "direction": self.direction}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.direction: Tensor = state["direction"].to(self.direction)


def form_for(residuals: int, parameters: int) -> Form:
    """The cheapest equations for a Jacobian of that size."""
    if min(residuals, parameters) > _DIRECT:
        return "iterative"
    return "normal" if parameters <= residuals else "kernel"
