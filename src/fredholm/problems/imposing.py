"""The conditions of a statement that can be built into an operator."""

from collections.abc import Sequence

from fredholm.equations import Equation, constant, states_of
from fredholm.equations.elliptic import dirichlet
from fredholm.equations.split import is_constant
from fredholm.equations.tree import expression
from fredholm.equations.validate import PARTS
from fredholm.errors import EquationError
from fredholm.operators import Constrained, Operator
from fredholm.operators.constrained import Profile
from fredholm.problems.problem import Problem


def impose(
    problem: Problem, operator: Operator, *, profile: Profile = "sine", scale: float = 1.0
) -> Operator:
    """The operator with the conditions of a problem that can be made to hold for any weights.

    Those are initial values, where they vary or are zero and all targets have as many, and zero on
    both ends of an axis for all targets. What cannot be imposed remains for an objective, such as
    `GridResidual`, whose terms of conditions that hold are zero.

    Args:
        problem: The statement.
        operator: From the inputs of the problem to its targets.
        profile: How the answer leaves a wall (see `Constrained`).
        scale: Size of an answer where the operator gives one.
    """
    initial, walls = _initial(problem), _walls(problem)
    if not initial and not walls:
        return operator
    return Constrained(operator, initial=initial, walls=walls, profile=profile, scale=scale)


def _initial(problem: Problem) -> tuple[tuple[int | None, ...], ...]:
    """The channel of the inputs with each initial value, by order and target; () where not all."""
    varied = list(problem.varies)
    states = states_of(problem.equations)
    by_target = [states[name] for name in problem.targets]
    if len({len(names) for names in by_target}) != 1:
        return ()
    stated = [name for names in by_target for name in names if name not in varied]
    for name in stated:
        value = expression(problem.initial[name])
        if not is_constant(value) or float(constant(value, problem.parameters)) != 0:
            return ()
    return tuple(
        tuple(varied.index(name) if name in varied else None for name in names)
        for names in zip(*by_target)
    )


def _walls(problem: Problem) -> tuple[str, ...]:
    """Axes at both ends of which all targets are zero."""
    if problem.region is not None:
        return ()
    conditions = problem.conditions
    found = []
    for axis, pair in zip(problem.domain.axes, PARTS):
        if not axis.periodic and all(_all_zero(problem, conditions[side]) for side in pair):
            found.append(axis.name)
    return tuple(found)


def _all_zero(problem: Problem, conditions: Sequence[Equation]) -> bool:
    """Whether the conditions say that each target is zero."""
    zero = set()
    for condition in conditions:
        for name in problem.targets:
            try:
                value = dirichlet(condition, name)
            except EquationError:  # it says something else, perhaps of another unknown
                continue
            if value is None or not is_constant(value):
                continue
            if float(constant(value, problem.parameters)) == 0:
                zero.add(name)
    return zero == {*problem.targets}
