"""Files of meshes: what is read is what was written, or it is refused in one sentence."""

import re
from pathlib import Path

import meshio
import numpy as np
import pytest
import torch
from meshes_made import FAN, SQUARE, fan, folder, write

from fredholm.data import read
from fredholm.data.readers.mesh_file import read_mesh
from fredholm.data.readers.mesh_folder import mesh_files
from fredholm.data.readers.simplices import SHAPES, simplices
from fredholm.domains import Mesh, PointCloud, Stack
from fredholm.errors import DataError

CUBE = np.array([[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))], float)
SOLIDS = {
    "tetra": (CUBE[[0, 1, 3, 4]], 1 / 6),
    "pyramid": (np.vstack([CUBE[:4], [[0.5, 0.5, 1]]]), 1 / 3),
    "wedge": (CUBE[[0, 1, 3, 4, 5, 7]], 1 / 2),
    "hexahedron": (CUBE, 1.0),
}


def volumes(points: np.ndarray, cells: np.ndarray) -> np.ndarray:
    sides = points[cells[:, 1:]] - points[cells[:, :1]]
    return np.abs(np.linalg.det(sides)) / 6


@pytest.mark.parametrize("suffix", ["vtu", "vtk", "xdmf", "msh"])
def test_formats_keep_mesh_fields_and_components(tmp_path: Path, suffix: str) -> None:
    u = SQUARE[:, 0] ** 2
    v = np.c_[SQUARE, np.zeros(5)]
    path = fan(tmp_path / f"m.{suffix}", fields={"u": u, "v": v})
    found = read_mesh(path)
    assert isinstance(found.mesh, Mesh)
    assert found.mesh.names == ("x", "y") and len(found.mesh.cells) == 4
    assert np.array_equal(found.mesh.coords.numpy(), SQUARE)
    assert np.array_equal(found.fields["u"][:, 0], u)
    assert np.array_equal(found.fields["v"], SQUARE)
    assert any("z = 0" in note for note in found.notes)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "text"])
def test_stl_is_a_closed_surface(tmp_path: Path, binary: bool) -> None:
    corners = CUBE[[0, 1, 3, 4]]
    faces = [[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]]
    path = tmp_path / "tetra.stl"
    meshio.Mesh(corners, [("triangle", faces)]).write(path, binary=binary)
    mesh = read_mesh(path).mesh
    assert mesh.measure == pytest.approx(1.5 + 3**0.5 / 2)
    assert mesh.parts == () and len(mesh) == 4


@pytest.mark.parametrize("kind", SOLIDS)
def test_solids_are_cut_without_gaps(kind: str) -> None:
    points, volume = SOLIDS[kind]
    generator = np.random.default_rng(0)
    for _ in range(6):  # the cut depends on the numbers of the corners
        order = generator.permutation(len(points))
        cells, parents = simplices(kind, np.argsort(order)[None])
        found = volumes(points[order], cells)
        assert found.sum() == pytest.approx(volume) and found.min() > 0.01
        assert set(parents) == {0}


