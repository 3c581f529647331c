"""Gaussian and derived distributions on functions, with stated spectra."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.problems.gaussian import Gaussian, SeparableKernel
from fredholm.problems.prior import Prior
from fredholm.problems.series import Boundary, basis, draw_seeds, eigenfunctions, synthesise


@dataclass(frozen=True)
class GaussianField(Gaussian):
    """Gaussian random function with covariance C = σ² (-Δ + τ²)^-α on a box Ω in d dimensions.

    f(x) = mean + |Ω|^-1/2 Σₖ σ (κₖ² + τ²)^-α/2 ξₖ φₖ(x), with κₖ² and φₖ the eigenvalues of -Δ and
    its eigenfunctions, φₖ of mean square one over Ω, so that φₖ |Ω|^-1/2 is orthonormal in L²(Ω).
    The mean over Ω of the variance is σ²/|Ω| Σₖ (κₖ² + τ²)^-α. The sum runs over the modes that the
    grid resolves; draws have Sobolev smoothness below α - d/2.

    Args:
        alpha: Smoothness α; α > d/2 gives functions.
        tau: Inverse correlation length τ (1/length).
        sigma: Amplitude σ; `None` stands for τ^(α - d/2), which makes the variance independent of
            τ on boxes much larger than 1/τ.
        boundary: Condition of -Δ: `"periodic"` makes periodic functions on any axis; `"neumann"`
            and `"dirichlet"` hold on the axes that are not periodic.
        mean: Mean function, a constant.
        constant: Whether the constant mode is random as well; without it, each draw has exactly
            the mean `mean` over the box.

    Raises:
        ValueError: α ≤ d/2 or τ ≤ 0.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895, sections 5.1 and 5.2. Its Burgers data have
        σ = 25, τ = 5, α = 2, periodic; its Darcy data τ = 3, α = 2, Neumann, no constant mode.
    """

    alpha: float
    tau: float
    sigma: float | None = None
    boundary: Boundary = "periodic"
    mean: float = 0.0
    constant: bool = True

    def __post_init__(self) -> None:
        if self.tau <= 0:
            raise ValueError(f"tau is an inverse length and positive, got {self.tau:g}")

    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        bases = [basis(axis, self.boundary) for axis in grid.axes]
        scales = self.scales(grid)
        values = synthesise(scales, [b.functions for b in bases], draw_seeds(n, generator))
        return Field(self.mean + values, grid)

    def scales(self, grid: Grid) -> Float[Tensor, "*modes"]:
        """Standard deviations of the coefficients of the φₖ that a grid resolves."""
        if self.alpha <= grid.dim / 2:
            raise ValueError(
                f"alpha must exceed d/2 = {grid.dim / 2:g} for functions of finite variance, "
                f"got {self.alpha:g}"
            )
        eigenvalue = torch.zeros((), dtype=torch.float64)
        for axis in grid.axes:
            eigenvalue = eigenvalue[..., None] + basis(axis, self.boundary).wavenumbers ** 2
        sigma = self.tau ** (self.alpha - grid.dim / 2) if self.sigma is None else self.sigma
        volume = math.prod(axis.length for axis in grid.axes)
        scales = sigma / volume**0.5 * (eigenvalue + self.tau**2) ** (-self.alpha / 2)
        return scales if self.constant else torch.where(eigenvalue == 0, 0.0, scales)


class Transformed(Prior):
    """A function of the values of another random function, point by point.

    Subclasses are frozen dataclasses with a field `gaussian`, the other function.
    """

    gaussian: Prior
    jumps: ClassVar[bool] = False
    """Whether the values jump where those of the other function change a little."""

    @abstractmethod
    def of(self, g: Tensor) -> Tensor:
        """The values where those of the other function are g."""

    def smoothed(self, g: Tensor, width: float) -> Tensor:
        """The same with jumps that are spread over changes of g by about `width`."""
        return self.of(g)

    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        g = self.gaussian.sample(n, grid, generator=generator)
        return g.with_values(self.of(g.values))

    @property
    def mirrored(self) -> bool:
        return self.gaussian.mirrored


@dataclass(frozen=True)
class LogNormal(Transformed):
    """scale · exp(g): a positive coefficient whose logarithm is Gaussian.

    Args:
        gaussian: Distribution of g.
        scale: Factor; the median of the coefficient where g has mean zero.
    """

    gaussian: GaussianField
    scale: float = 1.0

    def of(self, g: Tensor) -> Tensor:
        return self.scale * torch.exp(g)


@dataclass(frozen=True)
class TwoPhase(Transformed):
    """Two materials: `high` where g ≥ 0 and `low` where g < 0.

    Args:
        gaussian: Distribution of g.
        low, high: Values of the coefficient. The paper below states 3 and 12; the files published
            with it hold 4 and 12.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895, appendix A.3.2.
    """

    gaussian: GaussianField
    low: float = 3.0
    high: float = 12.0

    jumps = True

    def of(self, g: Tensor) -> Tensor:
        return torch.where(g >= 0, self.high, self.low).to(torch.float64)

    def smoothed(self, g: Tensor, width: float) -> Tensor:
        return self.low + (self.high - self.low) * (1 + torch.tanh(g / width)) / 2


@dataclass(frozen=True)
class Bounded(Transformed):
    """low + (high - low)/(1 + exp(-g)): a smooth function with values between two numbers.

    Args:
        gaussian: Distribution of g.
        low, high: The bounds, which are not attained.

    Raises:
        ValueError: The bounds are not in this order.
    """

    gaussian: Prior
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"the bounds need low < high, got {self.low:g} and {self.high:g}")

    def of(self, g: Tensor) -> Tensor:
        return self.low + (self.high - self.low) * torch.sigmoid(g)


@dataclass(frozen=True)
class SquaredExponential(SeparableKernel):
    """Gaussian random function with covariance σ² exp(-|x - y|²/(2 ℓ²)).

    Sampled as a Fourier series whose coefficients are those of the periodised covariance: exactly
    periodic on periodic axes; on the others the period is L + 9ℓ, which changes the covariance by
    less than 1e-17 σ² within the box. The draws do not depend on the grid at all.

    Args:
        length: Correlation length ℓ, in units of the coordinates.
        sigma: Standard deviation σ at every point.
        mean: Mean function, a constant.

    Raises:
        ValueError: ℓ ≤ 0.

    Reference:
        Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equation 4.9.
    """

    def _modes(self, axis: Axis) -> tuple[Tensor, Tensor]:
        """Harmonics of the period at the points of the axis, and their standard deviations."""
        period = axis.length + (0.0 if axis.periodic else 9 * self.length)
        # exp(-κ²ℓ²/2) is below the rounding error beyond κℓ = 8.6.
        highest = math.ceil(8.6 * period / (2 * math.pi * self.length))
        x = axis.points() - axis.start
        functions, wavenumbers = eigenfunctions(x, period, "periodic", 2 * highest + 1)
        spectrum = torch.exp(-((wavenumbers * self.length) ** 2) / 2)
        return functions, (math.sqrt(2 * math.pi) * self.length / period * spectrum) ** 0.5


@dataclass(frozen=True)
class PeriodicKernel(SeparableKernel):
    """Gaussian random function with covariance σ² exp(-Σᵢ sin²(π(xᵢ - yᵢ)/Lᵢ)/(2 ℓ²)).

    A squared exponential of the distances along a chord of circles of diameter one: near a point
    the correlation length is ℓ L/π. The covariance is periodic over the box, on any axis.

    Args:
        length: Correlation length ℓ, relative to the diameter of the circle.
        sigma: Standard deviation σ at every point.
        mean: Mean function, a constant.

    Raises:
        ValueError: ℓ ≤ 0.

    Reference:
        MacKay, Introduction to Gaussian processes, 1998; ℓ as in Du et al., ICLR 2024,
        arXiv:2312.05225, whose sources and initial states have ℓ = 0.2.
    """

    def _modes(self, axis: Axis) -> tuple[Tensor, Tensor]:
        x, count = axis.points() - axis.start, 2 * self._highest() + 1
        return eigenfunctions(x, axis.length, "periodic", count).functions, self._deviations()

    def _highest(self) -> int:
        """The harmonic beyond which the spectrum, at most exp(-2 k² ℓ²), is rounding error."""
        return math.ceil(4.3 / self.length) + 4

    def _deviations(self) -> Tensor:
        """Standard deviations of 1, cos, sin, cos, ...: the Fourier series of the covariance."""
        highest = self._highest()
        x = torch.arange(4 * highest, dtype=torch.float64) / (4 * highest)
        covariance = torch.exp(-(torch.sin(math.pi * x) ** 2) / (2 * self.length**2))
        spectrum = torch.fft.rfft(covariance, norm="forward").real[: highest + 1]
        harmonic = (torch.arange(2 * highest + 1) + 1) // 2
        return spectrum.clamp(min=0)[harmonic] ** 0.5


@dataclass(frozen=True)
class Stretched(Prior):
    """Each draw moved and scaled so that its values run from `low` to `high`.

    The extremes are those on 1024 points of a line, or 128 per axis of a box: of the function,
    not of the grid that it is asked for.

    Args:
        prior: Distribution of the functions; the draws must not depend on the grid.
        low, high: Smallest and largest value.

    Raises:
        ValueError: The bounds are not in this order.
    """

    prior: Prior
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"the bounds need low < high, got {self.low:g} and {self.high:g}")

    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        fine = grid.resized([1024 if grid.dim == 1 else 128] * grid.dim)
        before = generator.get_state()
        all_over = self.prior.sample(n, fine, generator=generator).values.flatten(1)
        generator.set_state(before)
        drawn = self.prior.sample(n, grid, generator=generator)
        shape = (n, *[1] * (grid.dim + 1))
        lowest, highest = (f.reshape(shape) for f in (all_over.amin(1), all_over.amax(1)))
        share = (drawn.values - lowest) / (highest - lowest)
        return drawn.with_values(self.low + (self.high - self.low) * share)

    @property
    def mirrored(self) -> bool:
        return self.prior.mirrored


@dataclass(frozen=True)
class FourierSeries(Gaussian):
    """Random trigonometric polynomial with wavenumbers up to `modes`, periodic on the box.

    f(x) = mean + amplitude · Σₖ sₖ ξₖ φₖ(x) / (Σₖ sₖ²)^1/2 over k ≠ 0 with |kᵢ| ≤ modes, where
    sₖ = |k|^-decay; the standard deviation is `amplitude` at every point.

    Args:
        modes: Largest wavenumber per axis, in periods of the box.
        amplitude: Standard deviation at every point.
        decay: Power by which the coefficients decrease.
        mean: Mean function, a constant.

    Raises:
        ValueError: No modes, or more than the grid resolves.
    """

    modes: int
    amplitude: float = 1.0
    decay: float = 0.0
    mean: float = 0.0

    def __post_init__(self) -> None:
        if self.modes < 1:
            raise ValueError(f"a Fourier series needs at least one mode, got {self.modes}")

    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        bases = [basis(axis, "periodic", 2 * self.modes + 1) for axis in grid.axes]
        square = torch.zeros((), dtype=torch.float64)
        for axis, part in zip(grid.axes, bases):
            harmonics = part.wavenumbers * axis.length / (2 * math.pi)
            square = square[..., None] + harmonics**2
        scales = torch.where(square == 0, 0.0, square.clamp(min=1.0) ** (-self.decay / 2))
        scales = self.amplitude * scales / scales.square().sum().sqrt()
        values = synthesise(scales, [b.functions for b in bases], draw_seeds(n, generator))
        return Field(self.mean + values, grid)


@dataclass(frozen=True)
class Eddies(Gaussian):
    """Vorticity of a random flow in a periodic box, with eddies of one size and smooth.

    Gaussian with mean zero and a kinetic energy per mode that is proportional to
    κ⁶ exp(-7/2 (κ/κ₀)²), where κ counts periods of the box: the energy spectrum of the plane flow
    is largest at κ₀. The mean over the box and over the draws of |u|²/2 is `energy`.

    Args:
        peak: Wavenumber κ₀, in periods of the box.
        energy: Mean kinetic energy.

    Raises:
        ValueError: A number that is not positive.

    Reference:
        San and Staples, Computers & Fluids 63, 2012: this spectrum with κ₀ = 12.
    """

    peak: float = 4.0
    energy: float = 0.5

    def __post_init__(self) -> None:
        if not self.peak > 0 or not self.energy > 0:
            raise ValueError(f"peak and energy are positive, got {self.peak:g} and {self.energy:g}")

    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        bases = [basis(axis, "periodic") for axis in grid.axes]
        wavenumber, periods = (torch.zeros((), dtype=torch.float64) for _ in range(2))
        for axis, part in zip(grid.axes, bases):
            wavenumber = wavenumber[..., None] + part.wavenumbers**2
            harmonics = part.wavenumbers * axis.length / (2 * math.pi)
            periods = periods[..., None] + harmonics**2
        scales = (2 * self.energy * wavenumber * self._shares(periods, grid.dim)).sqrt()
        values = synthesise(scales, [b.functions for b in bases], draw_seeds(n, generator))
        return Field(values, grid)

    def _shares(self, square: Tensor, dim: int) -> Tensor:
        """What each mode of κ² has of the energy; one in sum, whatever the grid resolves."""

        def density(square: Tensor) -> Tensor:
            ratio = square / self.peak**2
            return ratio**3 * torch.exp(-3.5 * ratio)

        # exp(-7/2 · 16) is below the rounding error.
        index = torch.arange(-math.ceil(4 * self.peak), math.ceil(4 * self.peak) + 1).double()
        lattice = torch.zeros((), dtype=torch.float64)
        for _ in range(dim):
            lattice = lattice[..., None] + index**2
        return density(square) / density(lattice).sum()
