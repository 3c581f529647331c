"""Is a statement the same after a change of points and functions? Read off its expressions.

At a point, an expression is a function of the coordinates there and of the values and derivatives
of unknowns and coefficients. A symmetry maps these numbers to one another, and signs. Two
expressions are the same function of them where they agree for numbers that are drawn independently:
chance agreement has probability zero, and no solution is computed.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus.tape import Tape, Value
from fredholm.equations import Coord, Expression, Param, spread, states_of
from fredholm.equations.spread import NormalComponent, derivative_of, is_function
from fredholm.equations.tree import expression
from fredholm.equations.validate import PARTS
from fredholm.errors import EquationError
from fredholm.fields import NamedSymmetry
from fredholm.problems.jets import POINTS, Jets, Moved, Side
from fredholm.problems.statement import Statement


class Invariance:
    """The expressions of a statement, ready to be compared with what a symmetry makes of them.

    Args:
        statement: Equations, conditions and initial values on a box.

    Raises:
        EquationError: They are stated on another region, or hold what cannot be evaluated at a
            point: shifts or learned functions.
    """

    def __init__(self, statement: Statement) -> None:
        if statement.region is not None or statement.shapes is not None:
            raise EquationError(f"{statement.key!r} is not stated on a box")
        self.statement = statement
        self._coords = statement.domain.names
        self._equations = self._tape([e.residual for e in statement.equations.values()])
        self._conditions = {
            _side(part): self._tape([c.residual for c in several])
            for part, several in statement.conditions.items()
        }
        self._initial = self._tape([expression(e) for e in statement.initial.values()])
        self._inside = Jets(statement.domain)
        self._sides = {side: Jets(statement.domain, side) for side in self._conditions}
        still = NamedSymmetry.identity(self._coords)
        self._wanted = self._run(self._equations, self._inside, Moved(statement.domain, still))

    def broken(self, symmetry: NamedSymmetry) -> str:
        """The first part of the statement that the symmetry changes; empty if it changes none.

        Args:
            symmetry: What becomes of points, unknowns and coefficients, these under the names that
                they have in the equations; a function that it does not name stays.
        """
        moved = Moved(self.statement.domain, symmetry)
        if not self._same_equations(moved):
            return "the equations"
        for side in self._conditions:
            if not self._same_conditions(moved, side):
                return f"the conditions on the {PARTS[side[0]][side[1]]} side"
        if not self._same_initial(moved):
            return "the initial values"
        if not self._same_given(moved):
            return "the given functions"
        same = all(moved.fixes(place) for place in self.statement.gauge.values())
        return "" if same else "the gauge"

    def _tape(self, expressions: Sequence[Expression]) -> Tape:
        return Tape([spread(e, self._coords) for e in expressions], is_function)

    def _run(self, tape: Tape, jets: Jets, moved: Moved) -> list[Float[Tensor, "n"]]:
        """The values of expressions on the image of what is drawn."""

        def leaf(e: Expression) -> Value:
            if is_function(e):
                core, orders = derivative_of(e)
                return moved.function(jets, core.name, orders)  # type: ignore[attr-defined]
            if isinstance(e, Coord):
                return moved.coordinate(jets, e.name)
            if isinstance(e, NormalComponent):
                return moved.normal(jets, e.coord)
            if isinstance(e, Param):
                return float(self.statement.parameters[e.name])
            raise EquationError(f"{e} cannot be evaluated at points")

        results = tape(leaf, _no_derivative)
        return [torch.as_tensor(r, dtype=torch.float64).expand(POINTS) for r in results]

    def _same_equations(self, moved: Moved) -> bool:
        found = self._run(self._equations, self._inside, moved)
        return _agree_up_to_signs(found, self._wanted)

    def _same_conditions(self, moved: Moved, side: Side) -> bool:
        """Whether the conditions on one side are those on the side that comes to lie there."""
        origin = moved.origin(side)
        if origin not in self._sides:
            return False
        jets = self._sides[origin]
        found = self._run(self._conditions[side], jets, moved)
        wanted = self._run(self._conditions[origin], jets, moved.still())
        return _agree_up_to_signs(found, wanted)

    def _same_initial(self, moved: Moved) -> bool:
        """Whether each function starts as its source does."""
        stated = list(self.statement.initial)
        found, wanted = (
            self._run(self._initial, self._inside, each) for each in (moved, moved.still())
        )
        for name, values in zip(stated, found):
            source, sign = image_of(self.statement, moved.symmetry, name)
            if source not in stated or not _agree(values, sign * wanted[stated.index(source)]):
                return False
        return True

    def _same_given(self, moved: Moved) -> bool:
        """Whether given functions, which keep their names, are the same at moved points."""
        names = [*self._coords, *(["t"] if self.statement.time is not None else [])]
        here, there = (
            torch.stack([each.coordinate(self._inside, name) for name in names], dim=1)
            for each in (moved.still(), moved)
        )
        return all(
            _agree(function(here).double(), function(there).double())
            for function in self.statement.given.values()
        )


def _no_derivative(e: Expression, operand: Tensor) -> Tensor:
    raise AssertionError(f"{e} is not spread")


def _agree_up_to_signs(found: list[Tensor], wanted: list[Tensor]) -> bool:
    """Whether each is another one or its negative, and none is met twice."""
    left = list(wanted)
    for values in found:
        same = (i for i, w in enumerate(left) if _agree(values, w) or _agree(values, -w))
        place = next(same, None)
        if place is None:
            return False
        del left[place]
    return not left


def _agree(a: Tensor, b: Tensor) -> bool:
    """To rounding; what is not a number agrees with nothing."""
    scale = max(float(a.abs().max()), float(b.abs().max()))
    return bool(torch.isfinite(a).all()) and float((a - b).abs().max()) <= 1e-9 * scale


def _side(part: str) -> Side:
    """The side of the box that has this name."""
    return next((i, pair.index(part) == 1) for i, pair in enumerate(PARTS) if part in pair)


def image_of(statement: Statement, symmetry: NamedSymmetry, name: str) -> tuple[str, int]:
    """The source and the sign of a function: of `dt(u)` those of u, of a coefficient its own."""
    states = states_of(statement.equations)
    owner = next((unknown for unknown, own in states.items() if name in own), None)
    if owner is None:
        return symmetry.images.get(name, (name, 1))
    source, sign = symmetry.images.get(owner, (owner, 1))
    place = states[owner].index(name)
    return (states[source][place] if place < len(states[source]) else ""), sign
