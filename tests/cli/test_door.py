"""The names of `import fredholm`."""

import subprocess
import sys

import pytest

import fredholm
from fredholm import _HOMES, _WHERE  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("name", fredholm.__all__)
def test_every_public_name_is_there(name: str):
    value = getattr(fredholm, name)
    assert callable(value) and name in dir(fredholm)


def test_the_table_and_the_list_agree():
    assert sorted(_WHERE) == fredholm.__all__
    assert sum(map(len, _HOMES.values())) == len(_WHERE) - 1


def test_folders_are_reached_by_attribute():
    assert fredholm.problems.build("heat").key == "heat"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'leran'"):
        fredholm.leran  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_the_import_loads_nothing_large():
    code = "import sys, fredholm; print(len({'torch', 'numpy', 'xarray'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
