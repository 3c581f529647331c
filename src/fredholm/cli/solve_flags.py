"""The flags of `fredholm solve`."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fredholm.cli import flags
from fredholm.cli.named import add_problem_flags, problem_in, word_behind
from fredholm.cli.parser import Parser
from fredholm.errors import FredholmError, did_you_mean

if TYPE_CHECKING:
    from fredholm.collocation import Setup

SOLVER = "solver"
EXAMPLE = """\
  fredholm solve burgers_shock                          by the numerical solver
  fredholm solve burgers_shock --with pinn              by a network, judged by what is known
  fredholm solve cavity --with pinn --seconds 300 --run runs/lid
  fredholm solve cavity --with pinn --seconds 300 --run runs/lid --resume
"""
SUMMARY = """\
Solve a named problem in which nothing varies, by the numerical solver that its statement calls for
or by a network of its coordinates. The solution goes to a NetCDF-4 file and a picture in a run
folder; a network is kept there too, and judged by what it was not trained on.\
"""
_HYPER = "network hyper-parameters"
_DERIVATIVES = ("auto", "nested", "jets", "laplacian", "stochastic")


def parser(words: Sequence[str]) -> Parser:
    """All flags, those of the named problem and of the method included.

    Raises:
        FredholmError: The problem or the method is unknown.
    """
    result = Parser("solve", "PROBLEM", SUMMARY, EXAMPLE)
    _add_main(result)
    _add_solver(result)
    _add_network(result)
    key, by = problem_in(words), word_behind("--with", words)
    if key is not None:
        add_problem_flags(result, key)
    if by is not None and by != SOLVER:
        flags.add_flags(result, _HYPER, method(by))
    return result


def _add_main(result: Parser) -> None:
    add = result.add_argument
    add("problem", metavar="PROBLEM", help="see `fredholm problems`")
    add(
        "--with", default=SOLVER, metavar="METHOD", dest="method",
        help="solver, or what solves by a network: pinn, siren, ... (default: solver)",
    )  # fmt: skip
    add(
        "--at", type=flags.several(flags.positive), metavar="R",
        help="points per axis of space in the file (default: the problem's)",
    )  # fmt: skip
    add("--run", metavar="FOLDER", help="run folder to make (default: runs/PROBLEM-METHOD-K)")
    add("--json", action="store_true", help="end with one line of JSON")


def _add_solver(result: Parser) -> None:
    result.add_argument_group("numerical solver").add_argument(
        "--tol", type=flags.number, default=1e-6, metavar="X",
        help="relative error that it aims at (default: 1e-06)",
    )  # fmt: skip


def _add_network(result: Parser) -> None:
    group = result.add_argument_group("network")
    budget = group.add_mutually_exclusive_group()
    budget.add_argument(
        "--seconds", type=flags.number, metavar="X", help="of training (default: 60)"
    )
    budget.add_argument("--steps", type=flags.whole, metavar="N", help="of training, instead")
    add = group.add_argument
    add(
        "--derivatives", type=flags.one_of(_DERIVATIVES), metavar="HOW",
        help="auto, nested, jets, laplacian or stochastic (default: the method's, mostly auto)",
    )  # fmt: skip
    add("--soft", action="store_true", help="leave all conditions to the loss")
    add(
        "--seed", type=flags.seed, default=0, metavar="S", help="of all that is random (default: 0)"
    )
    add("--resume", action="store_true", help="continue the run in the folder where it stopped")
    add(
        "--snapshots", type=flags.number, default=30.0, metavar="X",
        help="seconds between snapshots, the most that a kill can cost (default: 30)",
    )  # fmt: skip


def hyper_parameters(args: argparse.Namespace) -> dict[str, Any]:
    """The hyper-parameters of the method that were given."""
    return flags.chosen(args, _HYPER)


def method(name: str) -> "Callable[..., Setup]":
    """What says how a statement is solved by the network of that name.

    Raises:
        FredholmError: There is none of this name.
    """
    from fredholm.systems import card, keys

    setup = card(name).setup if name in keys() else None
    if setup is None:
        able = [SOLVER, *(key for key in keys() if card(key).setup is not None)]
        raise FredholmError(f"nothing solves by {name!r}: {did_you_mean(name, able)}")
    return setup
