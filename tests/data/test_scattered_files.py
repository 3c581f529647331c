"""Samples on clouds and meshes survive every form in which they are kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray

from fredholm.data import (
    Samples,
    ScatteredWriter,
    describe,
    from_xarray,
    read,
    read_mesh,
    sample_writer,
    to_xarray,
    write_netcdf,
    write_vtu,
)
from fredholm.data.scattered_netcdf import chunks, read_chunks
from fredholm.domains import Axis, Cylinder, Domain, Mesh, PointCloud, Stack
from fredholm.errors import DataError, FormatError
from fredholm.fields import Field, Variable
from fredholm.surrogates import Prediction

U = (Variable("u_x", "m"), Variable("u_y", "m"), Variable("p", "Pa"))
A = (Variable("x", "N"), Variable("g", "m", "data", "boundary"))


def mesh(seed: int, parts: bool = True) -> Mesh:
    """A fan of triangles around the origin, of as many triangles as the seed says."""
    angles = torch.linspace(0, 2 * torch.pi, 5 + seed, dtype=torch.float64)[:-1]
    rim = torch.stack([angles.cos(), angles.sin()], 1)
    count = len(rim)
    number = torch.arange(count)
    cells = torch.stack([number, (number + 1) % count, torch.full_like(number, count)], 1)
    facets = cells[:, :2]
    named = {"the wall": facets[:2], "inlet": facets[2:3]} if parts else None
    return Mesh(torch.cat([rim, rim.new_zeros(1, 2)]), cells, parts=named, units="m")


def cloud(seed: int) -> PointCloud:
    generator = torch.Generator().manual_seed(seed)
    coords = torch.rand(6 + seed, 3, generator=generator, dtype=torch.float64)
    normals = torch.zeros_like(coords)
    normals[:2, 0] = 1.0
    parts = {"skin": torch.tensor([0, 1]), "rim": torch.tensor([1])}
    return PointCloud(coords, torch.full((len(coords),), 0.1), parts=parts, normals=normals)


def samples(space: Domain, count: int, times: int = 0) -> Samples:
    """Random functions; padding holds zeros."""
    generator = torch.Generator().manual_seed(3)
    targets_on = Cylinder(Axis(times, 0, 1, name="t", units="s"), space) if times else space
    values = []
    for domain, channels in ((space, 2), (targets_on, 3)):
        drawn = torch.randn(count, *domain.shape, channels, generator=generator)
        if isinstance(space, Stack):
            inside = space.mask[:, None] if domain is not space else space.mask
            drawn = drawn * inside[..., None]
        values.append(drawn)
    return Samples(
        Field(values[0], space),
        Field(values[1], targets_on),
        A,
        U,
        torch.rand(count, 1, generator=generator, dtype=torch.float64),
        (Variable("Re", "1"),),
        {"problem": "made up", "seed": 3},
        torch.rand(count, generator=generator, dtype=torch.float64),
    )


SPACES = {
    "one mesh": mesh(4),
    "meshes": Stack((mesh(1), mesh(3), mesh(2))),
    "clouds": Stack((cloud(1), cloud(3), cloud(2))),
    "one cloud": cloud(2),
}


def same_domain(a: Domain, b: Domain) -> bool:
    if isinstance(a, Cylinder) and isinstance(b, Cylinder):
        return a.time == b.time and same_domain(a.space, b.space)
    if isinstance(a, Stack) and isinstance(b, Stack):
        return all(same_domain(one, two) for one, two in zip(a.members, b.members))
    assert type(a) is type(b) and (a.names, a.units, a.parts) == (b.names, b.units, b.parts)
    same = torch.equal(a.coords, b.coords) and torch.equal(a.weights(), b.weights())
    same = same and torch.equal(a.normals, b.normals)
    if isinstance(a, Mesh) and isinstance(b, Mesh):
        same = same and torch.equal(a.cells, b.cells)
    return same and all(torch.equal(a.on(part), b.on(part)) for part in a.parts)


def assert_same(found: Samples, written: Samples) -> None:
    for side in ("inputs", "targets"):
        assert torch.equal(getattr(found, side).values, getattr(written, side).values)
        assert same_domain(getattr(found, side).domain, getattr(written, side).domain)
    for side in ("input_variables", "target_variables", "param_variables"):
        assert getattr(found, side) == getattr(written, side)
    assert found.params is not None and written.params is not None
    assert found.error is not None and written.error is not None
    assert torch.equal(found.params, written.params) and torch.equal(found.error, written.error)


@pytest.mark.parametrize("times", [0, 3], ids=["steady", "in time"])
@pytest.mark.parametrize("name", SPACES)
def test_a_file_gives_back_what_was_written(tmp_path: Path, name: str, times: int) -> None:
    written = samples(SPACES[name], 3, times)
    path = write_netcdf(written, tmp_path / "s.nc")
    found = read(path)
    assert_same(found, written)
    assert found.origin["problem"] == "made up"
    assert_same(read(path, samples=slice(1, 3)), written[1:3])
    with pytest.raises(DataError, match="exists"):
        write_netcdf(written, path)


def test_others_can_read_the_file(tmp_path: Path) -> None:
    path = write_netcdf(samples(SPACES["meshes"], 3), tmp_path / "s.nc")
    with xarray.open_dataset(path) as data:
        assert dict(data.sizes)["node"] == sum(SPACES["meshes"].sizes)
        assert data["p"].attrs["units"] == "Pa" and set(data["p"].coords) == {"x", "y"}
        assert data["node_count"].values.tolist() == list(SPACES["meshes"].sizes)
        assert data["facet_part"].attrs["flag_meanings"] == "the_wall inlet boundary"
        assert data["x_input"].attrs["variable"] == "x"
    path = write_netcdf(samples(SPACES["one mesh"], 3), tmp_path / "shared.nc")
    with xarray.open_dataset(path) as data:
        assert data["mesh"].attrs["cf_role"] == "mesh_topology"
        assert data["mesh"].attrs["face_node_connectivity"] == "cells"
        assert data["p"].dims == ("sample", "node")


def test_equal_meshes_in_a_file_are_one_object(tmp_path: Path) -> None:
    space = Stack((mesh(1), mesh(2), mesh(1)))
    found = read(write_netcdf(samples(space, 3), tmp_path / "s.nc")).inputs.domain
    assert isinstance(found, Stack)
    assert found.members[0] is found.members[2] is not found.members[1]


@pytest.mark.parametrize("name", SPACES)
def test_an_interrupted_run_goes_on(tmp_path: Path, name: str) -> None:
    whole = samples(SPACES[name], 3)
    path = tmp_path / "s.nc"
    with sample_writer(path, whole[:1], 3) as writer:
        assert isinstance(writer, ScatteredWriter)
        writer.append(whole[:2])
    assert not path.exists() and chunks(writer.partial) == [(0, 2)]
    assert_same(read_chunks(writer.partial), whole[:2])
    with pytest.raises(DataError, match="unfinished: 2 samples are there"):
        read(writer.partial)
    with pytest.raises(DataError, match="other settings"):
        sample_writer(path, replace(whole, origin={"seed": 4})[:1], 3)
    with sample_writer(path, whole[:1], 3) as writer:
        assert writer.done == 2
        with pytest.raises(ValueError, match="takes 3 samples"):
            writer.append(whole[:2])
        writer.append(whole[2:])
    assert_same(read(path), whole)
    assert [file.name for file in tmp_path.iterdir()] == ["s.nc"]


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = write_netcdf(samples(SPACES["meshes"], 3), tmp_path / "s.nc")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="damaged"):
        read(path)
    data = to_xarray(samples(SPACES["meshes"], 3).targets, U)
    data["node_count"][0] += 1
    with pytest.raises(FormatError, match="do not make a mesh"):
        from_xarray(data, U, samples(SPACES["meshes"], 3).signature.target_domain)


def test_inputs_on_other_points_make_no_file(tmp_path: Path) -> None:
    written = samples(SPACES["one mesh"], 3)
    other = Field(torch.zeros(3, len(mesh(1)), 2), mesh(1))
    with pytest.raises(ValueError, match="different points"):
        write_netcdf(replace(written, inputs=other), tmp_path / "s.nc")
    assert not (tmp_path / "s.nc").exists()


@pytest.mark.parametrize("times", [0, 3], ids=["steady", "in time"])
@pytest.mark.parametrize("name", SPACES)
def test_labelled_arrays_and_back(name: str, times: int) -> None:
    u = samples(SPACES[name], 3, times)
    data = to_xarray(u.targets, U)
    back = from_xarray(data, U, u.signature.target_domain)
    assert torch.equal(back.values, u.targets.values)
    assert same_domain(back.domain, u.targets.domain)
    with pytest.raises(DataError, match="no variable 'q'"):
        from_xarray(data, (Variable("q"),), u.signature.target_domain)
    with pytest.raises(DataError, match="in 'm', expected 'km'"):
        from_xarray(data, (Variable("u_x", "km"),), u.signature.target_domain)
    with pytest.raises(DataError, match="no mesh"):
        from_xarray(data.drop_vars("mesh"), U, u.signature.target_domain)


def test_one_file_for_each_function(tmp_path: Path) -> None:
    u = samples(SPACES["meshes"], 3)
    files = write_vtu(u.targets, U, tmp_path / "out")
    assert [file.name for file in files] == [f"sample_{k:04d}.vtu" for k in range(3)]
    for number, file in enumerate(files):
        found = read_mesh(file)
        assert isinstance(found.mesh, Mesh)
        values = u.targets.values[number, : len(found.mesh)].numpy()
        assert np.array_equal(found.fields["u"], values[:, :2])
        assert np.array_equal(found.fields["p"][:, 0], values[:, 2])
        member = SPACES["meshes"].members[number]
        assert torch.equal(found.mesh.cells, member.cells)
        assert {*found.mesh.parts} == {*member.parts}
        assert all(torch.equal(found.mesh.on(part), member.on(part)) for part in member.parts)
    with pytest.raises(DataError, match=r"sample_0000.vtu exists \(and 2 more\)"):
        write_vtu(u.targets, U, tmp_path / "out")
    write_vtu(u.targets, U, tmp_path / "out", overwrite=True)


def test_a_spread_stands_beside_its_mean(tmp_path: Path) -> None:
    mean = samples(SPACES["meshes"], 3).targets
    spread = mean.with_values(mean.values.abs())
    prediction = Prediction(mean, U, spread)
    found = read_mesh(prediction.write_vtu(tmp_path, names=["a", "b", "c"])[1])
    values = spread.values[1, : len(found.mesh)].numpy()
    assert np.array_equal(found.fields["p_spread"][:, 0], values[:, 2])
    assert np.array_equal(found.fields["u_x_spread"][:, 0], values[:, 0])
    assert "u_y_spread" in prediction.to_xarray()


def test_what_is_written_opens_elsewhere(tmp_path: Path) -> None:
    pyvista = pytest.importorskip("pyvista")
    u = samples(SPACES["meshes"], 3, times=2)
    files = write_vtu(u.targets, U, tmp_path)
    assert len(files) == 6
    frame = pyvista.read(files[1])
    assert frame.n_points == SPACES["meshes"].sizes[0]
    assert np.array_equal(frame["p"], u.targets.values[0, 1, : frame.n_points, 2].numpy())
    series = pyvista.get_reader(tmp_path / "sample_0002.pvd")
    assert series.time_values == [0.0, 1.0]
    points = pyvista.read(write_vtu(samples(cloud(1), 1).targets, U, tmp_path / "cloud")[0])
    assert points.n_cells == points.n_points == 7


def test_a_description_says_the_domain_once(tmp_path: Path) -> None:
    found = read(write_netcdf(samples(SPACES["meshes"], 3), tmp_path / "s.nc"))
    assert describe(found).count("Both on Stack(3 domains") == 1
    moving = read(write_netcdf(samples(SPACES["meshes"], 3, times=2), tmp_path / "t.nc"))
    assert "target on Cylinder" in describe(moving)
