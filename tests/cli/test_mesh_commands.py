"""Folders of meshes on the command line: from files of simulations to files of answers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import meshio
import numpy as np
import pytest
import xarray
from kitchen import Answer

from fredholm.cli import main
from fredholm.data import read, read_mesh, write_netcdf

GNOT = "--system gnot --hidden-channels 8 --layers 1 --heads 1 --experts 1"
FIT = f"fit shapes --input source --output u --test new --steps 6 {GNOT} --seed 1"


def disk(seed: int, rings: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of a distorted disk, of as many points as the seed says."""
    generator = np.random.default_rng(seed)
    spokes = 6 + seed % 3
    angles = 2 * np.pi * np.arange(spokes) / spokes
    radius = 1 + 0.2 * generator.standard_normal() * np.cos(2 * angles)
    circle = np.c_[np.cos(angles), np.sin(angles)] * radius[:, None]
    points = np.vstack([[[0, 0]], *(circle * k / rings for k in range(1, rings + 1))])
    here, there = np.arange(spokes), (np.arange(spokes) + 1) % spokes
    cells = [np.c_[np.zeros(spokes, int), 1 + here, 1 + there]]
    for ring in range(rings - 1):
        inner, outer = 1 + ring * spokes, 1 + (ring + 1) * spokes
        cells.append(np.c_[inner + here, outer + here, outer + there])
        cells.append(np.c_[inner + here, outer + there, inner + there])
    return points, np.concatenate(cells)


def write(path: Path, seed: int, **extra: np.ndarray) -> None:
    """A disk with a source and an answer to it."""
    points, cells = disk(seed)
    source = np.sin(points[:, 0] + seed)
    fields = {"source": source, "u": source * (1 - (points**2).sum(1)), **extra}
    full = np.c_[points, np.zeros(len(points))]
    meshio.Mesh(full, [("triangle", cells)], point_data=fields).write(path)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve shapes, three new ones, and a surrogate of the first."""
    folder = tmp_path_factory.mktemp("shapes")
    for name, seeds in (("shapes", range(12)), ("new", range(12, 15))):
        (folder / name).mkdir()
        for seed in seeds:
            write(folder / name / f"part_{seed}.vtu", seed)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(f"{FIT} --run run".split()) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def place(shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shapes and the surrogate to work in."""
    shutil.copytree(shapes, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Cli = Callable[[str], Answer]


def test_new_files_are_answered_by_files_of_the_same_names(cli: Cli, place: Path) -> None:
    assert (place / "run" / "report.html").exists()
    answer = cli("predict run new -o out")
    assert answer.code == 0 and "3 functions u" in answer.out
    for seed in (12, 13, 14):
        found, given = (read_mesh(f"{folder}/part_{seed}.vtu") for folder in ("out", "new"))
        assert np.array_equal(found.mesh.coords, given.mesh.coords)
        assert np.isfinite(found.fields["u"]).all() and list(found.fields) == ["u"]
    assert cli("predict run new/part_13.vtu").code == 0
    alone = read_mesh(place / "new" / "part_13-prediction" / "part_13.vtu").fields["u"]
    assert np.allclose(alone, read_mesh("out/part_13.vtu").fields["u"], atol=1e-6)
    samples = read("out", target="u")  # a data set again
    assert samples.targets.domain.sizes == read("new", target="u").targets.domain.sizes


def test_answers_open_in_pyvista(cli: Cli, place: Path) -> None:
    pyvista = pytest.importorskip("pyvista")
    assert cli("predict run new -o out").code == 0
    found, given = (pyvista.read(f"{folder}/part_12.vtu") for folder in ("out", "new"))
    assert np.array_equal(found.points, given.points) and found.n_cells == given.n_cells
    assert np.isfinite(found["u"]).all() and found["u"].shape == (given.n_points,)


def test_nothing_is_replaced_unasked(cli: Cli, place: Path) -> None:
    assert cli("predict run new -o out").code == 0
    before = {file: file.read_bytes() for file in place.rglob("*.vtu")}
    refused = cli("predict run new -o out")
    assert refused.code == 2 and "out/part_12.vtu exists (and 2 more)" in refused.err
    refused = cli("predict run new -o new --overwrite")
    assert refused.code == 2 and "holds the inputs" in refused.err
    refused = cli("predict run new -o out2 --at 32")
    assert refused.code == 2 and "--at counts points of a grid" in refused.err
    assert {file: file.read_bytes() for file in place.rglob("*.vtu")} == before
    assert cli("predict run new -o out --overwrite").code == 0


def test_answers_and_samples_in_netcdf(cli: Cli, place: Path) -> None:
    assert cli("predict run new -o answers.nc").code == 0
    assert cli("predict run new -o out").code == 0
    again = cli("predict run answers.nc -o second.nc")
    assert again.code == 2 and "no variable 'source'" in again.err
    write_netcdf(read("new", input="source", target="u"), "new.nc")
    assert cli("predict run new.nc").code == 0
    with (
        xarray.open_dataset("new-prediction.nc") as data,
        xarray.open_dataset("answers.nc") as same,
    ):
        assert np.allclose(data["u"], same["u"], atol=1e-6)
    direct = cli("evaluate run new --input source --output u --json")
    assert direct.json["test"]["new"]["samples"] == 3
    stored = cli("evaluate run new.nc --json").json["test"]["new.nc"]["relative_l2"]["mean"]
    assert stored == pytest.approx(direct.json["test"]["new"]["relative_l2"]["mean"], rel=1e-4)


def test_the_shape_alone_and_from_a_file_of_samples(cli: Cli, place: Path) -> None:
    write_netcdf(read("shapes", target="u"), "shapes.nc")
    answer = cli(f"fit shapes.nc --steps 2 {GNOT} --run alone")
    assert answer.code == 0, answer.err
    assert "12 samples of a shape -> u" in answer.err
    assert cli("predict alone new -o out").code == 0
    assert len(list((place / "out").iterdir())) == 3


def test_names_one_by_one_or_together(cli: Cli, place: Path) -> None:
    for file in (place / "shapes").iterdir():
        seed = int(file.stem.removeprefix("part_"))
        write(file, seed, g=np.cos(disk(seed)[0][:, 1]), nu=np.full(len(disk(seed)[0]), 0.1 * seed))
    for names in ("--input source --input g --input nu", "--input source,g,nu"):
        answer = cli(f"check shapes {names} --target u")
        assert answer.code == 0 and "samples of source, g -> u" in answer.out
        assert "Parameters: nu" in answer.out and "taken as parameters" in answer.out


def test_a_check_finds_what_is_wrong(cli: Cli, place: Path) -> None:
    assert cli("check shapes new --input source --output u").code == 0
    shutil.copy("shapes/part_3.vtu", "shapes/part_99.vtu")
    answer = cli("check shapes --input source --output u")
    assert answer.code == 0 and "1 samples repeat an earlier one (samples 12)" in answer.out
    shutil.copy("shapes/part_3.vtu", "new/part_99.vtu")
    answer = cli("check new shapes --input source --output u")
    assert answer.code == 1 and "1 of 4 inputs are among those of the other file" in answer.out
    write(Path("new/part_99.vtu"), 3, u=np.r_[np.nan, np.ones(len(disk(3)[0]) - 1)])
    answer = cli("check new --input source --output u")
    assert answer.code == 1 and "targets contain 1 NaN or infinite values (samples 3)" in answer.out


def damaged(place: Path, kind: str) -> None:
    """Puts a file of some bad kind among the good ones."""
    path = place / "shapes" / "part_7.vtu"
    size = len(disk(7)[0])
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:700])
    elif kind == "nan":
        write(path, 7, u=np.full(size, np.nan))
    elif kind == "vector":
        write(path, 7, source=np.ones((size, 3)))
    elif kind == "missing":
        points, cells = disk(7)
        mesh = meshio.Mesh(np.c_[points, 0 * points[:, :1]], [("triangle", cells)])
        mesh.point_data["u"] = points[:, 0]
        mesh.write(path)
    elif kind == "collapsed":
        points, cells = disk(7)
        points[2] = points[1]
        full = np.c_[points, 0 * points[:, :1]]
        fields = {"source": points[:, 0], "u": points[:, 0]}
        meshio.Mesh(full, [("triangle", cells)], point_data=fields).write(path)
    elif kind == "stl":
        (place / "shapes" / "part.stl").write_text("solid nothing\nendsolid\n")


