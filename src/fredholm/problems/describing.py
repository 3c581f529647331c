"""What files say of a problem: labels of its functions, and where its samples come from."""

from typing import Any

from fredholm import __version__
from fredholm.equations import Coefficient, Unknown, latex, to_json
from fredholm.fields import Variable
from fredholm.problems.statement import Statement
from fredholm.problems.symmetries import stored_symmetries
from fredholm.solvers.solution import Solution


def input_labels(problem: Statement) -> tuple[Variable, ...]:
    """Labels of the varied functions; the initial value of u is called u0."""
    labels = _labels(problem)
    return tuple(
        _initial_label(name, labels) if name in problem.states else labels[name]
        for name in problem.varies
    )


def target_labels(problem: Statement) -> tuple[Variable, ...]:
    """Labels of the targets."""
    labels = _labels(problem)
    return tuple(labels[name] for name in problem.targets)


def _labels(problem: Statement) -> dict[str, Variable]:
    on_boundary = problem.boundary_data if problem.shapes is not None else {}
    conditions = [condition for several in problem.conditions.values() for condition in several]
    return {
        node.name: Variable(
            node.name,
            node.units,
            node.long_name,
            support="boundary" if node.name in on_boundary else "",
        )
        for equation in (*conditions, *problem.equations.values())
        for node in equation.residual.walk()
        if isinstance(node, Unknown | Coefficient)
    }


def _initial_label(name: str, labels: dict[str, Variable]) -> Variable:
    base = labels.get(name, Variable(name.replace("(", "").replace(")", "")))
    long_name = f"initial {base.long_name}" if base.long_name else ""
    return Variable(f"{base.name}0", base.units, long_name)


def origin_of(problem: Statement, tol: float, solution: Solution | None) -> dict[str, Any]:
    """Where samples of a problem come from, as plain JSON.

    Args:
        problem: What was solved.
        tol: Relative error that was aimed at.
        solution: Tells the method, where there is one.
    """
    return {
        "problem": problem.key,
        "title": problem.title,
        "equations": {
            name: {"text": str(e), "latex": latex(e), "tree": to_json(e)}
            for name, e in problem.equations.items()
        },
        "boundary": problem.boundary_text,
        "initial": {name: str(e) for name, e in problem.initial.items()},
        "parameters": dict(problem.parameters),
        "symmetries": list(problem.symmetries),
        "derived_symmetries": stored_symmetries(problem, [v.name for v in input_labels(problem)]),
        "conserved": {
            name: {"text": str(e), "tree": to_json(e)} for name, e in problem.conserved.items()
        },
        "varies": {name: prior.describe() for name, prior in problem.varies.items()},
        **({} if problem.shapes is None else {"shapes": problem.shapes.describe()}),
        "warmup": problem.warmup,
        "horizon": None if problem.time is None else problem.time.stop,
        "solver": None if solution is None else solution.method,
        "tolerance": tol,
        "reference": problem.reference,
        "version": __version__,
    }
