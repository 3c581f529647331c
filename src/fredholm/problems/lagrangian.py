"""A conservation law as its fluid particles see it."""

from dataclasses import replace

from fredholm.equations import Coefficient, Equation, Expression, Unknown, d, dt, eq
from fredholm.equations.differential import Derivative, Shift
from fredholm.equations.equation import additive_terms
from fredholm.equations.expand import rename
from fredholm.equations.spread import derived, needs, spread
from fredholm.equations.tree import Coord, Mul, add, mul
from fredholm.errors import EquationError
from fredholm.problems.problem import Problem

DISPLACEMENT = "displacement"
"""The unknown that tells how far a particle has come."""


def lagrangian(problem: Problem, *, chain_rule: bool = True) -> Problem:
    """The same evolution in the frame of the particles that it carries.

    Written out, the statement reads ∂ₜu + a ∂ₓu + r(u, ∂ₓu, ∂ₓ²u, ...) = 0. A particle that starts
    at X is at x = X + s(X, t), with s the `displacement`, and moves with the velocity a:

        ∂ₜs = a,    ∂ₜu = -r,    with ∂ₓ = (1 + ∂ₓs)⁻¹ ∂/∂X in r.

    The coordinate of the result is the label X under its old name. Both unknowns are periodic in
    it, and stay smooth and slow however fast u is carried. `collocation.eulerian` leads back.

    Args:
        problem: One equation of first order in time on a periodic line, without given coefficients.
        chain_rule: Divide by 1 + ∂ₓs. The published code does not, which is the same only where all
            particles move alike.

    Fails when: particles meet, as at a shock without viscosity: then 1 + ∂ₓs is zero.

    Raises:
        EquationError: Another kind of statement.

    Reference:
        Mojgani, Balajewicz & Hassanzadeh, Comput. Methods Appl. Mech. Eng. 404, 2023,
        arXiv:2205.02902, equations 7 and 8.
    """
    name, equation = _require_carried(problem)
    x, u, s = Coord(problem.domain.names[0]), Unknown(name), Unknown(DISPLACEMENT)
    velocity, rest = _parts(equation, u, x)
    stretch = add(1, d(s, x)) if chain_rule else add(1)
    seen: dict[Expression, Expression] = {x: add(x, s)}
    for orders in needs([add(*rest)]).get(name, ()):
        e: Expression = u
        for _ in range(dict(orders).get(x.name, 0)):
            e = d(e, x) / stretch
        seen[derived(u, orders)] = e
    return replace(
        problem,
        key=f"{problem.key}_lagrangian",
        title=f"{problem.title}, as its particles see it",
        equations={
            name: eq(dt(u), mul(-1, rename(add(*rest), seen))),
            DISPLACEMENT: eq(dt(s), rename(add(*velocity), seen)),
        },
        initial={**problem.initial, DISPLACEMENT: 0.0},
        symmetries=(),
        conserved={},
        exact=None,
        warmup=0.0,
    )


def _require_carried(problem: Problem) -> tuple[str, Equation]:
    """The unknown and its equation.

    Raises:
        EquationError: The statement has no such particles.
    """
    [(name, equation), *others] = problem.equations.items()
    line = problem.domain.dim == 1 and problem.domain.axes[0].periodic and not problem.lattice
    nodes = [*equation.residual.walk()]
    foreign = [e for e in nodes if isinstance(e, Coefficient | Shift)]
    if others or not line or equation.time_order(name) != 1 or foreign:
        what = f"it contains {foreign[0]}" if foreign else f"got {problem.domain}"
        raise EquationError(
            f"the particles of {problem.key!r} cannot be followed: that takes one equation of "
            f"first order in time on a periodic line, without coefficients that are given as "
            f"functions and without shifts; {what}"
        )
    return name, equation


def _parts(equation: Equation, u: Unknown, x: Coord) -> tuple[list[Expression], list[Expression]]:
    """The addends of the velocity, and of r.

    Raises:
        EquationError: The time derivative does not stand alone.
    """
    slope, rate = d(u, x), dt(u)
    terms = additive_terms(spread(equation.residual, (x.name,)))
    velocity, rest = [], []
    for term in (t for t in terms if t != rate):
        factors = term.factors if isinstance(term, Mul) else (term,)
        others = [f for f in factors if f != slope]
        nodes = [node for f in others for node in f.walk()]
        if any(isinstance(node, Derivative) and node.coord == "t" for node in nodes):
            raise EquationError(f"particles are followed where dt({u}) has the factor one: {term}")
        carried = len(others) == len(factors) - 1
        carried = carried and not any(isinstance(node, Derivative) for node in nodes)
        (velocity if carried else rest).append(mul(*others) if carried else term)
    return velocity, rest
