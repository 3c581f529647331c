"""How far an input is from the inputs that a surrogate was trained on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Grid, Stack, Unstructured, space_of, stacked
from fredholm.fields import Field, integral, norm
from fredholm.metrics import BANDS

_SLACK = 1.5
"""An input is far when its distance exceeds the largest among the training inputs by this."""
_SHARE = 0.02
"""Least deviation of a share of amplitude, or of a mean relative to the variation, that is taken
for a difference, and not for rounding."""


@dataclass(frozen=True)
class Limits:
    """The range of the training inputs, in a few features per channel.

    The features (mean, size, minimum, maximum, and energy in bands of wavenumbers) do not depend on
    the resolution. The distance of an input is its largest standardised feature: how many standard
    deviations of the training inputs it is off.

    Args:
        names: Names of the features.
        mean, scale: Their mean and standard deviation over the training inputs.
        largest: Largest distance among the training inputs.
        ranges: Name, least and greatest value of each parameter of the equation.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    largest: float
    ranges: tuple[tuple[str, float, float], ...] = ()

    @classmethod
    def of(
        cls,
        inputs: Field,
        labels: tuple[str, ...],
        params: Mapping[str, Float[Tensor, "n"]] | None = None,
    ) -> "Limits":
        """The limits that these training inputs and parameters set."""
        names, values = features(inputs, labels)
        mean = values.mean(0)
        # A feature that hardly varies must not turn rounding into a distance.
        shares = torch.tensor([_SHARE if name.startswith("share") else 0.0 for name in names])
        floor = torch.maximum(1e-3 * values.abs().amax(0) + 1e-12, shares)
        for number, name in enumerate(names):
            if name.startswith("mean of "):  # often conserved, and then known to rounding
                variation = values[:, names.index(name.replace("mean", "variation", 1))]
                floor[number] = torch.maximum(floor[number], _SHARE * variation.max())
        scale = torch.maximum(values.std(0, correction=0), floor)
        largest = ((values - mean) / scale).abs().amax()
        ranges = tuple(
            (name, float(column.min()), float(column.max()))
            for name, column in (params or {}).items()
        )
        return cls(names, tuple(mean.tolist()), tuple(scale.tolist()), float(largest), ranges)

    def distances(self, inputs: Field, labels: tuple[str, ...]) -> Float[Tensor, "n f"]:
        """Standardised features of each input."""
        _, values = features(inputs, labels)
        mean = torch.tensor(self.mean, dtype=torch.float64)
        return (values - mean) / torch.tensor(self.scale, dtype=torch.float64)

    def warnings(self, inputs: Field, labels: tuple[str, ...]) -> list[str]:
        """One sentence where some inputs are far from the training data; empty if none is."""
        distances = self.distances(inputs, labels)
        worst, feature = distances.abs().max(1)
        far = (worst > _SLACK * self.largest).nonzero()[:, 0].tolist()
        if not far:
            return []
        first = max(far, key=lambda i: float(worst[i]))
        worst_feature = int(feature[first])
        value = float(features(inputs[first], labels)[1][0, worst_feature])
        return [
            f"{len(far)} of {len(distances)} inputs are far from the training data; the farthest "
            f"is number {first}: its {self.names[worst_feature]} is {value:.3g}, in training "
            f"{self.mean[worst_feature]:.3g} ± {self.scale[worst_feature]:.2g}. "
            "Do not trust the prediction there."
        ]

    def param_warnings(self, params: Float[Tensor, "n p"] | None) -> list[str]:
        """One sentence for each parameter that leaves its training range."""
        if params is None:
            return []
        return [
            f"{name} runs from {float(column.min()):g} to {float(column.max()):g}, in training "
            f"from {low:g} to {high:g}: the surrogate extrapolates"
            for (name, low, high), column in zip(self.ranges, params.unbind(-1))
            if column.min() < low or column.max() > high
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain data for `surrogate.json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Limits":
        """The limits that `to_json` wrote."""
        lists = {key: tuple(data[key]) for key in ("names", "mean", "scale")}
        ranges = tuple((name, low, high) for name, low, high in data["ranges"])
        return cls(**lists, largest=float(data["largest"]), ranges=ranges)


def features(u: Field, labels: tuple[str, ...]) -> tuple[tuple[str, ...], Float[Tensor, "n f"]]:
    """Names and values of the features of each function."""
    u = u.with_values(u.values.detach().cpu().double())
    volume = integral(u.with_values(u.values.new_ones(*u.values.shape[:-1], 1)))[:, 0]
    columns = {} if isinstance(u.domain, Grid) else _shape(u, volume)
    for c, label in enumerate(labels):
        channel = u.with_values(u.values[..., c : c + 1])
        mean = integral(channel)[:, 0] / volume
        deviation = channel.with_values(
            channel.values - mean.reshape(-1, *[1] * (u.values.ndim - 1))
        )
        columns[f"mean of {label}"] = mean
        columns[f"variation of {label}"] = norm(deviation) / volume**0.5
        low, high = _range(channel)
        columns[f"minimum of {label}"] = low
        columns[f"maximum of {label}"] = high
        if not isinstance(u.domain, Grid):
            continue
        for name, share in _shares(deviation).items():
            columns[f"share of {name} wavenumbers in {label}"] = share
    return tuple(columns), torch.stack(list(columns.values()), dim=1)


def _range(u: Field) -> tuple[Float[Tensor, "n"], Float[Tensor, "n"]]:
    """Least and greatest value of each function, padding left out."""
    if u.domain.count is None:
        return u.values.flatten(1).amin(1), u.values.flatten(1).amax(1)
    outside = u.domain.weights()[..., None] == 0
    low, high = (u.values.masked_fill(outside, value) for value in (torch.inf, -torch.inf))
    return low.flatten(1).amin(1), high.flatten(1).amax(1)


def _shape(u: Field, volume: Float[Tensor, "n"]) -> dict[str, Float[Tensor, "n"]]:
    """The volume of each domain, its centre and its extent along each coordinate."""
    space = space_of(u.domain)
    if not isinstance(space, Unstructured | Stack):
        return {}
    domains = stacked(space, len(u))
    points = Field(domains.points(), domains)
    ones = integral(points.with_values(torch.ones_like(points.values[..., :1])))
    centre = integral(points) / ones
    spread = points.with_values((points.values - centre[:, None]).square())
    extent = (integral(spread) / ones).sqrt()
    columns = {"volume of the domain": volume}
    for number, name in enumerate(space.names):
        columns[f"centre of the domain along {name}"] = centre[:, number]
        columns[f"extent of the domain along {name}"] = extent[:, number]
    return columns


def _shares(u: Field) -> dict[str, Float[Tensor, "n"]]:
    """Share of the amplitude in the low and middle bands of wavenumbers, per function.

    The high band is left out: what it holds depends on the resolution.
    """
    dims = list(range(1, 1 + u.grid.dim))
    radius = torch.zeros((), dtype=torch.float64)
    for axis in u.grid.axes:
        radius = radius[..., None] + torch.fft.fftfreq(axis.size, 1 / axis.size).double() ** 2
    power = torch.fft.fftn(u.values[..., 0], dim=dims, norm="forward").abs().square()
    radius = radius.sqrt()
    result = {}
    total = power[:, radius < BANDS["high"][0]].sum(1).clamp(min=1e-300)
    for name in ("low", "mid"):
        first, last = BANDS[name]
        inside = (radius >= first) & (radius < last)
        result[name] = (power[:, inside].sum(1) / total).sqrt()
    return result
