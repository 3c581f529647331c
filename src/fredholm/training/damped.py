"""Damped linear least squares: the linear algebra of a Gauss-Newton step."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.training.jacobian import Jacobian

Form = Literal["normal", "kernel", "iterative"]


def damped(
    jacobian: Jacobian,
    target: Float[Tensor, "n"],
    damping: float,
    form: Form,
    *,
    tolerance: float = 1e-3,
    iterations: int = 200,
) -> Float[Tensor, "p"]:
    """The δ that minimises |Jδ − target|² + damping |δ|².

    Args:
        jacobian: J.
        target: What Jδ should be.
        damping: Positive.
        form: `"normal"` solves (JᵀJ + λ) δ = Jᵀb among the parameters, `"kernel"` takes
            Jᵀ(JJᵀ + λ)⁻¹b, the same vector found among the residuals, `"iterative"` solves the
            first by conjugate gradients without forming a matrix.
        tolerance, iterations: When the iteration ends: the size of its residual relative to the
            first one.

    Raises:
        ArithmeticError: The damping is too small for the matrix to be positive definite.

    Reference:
        The kernel form: Guzmán-Cordero et al., 2025, arXiv:2505.12149 (by Woodbury's identity).
    """
    if form == "kernel":
        factor = _cholesky(jacobian.kernel(), damping)
        return jacobian.transposed(torch.cholesky_solve(target.unsqueeze(1), factor).squeeze(1))
    slope = jacobian.transposed(target)
    if form == "normal":
        factor = _cholesky(jacobian.gram(), damping)
        return torch.cholesky_solve(slope.unsqueeze(1), factor).squeeze(1)
    return _conjugate_gradients(jacobian, slope, damping, tolerance, iterations)


def _cholesky(matrix: Tensor, damping: float) -> Tensor:
    factor, failed = torch.linalg.cholesky_ex(
        matrix + damping * torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    )
    if failed:
        raise ArithmeticError(f"a damping of {damping:.2g} leaves the matrix indefinite")
    return factor


def _conjugate_gradients(
    jacobian: Jacobian, slope: Tensor, damping: float, tolerance: float, iterations: int
) -> Tensor:
    solution, rest = torch.zeros_like(slope), slope.clone()
    direction, size = rest.clone(), rest.dot(rest)
    goal = tolerance**2 * size
    for _ in range(iterations):
        if size <= goal:
            break
        image = jacobian.transposed(jacobian.times(direction)) + damping * direction
        length = size / direction.dot(image)
        solution += length * direction
        rest -= length * image
        size, last = rest.dot(rest), size
        direction = rest + (size / last) * direction
    return solution
