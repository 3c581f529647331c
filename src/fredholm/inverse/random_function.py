"""A coefficient function as the unknown of a least-squares problem, with its prior."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Grid
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.inverse.damped_least_squares import Optimum, search
from fredholm.inverse.measured import Measured
from fredholm.problems import Problem
from fredholm.problems.priors import GaussianField, Transformed
from fredholm.problems.series import basis
from fredholm.problems.steady import diffusion_of
from fredholm.solvers.finite_volume import Balance, balance
from fredholm.solvers.linear import solve_linear

_WIDTHS = (2.0, 1.0, 0.5, 0.25, 0.125)
"""Over which a jump is spread, in standard deviations of the Gaussian. The widest makes the search
find the large shapes; below the narrowest the estimate no longer changes."""
_QUANTILES = 33
"""Of the normal distribution, by which the moments of a value are taken."""


class RandomFunction:
    """Misfits of a diffusion problem as a function of the modes of its coefficient.

    The prior says that the coefficient is a function of a Gaussian series Σₖ sₖ ξₖ φₖ; the unknowns
    are the ξₖ, standard normal before any data. A coefficient that jumps is smoothed, the less the
    further the search has come.

    Args:
        problem: A steady diffusion equation, whose solver is differentiated by its adjoint: one
            factorisation and one more right-hand side per datum.
        name: The coefficient, the only function that varies.
        measured: The data.

    Raises:
        EquationError: The statement is no diffusion equation, or its prior no function of a
            `GaussianField`.

    Reference:
        Iglesias, Lu and Stuart, Interfaces Free Bound. 18, 2016 (level sets with Gaussian priors);
        Dunlop and Stuart, Inverse Probl. Imaging 10, 2016 (their most probable functions).
    """

    def __init__(self, problem: Problem, name: str, measured: Measured) -> None:
        self.problem, self.name, self.measured = problem, name, measured
        self.prior = problem.varies[name]
        inner = self.prior.gaussian if isinstance(self.prior, Transformed) else self.prior
        served = list(problem.varies) == [name] and problem.time is None
        if not served or not isinstance(inner, GaussianField):
            raise EquationError(
                f"{name!r} can be found through the solver where it alone varies, as a function of "
                "a GaussianField, and nothing depends on time; else train a NeuralField for it: "
                "solve_by_network(coefficients=...)"
            )
        self.gaussian = inner
        self.scales = inner.scales(measured.grid)
        self.deviation = float(self._prior_variance(measured.grid).mean().sqrt())
        self.width = _WIDTHS[0]

    def search(self, iterations: int) -> Optimum:
        """The most probable modes, from those of the prior's mean."""
        found, taken = torch.zeros(self.scales.numel(), dtype=torch.float64), 0
        widths = _WIDTHS if self._jumps else _WIDTHS[-1:]
        optimum = None
        for self.width in widths:
            optimum = search(self, found, prior=True, iterations=iterations, settle=1e-3)
            found, taken = optimum.x, taken + optimum.iterations
        assert optimum is not None
        return Optimum(found, optimum.residual, optimum.jacobian, taken, optimum.settled)

    def gaussian_at(self, x: Float[Tensor, "*batch p"], grid: Grid) -> Float[Tensor, "..."]:
        """The series without its mean at the points of a grid, for each row of modes."""
        values = self.scales * x.unflatten(-1, self.scales.shape)
        for number, matrix in enumerate(self._functions(grid), start=x.ndim - 1):
            values = (values.movedim(number, -1) @ matrix.mT).movedim(-1, number)
        return values

    def function(self, x: Float[Tensor, "p"], grid: Grid) -> Field:
        """The coefficient, its jumps smoothed as they were in the search."""
        g = self.gaussian.mean + self.gaussian_at(x, grid)
        return Field(self._value(g)[None, ..., None], grid)

    def spread(self, optimum: Optimum, grid: Grid) -> Field:
        """The standard deviation of the coefficient at each point, given the data.

        The Gaussian behind it is taken to have the covariance of the linearised problem.
        """
        seen = torch.eye(len(optimum.residual)) + optimum.jacobian @ optimum.jacobian.mT
        factor = torch.linalg.cholesky(seen.to(optimum.x))
        rows = torch.linalg.solve_triangular(factor, optimum.jacobian, upper=False)
        explained = self.gaussian_at(rows, grid).square().sum(0)
        deviation = (self._prior_variance(grid) - explained).clamp(min=0).sqrt()
        mean = self.gaussian.mean + self.gaussian_at(optimum.x, grid)
        return Field(self._deviation(mean, deviation)[None, ..., None], grid)

    def prior_spread(self, grid: Grid) -> float:
        """The root mean square over the grid of that standard deviation before any data."""
        deviation = self._prior_variance(grid).sqrt()
        return float(self._deviation(self.gaussian.mean, deviation).square().mean().sqrt())

    def residual(self, x: Float[Tensor, "p"]) -> Float[Tensor, "n"]:
        with torch.no_grad():
            a = self.function(x, self.measured.grid)
            system = self._balance(a)
            u = solve_linear(system.stencil, system.sides, method="direct").values
            return self.measured.residual(self._values(system.field(u), a))

    def jacobian(self, x: Float[Tensor, "p"], residual: Float[Tensor, "n"]) -> Float[Tensor, "n p"]:
        """dy/dg = ∂y/∂g + λᵀ ∂(b - A u)/∂g with A λ = (∂y/∂u)ᵀ, as A is symmetric."""
        grid = self.measured.grid
        g = (self.gaussian.mean + self.gaussian_at(x, grid)).requires_grad_()
        a = Field(self._value(g)[None, ..., None], grid)
        system = self._balance(a)
        with torch.no_grad():
            u = solve_linear(system.stencil, system.sides, method="direct").values
        u.requires_grad_()
        predicted = self.measured.residual(self._values(system.field(u), a))
        each = torch.eye(len(residual), dtype=torch.float64)
        by_u, by_g = torch.autograd.grad(
            predicted, [u, g], each, is_grads_batched=True, retain_graph=True, allow_unused=True
        )
        with torch.no_grad():
            sides = by_u[..., 0].movedim(0, -1).contiguous()
            adjoint = solve_linear(system.stencil, sides, method="direct").values
        balance_of = system.stencil.residual(system.sides, u.detach())
        directions = adjoint.movedim(-1, 0)[..., None]
        (slopes,) = torch.autograd.grad(balance_of, g, directions, is_grads_batched=True)
        return self._by_modes(slopes if by_g is None else slopes + by_g)

    def _deviation(self, mean: Tensor | float, deviation: Tensor) -> Tensor:
        """Standard deviations of the coefficient where that of the Gaussian is known."""
        levels = (torch.arange(_QUANTILES, dtype=torch.float64) + 0.5) / _QUANTILES
        g = torch.as_tensor(mean)[..., None] + deviation[..., None] * torch.special.ndtri(levels)
        return self._sharp(g).std(-1, correction=0)

    def _by_modes(self, slopes: Float[Tensor, "n *points"]) -> Float[Tensor, "n p"]:
        for number, matrix in enumerate(self._functions(self.measured.grid), start=1):
            slopes = (slopes.movedim(number, -1) @ matrix).movedim(-1, number)
        return (self.scales * slopes).flatten(1)

    def _balance(self, a: Field) -> Balance:
        parts = diffusion_of(self.problem, a)
        if not bool((parts.a.values > 0).all()):
            raise EquationError(
                f"{self.name!r} makes the diffusivity of {self.problem.key!r} negative"
            )
        return balance(parts.a, parts.f, parts.boundary, parts.c, parts.insulated)

    def _values(self, u: Field, a: Field) -> dict[str, Field | float]:
        (unknown,) = self.problem.equations
        return {**self.problem.parameters, unknown: u, self.name: a}

    @property
    def _jumps(self) -> bool:
        return isinstance(self.prior, Transformed) and self.prior.jumps

    def _value(self, g: Tensor) -> Tensor:
        if not isinstance(self.prior, Transformed):
            return g
        return self.prior.smoothed(g, self.width * self.deviation)

    def _sharp(self, g: Tensor) -> Tensor:
        return self.prior.of(g) if isinstance(self.prior, Transformed) else g

    def _functions(self, grid: Grid) -> Sequence[Float[Tensor, "_ _"]]:
        counts = self.scales.shape
        pairs = zip(grid.axes, counts, strict=True)
        return [basis(axis, self.gaussian.boundary, count).functions for axis, count in pairs]

    def _prior_variance(self, grid: Grid) -> Float[Tensor, "*points"]:
        values = self.scales.square()
        for number, matrix in enumerate(self._functions(grid)):
            values = (values.movedim(number, -1) @ matrix.square().mT).movedim(-1, number)
        return values
