"""The functions of exponential integrators, against fifty-digit arithmetic."""

import mpmath
import pytest
import torch

from fredholm.solvers.phi import phi_matrices, phi_scalars


def exact(z: complex, index: int) -> complex:
    with mpmath.workdps(50):
        total = mpmath.exp(z) - sum(mpmath.mpc(z) ** j / mpmath.factorial(j) for j in range(index))
        return complex(total / mpmath.mpc(z) ** index) if z else 1 / float(mpmath.factorial(index))


POINTS = [0, 1e-9, -1e-3, 0.3 + 0.4j, -0.999, -1.001, 2j, -30, -1e4, 50j, 1e-5j, -3 + 200j]


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_scalars_are_right_to_rounding(index):
    z = torch.tensor(POINTS, dtype=torch.complex128)
    expected = torch.tensor([exact(p, index) for p in POINTS], dtype=torch.complex128)
    found = phi_scalars(z, 3)[index]
    assert float(((found - expected).abs() / expected.abs().clamp(min=1e-12)).max()) < 2e-13


@pytest.mark.parametrize("index", [0, 1, 2, 3])
def test_matrices_agree_with_scalars(index):
    generator = torch.Generator().manual_seed(0)
    z = torch.tensor(POINTS[:-4], dtype=torch.complex128)
    vectors = torch.randn(len(z), 2, 2, dtype=torch.complex128, generator=generator)
    other = torch.full_like(z, -0.5)
    middle = torch.diag_embed(torch.stack([z, other], dim=-1))
    found = phi_matrices(vectors @ middle @ torch.linalg.inv(vectors), 3)[index]
    parts = torch.stack([phi_scalars(z, 3)[index], phi_scalars(other, 3)[index]], dim=-1)
    expected = vectors @ torch.diag_embed(parts) @ torch.linalg.inv(vectors)
    assert float((found - expected).abs().max()) < 1e-11


def test_a_defective_matrix_needs_no_eigenvectors():
    jordan = torch.tensor([[[0.0, 1.0], [0.0, 0.0]]], dtype=torch.complex128) * 7
    e, one, *_ = phi_matrices(jordan, 2)
    assert torch.allclose(e[0], torch.tensor([[1, 7], [0, 1]], dtype=torch.complex128))
    assert torch.allclose(one[0], torch.tensor([[1, 3.5], [0, 1]], dtype=torch.complex128))


def test_gradients_exist_on_both_branches():
    z = torch.tensor([1e-3, -0.5, -5.0], dtype=torch.complex128, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: torch.stack(phi_scalars(w, 3)), z)
