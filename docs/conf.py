"""Configuration of the documentation; the table of systems is made from the cards."""

from pathlib import Path

import fredholm

project = "fredholm"
author = "the fredholm developers"
copyright = "the fredholm developers, Apache-2.0"
version = release = fredholm.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "fredholm"
exclude_patterns = ["_build", "generated"]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Shapes", "notes_style"), ("Reference", "notes_style")]
HERE = Path(__file__).parent


def table_of_systems() -> str:
    """One row per card: what it is, what its operator promises, its hyper-parameters."""
    from fredholm import systems
    from fredholm.domains import Grid
    from fredholm.fields import Signature, Variable
    from fredholm.systems import Task

    grid = Grid((16,), periodic=True)
    task = Task(Signature(grid, grid, (Variable("u"),), (Variable("u"),)), translations=True)
    rows = ["| system | what | choose it | promises | hyper-parameters |", "|---|---|---|---|---|"]
    for key in sorted(systems.keys()):
        card = systems.card(key)
        claims = ", ".join(type(claim).__name__ for claim in card.make(task, {}).claims)
        hyper = ", ".join(f"`{n}={p.default}`" for n, p in card.parameters.items())
        rows.append(
            f"| `{key}` | {card.title} | {card.for_use} | {claims or '-'} | {hyper or '-'} |"
        )
    return "\n".join(rows) + "\n"


def prose(app, what, name, obj, options, lines) -> None:
    """Docstrings are prose with code in single backticks: stars and bars mean themselves."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        plain = [part.replace("*", r"\*").replace("|", r"\|") for part in parts[::2]]
        code = [f"``{part}``" for part in parts[1::2]]
        mixed = [text for pair in zip(plain, [*code, ""]) for text in pair]
        lines[number] = "".join(mixed) if len(parts) % 2 else line


def setup(app) -> None:
    app.connect("autodoc-process-docstring", prose, priority=400)  # before napoleon's sections
    folder = HERE / "generated"
    folder.mkdir(exist_ok=True)
    (folder / "systems.md").write_text(table_of_systems())
