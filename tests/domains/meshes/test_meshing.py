"""Meshes of regions: they fill them, name their parts, and come out the same each time."""

import math

import pytest
import torch

from fredholm.domains import (
    Axis,
    Ball,
    Box,
    Disk,
    Ellipse,
    Grid,
    Interval,
    Polygon,
    Rectangle,
    mesh_of_grid,
    mesh_region,
    refined,
)
from fredholm.domains.geometry.region import Region
from fredholm.domains.meshes.mesh import Mesh

HOLED = Rectangle((-0.5, 0.5), (-0.5, 0.5)) - Disk((0.2, 0.2), 0.1, name="hole")
STEP = Polygon(
    ((0, 0), (4, 0), (4, 2), (2, 2), (2, 1), (0, 1)),
    edges=("wall", "outlet", "wall", "wall", "wall", "inlet"),
)
SHAPES = {
    "interval": Interval(0.0, 2.0),
    "rectangle": Rectangle((0.0, 1.0), (0.0, 2.0)),
    "named": Rectangle((0.0, 1.0), (0.0, 2.0), name="wall"),
    "disk": Disk((1.0, -1.0), 0.7),
    "tall": Ellipse((0.0, 0.0), (0.5, 1.0)),
    "wide": Ellipse((0.0, 0.0), (1.0, 0.5)),
    "polygon": STEP,
    "holed": HOLED,
    "lens": Disk((0.0, 0.0), 1.0, name="a") & Disk((1.0, 0.0), 1.0, name="b"),
    "joined": Rectangle((0.0, 1.0), (0.0, 1.0)) | Rectangle((1.0, 2.0), (0.2, 0.8), name="arm"),
    "small": Rectangle((0.0, 1e-6), (0.0, 2e-6)) - Disk((5e-7, 5e-7), 2e-7, name="pore"),
    "large": Disk((0.0, 0.0), 4e5),
    "cube": Box.cube(3) - Ball((0.5, 0.5, 0.5), 0.3, "void"),
}


def part_measure(mesh: Mesh, part: str) -> float:
    corners = mesh.coords[mesh.facets[part]]
    sides = corners[:, 1:] - corners[:, :1]
    if not sides.shape[1]:
        return float(len(corners))
    size = torch.linalg.det(sides @ sides.mT).sqrt() / math.factorial(sides.shape[1])
    return float(size.sum())


def edge_lengths(mesh: Mesh) -> torch.Tensor:
    ends = mesh.coords[mesh.edges]
    return torch.linalg.vector_norm(ends[:, 0] - ends[:, 1], dim=-1)


@pytest.mark.parametrize("name", SHAPES)
def test_mesh_fills_its_region(name: str):
    region = SHAPES[name]
    size = region.size / (8 if region.dim < 3 else 4)
    mesh = mesh_region(region, size)
    assert mesh.parts == region.parts
    assert mesh.measure == pytest.approx(region.measure, rel=0.03)
    assert float(edge_lengths(mesh).max()) < 2.1 * size
    for part in mesh.parts:
        # Nodes lie on the part that they are said to lie on, by its own distance function.
        gaps = region.distance(mesh.coords[mesh.on(part)], part).abs()
        assert float(gaps.max()) < 1e-9 * region.size
        assert part_measure(mesh, part) == pytest.approx(region.measure_of(part), rel=0.05)
    inner = mesh.coords[~mesh.on_boundary]
    assert bool(region.inside(inner).all())


def test_equal_arguments_give_equal_meshes():
    first, second = (mesh_region(HOLED, 0.1) for _ in range(2))
    assert torch.equal(first.coords, second.coords)
    assert torch.equal(first.cells, second.cells)


def test_names_and_units_are_kept():
    mesh = mesh_region(Interval(), 0.5, names=("s",), units="m")
    assert (mesh.names, mesh.units) == (("s",), ("m",))


@pytest.mark.parametrize("part", ["hole", "left"])
def test_refinement_is_local_to_its_part(part: str):
    coarse, fine = mesh_region(HOLED, 0.1), mesh_region(HOLED, 0.1, refine={part: 0.01})
    ends = fine.coords[fine.facets[part]]
    assert float((ends[:, 0] - ends[:, 1]).norm(dim=1).max()) < 0.0125
    assert len(coarse) < len(fine) < 10 * len(coarse)  # everywhere it would be 100 times
    assert float(edge_lengths(fine).max()) > 0.07


def test_boundary_error_is_of_second_order():
    errors = [
        abs(mesh_region(Disk((0.0, 0.0), 1.0), h).measure - math.pi) for h in (0.2, 0.1, 0.05)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.2)


