"""Random series in eigenfunctions: f(x) = Σₖ sₖ ξₖ φₖ(x) with independent standard normal ξₖ.

The noise of a mode depends on the seed and on the mode, never on how many modes there are. A finer
grid therefore adds modes to the same function instead of drawing another one.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains import Axis

Boundary = Literal["periodic", "neumann", "dirichlet"]


class Basis(NamedTuple):
    """Eigenfunctions of -d²/dx² on an interval, with mean square one.

    Args:
        functions: φₖ at the points of an axis.
        wavenumbers: Square roots of the eigenvalues, 2π/L times an integer or π/L times one.
    """

    functions: Float[Tensor, "n modes"]
    wavenumbers: Float[Tensor, "modes"]


def basis(axis: Axis, boundary: Boundary, modes: int | None = None) -> Basis:
    """The eigenfunctions that an axis resolves, or the first `modes` of them.

    Periodic: 1, √2 cos(2πx/L), √2 sin(2πx/L), √2 cos(4πx/L), ...; Neumann: 1, √2 cos(πx/L), ...;
    Dirichlet: √2 sin(πx/L), √2 sin(2πx/L), ... With N = L/h intervals, the periodic ones below the
    Nyquist frequency and the first N (Dirichlet: N - 1) of the others are resolved.

    Raises:
        ValueError: An unknown boundary, or more modes than the axis resolves.
    """
    if boundary not in get_args(Boundary):
        raise ValueError(f"boundary is one of {get_args(Boundary)}, got {boundary!r}")
    if axis.periodic:
        boundary = "periodic"
    intervals = round(axis.length / axis.spacing)
    resolved = {
        "periodic": 2 * ((intervals - 1) // 2) + 1,
        "neumann": intervals,
        "dirichlet": intervals - 1,
    }[boundary]
    count = resolved if modes is None else modes
    if count > resolved:
        raise ValueError(f"{count} modes are not resolved by {axis}, which carries {resolved}")
    return eigenfunctions(axis.points() - axis.start, axis.length, boundary, count)


def eigenfunctions(x: Float[Tensor, "n"], length: float, boundary: Boundary, count: int) -> Basis:
    """The first `count` eigenfunctions of -d²/dx² on [0, length] at the points x."""
    index = torch.arange(count, dtype=torch.float64)
    if boundary == "periodic":
        wavenumbers = 2 * torch.pi / length * torch.ceil(index / 2)
        phase = x[:, None] * wavenumbers
        functions = torch.where(index % 2 == 0, torch.sin(phase), torch.cos(phase))
    elif boundary == "neumann":
        wavenumbers = torch.pi / length * index
        functions = torch.cos(x[:, None] * wavenumbers)
    else:
        wavenumbers = torch.pi / length * (index + 1)
        functions = torch.sin(x[:, None] * wavenumbers)
    functions = functions * 2**0.5
    if boundary != "dirichlet":
        functions[:, 0] = 1.0
    return Basis(functions, wavenumbers)


def synthesise(
    scales: Float[Tensor, "*modes"],
    functions: Sequence[Float[Tensor, "_ _"]],
    seeds: Int[Tensor, "batch"],
) -> Float[Tensor, "batch *points 1"]:
    """Σₖ sₖ ξₖ φₖ with one seed per function; k runs over the product of the axes' modes."""
    values = scales * noise(seeds, tuple(scales.shape))
    for number, matrix in enumerate(functions, start=1):
        values = (values.movedim(number, -1) @ matrix.T).movedim(-1, number)
    return values[..., None]


def draw_seeds(n: int, generator: torch.Generator) -> Int[Tensor, "n"]:
    """One seed per function: all that is ever taken from the caller's generator."""
    return torch.randint(2**62, (n,), generator=generator, device=generator.device).cpu()


def noise(seeds: Int[Tensor, "batch"], shape: tuple[int, ...]) -> Float[Tensor, "batch *modes"]:
    """Standard normal numbers for the modes 0 ≤ kᵢ < shape[i], float64.

    A mode's number depends on the seed and on k alone. The modes are numbered by shells of equal
    max(k) and, within a shell, in lexicographic order, so that a larger shape continues the
    numbering of a smaller one.
    """
    position = _positions(shape)
    count = max(shape) ** len(shape)
    rows = [_normal(int(seed), count)[position] for seed in seeds]
    return torch.stack(rows) if rows else torch.empty(0, *shape, dtype=torch.float64)


@lru_cache(maxsize=8)
def _positions(shape: tuple[int, ...]) -> Int[Tensor, "*modes"]:
    """The number of each mode in the order of shells."""
    side = max(shape)
    shells = torch.zeros((side,) * len(shape), dtype=torch.long)
    for dim in range(len(shape)):
        index = torch.arange(side).view([-1 if i == dim else 1 for i in range(len(shape))])
        shells = torch.maximum(shells, index)
    order = torch.argsort(shells.flatten(), stable=True)
    position = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
    return position.view(shells.shape)[tuple(slice(size) for size in shape)]


def _normal(seed: int, count: int) -> Tensor:
    """The first `count` numbers of the stream that belongs to a seed."""
    # Uniform numbers through the inverse distribution function: unlike torch.randn, which works in
    # blocks, this gives the same leading numbers however many are asked for.
    source = torch.Generator().manual_seed(seed)
    uniform = torch.rand(count, generator=source, dtype=torch.float64)
    return torch.special.ndtri(uniform.clamp(min=2.0**-54))
