"""Points that fill a cube, and rejection to what is wanted."""

import math
from collections.abc import Callable
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.quasirandom import SobolEngine

Method = Literal["sobol", "uniform", "latin", "halton", "radii"]
"""See `fill_cube`; `"radii"` is for balls alone, whose distance from the centre is then uniform: in
many dimensions evenly spread points all lie next to the sphere."""

SOBOL_DIM = 1000
"""Beyond, no affordable number of points is more even than independent ones, and slower to make."""

HALTON_DIM = 32
"""Beyond, the bases are so large that Halton points lie on lines for any practical number."""

_EDGE = 1e-12
_LEAST_RATE = 1e-4
_BATCH = 2**22


def fill_cube(
    n: int, dim: int, *, generator: torch.Generator, method: Method = "sobol"
) -> Float[Tensor, "n dim"]:
    """Points in the open unit cube, float64.

    Args:
        n: Number of points.
        dim: Number of coordinates.
        generator: Source of randomness: every method is random and fills the cube uniformly.
        method: `"sobol"`: scrambled Sobol points, in up to 1000 dimensions and uniform beyond;
            `"uniform"`: independent; `"latin"`: a Latin hypercube, one point in each of n slices
            of every axis; `"halton"`: Halton points, shifted at random, in up to 32 dimensions.

    Raises:
        ValueError: Fewer than one point, an unknown method, or too many dimensions for it.
    """
    if n < 1:
        raise ValueError(f"a sample has at least one point, got n={n}")
    able = [name for name in get_args(Method) if name != "radii"]
    if method not in able:
        what = "the radii of a ball alone can be spread" if method == "radii" else f"got {method!r}"
        raise ValueError(f"method is one of {', '.join(able)}; {what}")
    if method == "halton":
        points = _halton(n, dim, generator)
    elif method == "latin":
        slices = torch.rand(n, dim, dtype=torch.float64, generator=generator).argsort(dim=0)
        points = (slices + torch.rand(n, dim, dtype=torch.float64, generator=generator)) / n
    elif method == "sobol" and dim <= SOBOL_DIM:
        seed = int(torch.randint(2**31, (), generator=generator))
        points = SobolEngine(dim, scramble=True, seed=seed).draw(n, dtype=torch.float64)
    else:
        points = torch.rand(n, dim, dtype=torch.float64, generator=generator)
    return points.clamp(_EDGE, 1 - _EDGE)


def _halton(n: int, dim: int, generator: torch.Generator) -> Float[Tensor, "n dim"]:
    if dim > HALTON_DIM:
        raise ValueError(
            f"Halton points serve up to {HALTON_DIM} dimensions, not {dim}; use method='sobol'"
        )
    columns = [_radical_inverse(torch.arange(1, n + 1), base) for base in _primes(dim)]
    shift = torch.rand(dim, dtype=torch.float64, generator=generator)
    return (torch.stack(columns, dim=-1) + shift) % 1


def _radical_inverse(index: Tensor, base: int) -> Float[Tensor, "n"]:
    """The digits of the index in that base, mirrored at the point."""
    value, weight = torch.zeros(index.shape, dtype=torch.float64), 1.0
    while bool((index > 0).any()):
        weight /= base
        value = value + weight * (index % base)
        index = index // base
    return value


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def normal_quantiles(cube: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Standard normal numbers in the place of uniform ones."""
    return math.sqrt(2) * torch.erfinv(2 * cube - 1)


def reject(
    n: int,
    draw: Callable[[int], Float[Tensor, "k columns"]],
    keep: Callable[[Float[Tensor, "k columns"]], Bool[Tensor, "k"]],
    what: str,
) -> Float[Tensor, "n columns"]:
    """The first n of the drawn rows that are kept.

    A pilot tells how many to draw, so that as a rule all rows come from one draw and a sequence
    that fills the larger set evenly fills the smaller one too.

    Raises:
        ValueError: Less than one in ten thousand is kept.
    """
    found = draw(1)[:0]
    most = max(1, _BATCH // found.shape[-1])
    rate = _rate(draw, keep, most)
    if rate < _LEAST_RATE:
        raise ValueError(f"{what} seems to be empty: {rate:.0e} of the points tried lie in it")
    while len(found) < n:
        missing = n - len(found)
        tried = draw(min(most, math.ceil(1.1 * missing / rate) + 16))
        found = torch.cat([found, tried[keep(tried)]])
    return found[:n]


def _rate(draw: Callable, keep: Callable, most: int) -> float:
    """The fraction that is kept, from a small pilot, or from a large one where that is small."""
    rate = 0.0
    for size in (2**10, 2**17):
        kept = keep(draw(min(size, most)))
        rate = float(kept.double().mean())
        if kept.sum() >= 8:
            break
    return rate
