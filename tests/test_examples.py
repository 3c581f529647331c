"""Every example runs as a user would run it and ends in the number that it promises."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"

# The number on the last line, in small, must stay below: each about twice what was measured.
BOUNDS = {
    "burgers_trajectory": 0.08,
    "darcy_fno": 0.12,
    "inverse": 0.02,
    "hidden_terms": 0.13,
    "own_data": 0.013,
    "own_equation": 2e-3,
    "own_network": 0.01,
    "rollout": 0.03,
    "shape_by_network": 6e-3,
    "shapes": 0.22,
}


def test_every_example_has_its_bound():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(BOUNDS)


@pytest.mark.parametrize("name", BOUNDS)
def test_example(name, tmp_path):
    path = EXAMPLES / f"{name}.py"
    assert len(path.read_text().splitlines()) <= 80
    environment = {**os.environ, "FREDHOLM_SMALL": "1", "OMP_NUM_THREADS": "1"}
    environment["TMPDIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", path],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    number = re.search(r": ([0-9.e+-]+)(%?)$", done.stdout.strip().splitlines()[-1])
    assert number, done.stdout[-500:]
    value = float(number[1]) / (100 if number[2] else 1)
    assert 0 < value < BOUNDS[name]
