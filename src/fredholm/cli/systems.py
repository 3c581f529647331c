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
        if found.closed_form
        else f"{found.recipe.optimiser}, batch {found.recipe.batch}",
    }
    output.show(f"{key}: {found.title}\n")
    for name, line in facts.items():
        if line:
            output.show(f"  {name:12}{line}")
    output.show("\nhyper-parameters, as flags of `fredholm fit`:")
    said = documented(found.build)
    defaults = {name: parameter.default for name, parameter in found.parameters.items()}
    for name, default in defaults.items():
        output.show(flag_line(name, default, said.get(name, "")))
    shown = f"\nnext: fredholm fit DATA --system {key}"
    output.show(shown + (f"    or: fredholm reproduce {key}" if found.experiment else ""))
    defaults = {name: str(default) for name, default in defaults.items()}
    output.result({"system": key, "title": found.title, **facts, "hyper_parameters": defaults})
