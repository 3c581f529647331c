"""`fredholm systems`: the published systems and their hyper-parameters."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fredholm.cli.flags import documented
from fredholm.cli.output import Output, flag_line
from fredholm.cli.parser import Parser

if TYPE_CHECKING:
    from fredholm.systems import Card

EXAMPLE = """\
  fredholm systems
  fredholm systems fno
"""
_HEADINGS = {
    "fit": "trained on samples, by `fredholm fit DATA --system SYSTEM`:",
    "solve": "trained on the statement of a problem, by `fredholm solve PROBLEM --with SYSTEM`:",
    "": "used in Python, as each says:",
}
"""By the command that trains a system."""
_INDENT = " " * 14


def run(words: Sequence[str]) -> int:
    """Lists the systems, or shows one."""
    parser = Parser("systems", "[SYSTEM]", "List the published systems, or show one.", EXAMPLE)
    parser.add_argument("system", nargs="?", metavar="SYSTEM", help="the one to show")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    args = parser.parse(words)
    output = Output(args.json)
    if args.system is None:
        _list(output)
    else:
        _show(args.system, output)
    return 0


def _list(output: Output) -> None:
    from fredholm.systems import card, keys

    cards = {key: card(key) for key in keys()}
    for way, heading in _HEADINGS.items():
        output.show(heading)
        for key, found in cards.items():
            if _way(found) == way:
                output.show(f"  {key:12}{found.title}")
                output.show(textwrap.fill(_INDENT + found.for_use, 100, subsequent_indent=_INDENT))
        output.show("")
    output.show("`fredholm systems SYSTEM` shows the hyper-parameters of one.")
    output.result({"systems": {key: found.title for key, found in cards.items()}})


def _way(found: "Card") -> str:
    return "fit" if found.build else "solve" if found.setup else ""


def _show(key: str, output: Output) -> None:
    from fredholm.systems import card

    found = card(key)
    facts = {
        "reference": found.reference,
        "use": found.for_use,
        "claim": found.published,
        "recipe": ""
        if found.closed_form or found.build is None
        else f"{found.recipe.optimiser}, batch {found.recipe.batch}",
    }
    output.show(f"{key}: {found.title}\n")
    for name, line in facts.items():
        if line:
            output.show(f"  {name:12}{line}")
    command = "fit DATA --system" if found.build else "solve PROBLEM --with"
    if found.parameters:
        output.show(f"\nhyper-parameters, as flags of `fredholm {command} {key}`:")
    said = documented(found.build or found.setup or _nothing)
    defaults = {name: parameter.default for name, parameter in found.parameters.items()}
    for name, default in defaults.items():
        output.show(flag_line(name, default, said.get(name, "")))
    ways = [f"fredholm {command} {key}"] * bool(found.build or found.setup)
    ways += [f"fredholm reproduce {key}"] * bool(found.experiment)
    output.show("\nnext: " + "    or: ".join(ways))
    defaults = {name: str(default) for name, default in defaults.items()}
    output.result({"system": key, "title": found.title, **facts, "hyper_parameters": defaults})


def _nothing() -> None:
    """Stands for a system without hyper-parameters."""
