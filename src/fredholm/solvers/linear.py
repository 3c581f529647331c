"""One call for the linear systems of balance equations: direct, multigrid or plain CG."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.errors import DivergedError
from fredholm.solvers.krylov import ADVICE, conjugate_gradients, means, norms
from fredholm.solvers.multigrid import Multigrid
from fredholm.solvers.stencil import Stencil

Method = Literal["auto", "direct", "multigrid", "cg"]
_CHUNK = 2**18
"""Numbers per array that are iterated on together: 2 MiB, so that a sweep stays in the cache."""
_LIMITS = {"multigrid": 200, "cg": 20000}


@dataclass(frozen=True, eq=False)
class LinearSolution:
    """Solutions of a batch of linear systems.

    Args:
        values: The solutions.
        iterations: Iterations that each needed; zero for a direct solve.
        residual: ‖b - A u‖/‖b‖ of each, computed from the solution itself.
        method: What solved it.

    Shapes:
        values (*points, batch), iterations (batch,), residual (batch,).
    """

    values: Float[Tensor, "*points batch"]
    iterations: Int[Tensor, "batch"]
    residual: Float[Tensor, "batch"]
    method: str


def solve_linear(
    stencil: Stencil,
    b: Float[Tensor, "*points batch"],
    *,
    method: Method = "auto",
    tol: float = 1e-10,
) -> LinearSolution:
    """Solves A u = b for each system of a batch, in float64 and differentiably.

    Gradients with respect to b and the entries of the stencil come from one more solve with the
    same matrix (A is symmetric), not from the iterations.

    Args:
        stencil: The matrices; a batch of one is shared by all right-hand sides.
        b: Right-hand sides. Where the matrix is singular (constants in its kernel), each must sum
            to zero, and the solution with sum zero is returned.
        method: `"direct"`: sparse factorisation of each matrix. `"multigrid"`: conjugate gradients
            preconditioned by one V-cycle. `"cg"`: preconditioned by the diagonal. `"auto"`:
            the fastest of the first two, as measured (`records/solvers`).
        tol: ‖b - A u‖/‖b‖ at which the iterations end, for each system of its own.

    Raises:
        ValueError: An unknown method or shapes that do not match.
        DivergedError: A system did not reach the tolerance.
    """
    if method not in get_args(Method):
        raise ValueError(f"method is one of {get_args(Method)}, got {method!r}")
    if tuple(b.shape[:-1]) != stencil.shape or stencil.mass.shape[-1] not in (1, b.shape[-1]):
        raise ValueError(
            f"right-hand sides of shape {tuple(b.shape)} do not fit "
            f"{stencil.mass.shape[-1]} matrices for unknowns {stencil.shape}"
        )
    if method == "auto":
        method = choose_method(stencil, b.shape[-1])
    values, iterations, residual = _Solve.apply(
        method, tol, stencil.periodic, b, stencil.mass, *stencil.faces
    )
    return LinearSolution(values, iterations, residual, method)


def choose_method(stencil: Stencil, batch: int) -> Method:
    """The method with the smaller estimate of seconds on one CPU core.

    The estimates are fits to `records/solvers/crossover.txt`: for N unknowns a factorisation
    costs N, N^3/2 or N² in one, two or three dimensions, a right-hand side a twentieth of it, and
    multigrid most of a microsecond per unknown after twenty milliseconds of small steps.
    """
    if stencil.mass.device.type != "cpu":
        return "multigrid"
    if any(wraps and n % 2 for n, wraps in zip(stencil.shape, stencil.periodic)):
        return "direct"
    size, dim = stencil.size, sum(n > 1 for n in stencil.shape)
    fill = {0: 0.0, 1: 0.0, 2: 2.5e-8 * size**1.5}.get(dim, 3e-9 * size**2)
    direct = (3e-4 + 1.5e-6 * size + fill) * (stencil.mass.shape[-1] + batch / 20)
    return "direct" if direct <= 0.02 + 8e-7 * size * batch else "multigrid"


class _Solve(torch.autograd.Function):
    """u = A⁻¹ b; with λ = A⁻¹ ḡ for an incoming gradient ḡ: b̄ = λ, Ā = -λ uᵀ on the entries."""

    @staticmethod
    def forward(
        ctx: Any, method: str, tol: float, periodic: tuple, b: Tensor, mass: Tensor, *faces: Any
    ):
        stencil = Stencil(faces, mass, periodic)
        values, iterations = _SOLVERS[method](stencil, b, tol)
        residual = norms(stencil.residual(b, values)) / norms(b).clamp(min=1e-300)
        if not bool(torch.isfinite(residual).all()):
            raise DivergedError(f"the {method} solve left the finite numbers; {ADVICE}")
        ctx.options = (method, tol, periodic)
        ctx.save_for_backward(values, mass, *faces)
        ctx.mark_non_differentiable(iterations, residual)
        return values, iterations, residual

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_unused: Tensor):
        method, tol, periodic = ctx.options
        values, mass, *faces = ctx.saved_tensors
        stencil = Stencil(tuple(faces), mass, periodic)
        if stencil.singular:
            gradient = gradient - means(gradient)
        adjoint, _ = _SOLVERS[method](stencil, gradient, tol)
        with torch.enable_grad():
            entries = [entry.detach().requires_grad_() for entry in (mass, *faces)]
            image = Stencil(tuple(entries[1:]), entries[0], periodic).apply(values)
        return None, None, None, adjoint, *torch.autograd.grad(image, entries, -adjoint)


def _direct(stencil: Stencil, b: Tensor, tol: float) -> tuple[Tensor, Tensor]:
    """Sparse Cholesky-like factorisation of each matrix by SuperLU, on as many threads as torch."""
    rows, columns, values = (part.cpu().numpy() for part in stencil.entries())
    # A singular system is made regular by tying the first unknown to zero; for a right-hand side
    # of sum zero nothing flows through this tie.
    if stencil.singular:
        values[0] *= 2
    sides = b.detach().reshape(stencil.size, -1).cpu().numpy()

    def solve(system: int, columns_of_b: slice):
        from scipy.sparse import csc_array
        from scipy.sparse.linalg import splu

        matrix = csc_array((values[:, system], (rows, columns)))
        factors = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        return torch.from_numpy(factors.solve(sides[:, columns_of_b]))

    if values.shape[1] == 1:
        parts = [solve(0, slice(None))]
    else:
        # SuperLU releases the interpreter lock.
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            batch = range(values.shape[1])
            parts = list(pool.map(solve, batch, (slice(k, k + 1) for k in batch)))
    u = torch.cat(parts, dim=1).reshape(b.shape).to(b)
    if stencil.singular:
        u = u - means(u)
    return u, torch.zeros(b.shape[-1], dtype=torch.long, device=b.device)


def _multigrid(stencil: Stencil, b: Tensor, tol: float) -> tuple[Tensor, Tensor]:
    return _in_chunks(stencil, b, tol, Multigrid, _LIMITS["multigrid"])


def _plain(stencil: Stencil, b: Tensor, tol: float) -> tuple[Tensor, Tensor]:
    def jacobi(part: Stencil) -> Callable[[Tensor], Tensor]:
        return lambda r: r / part.diagonal

    return _in_chunks(stencil, b, tol, jacobi, _LIMITS["cg"])


_SOLVERS = {"direct": _direct, "multigrid": _multigrid, "cg": _plain}


def _in_chunks(
    stencil: Stencil,
    b: Tensor,
    tol: float,
    prepare: Callable[[Stencil], Callable[[Tensor], Tensor]],
    limit: int,
) -> tuple[Tensor, Tensor]:
    """Conjugate gradients on as many systems at a time as fit the cache."""
    count = max(1, _CHUNK // stencil.size)
    solved = []
    for start in range(0, b.shape[-1], count):
        part = slice(start, start + count)
        chosen = stencil.chosen(part)
        solved.append(conjugate_gradients(chosen, b[..., part], prepare(chosen), tol, limit))
    values, iterations = zip(*solved)
    return torch.cat(values, dim=-1), torch.cat(iterations)
