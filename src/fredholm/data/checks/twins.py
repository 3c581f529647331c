"""Samples that occur more than once: within a file, or in training and test."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data.checks.report import Finding
from fredholm.data.samples import Samples
from fredholm.domains import Grid, stacked
from fredholm.fields import Field, batched

_NEAR = 0.02
"""Distance of near twins, as a part of the typical distance of two samples."""
_EXACT = 1e-5
_ROWS = 1024
_FEATURES = 256


@dataclass(frozen=True)
class Twins:
    """Pairs of samples that are close.

    Args:
        exact: Pairs with the same input up to rounding.
        near: Pairs that differ by less than `_NEAR` of the usual distance.
    """

    exact: tuple[tuple[int, int], ...]
    near: tuple[tuple[int, int], ...]


def duplicates(samples: Samples) -> Iterator[Finding]:
    """No input occurs twice in a file."""
    features = _features(_values(samples.inputs), samples.params)
    twins = _twins(features, features, same=True)
    if twins.exact:
        firsts, seconds = (torch.tensor(side) for side in zip(*twins.exact))
        apart = _apart(samples.targets.values[firsts], samples.targets.values[seconds])
        numbers = tuple(dict.fromkeys(seconds.tolist()))
        if bool((apart > 1e-3).any()):
            text = "the same input has different targets: it does not determine the answer"
            yield Finding("error", "duplicates", text, numbers)
        else:
            text = f"{len(numbers)} samples repeat an earlier one"
            yield Finding("warning", "duplicates", text, numbers)
    if twins.near:
        numbers = tuple(dict.fromkeys(second for _, second in twins.near))
        text = f"{len(numbers)} inputs nearly repeat an earlier one"
        yield Finding("warning", "duplicates", text, numbers)


def leakage(samples: Samples, other: Samples) -> Iterator[Finding]:
    """No sample of `other`, the training set, is among the samples, at whatever resolution."""
    places = samples.inputs.domain, other.inputs.domain
    scattered = [not isinstance(place, Grid) for place in places]
    kinds = [(u.channels, u.domain.names) for u in (samples.inputs, other.inputs)]
    if kinds[0] != kinds[1] or scattered[0] != scattered[1]:
        yield Finding("error", "leakage", "the two files hold functions of different kinds")
        return
    try:
        a, b = (
            _padded_alike(samples.inputs, other.inputs)
            if scattered[0]
            else map(_values, _on_common_grid(samples.inputs, other.inputs))
        )
    except ValueError as error:
        yield Finding("error", "leakage", f"the two files live on different boxes: {error}")
        return
    params = samples.params, other.params
    if any(p is None for p in params):
        params = None, None
    twins = _twins(_features(a, params[0]), _features(b, params[1]), same=False)
    same = scattered[0] or places[0] == places[1]
    where = "the other file" + ("" if same else ", on another grid")
    for pairs, how in ((twins.exact, "are"), (twins.near, "are nearly")):
        numbers = tuple(dict.fromkeys(first for first, _ in pairs))
        if numbers:
            text = f"{len(numbers)} of {len(samples)} inputs {how} among those of {where}"
            yield Finding("error" if how == "are" else "warning", "leakage", text, numbers)
    if not twins.exact and not twins.near:
        yield Finding("info", "leakage", "no sample is shared with the other file")


def _on_common_grid(a: Field, b: Field) -> tuple[Field, Field]:
    """Both on the coarser grid; where its points are points of the finer one, exactly."""
    axes = [min(pair, key=lambda axis: axis.size) for pair in zip(a.grid.axes, b.grid.axes)]
    grid = Grid.of(*axes)
    return a.at(grid, method="linear"), b.at(grid, method="linear")


def _values(u: Field) -> Float[Tensor, "n m"]:
    """All values of each function, behind the coordinates of their points where those may vary.

    Both have the same weight, so that equal functions on different meshes are no twins.
    """
    values = u.values.to(torch.float64).flatten(1)
    if u.domain.count is None:
        return values
    parts = [part for part in (u.domain.points().flatten(1), values) if part.shape[1]]
    scales = [part.std().clamp(min=1e-300) * part.shape[1] ** 0.5 for part in parts]
    return torch.cat([part / scale for part, scale in zip(parts, scales)], dim=1)


def _padded_alike(a: Field, b: Field) -> tuple[Float[Tensor, "n m"], Float[Tensor, "k m"]]:
    """Values and points of two sets of samples, with the same padding and scales."""
    both = [Field(u.values, stacked(u.domain, len(u))) for u in (a, b)]
    first, second = _values(batched(both)).split([len(a), len(b)])
    return first, second


def _features(values: Float[Tensor, "n m"], params: Tensor | None) -> Float[Tensor, "n k"]:
    if values.shape[1] > _FEATURES:
        # Random projections keep distances to some ten per cent: enough to find candidates.
        generator = torch.Generator().manual_seed(0)
        directions = torch.randn(
            values.shape[1], _FEATURES, generator=generator, dtype=torch.float64
        )
        values = values @ directions
    if params is not None:
        spread = params.std(0).clamp(min=1e-300) if len(params) > 1 else params.abs() + 1
        scale = values.std() * values.shape[1] ** 0.5
        values = torch.cat([values, params.to(torch.float64) / spread * scale], dim=1)
    return values


def _twins(a: Float[Tensor, "n m"], b: Float[Tensor, "k m"], *, same: bool) -> Twins:
    usual = float((b - b.mean(0)).square().sum(1).mean().sqrt()) * 2**0.5 or 1.0
    exact, near = [], []
    for start in range(0, len(a), _ROWS):
        rows = a[start : start + _ROWS]
        distance = torch.cdist(rows, b, compute_mode="donot_use_mm_for_euclid_dist") / usual
        if same:
            later = torch.arange(len(b))[None, :] > torch.arange(start, start + len(rows))[:, None]
            distance = torch.where(later, distance, torch.inf)
        for first, second in (distance < _NEAR).nonzero().tolist():
            pairs = exact if distance[first, second] < _EXACT else near
            pairs.append((start + first, second))
    return Twins(tuple(exact), tuple(near))


def _apart(u: Tensor, v: Tensor) -> Float[Tensor, "n"]:
    """Relative distance of functions, pair by pair."""
    size = v.flatten(1).norm(dim=1).clamp(min=1e-300)
    return (u - v).flatten(1).norm(dim=1) / size
