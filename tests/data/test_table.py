"""Text tables of scattered points, made here and by others."""

import pytest
import torch

from fredholm.data import read_table
from fredholm.errors import DataError


@pytest.fixture
def written(tmp_path):
    """Writes a text into a file."""

    def write(text: str):
        path = tmp_path / "table.dat"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_columns_without_a_header_are_coordinates_and_one_function(written):
    names, points, values = read_table(written("0 0 1\n0.5 -1e-3 2\n"))
    assert names == ("x", "y", "u")
    assert points.tolist() == [[0, 0], [0.5, -1e-3]] and values.tolist() == [[1], [2]]
    assert points.dtype == values.dtype == torch.float64


def test_the_number_of_coordinates_can_be_stated(written):
    table = read_table(written("0 1 2\n3 4 5\n"), dim=1)
    assert table.names == ("x", "u0", "u1") and table.values.tolist() == [[1, 2], [4, 5]]


@pytest.mark.parametrize("head", ["% X  Y  u (m/s)  p (Pa)", "x,y,u,p", "# x y\tz\n#x, y, u, p"])
def test_headers_name_the_columns(written, head):
    table = read_table(written(f"{head}\n0, 1, 2, 3\n"))
    assert table.names == ("x", "y", "u", "p")
    assert table.points.tolist() == [[0, 1]] and table.values.tolist() == [[2, 3]]


def test_columns_at_several_times_become_one_function_of_time(written):
    head = "% Model:  m\n% x   u (1) @ t=0   v @ t=0   u (1) @ t=0.5   v @ t=0.5\n"
    table = read_table(written(head + "1 2 3 4 5\n"))
    assert table.names == ("x", "t", "u", "v")
    assert table.points.tolist() == [[1, 0], [1, 0.5]]
    assert table.values.tolist() == [[2, 3], [4, 5]]


def test_settings_that_do_not_differ_are_left_out(written):
    assert read_table(written("% x  u @ Re=100  p @ Re=100\n1 2 3\n")).names == ("x", "u", "p")


@pytest.mark.parametrize("head", ["u @ t=0  v @ t=1", "u @ t=0  u @ t=0"])
def test_columns_without_a_pattern_stay_as_they_are(written, head):
    table = read_table(written(f"% x  {head}\n1 2 3\n"))
    assert table.names == ("x", *head.split("  ")) and table.values.tolist() == [[2, 3]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows of numbers"),
        ("% x  u\n", "no rows of numbers"),
        ("1 2 3\n1 2\n", "line 2: expected 3 columns as above, got 2"),
        ("1 2\nthree 4\n", "line 2: expected numbers, got 'three 4'"),
        ("1 2\n\n3 NaN\n", "line 3: a value is not finite"),
        ("1\n2\n", "no function beside 0 coordinates"),
        ("% x  y\n1 2\n", "no function beside 2 coordinates"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(written, text, said):
    with pytest.raises(DataError, match=said):
        read_table(written(text))


def test_files_that_are_no_text(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_table(tmp_path / "none.dat")
    (tmp_path / "binary.dat").write_bytes(b"\x89HDF\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as a text table"):
        read_table(tmp_path / "binary.dat")
    with pytest.raises(DataError, match="cannot be read as a text table"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("name", "names", "rows"),
    [
        ("burgers1d", ("x", "t", "u"), 101 * 11),
        ("poisson_classic", ("x", "y", "u"), 1255),
        ("poisson_boltzmann2d", ("x", "y", "u"), 3236),
        ("lid_driven_a4", ("x", "y", "u", "v", "p"), 10201),
        ("ns_0_obstacle", ("x", "y", "u", "v", "p"), 12910),
    ],
)
def test_tables_of_comsol(shared_data, name, names, rows):
    table = read_table(shared_data / "pinnacle" / f"{name}.dat")
    assert table.names == names
    assert len(table.points) == len(table.values) == rows
    assert table.points.shape[1] + table.values.shape[1] == len(names)
