"""`fredholm problems`: the named problems and their statements."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fredholm.cli.flags import documented, optional_parameters
from fredholm.cli.output import Output, flag_line
from fredholm.cli.parser import Parser
from fredholm.errors import EquationError

if TYPE_CHECKING:
    from fredholm.problems import Problem

EXAMPLE = """\
  fredholm problems
  fredholm problems burgers
"""
_SHOWN = 9
"""Symmetries that are shown one by one."""
_HEADINGS = {
    True: "families of problems, for `fredholm fit` and `fredholm generate`:",
    False: "single problems, for `fredholm solve`:",
}
"""By whether something varies."""


def run(words: Sequence[str]) -> int:
    """Lists the problems, or shows one."""
    parser = Parser(
        "problems", "[PROBLEM]", "List the named problems, or show the statement of one.", EXAMPLE
    )
    parser.add_argument("problem", nargs="?", metavar="PROBLEM", help="the one to show")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    args = parser.parse(words)
    output = Output(args.json)
    if args.problem is None:
        _list(output)
    else:
        _show(args.problem, output)
    return 0


def _list(output: Output) -> None:
    from fredholm.problems import PROBLEMS, build

    found = {key: build(key) for key in sorted(PROBLEMS)}
    width = max(len(key) for key in found) + 2
    for random, heading in _HEADINGS.items():
        output.show(heading)
        for key, problem in found.items():
            if bool(problem.random) is random:
                output.show(f"  {key:{width}}{problem.title}")
        output.show("")
    output.show("`fredholm problems PROBLEM` shows the statement and the parameters of one.")
    output.result({"problems": {key: problem.title for key, problem in found.items()}})


def _show(key: str, output: Output) -> None:
    from fredholm.problems import build, builder

    problem, defaults = build(key), optional_parameters(builder(key))
    said = documented(builder(key))
    output.show(f"{key}: {problem.title}\n")
    lines = [*statement(problem)]
    width = max(12, *(len(name) + 2 for name, _ in lines))
    for name, line in lines:
        output.show(f"  {name:{width}}{line}")
    command = "generate" if problem.random else "solve"
    if defaults:
        output.show(f"\nparameters, as flags of `fredholm {command}`:")
    for name, parameter in defaults.items():
        default = parameter.default
        shown = f"{default:.6g}" if isinstance(default, float) else default
        output.show(flag_line(name, shown, said.get(name, "")))
    output.show(f"\nnext: {'    or: '.join(_ways(problem))}")
    shown = {name: str(parameter.default) for name, parameter in defaults.items()}
    output.result({"problem": key, **_facts(problem), "defaults": shown})


def statement(problem: "Problem") -> Iterator[tuple[str, str]]:
    """The statement of a problem, line by line, each with a heading or an empty one."""
    from fredholm.equations import latex

    for equation in problem.equations.values():
        yield "equation", str(equation)
        yield "LaTeX", latex(equation)
    for part, conditions in problem.boundary_text.items():
        yield f"on {part}", conditions
    for name, value in problem.initial.items():
        yield f"{name} at 0", str(value)
    yield "space", _space(problem)
    if problem.region is not None:
        yield "region", f"inside the box, with the parts {', '.join(problem.region.parts)}"
    if problem.time is not None:
        asked = "the state at its end" if problem.final else "all its states"
        yield "time", f"{problem.time}; the target is {asked}"
    if problem.shapes is not None:
        yield "region", f"varies, with the parts {', '.join(problem.shapes.parts)}"
        yield "shape varies", str(problem.shapes)
        yield "meshes", f"of edges {problem.edge_length:g} long"
    for name, prior in problem.varies.items():
        yield f"{name} varies", str(prior)
    found = [*problem.symmetries, *_derived_symmetries(problem)]
    for number, symmetry in enumerate(found[:_SHOWN]):
        yield "" if number else "symmetries", symmetry
    if len(found) > _SHOWN:
        yield "", f"... and {len(found) - _SHOWN} more"
    if problem.reference:
        yield "reference", problem.reference


def _derived_symmetries(problem: "Problem") -> Iterator[str]:
    """The symmetries but the identity, with what becomes of the functions that one sees."""
    from fredholm.problems import symmetries_of

    shown = [*problem.targets, *(name for name in problem.varies if name not in problem.states)]
    for symmetry in symmetries_of(problem)[1:]:
        yield str(replace(symmetry, images={name: symmetry.images[name] for name in shown}))


def _space(problem: "Problem") -> str:
    """The box, its axes one by one where they are few."""
    axes = problem.domain.axes
    if len(axes) <= 3:
        return str(problem.domain)
    ends = sorted({(axis.start, axis.stop) for axis in axes})
    intervals = ", ".join(f"[{start:g}, {stop:g}]" for start, stop in ends)
    return f"{len(axes)} coordinates {axes[0].name}, ..., {axes[-1].name} in {intervals}"


def _ways(problem: "Problem") -> list[str]:
    """The commands that make something of a problem."""
    key = problem.key
    if problem.random:
        return [f"fredholm generate {key} -n 1000 -o {key}.nc", f"fredholm fit {key}"]
    return [f"fredholm solve {key}"] * _has_solver(problem) + [f"fredholm solve {key} --with pinn"]


def _has_solver(problem: "Problem") -> bool:
    from fredholm.problems.solving import choose_solver

    try:
        choose_solver(problem)
    except EquationError:
        return False
    return True


def _facts(problem: "Problem") -> dict[str, object]:
    """Everything about a problem that does not depend on how it is solved."""
    origin = problem.origin(tol=1.0)
    return {name: value for name, value in origin.items() if name not in ("solver", "tolerance")}
