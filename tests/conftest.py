"""Fixtures that tests of several folders share."""

from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets beside the checkout, where there is one."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"needs the optional data sets in {path.name}/ beside the checkout")
    return path
