"""Fluxes through the boundary, by what the conditions say of them."""

import torch
from torch import Tensor

from fredholm.errors import EquationError
from fredholm.solvers.finite_elements.integrand import Linearised
from fredholm.solvers.finite_elements.places import Place
from fredholm.solvers.finite_elements.statement import Statement

_SINGULAR = 1e-12


def replaced(found: Linearised, statement: Statement, part: str, at: Place) -> Linearised:
    """Fluxes minus the multiples of the conditions in which no normal derivative is left.

    The conditions C are zero, so that Fᵢnᵢ - M C is the same flux whatever the matrix M; it is
    chosen so that the derivatives along the normal cancel. Of -a ∇u·n and the condition
    ∇u·n = g - b u it leaves -a (g - b u).

    Args:
        found: The fluxes of the free unknowns, then as many conditions.
        statement: Where they come from.
        part: The part of the boundary.
        at: Points on it.

    Raises:
        EquationError: The conditions do not contain the normal derivatives.
    """
    free = statement.sides[part].free
    assert at.normals is not None, "parts of the boundary have normals"
    columns = [statement.states.index(statement.chains[u][0]) for u in free]
    along = torch.einsum("ojreq,eqr->eqoj", found.by_jets[:, columns, 1:], at.normals)
    of_fluxes, of_conditions = along.split(len(free), dim=2)
    sizes = of_conditions.abs().amax(dim=(-1, -2))
    if bool((torch.linalg.det(of_conditions).abs() <= _SINGULAR * sizes ** len(free)).any()):
        raise EquationError(
            f"the conditions on {part!r} do not determine the normal derivatives of "
            f"{', '.join(free)}: state them with dot(grad(...), normal())"
        )
    multiples = torch.linalg.solve(of_conditions, of_fluxes, left=False)

    def less(values: Tensor) -> Tensor:
        fluxes, conditions = values.split(len(free))
        return fluxes - torch.einsum("eqkl,l...eq->k...eq", multiples, conditions)

    return Linearised(*map(less, found))
