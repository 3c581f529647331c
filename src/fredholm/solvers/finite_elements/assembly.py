"""Integrals over a mesh as vectors and sparse matrices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import scipy.sparse as sp
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from fredholm.solvers.finite_elements.places import Elements, Place

Entries = tuple[Tensor, Tensor, Tensor]
"""Rows, columns and entries of a sparse matrix; those at the same place are added."""


@dataclass(frozen=True)
class Layout:
    """Where the coefficients of each state stand in a vector.

    Args:
        orders: Order of the elements of each state.
        slices: Its entries.
        size: Length of the vector.
    """

    orders: Mapping[str, int]
    slices: Mapping[str, slice]
    size: int

    def elements(self, at: Place, state: str) -> Elements:
        """The elements of a state at a place."""
        return at.elements[self.orders[state]]

    def jets(self, at: Place, vector: ndarray) -> Float[Tensor, "states rows cells points"]:
        """Values and derivatives of all states at the points of a place."""
        found = []
        for state, where in self.slices.items():
            elements = self.elements(at, state)
            local = torch.from_numpy(vector[where])[elements.dofs]
            found.append((elements.jets @ local[..., None])[..., 0])
        return torch.stack(found)

    def add(
        self,
        total: Float[Tensor, "n"],
        at: Place,
        tested: Sequence[str],
        values: Float[Tensor, "k rows cells points"],
    ) -> None:
        """Adds the integrals of values times the first rows of the jets of test functions."""
        for state, rows in zip(tested, values):
            elements = self.elements(at, state)
            weighted = (rows * at.weights)[..., None, :]
            local = (weighted @ elements.jets[: len(rows)]).sum(dim=0)
            numbers = self.slices[state].start + elements.dofs
            total.index_add_(0, numbers.flatten(), local.flatten())

    def entries(
        self,
        at: Place,
        tested: Sequence[str],
        slopes: Float[Tensor, "k rows states all cells points"],
    ) -> list[Entries]:
        """The integrals of slopes times rows of jets of test functions times jets of the states."""
        found = []
        for row_state, of_row in zip(tested, slopes):
            test = self.elements(at, row_state)
            for column_state, block in zip(self.slices, of_row.unbind(1)):
                if not bool(block.any()):
                    continue
                trial = self.elements(at, column_state)
                local = torch.zeros(*test.dofs.shape, trial.dofs.shape[1], dtype=torch.float64)
                for r, s in block.flatten(2).any(dim=2).nonzero().tolist():
                    scaled = (block[r, s] * at.weights)[..., None] * test.jets[r]
                    local.baddbmm_(scaled.mT, trial.jets[s])
                rows = (self.slices[row_state].start + test.dofs)[:, :, None].expand_as(local)
                columns = (self.slices[column_state].start + trial.dofs)[:, None].expand_as(local)
                found.append((rows.flatten(), columns.flatten(), local.flatten()))
        return found

    def matrix(self, entries: Sequence[Entries]) -> sp.csr_array:
        """The sparse matrix of all entries."""
        if not entries:
            return sp.csr_array((self.size, self.size))
        rows, columns, values = (torch.cat(parts).numpy() for parts in zip(*entries))
        return sp.csr_array(sp.coo_array((values, (rows, columns)), shape=(self.size,) * 2))

    def integrals(self, at: Place, state: str) -> Float[ndarray, "n"]:
        """The integrals of the basis functions of one state, zero for the others."""
        total = torch.zeros(self.size, dtype=torch.float64)
        self.add(total, at, [state], torch.ones(1, 1, *at.weights.shape, dtype=torch.float64))
        return total.numpy()
