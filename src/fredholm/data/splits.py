"""Splits that ask how far a surrogate carries: to other shapes, boundary values and meshes."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data.samples import Samples, split_order
from fredholm.domains import Mesh, Stack, Unstructured, boundary_weights, space_of

Beyond = Literal["interpolation", "extrapolation"]
_DEGREE = 4
"""Highest power of the coordinates in the description of a shape."""


def by_shape(
    samples: Samples,
    held_out: float | int,
    *,
    beyond: Beyond = "interpolation",
    generator: torch.Generator | None = None,
) -> tuple[Samples, Samples]:
    """Training and held-out samples without a shape in common.

    Args:
        samples: Samples on clouds or meshes of their own.
        held_out: Number of shapes, or a fraction of them, in the second part. All samples on the
            same domain are one shape.
        beyond: `"interpolation"`: shapes drawn at random. `"extrapolation"`: those farthest from
            the mean shape, measured by `shape_moments`, each divided by its standard deviation.
        generator: Source of randomness for interpolation.

    Raises:
        ValueError: One of the parts would be empty, an unknown kind, or interpolation without a
            generator.
    """
    members = _members(samples)
    shapes = list(dict.fromkeys(members))
    if beyond == "interpolation":
        if generator is None:
            raise ValueError("shapes are drawn at random: give a generator")
        _, chosen = split_order(len(shapes), held_out, generator)
    elif beyond == "extrapolation":
        moments = shape_moments(shapes)
        spread = moments.std(0, correction=0)
        away = (moments - moments.mean(0)) / torch.where(spread > 0, spread, 1.0)
        chosen = _largest(away.norm(dim=1), held_out)
    else:
        raise ValueError(f"beyond is one of {get_args(Beyond)}, got {beyond!r}")
    held = {shapes[i] for i in chosen.tolist()}
    return _parted(samples, torch.tensor([member in held for member in members]))


def by_boundary_data(samples: Samples, held_out: float | int) -> tuple[Samples, Samples]:
    """Samples with moderate values on the boundary, and those with the largest ones.

    Measured by the mean square over the boundary of all inputs that live there.

    Args:
        samples: Samples with inputs that mean something on the boundary alone.
        held_out: Number of samples, or a fraction of them, in the second part.

    Raises:
        ValueError: No input lives on the boundary, or one of the parts would be empty.
    """
    which = [i for i, v in enumerate(samples.input_variables) if v.support == "boundary"]
    if not which:
        names = ", ".join(v.name for v in samples.input_variables) or "none"
        raise ValueError(f"none of the inputs lives on the boundary alone, got {names}")
    values = samples.inputs.values[..., which].to("cpu", torch.float64)
    size = torch.stack([_mean_square(*pair) for pair in zip(_members(samples), values)])
    return _parted(samples, _mask(len(samples), _largest(size, held_out)))


def by_mesh_density(samples: Samples, held_out: float | int) -> tuple[Samples, Samples]:
    """Samples with coarser meshes, and those with the finest ones, by the mean spacing of points.

    To see the density alone, compare on the same shapes and functions: `problem.samples` with one
    seed and two sizes.

    Args:
        samples: Samples on clouds or meshes of their own.
        held_out: Number of samples, or a fraction of them, in the second part.

    Raises:
        ValueError: One of the parts would be empty.
    """
    spacing = torch.tensor([mean_spacing(m) for m in _members(samples)], dtype=torch.float64)
    return _parted(samples, _mask(len(samples), _largest(-spacing, held_out)))


def shape_moments(shapes: list[Unstructured]) -> Float[Tensor, "shapes moments"]:
    """∫ x^i y^j ... dx for all powers up to four, which describes shapes without their meshes.

    The box that holds all shapes is moved to the origin, and its longest side scaled to two.
    """
    low = torch.stack([shape.coords.amin(0) for shape in shapes]).amin(0)
    high = torch.stack([shape.coords.amax(0) for shape in shapes]).amax(0)
    middle, scale = (low + high) / 2, (high - low).amax() / 2
    rows = []
    for shape in shapes:
        moments = (shape.weights() / scale**shape.dim)[:, None]
        for x in ((shape.coords - middle) / scale).unbind(-1):
            powers = x[:, None] ** torch.arange(_DEGREE + 1)
            moments = (moments[:, :, None] * powers[:, None]).flatten(1)
        rows.append(moments.sum(0))
    degree = torch.cartesian_prod(*[torch.arange(_DEGREE + 1)] * shapes[0].dim)
    total = degree.reshape(rows[0].numel(), -1).sum(1)
    return torch.stack(rows)[:, total <= _DEGREE]


def mean_spacing(domain: Unstructured) -> float:
    """The side of a cube that is as large as what one point stands for, on average."""
    cells = domain.cells.shape[1] - 1 if isinstance(domain, Mesh) else domain.dim
    return (domain.measure / len(domain)) ** (1 / cells)


def _members(samples: Samples) -> tuple[Unstructured, ...]:
    space = space_of(samples.inputs.domain)
    if not isinstance(space, Stack):
        raise ValueError(
            f"this split is for samples on domains of their own, these share one {space}: "
            "use samples.split"
        )
    return space.members


def _mean_square(domain: Unstructured, values: Float[Tensor, "n c"]) -> Float[Tensor, ""]:
    weights = boundary_weights(domain)
    square = values[: len(domain)][domain.boundary].square().sum(-1)
    return weights @ square / weights.sum()


def _largest(quantity: Float[Tensor, "n"], held_out: float | int) -> Tensor:
    """Numbers of the entries with the largest values."""
    total = len(quantity)
    count = round(held_out * total) if held_out < 1 else int(held_out)
    if not 0 < count < total:
        raise ValueError(f"cannot hold out {count} of {total}")
    return quantity.argsort(stable=True)[total - count :]


def _mask(total: int, chosen: Tensor) -> Tensor:
    held = torch.zeros(total, dtype=torch.bool)
    held[chosen] = True
    return held


def _parted(samples: Samples, held: Tensor) -> tuple[Samples, Samples]:
    numbers = torch.arange(len(samples))
    return samples[numbers[~held]], samples[numbers[held]]
