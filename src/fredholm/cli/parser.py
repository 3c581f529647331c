"""An argument parser whose complaints are one sentence and name what was probably meant."""

import argparse
import textwrap
from collections.abc import Sequence
from typing import NoReturn

from fredholm.errors import FredholmError, did_you_mean

_WIDTH = 100


class Parser(argparse.ArgumentParser):
    """`argparse` without abbreviations, which raises instead of leaving the process.

    Args:
        command: Name of the subcommand.
        operands: What follows it, for the usage line.
        summary: What it does, in a line.
        example: Lines that show it.
    """

    def __init__(self, command: str, operands: str, summary: str, example: str) -> None:
        super().__init__(
            prog=f"fredholm {command}",
            usage=f"fredholm {command} {operands} [options]".replace("  ", " "),
            description=textwrap.fill(summary, _WIDTH),
            epilog=f"examples:\n{example.rstrip()}",
            formatter_class=_Help,
            allow_abbrev=False,
            add_help=False,
        )
        self.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
        self.add_argument(
            "--traceback", action="store_true", help=argparse.SUPPRESS, default=argparse.SUPPRESS
        )

    def error(self, message: str) -> NoReturn:
        """Raises what argparse would print.

        Raises:
            FredholmError: Always.
        """
        raise FredholmError(f"{message.removeprefix('argument ')} (see `{self.prog} --help`)")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The parsed words.

        Raises:
            FredholmError: A word is unknown, missing or has an impossible value.
        """
        args, rest = self.parse_known_args(words)
        flags = [word for word in rest if word.startswith("-") and word != "-"]
        if flags:
            word = flags[0].partition("=")[0]
            self.error(f"unknown flag {word}: {did_you_mean(word, self.flags())}")
        if rest:
            self.error(f"unexpected argument {rest[0]!r}")
        return args

    def flags(self) -> list[str]:
        """All flags that it understands."""
        return [flag for flag in self._option_string_actions if flag.startswith("--")]


class _Help(argparse.RawDescriptionHelpFormatter):
    """Lines of at most a hundred columns, flags in a wide first column."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=_WIDTH)
