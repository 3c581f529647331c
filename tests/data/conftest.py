"""Fixtures on the miniature files of `miniatures.py`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from miniatures import MAKERS, samples

from fredholm.data import Samples


@pytest.fixture(params=MAKERS)
def any_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of each layout, under a name that tells nothing."""
    path = tmp_path / "file"
    MAKERS[request.param](path)
    return path


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the miniature of that name."""

    def maker(name: str) -> Path:
        path = tmp_path / name
        MAKERS[name](path)
        return path

    return maker


@pytest.fixture
def example() -> Samples:
    """Samples with two input channels, trajectories, parameters, errors and provenance."""
    return samples()
