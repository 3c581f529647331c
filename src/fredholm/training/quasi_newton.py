"""Quasi-Newton methods: curvature learned from the gradients of the steps before."""

from abc import abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.training.least_squares import (
    Descent,
    System,
    flat,
    gradient,
    put,
    total,
    warn_of_single_precision,
)
from fredholm.training.line_search import strong_wolfe

LARGEST = 5000
"""Parameters whose dense inverse Hessian is kept: 200 MB."""


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS with a line search for the strong Wolfe conditions.

    It wants double precision: in single precision the line search drowns in rounding long before
    the loss is small.

    Args:
        memory: Steps that are remembered.

    Raises:
        ValueError: No step is remembered.

    Reference:
        Liu & Nocedal, Math. Prog. 45, 1989.
    """

    memory: int = 50

    def __post_init__(self) -> None:
        if self.memory < 1:
            raise ValueError(f"LBFGS remembers at least one step, got memory={self.memory}")

    def start(self, system: System) -> Descent:
        """The method at work on this system."""
        return _Limited(system, self)


@dataclass(frozen=True)
class SelfScaledBroyden:
    """Dense quasi-Newton method whose inverse Hessian is rescaled at each step.

    Args:
        update: `"broyden"` chooses the member of the Broyden family at each step, `"bfgs"` is
            self-scaled BFGS.

    Raises:
        ValueError: Another update; `start`: more than 5000 parameters.

    Reference:
        Al-Baali, Spedicato & Maggioni, Optim. Methods Softw. 29, 2014; for networks: Urbán,
        Stefanou & Pons, J. Comput. Phys. 523, 2025, arXiv:2405.04230.
    """

    update: Literal["broyden", "bfgs"] = "broyden"

    def __post_init__(self) -> None:
        if self.update not in ("broyden", "bfgs"):
            raise ValueError(f"update is 'broyden' or 'bfgs', got {self.update!r}")

    def start(self, system: System) -> Descent:
        """The method at work on this system."""
        count = sum(p.numel() for p in system.parameters)
        if count > LARGEST:
            raise ValueError(
                f"SelfScaledBroyden keeps a matrix of up to {LARGEST}² numbers, got {count} "
                "parameters: use LBFGS or GaussNewton, or a smaller network"
            )
        return _Dense(system, self.update)


class QuasiNewton(Descent):
    """A line search along −Hg, with H an approximate inverse of the Hessian.

    A step whose search fails is tried again from H = I; if that fails too, the descent has stalled.
    When the points change the gradient is taken anew and H is kept: it changes less than the noise
    in a difference of gradients on different points.
    """

    def __init__(self, system: System) -> None:
        super().__init__(system)
        warn_of_single_precision(self.parameters, type(self).__name__.strip("_"))
        self.slope: Tensor | None = None
        self.loss = 0.0

    @abstractmethod
    def apply(self, g: Float[Tensor, "p"]) -> Float[Tensor, "p"]:
        """Hg."""

    @abstractmethod
    def learn(self, s: Float[Tensor, "p"], y: Float[Tensor, "p"], g: Float[Tensor, "p"]) -> None:
        """Updates H by a step s, the change y of the gradient, and the gradient g before."""

    @abstractmethod
    def forget(self) -> bool:
        """Back to H = I; whether H was another."""

    def step(self, progress: float) -> None:
        if self.slope is None:
            self.loss, self.slope = self._evaluate()
        self.stalled = ""
        while not self._searched(self.slope):
            if not self.forget():
                self.stalled = (
                    f"the loss of {self.loss:.3g} falls in no direction that the gradient shows "
                    f"(norm {self.slope.norm():.2g}): it is minimal to rounding"
                )
                return

    def _searched(self, slope: Tensor) -> bool:
        direction = -self.apply(slope)
        descent = direction.dot(slope).item()
        if not descent < 0:
            return False
        begin, found = flat(self.parameters), (self.loss, slope)

        def along(distance: float) -> tuple[float, float]:
            nonlocal found
            put(self.parameters, begin + distance * direction)
            found = self._evaluate()
            return found[0], found[1].dot(direction).item()

        distance = strong_wolfe(along, self.loss, descent, self.first(slope))
        if distance is None:
            put(self.parameters, begin)
            return False
        self.rate = distance
        step, change = distance * direction, found[1] - slope
        # Without positive curvature H would lose its definiteness.
        if step.dot(change) > 1e-14 * step.norm() * change.norm():
            self.learn(step, change, slope)
        self.loss, self.slope = found
        return True

    @abstractmethod
    def first(self, slope: Tensor) -> float:
        """The distance that a search tries first."""

    def _evaluate(self) -> tuple[float, Tensor]:
        try:
            loss = total(self.system.residuals())
        except ArithmeticError:
            if self.slope is None:
                raise
            return float("inf"), torch.zeros_like(self.slope)
        return loss.item(), gradient(loss, self.parameters)

    def changed(self) -> None:
        super().changed()
        self.slope = None

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "slope": self.slope, "loss": self.loss}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.slope, self.loss = state["slope"], state["loss"]


class _Limited(QuasiNewton):
    """L-BFGS at work."""

    def __init__(self, system: System, settings: LBFGS) -> None:
        super().__init__(system)
        self.pairs: deque[tuple[Tensor, Tensor]] = deque(maxlen=settings.memory)

    def first(self, slope: Tensor) -> float:
        return 1.0 if self.pairs else min(1.0, 1 / slope.norm().item())

    def apply(self, g: Tensor) -> Tensor:
        result, lengths = g.clone(), []
        for s, y in reversed(self.pairs):
            lengths.append(s.dot(result) / s.dot(y))
            result -= lengths[-1] * y
        if self.pairs:
            s, y = self.pairs[-1]
            result *= s.dot(y) / y.dot(y)
        for (s, y), length in zip(self.pairs, reversed(lengths)):
            result += (length - y.dot(result) / s.dot(y)) * s
        return result

    def learn(self, s: Tensor, y: Tensor, g: Tensor) -> None:
        self.pairs.append((s, y))

    def forget(self) -> bool:
        known = bool(self.pairs)
        self.pairs.clear()
        return known

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "pairs": list(self.pairs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.pairs.extend(state["pairs"])


class _Dense(QuasiNewton):
    """A self-scaled Broyden method at work."""

    def __init__(self, system: System, update: Literal["broyden", "bfgs"]) -> None:
        super().__init__(system)
        self.update: Literal["broyden", "bfgs"] = update
        self.inverse: Tensor | None = None

    def first(self, slope: Tensor) -> float:
        return 1.0 if self.inverse is not None else min(1.0, 1 / slope.norm().item())

    def apply(self, g: Tensor) -> Tensor:
        return g.clone() if self.inverse is None else self.inverse @ g

    def learn(self, s: Tensor, y: Tensor, g: Tensor) -> None:
        if self.inverse is None:
            self.inverse = torch.eye(len(s), dtype=s.dtype, device=s.device)
        # s = -tHg, so that Bs, with B the inverse of H, is -tg.
        bs = -self.rate * g
        self.inverse = self_scaled(self.inverse, s, y, s.dot(bs).item(), self.update)

    def forget(self) -> bool:
        known = self.inverse is not None
        self.inverse = None
        return known

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "inverse": self.inverse}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.inverse = state["inverse"]


def self_scaled(
    inverse: Float[Tensor, "p p"],
    s: Float[Tensor, "p"],
    y: Float[Tensor, "p"],
    sbs: float,
    update: Literal["broyden", "bfgs"],
) -> Float[Tensor, "p p"]:
    """The inverse Hessian after a step, (H − Hyyᵀ H/yᵀHy + φvvᵀ)/τ + ssᵀ/yᵀs.

    Args:
        inverse: H, symmetric positive definite.
        s, y: The step and the change of the gradient, yᵀs > 0.
        sbs: sᵀH⁻¹s.
        update: How φ and τ are chosen.

    Returns:
        A positive definite matrix that maps y to s.
    """
    hy = inverse @ y
    ys, yhy = y.dot(s).item(), y.dot(hy).item()
    tau, phi = _scales(sbs / ys, yhy / ys, len(s), update)
    v = s / ys - hy / yhy
    result = inverse / tau
    result.addr_(hy, hy, alpha=-1 / (yhy * tau))
    result.addr_(v, v, alpha=phi * yhy / tau)
    return result.addr_(s, s, alpha=1 / ys)


def _scales(b: float, h: float, size: int, update: str) -> tuple[float, float]:
    """τ and φ from b = sᵀBs/yᵀs and h = yᵀHy/yᵀs (Al-Baali et al., section 3)."""
    tau = min(1.0, 1 / b)
    a = h * b - 1  # not negative, by Cauchy and Schwarz
    if update == "bfgs" or a <= 1e-12:
        return tau, 1.0
    most = min(1.0, h * (1 - (a / (1 + a)) ** 0.5))
    theta = max((most - 1) / a, min(1 / most, (1 - b) / b))
    sigma = 1 + theta * a
    share = sigma ** (1 / (1 - size)) if size > 1 else 1.0
    tau = tau * min(share, 1 / theta) if theta > 0 else min(tau * share, sigma)
    return tau, (1 - theta) / sigma
