"""`fredholm systems`: the published systems and their hyper-parameters."""

from collections.abc import Sequence

from fredholm.cli.flags import documented
from fredholm.cli.output import Output, flag_line
from fredholm.cli.parser import Parser

EXAMPLE = """\
  fredholm systems
  fredholm systems fno
"""


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
    for key, found in cards.items():
        output.show(f"{key:12}{found.title}\n{'':12}{found.for_use}")
    output.show("\n`fredholm systems SYSTEM` shows the hyper-parameters of one.")
    output.result({"systems": {key: found.title for key, found in cards.items()}})


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
