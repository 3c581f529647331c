"""Which command is meant, and how its failures are told."""

import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from fredholm import __version__
from fredholm.cli.output import one_line
from fredholm.errors import FredholmError, Interrupted, did_you_mean

COMMANDS = {
    "fit": "train a surrogate on a file of samples, or on a named problem",
    "evaluate": "measure the errors of a trained surrogate on files of samples",
    "predict": "let a trained surrogate answer inputs, at any resolution",
    "solve": "solve one named problem, by its numerical solver or by a network",
    "generate": "solve a named problem many times and write the samples to a file",
    "check": "look for mistakes in a file of samples, or leaks between two",
    "problems": "list the named problems, or show the statement of one",
    "systems": "list the published systems, or show one with its hyper-parameters",
    "reproduce": "run the experiment that shows a published system's claim",
}
"""The commands; each is the module of its name in this folder."""

OVERVIEW = """\
usage: fredholm COMMAND [options]

From a differential equation, or a file of simulations, to a trusted fast surrogate.

commands:
{commands}

start here:
  fredholm fit darcy                          a surrogate of a named problem, in two minutes
  fredholm fit train.pt --test test.pt        a surrogate of your own samples
  fredholm solve burgers_shock --with pinn    one solution, by a physics-informed network
  fredholm COMMAND --help                     all options of a command

exit codes: 0 success, 1 a check or a claim that fails, 2 wrong use or unusable input
(--traceback shows where an error came from)\
"""

WRONG, BROKEN_PIPE, INTERRUPTED = 2, 141, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code.

    Whatever goes wrong ends as one line on standard error.

    Args:
        argv: The words behind `fredholm`, by default those of the process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    # Threads that wait must sleep: where anything else runs, spinning ones cost a factor of ten.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        try:
            code = _dispatch(words)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            _abandon_stdout()
            return BROKEN_PIPE
        except (Exception, KeyboardInterrupt) as error:
            if "--traceback" in words:
                traceback.print_exc()
            print(f"fredholm: {one_line(_sentence(error))}", file=sys.stderr)
            _abandon_stdout()
            return INTERRUPTED if isinstance(error, KeyboardInterrupt | Interrupted) else WRONG


def _abandon_stdout() -> None:
    """Drops what standard output does not take any more, so that leaving does not complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str]) -> int:
    name = words[0] if words else ""
    if name in ("-h", "--help", "help"):
        print(overview())
        return 0
    if name in ("-V", "--version"):
        print(f"fredholm {__version__}")
        return 0
    if name not in COMMANDS:
        near = did_you_mean(name, [*COMMANDS]) if name else "see `fredholm --help`"
        said = f"unknown command {name!r}" if name else "no command given"
        raise FredholmError(f"{said}: {near}")
    command: Any = importlib.import_module(f"fredholm.cli.{name}")
    try:
        return command.run(words[1:])
    except SystemExit as leaving:  # argparse leaves so after it has printed the help
        return int(leaving.code or 0)


def overview() -> str:
    """What `fredholm --help` prints."""
    commands = "\n".join(f"  {name:11}{summary}" for name, summary in COMMANDS.items())
    return OVERVIEW.format(commands=commands)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "stopped; nothing that was finished is lost"
    if isinstance(error, FredholmError):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "not enough memory: use fewer samples, a smaller batch, or a smaller network"
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, ValueError) and str(error):
        return str(error)
    return (
        f"unexpected {type(error).__name__}: {error}; this is a mistake in fredholm, "
        "please report it with the output of --traceback"
    )


def _of_system(error: OSError) -> str:
    """What the operating system said, with the file it speaks of."""
    reason = error.strerror or str(error) or type(error).__name__
    where = "" if error.filename is None else f"{error.filename}: "
    return where + reason


def _warn(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
    print(f"warning: {one_line(str(message))}", file=sys.stderr)
