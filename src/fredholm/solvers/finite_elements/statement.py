"""A statement made ready for finite elements, once for all meshes and samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fredholm.equations import Equation, Expression
from fredholm.equations.tree import mul
from fredholm.errors import EquationError
from fredholm.solvers.finite_elements.conditions import Side, sides
from fredholm.solvers.finite_elements.given import Given
from fredholm.solvers.finite_elements.integrand import Integrand
from fredholm.solvers.finite_elements.weak_form import chains_of, multipliers, weak_form


@dataclass(frozen=True)
class Statement:
    """Equations and conditions in weak form, compiled.

    Args:
        coords: Names of the spatial coordinates.
        chains: The states of each unknown.
        multipliers: Unknowns that their own equations do not contain.
        inside: For each state the source of its equation, then minus the flux along each
            coordinate: what is multiplied with a test function and its derivatives.
        sides: What holds on each part of the boundary.
        through: For each part the fluxes of its free unknowns, then its conditions.
    """

    coords: tuple[str, ...]
    chains: Mapping[str, tuple[str, ...]]
    multipliers: tuple[str, ...]
    inside: Integrand
    sides: Mapping[str, Side]
    through: Mapping[str, Integrand]

    @property
    def states(self) -> tuple[str, ...]:
        """Names of all states, unknown by unknown."""
        return tuple(state for states in self.chains.values() for state in states)

    @property
    def affine(self) -> bool:
        """Whether equations and conditions are linear in the unknowns."""
        return self.inside.affine and all(each.affine for each in self.through.values())

    def autonomous(self, given: Given) -> bool:
        """Whether nothing but the unknowns changes in time."""
        fluxes = [e for each in self.through.values() for e in each.outputs]
        values = [e for side in self.sides.values() for e in side.values.values()]
        return all(map(given.constant_in_time, (*self.inside.outputs, *fluxes, *values)))

    def require_parts(self, parts: Sequence[str]) -> None:
        """Refuses boundaries with parts on which nothing is stated.

        Raises:
            EquationError: There is one.
        """
        missing = [part for part in parts if part not in self.sides]
        if missing:
            raise EquationError(
                f"nothing is stated on the part {missing[0]!r} of the mesh, but on "
                f"{', '.join(map(repr, self.sides)) or 'nothing'}"
            )


def compiled(
    equations: Mapping[str, Equation],
    conditions: Mapping[str, Sequence[Equation]],
    coords: tuple[str, ...],
) -> Statement:
    """The statement behind equations and conditions.

    Raises:
        EquationError: Finite elements do not solve it.
    """
    forms = weak_form(equations, coords)
    chains = chains_of(equations)
    states = tuple(state for several in chains.values() for state in several)
    outputs: list[Expression] = []
    for state in states:
        outputs += [forms[state].source, *(mul(-1, part) for part in forms[state].flux)]
    found = sides(equations, forms, conditions, coords)
    through = {
        part: Integrand((*side.fluxes, *side.conditions), states, coords)
        for part, side in found.items()
        if side.free
    }
    inside = Integrand(outputs, states, coords)
    return Statement(coords, chains, multipliers(equations), inside, found, through)