def test_a_session_of_gmsh_is_left_alone():
    gmsh = pytest.importorskip("gmsh")
    assert not gmsh.isInitialized()
    mesh_region(HOLED, 0.3)
    assert not gmsh.isInitialized()
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.123)
        gmsh.model.add("mine")
        gmsh.model.occ.addDisk(0, 0, 0, 1, 1)
        gmsh.model.occ.synchronize()
        before = gmsh.model.getEntities()
        ours = mesh_region(HOLED, 0.3)
        assert gmsh.model.getCurrent() == "mine"
        assert gmsh.model.getEntities() == before
        assert gmsh.option.getNumber("Mesh.MeshSizeMax") == pytest.approx(0.123)
    finally:
        gmsh.finalize()
    assert torch.equal(ours.coords, mesh_region(HOLED, 0.3).coords)


def test_nothing_is_printed(capfd: pytest.CaptureFixture):
    mesh_region(HOLED, 0.3)
    assert capfd.readouterr() == ("", "")


class Blob(Region):
    bounds = ((0.0, 1.0), (0.0, 1.0))
    parts = ("blob",)
    measure = 1.0  # type: ignore
    measure_of = signed_distance = level = distance_everywhere = boundary = None  # type: ignore


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((HOLED, 0.0), "positive"),
        ((HOLED, 0.1, {"hole": -1.0}), "positive"),
        ((HOLED, 0.1, {"whole": 0.1}), "did you mean 'hole'"),
        ((Blob(), 0.1), "Blob cannot be meshed"),  # type: ignore[abstract]
        ((Box.cube(4), 0.5), "has 4"),
    ],
)
def test_what_cannot_be_meshed_is_refused(arguments: tuple, message: str):
    region, size, *refine = arguments
    with pytest.raises(ValueError, match=message):
        mesh_region(region, size, refine=refine[0] if refine else None)


GRIDS = (Grid((5,)), Grid((5, 4), ((0.0, 1.0), (0.0, 2.0))), Grid((3, 4, 5)))


@pytest.mark.parametrize("grid", GRIDS, ids=["1", "2", "3"])
def test_mesh_of_grid_has_its_points_and_sides(grid: Grid):
    mesh = mesh_of_grid(grid)
    assert torch.equal(mesh.coords, grid.points().flatten(0, -2))
    assert mesh.measure == pytest.approx(grid.measure)
    for side, axis, end in zip(mesh.parts, (0, 0, 1, 1, 2, 2), (0, 1) * 3):
        place = (grid.axes[axis].start, grid.axes[axis].stop)[end]
        assert mesh.on(side).tolist() == (mesh.coords[:, axis] == place).nonzero()[:, 0].tolist()


def test_grids_without_ends_are_refused():
    with pytest.raises(ValueError, match="both ends"):
        mesh_of_grid(Grid((4, 4), periodic=True))
    with pytest.raises(ValueError, match="both ends"):
        mesh_of_grid(Grid.of(Axis(4, 0.0, 1.0, location="cell")))


@pytest.mark.parametrize("grid", GRIDS, ids=["1", "2", "3"])
def test_refined_meshes_are_nested(grid: Grid):
    mesh = mesh_of_grid(grid)
    fine = refined(mesh)
    assert torch.equal(fine.coords[: len(mesh)], mesh.coords)
    assert torch.equal(fine.coords[len(mesh) :], mesh.coords[mesh.edges].mean(1))
    assert len(fine.cells) == 2**grid.dim * len(mesh.cells)
    assert fine.measure == pytest.approx(mesh.measure)
    assert {p: len(f) for p, f in fine.facets.items()} == {
        p: 2 ** (grid.dim - 1) * len(f) for p, f in mesh.facets.items()
    }
    for part in mesh.parts:
        assert part_measure(fine, part) == pytest.approx(part_measure(mesh, part))


def test_refined_cells_keep_their_shape():
    """Cells of cells of cells do not become ever flatter, in three dimensions too."""
    mesh = mesh_region(Box.cube(3), 0.7)
    for _ in range(2):
        mesh = refined(mesh)
    longest = torch.cdist(mesh.coords[mesh.cells], mesh.coords[mesh.cells]).flatten(1).amax(1)
    regular = longest**3 / (6 * math.sqrt(2))
    assert float((mesh.volumes / regular).min()) > 0.05


def test_new_nodes_are_moved_to_a_curved_boundary():
    disk = Disk((0.0, 0.0), 1.0)
    mesh = mesh_region(disk, 0.4)
    flat, round_ = refined(mesh), refined(mesh, onto=disk)
    assert flat.measure == pytest.approx(mesh.measure)
    ratio = (math.pi - mesh.measure) / (math.pi - round_.measure)
    assert ratio == pytest.approx(4, rel=0.05)
    radii = torch.linalg.vector_norm(round_.coords[round_.on_boundary], dim=1)
    torch.testing.assert_close(radii, torch.ones_like(radii), rtol=0, atol=1e-14)
