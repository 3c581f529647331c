"""Named problems and systems whose own parameters are flags of a command."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fredholm.cli.flags import add_flags, chosen
from fredholm.cli.parser import Parser

if TYPE_CHECKING:
    from fredholm.problems import Problem

PROBLEM = "problem parameters"
_TAKE_A_WORD = ("-o", "--output", "--run", "--test")


def problem_in(words: Sequence[str]) -> str | None:
    """The word that names a problem: the first one, or the first that is a problem's name.

    It is wanted before the words can be parsed: the problem's parameters are flags.
    """
    if words and not words[0].startswith("-"):
        return words[0]
    from fredholm.problems import PROBLEMS

    pairs = zip(words, words[1:])
    return next((w for flag, w in pairs if w in PROBLEMS and flag not in _TAKE_A_WORD), None)


def word_behind(flag: str, words: Sequence[str]) -> str | None:
    """The word that follows a flag, before the words can be parsed."""
    scout = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    scout.add_argument(flag, dest="word")
    try:
        return scout.parse_known_args(words)[0].word
    except argparse.ArgumentError:
        return None


def add_problem_flags(parser: Parser, key: str) -> None:
    """The parameters of a named problem."""
    from fredholm.problems import builder

    add_flags(parser, f"{key} {PROBLEM}", builder(key))


def problem_from(key: str, args: argparse.Namespace) -> "Problem":
    """The named problem with the parameters that were given.

    Raises:
        EquationError: No problem has this name.
        ValueError: A parameter is impossible.
    """
    from fredholm.problems import build

    return build(key, **problem_parameters(key, args))


def problem_parameters(key: str, args: argparse.Namespace) -> dict[str, Any]:
    """The parameters of a named problem that were given."""
    return chosen(args, f"{key} {PROBLEM}")
