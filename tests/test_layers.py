"""Imports only point downwards, in the order of ARCHITECTURE.md."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "fredholm"
ORDER = (
    {"domains"},
    {"fields"},
    {"equations", "operators", "layers"},
    {"calculus"},
    {"solvers", "metrics"},
    {"problems"},
    {"models", "data", "adapt", "generative", "hybrid"},
    {"objectives"},
    {"training"},
    {"surrogates"},
    {"collocation"},
    {"inverse", "serve"},
    {"benchmarks"},
    {"systems"},
)
RANK = {name: rank for rank, row in enumerate(ORDER) for name in row}
CIRCLES = {"domains", "equations", "operators", "solvers"}
"""Folders in which a noun and what it needs name one another, some of them for types alone."""


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Every module that a source imports, inside functions too, with its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def violations(path: Path, source: str) -> list[str]:
    """Imports of one file (path below the package) that point up or sideways."""
    here, wrong = path.parts[0], []
    for line, name in imported(source):
        parts = [*name.split("."), "", ""]
        there = parts[1] if parts[0] == "fredholm" else ""
        upwards = here in RANK and there in RANK and there != here and RANK[there] >= RANK[here]
        sibling = here == there == "models" and len(path.parts) > 1 and path.stem != "__init__"
        if upwards or sibling and parts[2] != path.stem:
            wrong.append(f"{path}:{line} must not import {name}")
    return wrong


def test_imports_point_downwards():
    files = [path.relative_to(ROOT) for path in ROOT.rglob("*.py")]
    assert len(files) > 10
    wrong = [each for path in files for each in violations(path, (ROOT / path).read_text())]
    assert not wrong, "\n".join(wrong)


def circle(sources: Mapping[str, str]) -> list[str]:
    """Modules that import one another in a circle, by their names; empty where there is none.

    Imports for types and inside functions count: a reader follows them too.
    """
    graph = {}
    for module, source in sources.items():
        names = {name for _, name in imported(source)}
        graph[module] = (names | {name.rpartition(".")[0] for name in names}) & {*sources}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_imports_of_a_folder_run_one_way():
    wrong = []
    for folder in {*RANK} - CIRCLES:
        files = [path for path in (ROOT / folder).rglob("*.py") if path.stem != "__init__"]
        names = (".".join(path.relative_to(ROOT.parent).with_suffix("").parts) for path in files)
        wrong += circle({name: path.read_text() for name, path in zip(names, files)})
    assert not wrong, "\n".join(wrong)


def test_every_folder_has_a_row():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
        "testing",
        "cli",
        "fredholm",
    }
    assert folders <= set(RANK)


def test_planted_violations_are_found():
    upwards = "def f():\n    from fredholm.problems.problem import Problem\n"
    assert violations(Path("solvers/etdrk.py"), upwards)
    assert violations(Path("equations/tree.py"), "from fredholm.operators import Operator\n")
    assert violations(Path("models/fno.py"), "from fredholm.models.deeponet import DeepONet\n")
    assert violations(Path("domains/grid.py"), "import fredholm.fields.field\n")
    assert not violations(Path("problems/problem.py"), "from fredholm.solvers.etdrk import ETDRK\n")


def test_planted_circles_are_found():
    below = {"a.statement": "import torch\n", "a.problem": "from a.statement import Statement\n"}
    assert not circle(below)
    late = "def f():\n    from a.problem import Problem\n"
    assert set(circle({**below, "a.statement": late})) == {"a.statement", "a.problem"}
