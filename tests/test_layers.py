"""Imports only point downwards, in the order of ARCHITECTURE.md."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

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
NOUNS = {
    "fredholm.domains.geometry.region",
    "fredholm.equations.tree",
    "fredholm.operators.operator",
    "fredholm.solvers.search",
}
"""Modules that name what is built on them, for types or as `a | b` of regions is a `Union`."""
WITHIN_DOMAINS = ("geometry", "points", "meshes")


@cache
def imported(source: str) -> tuple[tuple[int, str], ...]:
    """Every module that a source imports, inside functions too, with its line."""
    return tuple(_imported(source))


def _imported(source: str) -> Iterator[tuple[int, str]]:
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


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle, by their names; empty where there is none.

    Imports for types and inside functions count: a reader follows them too.
    """
    try:
        TopologicalSorter({name: names & {*imports} for name, names in imports.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def modules_in(source: str) -> set[str]:
    """What a source imports: names of modules, and of what it takes out of them."""
    names = {name for _, name in imported(source)}
    return names | {name.rpartition(".")[0] for name in names}


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What every module that is no `__init__` imports, by the module's name."""
    files = [path for path in ROOT.rglob("*.py") if path.stem != "__init__"]
    names = [".".join(path.relative_to(ROOT.parent).with_suffix("").parts) for path in files]
    return {name: modules_in(path.read_text()) for name, path in zip(names, files)}


def test_imports_of_modules_run_one_way(imports: dict[str, set[str]]):
    wrong = circle({name: names for name, names in imports.items() if name not in NOUNS})
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("noun", sorted(NOUNS))
def test_every_exception_is_needed(noun: str, imports: dict[str, set[str]]):
    others = NOUNS - {noun}
    assert noun in circle({name: names for name, names in imports.items() if name not in others})


def upwards_in_domains(imports: Mapping[str, set[str]]) -> list[str]:
    """Imports of a folder of `domains` from one that stands above it."""
    wrong = []
    for place, folder in enumerate(WITHIN_DOMAINS[:-1]):
        above = tuple(f"fredholm.domains.{other}" for other in WITHIN_DOMAINS[place + 1 :])
        here = [name for name in imports if name.startswith(f"fredholm.domains.{folder}.")]
        assert here, f"the folder {folder} is gone"
        wrong += [f"{name}: {n}" for name in here for n in imports[name] if n.startswith(above)]
    return wrong


def test_folders_of_domains_import_one_way(imports: dict[str, set[str]]):
    assert not upwards_in_domains(imports)
    planted = {**imports, "fredholm.domains.points.stack": {"fredholm.domains.meshes.mesh"}}
    assert len(upwards_in_domains(planted)) == 1


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
    late = {**below, "a.statement": "def f():\n    from a.problem import Problem\n"}
    assert not circle({name: modules_in(source) for name, source in below.items()})
    found = circle({name: modules_in(source) for name, source in late.items()})
    assert set(found) == {"a.statement", "a.problem"}
