"""Draws of problems whose region varies: a mesh of a random shape, and functions at its nodes."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Grid, Mesh, Stack
from fredholm.domains.meshes.meshing import mesh_region
from fredholm.errors import EquationError
from fredholm.fields import Field, Interpolant
from fredholm.problems.prior import Prior
from fredholm.problems.priors import Transformed
from fredholm.problems.statement import Statement


def draw_on_shapes(
    problem: Statement, n: int, size: float | None, *, generator: torch.Generator
) -> Field:
    """Random regions, their meshes, and draws of the varied functions on each.

    Per function the shape is drawn first and then what varies, in the order of `varies`, on the
    grid of the template; the smooth functions through those samples are evaluated at the nodes. A
    draw is therefore the same shape and the same functions, whatever the size of the mesh.

    Args:
        problem: A problem with shapes.
        n: Number of functions.
        size: Length of edges; by default that of the problem.
        generator: Source of randomness.

    Shapes:
        values (n, largest, len(varies)), float64, on a Stack of meshes.

    Raises:
        EquationError: The problem has no shapes.
    """
    if problem.shapes is None:
        raise EquationError(f"{problem.key!r} is stated on one domain: sample it on a grid")
    size = problem.edge_length if size is None else size
    units = [axis.units for axis in problem.domain.axes]
    meshes, drawn = [], []
    for _ in range(n):
        region = problem.shapes.sample(generator=generator)
        mesh = mesh_region(region, size, names=problem.domain.names, units=units)
        functions = [
            values_at(prior, problem.domain, mesh.coords, generator)
            * _support(problem, name, mesh)[:, None]
            for name, prior in problem.varies.items()
        ]
        meshes.append(mesh)
        drawn.append(torch.cat([mesh.coords[:, :0], *functions], dim=-1))
    domain = Stack(tuple(meshes))
    return Field(domain.padded(torch.cat(drawn)), domain)


def values_at(
    prior: Prior, grid: Grid, points: Float[Tensor, "n dim"], generator: torch.Generator
) -> Float[Tensor, "n 1"]:
    """One draw of a random function at scattered points, through its samples on a grid.

    A function of another one's values is applied at the points, so that jumps stay jumps and what
    is positive stays so.
    """
    if isinstance(prior, Transformed):
        return prior.of(values_at(prior.gaussian, grid, points, generator))
    return Interpolant(prior.sample(1, grid, generator=generator))(points)


def _support(problem: Statement, name: str, mesh: Mesh) -> Float[Tensor, "n"]:
    """One where a varied function means something, zero elsewhere."""
    parts = problem.boundary_data.get(name)
    if parts is None:
        return torch.ones(len(mesh), dtype=torch.float64)
    support = torch.zeros(len(mesh), dtype=torch.float64)
    for part in parts:
        support[mesh.on(part)] = 1.0
    return support
