"""Arrays and tables of functions at scattered points."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from fredholm.data import read, read_table
from fredholm.domains import Cylinder, PointCloud, Stack
from fredholm.errors import DataError

COUNT, POINTS = 5, 11
GENERATOR = np.random.default_rng(0)
XY = GENERATOR.random((COUNT, POINTS, 2))
SIGMA = XY[..., 0] + 2 * XY[..., 1]
RR = GENERATOR.random((COUNT, 3))


def check(samples, *, single: bool = False) -> None:
    """The targets are x + 2y at the points of each sample."""
    assert len(samples) == COUNT
    for number in range(COUNT):
        u = samples[[number]].targets
        points = u.domain.points()
        points = points if single else points[0]
        expected = points[:, 0] + 2 * points[:, 1]
        assert np.allclose(u.values[0, :, 0], expected, atol=1e-6)


ORDERS = {
    "samples first": (XY, SIGMA),
    "samples last, dimension between": (XY.transpose(1, 2, 0), SIGMA.T),
    "samples last, dimension first": (XY.transpose(2, 1, 0), SIGMA.T),
    "a channel axis": (XY, SIGMA[..., None]),
    "a channel axis before the points": (XY, SIGMA[:, None]),
}


@pytest.mark.parametrize("xy, sigma", ORDERS.values(), ids=ORDERS)
def test_axes_are_understood_in_each_order(tmp_path: Path, xy, sigma) -> None:
    np.save(tmp_path / "XY.npy", xy)
    np.save(tmp_path / "sigma.npy", sigma)
    samples = read(tmp_path, target="sigma", coordinates="XY")
    check(samples)
    assert isinstance(samples.inputs.domain, Stack) and samples.inputs.channels == 0


def test_inputs_without_points_are_parameters(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", XY=XY, sigma=SIGMA, rr=RR, f=SIGMA**2)
    samples = read(tmp_path / "a.npz", input=["rr", "f"], target="sigma", coordinates="XY")
    check(samples)
    assert samples.params is not None and np.array_equal(samples.params, RR)
    assert [v.name for v in samples.param_variables] == ["rr0", "rr1", "rr2"]
    assert [v.name for v in samples.input_variables] == ["f"]
    assert np.array_equal(samples.inputs.values[..., 0], SIGMA**2)


def test_one_array_for_each_coordinate(tmp_path: Path) -> None:
    x, y = (XY[..., k].reshape(COUNT, 1, POINTS) for k in (0, 1))
    scipy.io.savemat(tmp_path / "a.mat", {"X": x, "Y": y, "Q": np.stack([x + 2 * y, x], 1)})
    samples = read(tmp_path / "a.mat", target="Q", coordinates=["X", "Y"])
    check(samples)
    assert [v.name for v in samples.target_variables] == ["Q0", "Q1"]


@pytest.mark.parametrize("repeated", [False, True], ids=["stored once", "stored for each"])
def test_points_that_all_samples_share(tmp_path: Path, repeated: bool) -> None:
    xy = np.broadcast_to(XY[:1], XY.shape) if repeated else XY[0]
    sigma = np.broadcast_to(SIGMA[:1], SIGMA.shape)
    np.savez(tmp_path / "a.npz", x=xy, y=sigma)
    samples = read(tmp_path / "a.npz", target="y", coordinates="x")
    assert isinstance(samples.targets.domain, PointCloud)
    check(samples, single=True)


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, XY=XY, sigma=SIGMA[:, 1:], rr=RR, t=np.arange(4.0), f=np.ones((6, 11)))
    with pytest.raises(DataError, match=r"sigma \(5, 10\) has no axis of \(11,\) points"):
        read(path, target="sigma", coordinates="XY", input="rr")
    with pytest.raises(DataError, match=r"f \(6, 11\) does not fit coordinates of 5 x \(11,\)"):
        read(path, target="sigma", coordinates="XY", input="f")
    with pytest.raises(DataError, match="no array 'XYs'; did you mean 'XY'"):
        read(path, target="sigma", coordinates="XYs")
    with pytest.raises(DataError, match=r"rr \(5, 3\) has no axis of \(11,\) points"):
        read(path, target="rr", coordinates="XY")
    with pytest.raises(DataError, match="name the target"):
        read(path, coordinates="XY")
    with pytest.raises(DataError, match="no axis of at most 3"):
        read(path, target="sigma", coordinates="t")


def test_a_folder_of_one_archive_for_each_cloud(tmp_path: Path) -> None:
    for number in range(COUNT):
        size = POINTS - number
        xy = XY[number, :size]
        np.savez(
            tmp_path / f"wing_{number}.npz",
            position=xy.astype(np.float32),
            input=np.c_[xy, xy[:, 0] ** 2, np.full(size, 0.1 * number)],
            velocity=SIGMA[number, :size],
            surface=np.arange(size) < 3,
            normals=np.eye(size, 2),
            angle=np.array(number / 7),
        )
    samples = read(tmp_path, input=["input", "angle"], target="velocity")
    assert isinstance(samples.inputs.domain, Stack)
    assert samples.inputs.domain.sizes == tuple(POINTS - k for k in range(COUNT))
    check(samples)
    member = samples.inputs.domain.members[1]
    assert member.parts == ("surface",) and member.on("surface").tolist() == [0, 1, 2]
    assert member.normals[0].tolist() == [1, 0]
    assert [v.name for v in samples.input_variables] == ["input0", "input1", "input2"]
    assert [v.name for v in samples.param_variables] == ["input3", "angle"]
    with pytest.raises(DataError, match="has no array 'positoin'; did you mean 'position'"):
        read(tmp_path, target="velocity", coordinates="positoin")


def test_a_folder_of_tables(tmp_path: Path) -> None:
    for number in range(COUNT):
        rows = np.c_[XY[number], SIGMA[number]]
        text = "\n".join(" ".join(map(repr, row)) for row in rows.tolist())
        (tmp_path / f"{number}.txt").write_text(f"% x  y  u (m)\n{text}\n")
    (tmp_path / "notes.txt").write_text("made on Monday\n2 hours\n")
    samples = read(tmp_path, target="u")
    check(samples)
    with pytest.raises(DataError, match="names its coordinates itself"):
        read(tmp_path, target="u", coordinates="x")


def test_a_table_as_a_function(tmp_path: Path) -> None:
    path = tmp_path / "u.txt"
    path.write_text("% x  y  u (m) @ t=0  u (m) @ t=0.5  u (m) @ t=1\n0 0 1 2 3\n1 0 4 5 6\n")
    table = read_table(path)
    u = table.field()
    assert isinstance(u.domain, Cylinder) and u.domain.time.points().tolist() == [0, 0.5, 1]
    assert u.values[0, :, :, 0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert [v.name for v in table.variables] == ["u"]
    path.write_text("% x  y  u @ t=0  u @ t=0.5  u @ t=2\n0 0 1 2 3\n1 0 4 5 6\n")
    with pytest.raises(DataError, match="equally spaced"):
        read_table(path).field()
    path.write_text("0 0 1\n1 0 4\n")
    assert isinstance(read_table(path).field().domain, PointCloud)


def test_coordinates_of_a_grid_file_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=GENERATOR.random((3, 5, 6)), y=GENERATOR.random((3, 5, 6)))
    assert read(tmp_path / "a.npz").inputs.grid.shape == (5, 6)
    scipy.io.netcdf_file(tmp_path / "a.nc", "w").close()
    with pytest.raises(ValueError, match="states its axes itself; leave coordinates out"):
        read(tmp_path / "a.nc", target="y", coordinates="x")
