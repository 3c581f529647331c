"""Evolution stays on the device of its data: nothing is made on another one by default."""

import ast
from pathlib import Path

import pytest
import torch

import fredholm
from fredholm.domains import Grid
from fredholm.equations import advect, div, dt, eq, field, lap, param, rot
from fredholm.fields import Given
from fredholm.solvers import Stepper
from fredholm.testing.functions import band_limited

ROOT = Path(fredholm.__file__).parent
FILES = [
    ROOT / "calculus" / "fourier.py",
    *(
        ROOT / "solvers" / f"{name}.py"
        for name in (
            "discrete",
            "etdrk",
            "exponential",
            "phi",
            "products",
            "search",
            "spectral_system",
            "stepper",
            "trajectory",
            "adaptive",
            "runge_kutta",
        )
    ),
]
FACTORIES = {"tensor", "as_tensor", "zeros", "ones", "full", "eye", "empty", "arange", "linspace"}


def homeless(source: str) -> list[int]:
    """Lines with a tensor that is made without saying where."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func).startswith("torch.")
        and node.func.attr in FACTORIES
        and "device" not in {keyword.arg for keyword in node.keywords}
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_tensor_is_made_on_a_stated_device(path):
    assert homeless(path.read_text()) == []


def test_a_planted_tensor_without_a_device_is_found():
    assert homeless("torch.zeros(3)\ntorch.ones(3, device=d)\nx.new_zeros(3)") == [1]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_step_on_a_gpu_is_the_step_on_the_cpu():
    u, w, psi, nu = field("u"), field("w"), field("psi"), param("nu", 0.1)
    ring, torus = Grid((32,), periodic=True), Grid((16, 16), periodic=True)
    for equations, grid in (
        ({"u": eq(dt(u) + div(u**2 / 2), nu * lap(u))}, ring),
        ({"w": eq(dt(w) + advect(rot(psi), w), nu * lap(w)), "psi": eq(-lap(psi), w)}, torus),
    ):
        step, start = Stepper(equations, 0.01, grid, params=("nu",)), band_limited(grid)
        given = Given(params=torch.tensor([[0.1], [0.2], [0.3]]))
        found = step(start.to("cuda"), given.to("cuda")).values
        assert found.is_cuda
        assert torch.allclose(found.cpu(), step(start, given).values, rtol=0, atol=1e-12)
