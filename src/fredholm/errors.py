"""The errors that fredholm raises for its users.

Each message names what was expected, what came, and what to do. The command line prints it as one
line and exits with 2; a mistake of our own is an `assert` or any other exception.
"""


class FredholmError(Exception):
    """Something that the user can put right; the message says how."""


class DataError(FredholmError, ValueError):
    """A file or an array that cannot be used as it is."""


class EquationError(FredholmError, ValueError):
    """A statement that is not a well-posed equation."""


class DivergedError(FredholmError, ArithmeticError):
    """A solver or a training run left the finite numbers."""


class FormatError(FredholmError, ValueError):
    """A stored surrogate, record or data set that this version does not understand."""


class Interrupted(FredholmError):
    """Somebody stopped a long run; what it had done is kept and can be continued."""


class MissingExtra(FredholmError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs an optional dependency: pip install 'fredholm[{extra}]'")


def did_you_mean(word: str, known: list[str], *, listed_by: str = "") -> str:
    """The part of a message that helps with an unknown name: a near match, or the list.

    Args:
        word: What was given.
        known: The names there are.
        listed_by: A command that shows them with their meanings, where they are many.
    """
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    if listed_by:
        return f"`{listed_by}` lists the {len(known)} known ones"
    return f"known: {', '.join(sorted(known)) or 'none'}"
