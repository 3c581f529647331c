"""Configuration of the documentation."""

import re
import sys
from pathlib import Path

import fredholm

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import tables  # noqa: E402

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


def prose(app, what, name, obj, options, lines) -> None:
    """Docstrings are prose with code in single backticks: stars and bars mean themselves."""
    for number, line in enumerate(lines):
        parts = line.split("`")
        plain = [part.replace("*", r"\*").replace("|", r"\|") for part in parts[::2]]
        code = [f"``{part}``" for part in parts[1::2]]
        mixed = [text for pair in zip(plain, [*code, ""]) for text in pair]
        lines[number] = "".join(mixed) if len(parts) % 2 else line


def signature(app, what, name, obj, options, arguments, result):
    """Names without their modules, also where a default cannot be written as an expression."""
    short = None if arguments is None else re.sub(r"~[\w.]+\.", "", arguments)
    return short and short.replace("=<factory>", " = ..."), result


def setup(app) -> None:
    app.connect("autodoc-process-docstring", prose, priority=400)  # before napoleon's sections
    app.connect("autodoc-process-signature", signature)
    tables.write(HERE / "generated")
