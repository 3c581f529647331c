"""Meshes of regions, by gmsh."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains.geometry import Box, Region
from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.meshes.open_cascade import shape
from fredholm.errors import FredholmError
from fredholm.extras import require

_CURVES = 16
"""Edges that make a full circle at least, however long they may be."""
_GROWTH = 0.3
"""By how much edges grow, per distance from a part of the boundary that is refined."""
_OPTIONS = {
    "General.Terminal": 0,
    "General.NumThreads": 1,
    "Mesh.Algorithm": 6,
    "Mesh.RandomSeed": 1,
    "Mesh.MeshSizeMin": 0,
    "Mesh.MeshSizeFromCurvature": _CURVES,
    "Mesh.MeshSizeMax": 0,
    "Mesh.MeshSizeExtendFromBoundary": 1,
}
_TYPES = {1: 1, 2: 2, 3: 4}
"""What gmsh calls simplices of so many dimensions."""


def mesh_region(
    region: Region,
    size: float,
    *,
    refine: Mapping[str, float] | None = None,
    names: Sequence[str] = (),
    units: str | Sequence[str] = "",
) -> Mesh:
    """A mesh of simplices that fills a region; equal arguments give equal meshes.

    Boundaries are followed exactly: nodes of the boundary lie on it, corners are nodes. Curved
    boundaries are cut into chords, at least 16 per full circle.

    Args:
        region: An interval, or boxes, balls, ellipses, polygons and what `|`, `&` and `-` make of
            them, in two or three dimensions.
        size: Target length of edges, in the units of the coordinates.
        refine: Target lengths at parts of the boundary, by name; away from there edges grow by 0.3
            per distance until they have the general length.
        names: Names of the coordinates, by default x, y, z.
        units: Units, for all coordinates or one each.

    Returns:
        The mesh; its parts have the names of the region's.

    Raises:
        ValueError: A length that is not positive, a part that does not exist, or a region that
            cannot be meshed.
        MissingExtra: gmsh is not installed; it is needed in two and three dimensions.

    Reference:
        Geuzaine and Remacle, Int. J. Numer. Meth. Engng 79, 2009 (gmsh).
    """
    refine = dict(refine or {})
    for part in refine:
        region._require(part=part)
    wrong = [length for length in (size, *refine.values()) if not 0 < length < math.inf]
    if wrong:
        raise ValueError(f"lengths of edges are positive, got {wrong[0]}")
    if region.dim == 1 and isinstance(region, Box):
        nodes, cells, facets = _line(region, size, refine)
        return Mesh(nodes, cells, parts=facets, names=names, units=units)
    if region.dim not in (2, 3):
        raise ValueError(
            f"regions are meshed in two and three dimensions, and intervals; this "
            f"{type(region).__name__} has {region.dim}"
        )
    gmsh = require("gmsh", "meshing a region", "mesh")
    with _model(gmsh):
        # OpenCASCADE has absolute tolerances: lengths near one, by an exact power of two.
        scale = 2.0 ** round(math.log2(region.size))
        shape(region, gmsh.model.occ, scale)
        gmsh.model.occ.synchronize()
        sides = _sides(gmsh, region, scale)
        _sizes(gmsh, sides, size / scale, {part: h / scale for part, h in refine.items()})
        try:
            gmsh.model.mesh.generate(region.dim)
        except Exception as error:  # gmsh raises nothing more specific
            raise FredholmError(f"gmsh could not mesh the region: {error}") from error
        nodes, cells, facets = _extracted(gmsh, region, sides)
    return Mesh(scale * nodes, cells, parts=facets, names=names, units=units)


Parts = tuple[Float[Tensor, "n dim"], Int[Tensor, "m corners"], dict[str, Int[Tensor, "f facet"]]]
"""Nodes, cells, and facets by the part of the boundary."""


def _line(region: Box, size: float, refine: Mapping[str, float]) -> Parts:
    """An interval, with edges of one length."""
    ((start, stop),) = region.bounds
    count = max(1, math.ceil((stop - start) / min([size, *refine.values()]) - 1e-9))
    nodes = torch.linspace(start, stop, count + 1, dtype=torch.float64)[:, None]
    numbers = torch.arange(count + 1)
    if region.name:
        ends = {region.name: torch.tensor([[0], [count]])}
    else:
        ends = {part: torch.tensor([[i]]) for part, i in zip(region.parts, (0, count))}
    return nodes, torch.stack([numbers[:-1], numbers[1:]], dim=1), ends


@contextmanager
def _model(gmsh: Any) -> Iterator[None]:
    """An empty model of our own; afterwards gmsh is as it was."""
    ours = not gmsh.isInitialized()
    if ours:
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    earlier = gmsh.model.getCurrent()
    options = {name: gmsh.option.getNumber(name) for name in _OPTIONS}
    try:
        for name, value in _OPTIONS.items():
            gmsh.option.setNumber(name, value)
        gmsh.model.add("fredholm")
        yield
    finally:
        if ours:
            gmsh.finalize()
        else:
            gmsh.model.remove()
            gmsh.model.setCurrent(earlier)
            for name, value in options.items():
                gmsh.option.setNumber(name, value)


def _sides(gmsh: Any, region: Region, scale: float) -> dict[int, str]:
    """The part that each curve (surface) of the boundary belongs to, by its tag."""
    solids = gmsh.model.getEntities(region.dim)
    sides = gmsh.model.getBoundary(solids, combined=True, oriented=False)
    if len(region.parts) == 1:
        return {tag: region.parts[0] for _, tag in sides}
    points = [scale * _points_on(gmsh, dim, tag)[:, : region.dim] for dim, tag in sides]
    # All sides in one call: a polygon goes through its edges at each.
    gaps = [region.distance(torch.cat(points), part).abs() for part in region.parts]
    sums = [[float(each.sum()) for each in gap.split([len(p) for p in points])] for gap in gaps]
    nearest = torch.tensor(sums).argmin(0).tolist()
    return {tag: region.parts[part] for (_, tag), part in zip(sides, nearest)}


def _points_on(gmsh: Any, dim: int, tag: int) -> Float[Tensor, "k 3"]:
    """Some points inside a curve or on a surface."""
    if dim == 1:
        (start,), (stop,) = gmsh.model.getParametrizationBounds(dim, tag)
        at = [start + share * (stop - start) for share in (0.25, 0.5, 0.75)]
        found = gmsh.model.getValue(dim, tag, at)
    else:
        middle = gmsh.model.occ.getCenterOfMass(dim, tag)
        found, _ = gmsh.model.getClosestPoint(dim, tag, middle)
    return torch.as_tensor(found, dtype=torch.float64).reshape(-1, 3)


def _sizes(gmsh: Any, sides: Mapping[int, str], size: float, refine: Mapping[str, float]) -> None:
    """Asks for edges of one length, and for shorter ones at some parts."""
    gmsh.option.setNumber("Mesh.MeshSizeMax", size)
    gmsh.model.mesh.setSize(gmsh.model.getEntities(0), size)  # else a tenth of the diagonal
    field = gmsh.model.mesh.field
    lists = {1: "CurvesList", 2: "SurfacesList"}[gmsh.model.getDimension() - 1]
    limits = []
    for part, length in refine.items():
        gap = field.add("Distance")
        field.setNumbers(gap, lists, [tag for tag, name in sides.items() if name == part])
        field.setNumber(gap, "Sampling", 100)
        limit = field.add("MathEval")
        field.setString(limit, "F", f"Min({length!r} + {_GROWTH} * F{gap}, {size!r})")
        limits.append(limit)
    if limits:
        # Otherwise the short edges would be continued as far as the next long ones.
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 0)
        least = field.add("Min")
        field.setNumbers(least, "FieldsList", limits)
        field.setAsBackgroundMesh(least)


def _extracted(gmsh: Any, region: Region, sides: Mapping[int, str]) -> Parts:
    """The mesh of the current model."""
    dim, parts = region.dim, [part for part in region.parts if part in sides.values()]
    tags, coords, _ = gmsh.model.mesh.getNodes()
    cells = _elements(gmsh, dim, -1)
    # Nodes in no cell are dropped: centres of circles, ends of seams.
    number = torch.full((int(tags.max()) + 1,), -1)
    used = cells.unique()
    number[used] = torch.arange(len(used))
    place = torch.empty(int(tags.max()) + 1, dtype=torch.long)
    place[torch.as_tensor(tags.astype("int64"))] = torch.arange(len(tags))
    nodes = torch.as_tensor(coords).reshape(-1, 3)[place[used]][:, :dim]
    facets = {
        part: torch.cat([_elements(gmsh, dim - 1, tag) for tag in sides if sides[tag] == part])
        for part in parts
    }
    return nodes, number[cells], {part: number[f] for part, f in facets.items()}


def _elements(gmsh: Any, dim: int, tag: int) -> Int[Tensor, "m corners"]:
    _, corners = gmsh.model.mesh.getElementsByType(_TYPES[dim], tag)
    return torch.as_tensor(corners.astype("int64")).reshape(-1, dim + 1)
