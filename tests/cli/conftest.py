"""Fixtures of the command line's tests."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from kitchen import Answer, cook

from fredholm.cli import main


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[[str], Answer]:
    """Runs a command line in this process."""

    def run(line: str | list[str]) -> Answer:
        capsys.readouterr()
        code = main(line if isinstance(line, list) else line.split())
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder; tests that write work on a copy of it."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("kitchen")
    before = Path.cwd()
    os.chdir(folder)
    try:
        cook()
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def workplace(kitchen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the good part of the kitchen to work in."""
    for name in ("train.nc", "test.nc", "fine.nc", "train.pt", "waves.nc", "run"):
        copy = shutil.copytree if (kitchen / name).is_dir() else shutil.copy
        copy(kitchen / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path