def test_neighbouring_hexahedra_cut_their_common_face_alike(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    both = np.vstack([CUBE, CUBE[[1, 2, 5, 6]] + [1, 0, 0]])
    cells = np.array([[0, 1, 2, 3, 4, 5, 6, 7], [1, 8, 9, 2, 5, 10, 11, 6]])
    for number in range(4):
        order = generator.permutation(12)
        path = write(
            tmp_path / f"{number}.vtu", both[order], [("hexahedron", np.argsort(order)[cells])]
        )
        mesh = read_mesh(path).mesh
        # Faces cut in two ways would count as boundary, on both sides of the gap.
        assert isinstance(mesh, Mesh) and mesh.measure == pytest.approx(2)
        assert len(mesh.facets["boundary"]) == 20


def test_quads_with_a_reflex_corner_are_cut_there(tmp_path: Path) -> None:
    arrow = np.array([[0, 10], [-1, 0], [0, 1], [1, 0]], dtype=float)
    for turn in range(4):
        path = write(
            tmp_path / f"{turn}.vtu", np.roll(arrow, turn, axis=0), [("quad", [[0, 1, 2, 3]])]
        )
        found = read_mesh(path)
        assert found.mesh.measure == pytest.approx(9)
        assert "quads were cut into triangles" in found.notes


def test_middle_nodes_and_lonely_nodes_are_left_out(tmp_path: Path) -> None:
    points = np.array([[0, 0], [1, 0], [0, 1], [0.5, 0], [0.5, 0.5], [0, 0.5], [9, 9]], float)
    path = write(
        tmp_path / "m.vtu",
        points,
        [("triangle6", [[0, 1, 2, 3, 4, 5]])],
        point_data={"u": points[:, 0]},
    )
    found = read_mesh(path)
    assert len(found.mesh) == 3 and np.array_equal(found.fields["u"][:, 0], [0, 1, 0])
    assert found.notes[:2] == (
        "of triangle6 cells only the corners are kept",
        "4 nodes are corners of no cell and were left out",
    )


def test_physical_names_become_parts(tmp_path: Path) -> None:
    path = tmp_path / "m.msh"
    lines = [[0, 1], [1, 2], [2, 4], [1, 0], [1, 0]]  # one inside, one twice, one in two parts
    mesh = meshio.Mesh(
        np.c_[SQUARE, np.zeros(5)],
        [("triangle", FAN), ("line", lines)],
        cell_data={
            "gmsh:physical": [np.full(4, 7), np.array([1, 2, 1, 1, 2])],
            "gmsh:geometrical": [np.full(4, 7), np.array([1, 2, 1, 1, 2])],
        },
        field_data={"inlet": np.array([1, 1]), "wall": np.array([2, 1]), "body": np.array([7, 2])},
    )
    meshio.write(path, mesh, file_format="gmsh22", binary=False)
    found = read_mesh(path)
    assert found.mesh.parts == ("inlet", "wall", "boundary")
    assert found.mesh.on("inlet").tolist() == [0, 1] and found.mesh.on("wall").tolist() == [1, 2]
    assert "1 lines inside the mesh are no boundary and were left out" in found.notes
    assert "1 lines are in several parts and count for the first" in found.notes


def test_values_of_cells_are_averaged_to_the_nodes(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.vtu", SQUARE, [("triangle", FAN)], cell_data={"k": [np.array([1.0, 2, 3, 4])]}
    )
    found = read_mesh(path)
    assert found.fields["k"][:, 0] == pytest.approx([2.5, 1.5, 2.5, 3.5, 2.5])
    assert "k is constant in cells and was averaged to the nodes" in found.notes


def test_points_without_cells_are_a_cloud(tmp_path: Path) -> None:
    path = write(tmp_path / "m.vtu", SQUARE, [("vertex", [[k] for k in range(5)])])
    found = read_mesh(path)
    assert isinstance(found.mesh, PointCloud) and found.mesh.names == ("x", "y")


BAD = {
    "polygons": ([("polygon", [[0, 1, 2, 3, 4]])], "cells of type polygon"),
    "unknown nodes": ([("triangle", [[0, 1, 9]])], "names the nodes 0 to 9"),
    "flat cells": ([("triangle", [[0, 1, 1]])], "no volume"),
    "lines elsewhere": ([("triangle", FAN[:1]), ("line", [[2, 3]])], "sides of no cell"),
    "three cells at an edge": (
        [("triangle", [[0, 1, 2], [0, 1, 3], [0, 1, 4]])],
        "share",
    ),
}


@pytest.mark.parametrize("cells, message", BAD.values(), ids=BAD)
def test_what_is_no_mesh_is_refused(tmp_path: Path, cells: list, message: str) -> None:
    path = write(tmp_path / "m.vtu", SQUARE, cells)
    with pytest.raises(DataError, match=message) as caught:
        read_mesh(path)
    assert str(path) in str(caught.value)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = fan(tmp_path / "m.vtu").read_bytes()
    for number, part in enumerate((0.3, 0.6, 0.9)):
        path = tmp_path / f"cut{number}.vtu"
        path.write_bytes(whole[: int(part * len(whole))])
        with pytest.raises(DataError, match="damaged|is no file of a mesh"):
            read_mesh(path)
    short = tmp_path / "short.vtu"
    mesh = meshio.Mesh(np.c_[SQUARE, np.zeros(5)], [("triangle", np.array(FAN))])
    mesh.point_data["u"] = np.zeros(3)
    meshio.vtu.write(short, mesh, binary=False)
    with pytest.raises(DataError, match="not have one value per node"):
        read_mesh(short)
    text = tmp_path / "notes.vtu"
    text.write_text("a mesh, one day")
    with pytest.raises(DataError, match="is no file of a mesh"):
        read_mesh(text)
    with pytest.raises(DataError, match="does not exist"):
        read_mesh(tmp_path / "none.vtu")


def test_a_folder_is_a_data_set(tmp_path: Path) -> None:
    samples = read(folder(tmp_path / "set", 12), input="source", target="u")
    assert [f"case_{k}.vtu" for k in range(12)] == samples.origin["files"]
    assert isinstance(samples.inputs.domain, Stack) and len(samples) == 12
    assert samples.targets.values[11, 2, 0] == pytest.approx(3 * 2.1)
    assert samples.inputs.values[3, 1, 0] == pytest.approx(4.0)
    assert len(samples[[3, 1]].targets.domain.members) == 2


def test_equal_meshes_are_one_object(tmp_path: Path) -> None:
    path = tmp_path / "set"
    path.mkdir()
    for number in range(3):
        fan(path / f"{number}.vtu", scale=number + 1.0)
    samples = read(path, input="source", target="u")
    assert isinstance(samples.inputs.domain, Mesh)
    fan(path / "3.vtu", corner=2.0)
    members = read(path, input="source", target="u").inputs.domain.members
    assert members[0] is members[2] and members[3] is not members[0]


def test_what_is_constant_or_on_the_boundary_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "set"
    path.mkdir()
    for number in range(3):
        values = {
            "u": SQUARE[:, 0],
            "nu": np.full(5, 0.1 * number),
            "g": np.array([1.0, number, 0, 0, 0]),
            "f": np.array([1.0, number, 0, 0, 1]),
        }
        fan(path / f"{number}.vtu", fields=values)
    samples = read(path, input=["g", "nu", "f"], target="u")
    assert [v.support for v in samples.input_variables] == ["boundary", ""]
    assert [v.name for v in samples.param_variables] == ["nu"]
    assert samples.params is not None and samples.params[:, 0].tolist() == [0, 0.1, 0.2]


def test_numbers_of_the_file_are_parameters(tmp_path: Path) -> None:
    entry = '<DataArray type="Float64" Name="{}" NumberOfTuples="1" format="ascii">{}</DataArray>'
    for number in range(3):
        path = fan(tmp_path / "set" / f"{number}.vtu", scale=2.0)
        data = entry.format("Re", 100 + number) + entry.format("TimeValue", 0.5)
        text = path.read_text().replace("<Piece", f"<FieldData>{data}</FieldData><Piece", 1)
        path.write_text(text)
    samples = read(tmp_path / "set", input=["source", "Re"], target="u")
    assert samples.params is not None and samples.params[:, 0].tolist() == [100, 101, 102]
    assert [v.name for v in samples.input_variables] == ["source"]
    assert any("TimeValue is not used" in note for note in samples.origin["assumed"])
    with pytest.raises(DataError, match="did you mean 'Re'"):
        read(tmp_path / "set", input="Rey", target="u")


def test_the_shape_alone_can_be_the_input(tmp_path: Path) -> None:
    samples = read(folder(tmp_path / "set"), target="u")
    assert samples.inputs.channels == 0 and samples.input_variables == ()
    assert len(samples.signature.inputs) == 0


def test_folders_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "set", 3)
    with pytest.raises(DataError, match="case_0.vtu has no field 'sourec': did you mean 'source'"):
        read(path, input="sourec", target="u")
    with pytest.raises(DataError, match="cannot tell input from target among"):
        read(fan(tmp_path / "a.vtu", fields={"p": SQUARE[:, 0], "q": SQUARE[:, 1]}))
    with pytest.raises(ValueError, match="meshes state their points themselves"):
        read(path, input="source", target="u", extent=1.0)
    fan(path / "case_3.vtu", fields={"u": SQUARE, "source": SQUARE[:, 0]})
    with pytest.raises(DataError, match=re.escape("case_3.vtu has the components u_x, u_y")):
        read(path, input="source", target="u")
    fan(path / "case_3.vtu", fields={"v": SQUARE})
    with pytest.raises(DataError, match="case_3.vtu has no field"):
        read(path, input="source", target="u")
    (path / "case_4.vtk").write_text("")
    with pytest.raises(DataError, match=r"\.vtk and \.vtu files"):
        mesh_files(path)
    with pytest.raises(DataError, match="without a Zarr store or files of meshes"):
        read(folder(tmp_path / "empty", 0))


def test_cut_cells_and_fields_are_those_of_the_file(tmp_path: Path) -> None:
    """A linear function is integrated exactly on the simplices, whatever the cells were."""
    assert set(SOLIDS) < set(SHAPES)
    path = write(
        tmp_path / "m.vtu", CUBE, [("hexahedron", [list(range(8))])], point_data={"u": CUBE[:, 0]}
    )
    found = read_mesh(path)
    weights = found.mesh.weights()
    assert float(weights @ torch.from_numpy(found.fields["u"][:, 0])) == pytest.approx(0.5)
