"""What every file of samples promises while it grows, on grids and on scattered points."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fredholm.data import Samples, ScatteredWriter, Writer, read, sample_writer
from fredholm.domains import Domain, Grid, PointCloud
from fredholm.errors import DataError
from fredholm.fields import Field, Variable

CLOUD = PointCloud(torch.rand(7, 2, generator=torch.Generator().manual_seed(0)))
U = (Variable("u", "m"),)


@pytest.fixture(params=[Grid((8,)), CLOUD], ids=["grid", "cloud"])
def whole(request: pytest.FixtureRequest) -> Samples:
    domain: Domain = request.param
    values = torch.randn(4, *domain.shape, 1, generator=torch.Generator().manual_seed(1))
    return Samples(Field(values, domain), Field(values**2, domain), U, U)


def begun(whole: Samples, path: Path) -> Writer:
    return sample_writer(path, whole[:1], len(whole))


def test_samples_of_another_kind_are_refused(whole: Samples, tmp_path: Path):
    double = Field(whole.targets.values.double(), whole.targets.domain)
    others = (
        replace(whole, targets=double),
        replace(whole, target_variables=(Variable("u", "km"),)),
        replace(whole, error=torch.zeros(len(whole))),
    )
    with begun(whole, tmp_path / "a.nc") as writer:
        for other in others:
            with pytest.raises(ValueError, match="takes 4 samples like its template"):
                writer.append(other[:1])
        assert writer.done == 0
        writer.append(whole)
    assert torch.equal(read(tmp_path / "a.nc").targets.values, whole.targets.values)


@pytest.mark.parametrize("done", [0, 2])
def test_a_failure_leaves_what_was_written_and_nothing_else(
    whole: Samples, tmp_path: Path, done: int
):
    with pytest.raises(ArithmeticError), begun(whole, tmp_path / "a.nc") as writer:
        writer.append(whole[:done])
        raise ArithmeticError
    assert [file.name for file in tmp_path.iterdir()] == (["a.nc.partial"] if done else [])


def test_nothing_is_no_file(whole: Samples, tmp_path: Path):
    with pytest.raises(ValueError, match="at least one, got total=0"):
        sample_writer(tmp_path / "a.nc", whole[:1], 0)
    assert not [*tmp_path.iterdir()]


def test_closing_twice_finishes_once(whole: Samples, tmp_path: Path):
    writer = begun(whole, tmp_path / "a.nc")
    writer.append(whole)
    writer.close()
    before = (tmp_path / "a.nc").read_bytes()
    writer.close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.nc"]
    assert (tmp_path / "a.nc").read_bytes() == before


def test_a_partial_file_is_never_without_its_call(
    whole: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A kill just before the partial file gets its name is no reason to refuse the next call."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("os.replace", killed)
        begun(whole, tmp_path / "a.nc")
    assert not (tmp_path / "a.nc.partial").exists()
    with begun(whole, tmp_path / "a.nc") as writer:
        assert writer.done == 0
        writer.append(whole)
    assert torch.equal(read(tmp_path / "a.nc").inputs.values, whole.inputs.values)


def test_a_partial_folder_of_nobody_is_refused(tmp_path: Path):
    values = torch.zeros(2, len(CLOUD), 1)
    samples = Samples(Field(values, CLOUD), Field(values, CLOUD), U, U)
    (tmp_path / "a.nc.partial").mkdir()
    with pytest.raises(DataError, match="other settings"):
        begun(samples, tmp_path / "a.nc")
    with ScatteredWriter(tmp_path / "a.nc", samples[:1], 2, overwrite=True) as writer:
        writer.append(samples)
    assert len(read(tmp_path / "a.nc")) == 2