WRONG = {
    "truncated": "part_7.vtu cannot be read as VTU; it is damaged",
    "nan": "the targets (u) of 1 of 12 samples hold NaN or infinity, the first is part_7.vtu",
    "vector": "part_7.vtu has the components source_x, source_y, source_z",
    "missing": "part_7.vtu has no field 'source': known: u",
    "collapsed": "part_7.vtu: ",
    "stl": "holds .stl and .vtu files",
}


@pytest.mark.parametrize("kind", WRONG)
def test_bad_files_end_in_one_sentence(cli: Cli, place: Path, kind: str) -> None:
    damaged(place, kind)
    answer = cli(FIT)
    assert answer.code == 2 and not answer.out
    assert answer.err.count("\n") == 1 and answer.err.startswith("fredholm: ")
    assert WRONG[kind] in answer.err and not (place / "runs").exists()


WORDS = {
    "fit shapes --input sorce --target u": "part_0.vtu has no field 'sorce': did you mean 'source'",
    "fit shapes --input source": "an input was named but no target",
    "fit shapes --input source --target u --periodic yes": "meshes state their points themselves",
    "fit shapes --input source --target u --coordinates x": "states its points itself",
    "fit . --target u": "is a folder without a Zarr store or files of meshes (.vtu",
    "predict nothing shapes": "nothing holds no surrogate",
}


@pytest.mark.parametrize("words, message", WORDS.items(), ids=WORDS)
def test_wrong_words_end_in_one_sentence(cli: Cli, place: Path, words: str, message: str) -> None:
    answer = cli(words)
    assert answer.code == 2 and answer.err.count("\n") == 1 and message in answer.err


def test_arrays_of_scattered_points(cli: Cli, place: Path) -> None:
    points = np.stack([disk(12 + 3 * k)[0] for k in range(4)])  # as many points each
    source = np.sin(points[..., 0])
    np.savez("a.npz", XY=points, source=source, u=source * (1 - (points**2).sum(-1)))
    named = "--coordinates XY --input source --target u"
    answer = cli(f"check a.npz {named}")
    assert answer.code == 0 and "axes taken as samples, points, coordinates" in answer.out
    assert cli(f"predict run a.npz {named}").code == 0
    with xarray.open_dataset("a-prediction.nc") as data:
        assert data["u"].shape == (points[..., 0].size,)
    wrong = cli("check a.npz --coordinates XYZ --target u")
    assert wrong.code == 2 and "no array 'XYZ'; did you mean 'XY'" in wrong.err
