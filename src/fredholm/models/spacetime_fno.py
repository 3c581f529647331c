"""Fourier neural operator from trajectory to trajectory."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Axis, Domain, Grid
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, SpectralConv
from fredholm.operators import Operator, at_least_one


class SpaceTimeFNO(Operator):
    """From some frames of a trajectory to those that follow, by Fourier layers in time and space.

    The frames of the past are lifted to functions on a latent time axis, v <- gelu(v_last + F K v);
    layers v <- gelu(F K v + W v) follow, with K a multiplier of the lowest modes of (t, x) and F a
    two-layer network at each point. A last, linear spectral layer makes of the latent function,
    behind the last known frame and zeros before it, a function g on the time of the answer, and

        u(t) = u_last + δ (g(t) - g(0)).

    Modes in time make the number of frames arbitrary, of the past as of the answer; the zeros keep
    the end of the window, which is no neighbour of its beginning, away from it.

    Args:
        channels: Channels of the states.
        modes: Wavenumbers kept in time and along each axis of space, exclusive.
        time: Times of the answer, `location="right"`: the last known frame stands at its start.
        hidden_channels: Channels between lifting and reduction.
        layers: Number of spectral layers before the last one.
        latent: Frames of the latent time axis.
        coordinates: Append the coordinates of space, scaled to [0, 1]; those of time always are.
        delta: δ, the size of a typical change in units of the input.

    Shapes:
        Field (batch, frames, *points, channels) on (t, *space) -> Field (batch, time.size, *points,
        channels) on (t, *space), or at other times of the same window, or finer points.

    Raises:
        ValueError: A size below one, or a function whose time does not end where `time` starts.

    Reference:
        Cao et al., ICLR 2025, arXiv:2405.17211. Departs from it: no layer norm, whose place
        `Normalised` takes; the answer begins exactly at the last frame; no bias among the
        coefficients of the last layer, which `Refined` finds for each answer by itself; sines and
        cosines in time without the factor exp(βt) of nearly one.
    """

    def __init__(
        self,
        channels: int,
        modes: tuple[int, ...],
        time: Axis,
        *,
        hidden_channels: int = 20,
        layers: int = 4,
        latent: int = 10,
        coordinates: bool = True,
        delta: float = 0.1,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers, latent=latent)
        width = hidden_channels
        self.modes, self.time, self.latent = tuple(modes), time, latent
        self.coordinates, self.delta = coordinates, delta
        space = (len(modes) - 1) * coordinates
        self.lifting = nn.Linear(channels + space + 1 + 2 * _WAVES, width)
        self.kernels = nn.ModuleList(SpectralConv(width, width, modes) for _ in range(layers))
        self.mixing = nn.ModuleList(MLP((width, 4 * width, width)) for _ in range(layers))
        self.skips = nn.ModuleList(nn.Linear(width, width) for _ in range(layers - 1))
        self.reduction = nn.Linear(width, channels)
        self.last = SpectralConv(channels, channels, modes)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        self._check(u.grid)
        space = u.grid.axes[1:]
        known = u.values.movedim(0, -2).contiguous()  # points first, as the kernels want them
        asked = self._asked(at)
        values = self._changes(self._latent(known, u.grid), known[-1:], space, asked)
        result = Field((known[-1:] + self.delta * values).movedim(-2, 0), Grid.of(asked, *space))
        return result if at is None else result.at(at)

    def _latent(
        self, known: Float[Tensor, "t *points batch c"], grid: Grid
    ) -> Float[Tensor, "s *points batch h"]:
        """The latent function that the known frames are turned into."""
        v = self.lifting(torch.cat([known, self._places(grid, known)], dim=-1))
        space = grid.axes[1:]
        past = replace(grid.axes[0], location="right")  # every frame counts alike
        axes = (replace(self.time, size=self.latent), *space)
        first, *others = zip(self.kernels, self.mixing)
        v = functional.gelu(v[-1:] + first[1](first[0](v, (past, *space), axes)))
        for (kernel, mixing), skip in zip(others, self.skips):
            v = functional.gelu(mixing(kernel(v, axes)) + skip(v))
        return self.reduction(v)

    def _changes(
        self, latent: Tensor, last: Tensor, space: tuple[Axis, ...], asked: Axis
    ) -> Float[Tensor, "t *points batch c"]:
        """g(t) - g(0) at the times that are asked for."""
        window = replace(self.time, start=self.time.start - self.time.length)
        before = (0, 0) * (latent.ndim - 1) + (self.latent - 1, 0)
        padded = functional.pad(torch.cat([last, latent]), before)
        axes, onto = (replace(window, size=2 * n) for n in (self.latent, asked.size))
        found = self.last(padded, (axes, *space), (onto, *space))[asked.size - 1 :]
        return found[1:] - found[:1]

    def _places(self, grid: Grid, known: Tensor) -> Float[Tensor, "t *points batch d"]:
        """Time, its sines and cosines, and the coordinates of space, for each point."""
        points = grid.scaled(grid.points()).to(known)
        time = points[..., :1]
        waves = torch.pi * time * torch.arange(1, _WAVES + 1).to(known)
        parts = [time, torch.sin(waves), torch.cos(waves), points[..., 1:]]
        shown = torch.cat(parts if self.coordinates else parts[:-1], dim=-1).unsqueeze(-2)
        return shown.expand(*known.shape[:-1], -1)

    def _asked(self, at: Domain | None) -> Axis:
        """The times of the answer."""
        if not isinstance(at, Grid):
            return self.time
        asked = at.axis("t")
        if replace(asked, size=self.time.size) != self.time:
            raise ValueError(f"SpaceTimeFNO answers in the window {self.time}, asked for {asked}")
        return asked

    def _check(self, grid: Grid) -> None:
        if grid.dim != len(self.modes) or grid.names[0] != "t":
            raise ValueError(
                f"SpaceTimeFNO takes frames on t and {len(self.modes) - 1} axes of space, "
                f"got {grid}"
            )
        if abs(grid.axes[0].stop - self.time.start) > 1e-6 * self.time.length:
            raise ValueError(
                f"the known frames end at t = {grid.axes[0].stop:g}, the answer starts at "
                f"t = {self.time.start:g}: they must meet"
            )


_WAVES = 4
"""Half waves of time that are shown to the network."""
