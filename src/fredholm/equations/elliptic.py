"""A steady equation recognised as -∇·(a ∇u) + c u = f."""

from collections.abc import Collection
from dataclasses import dataclass

from fredholm.equations.constants import Values, constant
from fredholm.equations.differential import Div, Dot, Grad, Lap, Normal
from fredholm.equations.equation import Equation, additive_terms
from fredholm.equations.split import is_constant
from fredholm.equations.tree import Add, Const, Expression, Mul, Unknown, add, mul
from fredholm.errors import EquationError


@dataclass(frozen=True)
class Elliptic:
    """-∇·(conductivity ∇u) + reaction u = source."""

    conductivity: Expression
    reaction: Expression
    source: Expression


def elliptic(equation: Equation, unknown: str, values: Values) -> Elliptic:
    """The parts of a second-order elliptic equation in divergence form, or with a Laplacian.

    Args:
        equation: The equation.
        unknown: Name of u.
        values: Values of parameters, which decide the sign in front of the second derivatives.

    Raises:
        EquationError: The equation has another form.
    """
    u = Unknown(unknown)
    second, reaction, source = [], [], []
    for term in distributed(equation.residual):
        constants, core = _parted(term)
        if u not in core.walk():
            source.append(mul(-1, term))
        elif core == u:
            reaction.append(constants)
        else:
            second += [mul(-1, constants, a) for a in _conductivities(core, u, equation)]
    if not second:
        raise EquationError(f"{equation} has no second derivative of {unknown}")
    factors, _ = _parted(second[0])
    sign = -1 if float(constant(factors, values)) < 0 else 1
    return Elliptic(*(mul(sign, add(*terms)) for terms in (second, reaction, source)))


def dirichlet(condition: Equation, unknown: str) -> Expression | None:
    """The value g of a condition that says u = g; None where it says that there is no flux.

    Raises:
        EquationError: It says something else.
    """
    u = Unknown(unknown)
    slope, rest = [], []
    for term in distributed(condition.residual):
        constants, core = _parted(term)
        if core == u:
            slope.append(constants)
        elif any(isinstance(node, Unknown | Normal) for node in term.walk()):
            if _is_flux(core, u) and len(distributed(condition.residual)) == 1:
                return None
            raise EquationError(
                f"the boundary condition {condition} is neither {unknown} = value nor "
                f"dot(grad({unknown}), normal()) = 0, which are those that the solver knows"
            )
        else:
            rest.append(term)
    if not slope:
        raise EquationError(f"the boundary condition {condition} does not contain {unknown}")
    return mul(-1, add(*rest)) / add(*slope)


def _is_flux(core: Expression, u: Unknown) -> bool:
    """Whether the expression is a ∇u · n, in either order."""
    if not isinstance(core, Dot):
        return False
    sides = [side for side in (core.left, core.right) if not isinstance(side, Normal)]
    if len(sides) != 1:
        return False
    factors = sides[0].factors if isinstance(sides[0], Mul) else (sides[0],)
    others = [factor for factor in factors if factor != Grad(u)]
    return len(others) == len(factors) - 1 and not any(u in other.walk() for other in others)


def one_value(values: Collection[Expression]) -> Expression:
    """The one Dirichlet value that sides share; zero where there is none.

    Raises:
        EquationError: Sides have different values.
    """
    different = set(values)
    if len(different) > 1:
        listed = ", ".join(sorted(str(value) for value in different))
        raise EquationError(
            f"the diffusion solver takes one boundary value for all sides, got {listed}; "
            "state it as one expression of the coordinates"
        )
    return different.pop() if different else Const(0.0)


def distributed(e: Expression) -> list[Expression]:
    """Additive terms, with constants multiplied into sums."""
    result = []
    for term in additive_terms(e):
        constants, core = _parted(term)
        if isinstance(core, Add):
            result += [t for part in core.terms for t in distributed(mul(constants, part))]
        else:
            result.append(term)
    return result


def _parted(term: Expression) -> tuple[Expression, Expression]:
    """The constant factors of a product, and the others."""
    factors = term.factors if isinstance(term, Mul) else (term,)
    constants = [factor for factor in factors if is_constant(factor)]
    return mul(*constants), mul(*(factor for factor in factors if not is_constant(factor)))


def _conductivities(core: Expression, u: Unknown, equation: Equation) -> list[Expression]:
    """The factors a of ∇·(a ∇u), for each term of the flux."""
    if core == Lap(u):
        return [Const(1.0)]
    if isinstance(core, Div):
        found = []
        for flux in distributed(core.operand):
            factors = flux.factors if isinstance(flux, Mul) else (flux,)
            others = [factor for factor in factors if factor != Grad(u)]
            if len(others) != len(factors) - 1 or any(u in other.walk() for other in others):
                break
            found.append(mul(*others))
        else:
            return found
    raise EquationError(
        f"no solver for the term {core} in {equation}: a steady equation is solved in the form "
        f"-div(a*grad({u})) + c*{u} = f, where a may be a coefficient"
    )
