"""A spectral filter that cannot amplify."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Axis
from fredholm.layers.spectral import analyse, synthesise


class BoundedFilter(nn.Module):
    """Multiplies each channel's Fourier coefficients by numbers of modulus at most one.

    û_k -> σ(m_k) exp(i φ_k) û_k for Σ_j (k_j / modes_j)² < 1, and nothing of the other wavenumbers,
    with a modulus σ(m) = 1/(1 + exp(-m)) and a phase for each channel and wavenumber. The disc of
    wavenumbers treats all directions alike, where a square keeps finer waves along its diagonals.
    Channels are not mixed. The coefficients come from the quadrature of the axes, so that the
    weights do not depend on the grid (`layers.bases`).

    Args:
        channels: Channels of the functions.
        modes: Wavenumbers kept per axis, exclusive; its length is the dimension. On a grid of
            fewer than 2 modes - 1 points those beyond its Nyquist limit are left out.
        dynamic: The modulus depends on the function too: σ(m_k + |g_k|), where g_k is a network of
            the coefficients of all channels at k. It sees no phase, so that shifts commute with
            the filter still.

    Shapes:
        (*points, batch, channels) -> (*points, batch, channels): points first, as `SpectralConv`.

    Raises:
        ValueError: No modes, or no channels.

    Reference:
        McCabe et al., TMLR 2023, arXiv:2306.10619. Departs from it: the modes are a choice and not
        a fraction of the grid; the coefficients that the network sees are scaled by their root mean
        square over the channels and not by running statistics of each; the network leaves the phase
        alone. The transforms are products with exact matrices and need no double precision.
    """

    def __init__(self, channels: int, modes: tuple[int, ...], *, dynamic: bool = False) -> None:
        super().__init__()
        if not modes or min(modes) < 1 or channels < 1:
            raise ValueError(
                f"BoundedFilter needs at least one mode and channel, got modes={modes} and "
                f"{channels} channels"
            )
        self.modes = tuple(modes)
        kept = (modes[0], *(2 * k - 1 for k in modes[1:]))
        self.magnitude = nn.Parameter(2 + 0.1 * torch.randn(*kept, channels))
        # All phases: a derivative, with which the fine waves are moved, turns by a quarter.
        self.phase = nn.Parameter(torch.pi * (2 * torch.rand(*kept, channels) - 1))
        self.gate = _Gate(channels) if dynamic else None

    def forward(
        self, x: Float[Tensor, "*points batch c"], axes: tuple[Axis, ...]
    ) -> Float[Tensor, "*points batch c"]:
        """The filtered functions; `axes` says where the samples of `x` lie."""
        modes = [min(k, (axis.size + 1) // 2) for k, axis in zip(self.modes, axes, strict=True)]
        real, imaginary = analyse(x, axes, modes).unbind(-3)
        magnitude, phase = (self._narrow(part, modes) for part in (self.magnitude, self.phase))
        if self.gate is not None:
            magnitude = magnitude + self.gate(real, imaginary)
        gain = torch.sigmoid(magnitude) * self._inside(modes).to(x)
        cos, sin = gain * phase.cos(), gain * phase.sin()
        turned = torch.stack([cos * real - sin * imaginary, sin * real + cos * imaginary], dim=-3)
        return synthesise(turned, axes, modes)

    def _narrow(
        self, weight: Float[Tensor, "*modes c"], modes: list[int]
    ) -> Float[Tensor, "*kept 1 c"]:
        """The weights of the wavenumbers that a grid resolves, with a place for the batch."""
        weight = weight.narrow(0, 0, modes[0])
        for number, (kept, available) in enumerate(zip(modes[1:], self.modes[1:]), start=1):
            weight = weight.narrow(number, available - kept, 2 * kept - 1)
        return weight[..., None, :]

    def _inside(self, modes: list[int]) -> Float[Tensor, "*kept 1 1"]:
        """One for the wavenumbers of the disc, zero outside."""
        square = torch.zeros(())
        for number, (kept, radius) in enumerate(zip(modes, self.modes)):
            k = torch.arange(0 if number == 0 else 1 - kept, kept)
            square = square[..., None] + (k / radius) ** 2
        return (square < 1).double()[..., None, None]


class _Gate(nn.Module):
    """|g| of a network g with one hidden layer, complex linear maps and no use of the phase."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Complex maps as pairs of real ones, without a bias: a constant would know the phase.
        self.first = nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in range(2))
        self.second = nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in range(2))
        self.threshold = nn.Parameter(torch.zeros(channels))

    def forward(
        self, real: Float[Tensor, "*modes batch c"], imaginary: Float[Tensor, "*modes batch c"]
    ) -> Float[Tensor, "*modes batch c"]:
        size = _modulus(real, imaginary).square().mean(-1, keepdim=True).sqrt()
        real, imaginary = _times(self.first, real / size, imaginary / size)
        modulus = _modulus(real, imaginary)
        shrunk = functional.relu(modulus + self.threshold) / modulus  # modReLU
        return _modulus(*_times(self.second, shrunk * real, shrunk * imaginary))


def _times(maps: nn.ModuleList, real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
    """(A + iB)(x + iy)."""
    a, b = maps
    return a(real) - b(imaginary), b(real) + a(imaginary)


def _modulus(real: Tensor, imaginary: Tensor) -> Tensor:
    """|x + iy|, kept off zero, where it has no derivative."""
    return (real.square() + imaginary.square() + 1e-12).sqrt()
