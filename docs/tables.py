"""Tables of the documentation, made from the cards, the problems and the records: none is typed."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fredholm import problems, systems
from fredholm.domains import Axis, Grid, Scattered
from fredholm.equations import latex
from fredholm.errors import FredholmError
from fredholm.fields import Signature, Variable
from fredholm.operators import AnyDensity, AnyResolution, Claim, ConsistentQuery, Operator
from fredholm.systems import Card, Task

RECORDS = Path(__file__).parent.parent / "records" / "reproduce"
_LABEL = (Variable("u"),)


def write(folder: Path) -> None:
    """All tables, as Markdown files in the folder."""
    folder.mkdir(exist_ok=True)
    tables = {
        "systems": _systems(),
        "methods": _methods(),
        "claims": _claims(),
        "problems": _problems(),
    }
    for name, rows in tables.items():
        (folder / f"{name}.md").write_text(_markdown(list(rows)), encoding="utf-8")


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def _cards() -> Iterator[tuple[str, Card]]:
    """All systems by name."""
    return ((key, systems.card(key)) for key in sorted(systems.keys()))


def _systems() -> Iterator[Sequence[str]]:
    """What each operator can do, asked of the operator itself."""
    yield (
        "system", "functions on", "choose it", "other resolutions", "promises", "fitted by",
        "hyper-parameters",
    )  # fmt: skip
    for key, card in _cards():
        if card.build is None:
            continue
        operators = list(_operators(card))
        promises = sorted({_link(claim) for operator in operators for claim in operator.claims})
        yield (
            f"`{key}`",
            "clouds, meshes" if card.scattered else "grids",
            card.for_use,
            _resolution(operators[0]),
            ", ".join(promises) or "-",
            "one call" if card.closed_form else "training",
            _hyper(card),
        )


def _methods() -> Iterator[Sequence[str]]:
    """The systems that solve a statement by a network."""
    yield "method", "what", "choose it", "hyper-parameters"
    for key, card in _cards():
        if card.setup is not None:
            yield f"`{key}`", f"{card.title} ({card.reference})", card.for_use, _hyper(card)


def _hyper(card: Card) -> str:
    found = (f"`{name}={p.default}`" for name, p in card.parameters.items())
    return ", ".join(found) or "-"


def _operators(card: Card) -> Iterator[Operator]:
    """The card's operators for the tasks that it takes; some take trajectories alone."""
    for task in _tasks_on_shapes() if card.scattered else _tasks():
        with suppress(FredholmError):
            yield card.make(task, {})


def _tasks() -> Iterator[Task]:
    """A ring, where the map commutes with shifts; a square with zero boundary values; frames of a
    trajectory on the ring, and those that follow."""
    ring, square = Grid((32,), periodic=True), Grid((17, 17))
    yield Task(Signature(ring, ring, _LABEL, _LABEL), translations=True)
    yield Task(Signature(square, square, _LABEL, _LABEL), boundary=True)
    before = Axis(4, -1.0, 0.0, location="right", name="t")
    after = Axis(4, 0.0, 1.0, location="right", name="t")
    frames = (Grid.of(time, *ring.axes) for time in (before, after))
    yield Task(Signature(*frames, _LABEL, _LABEL))


def _tasks_on_shapes() -> Iterator[Task]:
    """Meshes with a source, and with values on the boundary beside it."""
    shapes = Scattered(("x", "y"), ("", ""), ((0.0, 1.0), (0.0, 1.0)), ("wall",), "triangle", 100)
    inputs = (Variable("f"), Variable("g", support="boundary"))
    yield Task(Signature(shapes, shapes, inputs[:1], _LABEL))
    yield Task(Signature(shapes, shapes, inputs, _LABEL))


def _resolution(operator: Operator) -> str:
    promised = {type(claim) for claim in operator.claims}
    if AnyDensity in promised:
        return "answers on any points"
    if AnyResolution in promised:
        return "answers on any grid"
    if ConsistentQuery in promised:
        return "answers on any grid, reads the input at its sensors"
    at_home = any(hasattr(operator, name) for name in ("grid", "input_grid"))
    return "interpolated from its home grid" if at_home else "that of the input"


def _link(claim: Claim) -> str:
    return f"{{py:class}}`~fredholm.operators.{type(claim).__name__}`"


def _claims() -> Iterator[Sequence[str]]:
    """What was published, and what the last record of ours says of it."""
    yield "system", "published", "shown by", "compared with", "ratio of errors", "bar", "verdict"
    for key, card in _cards():
        if card.experiment is None:
            continue
        path = RECORDS / f"{key}.json"
        measured = ("-", "-", "-", "not yet run")
        if path.exists():
            record = json.loads(path.read_text())
            verdict = "passed" if record["passed"] else "failed"
            measured = (record["baseline"], f"{record['ratio']:.2g}", f"{record['bar']:g}", verdict)
        published = f"{card.published} ({card.reference})"
        yield f"`{key}`", published, f"`fredholm reproduce {key}`", *measured


def _problems() -> Iterator[Sequence[str]]:
    """The named problems with their statements."""
    yield "problem", "what", "equation", "varies", "exact solution"
    for key in sorted(problems.PROBLEMS):
        problem = problems.build(key)
        formulae = (f"${latex(equation)}$" for equation in problem.equations.values())
        labels = zip(problem.input_variables, problem.varies.values())
        varied = [f"{v.long_name or v.name}: {type(prior).__name__}" for v, prior in labels]
        if problem.shapes is not None:
            varied.append(f"shape: {type(problem.shapes).__name__}")
        varies = ", ".join(varied)
        exact = "yes" if problem.exact else "no"
        yield f"`{key}`", problem.title, ", ".join(formulae), varies or "nothing", exact
