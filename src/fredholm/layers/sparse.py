"""Products with constant sparse matrices, one block for each function of a batch."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

Pair = tuple[sparse.csr_array, sparse.csr_array]


def sparse_pair(matrix: sparse.csr_array) -> Pair:
    """A matrix and its transpose, both by rows."""
    return matrix, matrix.T.tocsr()


@dataclass(frozen=True, eq=False)
class SparseMap:
    """x ↦ S x for the rows of x, with S constant.

    Derivatives reach x in both modes. A product by rows is ten times as fast as gathering and
    adding edge by edge, and the transpose, which the backward pass needs, is kept beside it.

    Args:
        matrix: S in compressed rows.
        transpose: Sᵀ likewise.
    """

    matrix: Tensor
    transpose: Tensor

    @classmethod
    def blocks(cls, pairs: Sequence[Pair], like: Tensor) -> Self:
        """The map whose matrix has these blocks on its diagonal.

        Args:
            pairs: A matrix and its transpose (`sparse_pair`) for each function of a batch.
            like: Gives dtype and device.
        """
        matrix, transpose = (_diagonal(blocks).to(like) for blocks in zip(*pairs))
        return cls(matrix, transpose)

    def __call__(self, x: Float[Tensor, "columns c"]) -> Float[Tensor, "rows c"]:
        return _Product.apply(x, self)  # type: ignore[return-value]

    @property
    def flipped(self) -> "SparseMap":
        """x ↦ Sᵀ x."""
        return SparseMap(self.transpose, self.matrix)


class _Product(torch.autograd.Function):
    """S x with derivatives; the sparse products of torch have none in forward mode."""

    @staticmethod
    def forward(x: Tensor, by: SparseMap) -> Tensor:
        return by.matrix @ x

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        ctx.by = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.by.flipped(gradients[0]), None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:
        return ctx.by(tangents[0])


def _diagonal(matrices: Sequence[sparse.csr_array]) -> Tensor:
    """The blocks as one tensor in compressed rows."""
    shapes = np.array([matrix.shape for matrix in matrices])
    heights, widths = (np.cumsum([0, *sizes]) for sizes in shapes.T)
    filled = np.cumsum([0, *(matrix.nnz for matrix in matrices)])
    starts = [m.indptr[:-1].astype(np.int64) + n for m, n in zip(matrices, filled)]
    columns = [m.indices.astype(np.int64) + n for m, n in zip(matrices, widths)]
    with warnings.catch_warnings():
        # Torch announces at the first use that its layout by rows may still change.
        warnings.filterwarnings("ignore", message=".*Sparse CSR tensor support is in beta.*")
        return torch.sparse_csr_tensor(
            torch.from_numpy(np.concatenate([*starts, filled[-1:]])),
            torch.from_numpy(np.concatenate(columns)),
            torch.from_numpy(np.concatenate([matrix.data for matrix in matrices])),
            (int(heights[-1]), int(widths[-1])),
            check_invariants=False,
        )
