"""Is a problem stated completely, and are these its inputs? Each check ends in one sentence."""

import warnings
from collections.abc import Iterator

import torch

from fredholm.domains import Stack, Unstructured
from fredholm.equations import Coefficient, Equation, Expression, Unknown, validate
from fredholm.equations.differential import Derivative, Shift
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import Field
from fredholm.problems.prior import Prior
from fredholm.problems.seams import SEAM, wrap_ratio
from fredholm.problems.statement import Statement


def check_statement(problem: Statement) -> None:
    """Refuses a problem that does not determine its unknowns, or contradicts itself.

    Raises:
        EquationError: The first thing that is wrong.
    """
    _time(problem)
    validate(
        problem.equations,
        problem.domain,
        timed=problem.time is not None,
        initial=(*problem.initial, *(name for name in problem.varies if name in problem.states)),
        boundary=problem.boundary,  # type: ignore[arg-type]
        given=[*problem.given, *(name for name in problem.varies if name not in problem.states)],
        parts=problem.parts,
    )
    _region(problem)
    _varies(problem)
    _hidden(problem)
    _conserved(problem)
    _warmup(problem)
    if problem.lattice:
        _lattice(problem)


def _nodes(*equations: Equation) -> Iterator[Expression]:
    return (node for equation in equations for node in equation.residual.walk())


def _time(problem: Statement) -> None:
    axis = problem.time
    if axis is not None and (axis.name != "t" or axis.periodic or axis.location != "node"):
        raise EquationError(f"the time axis is named t and has samples at both ends, got {axis}")
    if axis is not None and "t" in problem.domain.names:
        raise EquationError("the domain is space only; the time axis is given by time=")


def _region(problem: Statement) -> None:
    box = [(axis.start, axis.stop) for axis in problem.domain.axes]
    for unknown, place in problem.gauge.items():
        if unknown not in problem.equations:
            raise EquationError(
                f"the gauge fixes {unknown!r}: {did_you_mean(unknown, [*problem.equations])}"
            )
        within = len(place) == len(box) and all(a <= p <= b for p, (a, b) in zip(place, box))
        if not within:
            raise EquationError(
                f"the gauge fixes {unknown!r} at {tuple(place)}, no point of {problem.domain}"
            )
    if problem.region is not None and problem.shapes is not None:
        raise EquationError("a problem has one region or random shapes, not both")
    place = problem.region if problem.shapes is None else problem.shapes
    if place is None:
        return
    if len(place.bounds) != problem.domain.dim:
        raise EquationError(
            f"the region has {len(place.bounds)} dimensions, the domain {problem.domain.dim}"
        )
    for axis, (start, stop) in zip(problem.domain.axes, place.bounds):
        slack = 1e-9 * axis.length
        if start < axis.start - slack or stop > axis.stop + slack:
            raise EquationError(
                f"the region reaches over [{start:g}, {stop:g}] along {axis.name!r}, beyond the "
                f"domain's [{axis.start:g}, {axis.stop:g}]"
            )


def _varies(problem: Statement) -> None:
    conditions = [c for several in problem.boundary.values() for c in several]  # type: ignore[union-attr]
    nodes = _nodes(*problem.equations.values(), *conditions)  # type: ignore[arg-type]
    known = {node.name for node in nodes if isinstance(node, Coefficient)} | {*problem.states}
    for name, prior in problem.varies.items():
        if not isinstance(prior, Prior):
            raise EquationError(
                f"{name!r} varies as a prior says, such as FourierSeries(modes=3), got {prior!r}"
            )
        if name not in known:
            states = ", ".join(problem.states) or "nothing"
            raise EquationError(
                f"{name!r} varies in {problem.key!r}, but its equations contain no such "
                f"coefficient and take initial values of {states} only"
            )


def _hidden(problem: Statement) -> None:
    free = [name for name in problem.equations if name not in problem.states]
    for name in problem.hidden:
        if problem.time is None or name not in free:
            raise EquationError(
                f"hidden unknown {name!r} of {problem.key!r}: what others determine is an unknown "
                f"without time derivative of an evolution; here {', '.join(free) or 'none'}"
            )
    rates = [name for name in problem.states if name not in problem.equations]
    if problem.hidden and rates:
        raise EquationError(
            f"{problem.key!r} hides unknowns, which the targets have to determine, but its state "
            f"{rates[0]} is no target: state a system of first order in time"
        )


def _conserved(problem: Statement) -> None:
    for name, density in problem.conserved.items():
        for node in density.walk():
            if isinstance(node, Unknown) and node.name not in problem.targets:
                raise EquationError(
                    f"the conserved quantity {name!r} contains {node.name!r}, which is no target: "
                    f"{did_you_mean(node.name, [*problem.targets])}"
                )


def _warmup(problem: Statement) -> None:
    if not problem.warmup:
        return
    if problem.warmup < 0 or problem.warmup_steps < 1:
        raise EquationError(
            "a warm-up takes a positive time in at least one step, got "
            f"{problem.warmup:g} in {problem.warmup_steps}"
        )
    if problem.time is None or tuple(problem.varies) != problem.states:
        raise EquationError(
            f"a warm-up evolves initial states: all of {', '.join(problem.states) or 'none'} and "
            f"nothing else may vary, got {', '.join(problem.varies) or 'nothing'}"
        )


def _lattice(problem: Statement) -> None:
    if len(set(problem.domain.shape)) > 1:
        raise EquationError(f"a lattice has the same size along all axes, got {problem.domain}")
    for node in _nodes(*problem.equations.values()):
        if isinstance(node, Derivative) and node.coord != "t":
            raise EquationError(f"there is no derivative on a lattice, got {node}: use shift(...)")
        if isinstance(node, Shift):
            steps = node.distance / problem.domain.axis(node.coord).spacing
            if abs(steps - round(steps)) > 1e-9:
                raise EquationError(f"{node} does not lead to a point of {problem.domain}")


def check_inputs(problem: Statement, inputs: Field) -> None:
    """Refuses inputs that are not functions of a problem (see `Problem.check_inputs`).

    Raises:
        ValueError: What is wrong.
    """
    names = tuple(problem.varies)
    if not isinstance(inputs, Field):
        raise ValueError(
            f"inputs of {problem.key!r} are functions, as sample(n, generator=...) draws them or "
            f"Field(values, grid) makes them; got {type(inputs).__name__}"
        )
    if inputs.channels != len(names):
        raise ValueError(
            f"inputs of {problem.key!r} have {len(names)} channels ({', '.join(names)}), "
            f"got {inputs.channels}"
        )
    if not bool(torch.isfinite(inputs.values).all()):
        raise ValueError(f"inputs of {problem.key!r} contain values that are not finite")
    if isinstance(inputs.domain, Unstructured | Stack):
        if inputs.domain.names != problem.domain.names:
            raise ValueError(
                f"inputs of {problem.key!r} have the coordinates "
                f"{', '.join(problem.domain.names)}, got {', '.join(inputs.domain.names)}"
            )
        return
    if problem.shapes is not None:
        raise ValueError(f"inputs of {problem.key!r} live on meshes, got {inputs.domain}")
    for axis, own in zip(inputs.grid.axes, problem.domain.axes, strict=False):
        ends = [axis.start - own.start, axis.stop - own.stop]
        elsewhere = max(map(abs, ends)) > 1e-6 * own.length  # single precision in a file is fine
        if elsewhere or axis.name != own.name or axis.periodic != own.periodic:
            raise ValueError(f"inputs of {problem.key!r} live on {own}, got {axis}")
    if inputs.grid.dim != problem.domain.dim:
        raise ValueError(f"inputs of {problem.key!r} live on {problem.domain}, got {inputs.grid}")
    for axis in inputs.grid.axes:
        if axis.periodic and (ratio := wrap_ratio(inputs, axis.name)) > SEAM:
            warnings.warn(
                f"inputs of {problem.key!r} seem not to be periodic along {axis.name!r}: from the "
                f"last sample to the first they jump {ratio:.1f} times as far as anywhere "
                "between neighbours",
                stacklevel=4,  # who called a method of the problem
            )
