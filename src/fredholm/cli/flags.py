"""Flags derived from a function: its keyword parameters, their types, defaults and docstring."""

import argparse
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fredholm.cli.parser import Parser
from fredholm.errors import did_you_mean

Convert = Callable[[str], Any]


def add_flags(
    parser: Parser,
    title: str,
    function: Callable[..., Any],
    *,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Adds one flag for each parameter that has a default and a type that can be written as text.

    A flag that the command has already is told apart by a prefix, the first word of the title.

    Args:
        parser: Where the flags go.
        title: Heading of the group in the help, for instance `fno hyper-parameters`.
        function: A function, or a class for its constructor.
        defaults: Defaults to show where they are not those of the function.
    """
    parameters = optional_parameters(function)
    hints, said = _hints(function), documented(function)
    if not parameters:
        return
    group = parser.add_argument_group(title)
    for name, parameter in parameters.items():
        convert = converter(hints.get(name, str))
        if convert is None:
            continue
        flag = "--" + name.replace("_", "-")
        if flag in parser.flags():
            flag = f"--{title.split()[0]}-{name.replace('_', '-')}"
        shown = _shown((defaults or {}).get(name, parameter.default))
        group.add_argument(
            flag,
            dest=_place(title, name),
            type=convert,
            default=argparse.SUPPRESS,
            metavar=_metavar(hints.get(name, str)),
            help=f"{said.get(name, name.replace('_', ' '))} (default: {shown})".replace("%", "%%"),
        )


def chosen(args: argparse.Namespace, title: str) -> dict[str, Any]:
    """The parameters of a group that were given, by name."""
    prefix = _place(title, "")
    return {
        name.removeprefix(prefix): value
        for name, value in vars(args).items()
        if name.startswith(prefix)
    }


def _place(title: str, name: str) -> str:
    return f"{title}: {name}"


def optional_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters with a default."""
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


def documented(function: Callable[..., Any]) -> dict[str, str]:
    """What the section Args of a docstring says about each parameter, as one line each."""
    text = inspect.getdoc(function) or ""
    section = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)+)", text, re.MULTILINE)
    if section is None:
        return {}
    result = {}
    for entry in re.split(r"\n(?=    \S)", "\n" + section.group(1).rstrip()):
        names, _, meaning = entry.partition(":")
        line = " ".join(meaning.split()).rstrip(".").replace("`", "")
        line = line[:1].lower() + line[1:]
        result.update({name.strip(): line for name in names.split(",") if name.strip()})
    return result


def converter(kind: Any) -> Convert | None:
    """What turns a word into a value of that type; None where a word cannot say it."""
    if get_origin(kind) in (Union, UnionType):
        kinds = [item for item in get_args(kind) if item is not NoneType]
        return _first_that_fits([c for c in map(converter, kinds) if c])
    if get_origin(kind) is Literal:
        return one_of(get_args(kind))
    if get_origin(kind) is not None and issubclass(get_origin(kind), Sequence):
        item = converter(get_args(kind)[0])
        return None if item is None else several(item)
    return {int: whole, float: number, bool: yes_or_no, str: str}.get(kind)


def whole(word: str) -> int:
    """An integer; `1e3` is one."""
    try:
        return int(word) if "e" not in word.lower() else _exactly(float(word))
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"expected a whole number, got {word!r}") from None


def _exactly(value: float) -> int:
    if value != int(value):
        raise ValueError
    return int(value)


def number(word: str) -> float:
    """A finite number, or infinity where somebody writes `inf`."""
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if value != value:
        raise argparse.ArgumentTypeError(f"expected a number, got {word!r}")
    return value


def positive(word: str) -> int:
    """An integer above zero."""
    value = whole(word)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {word}")
    return value


def seed(word: str) -> int:
    """An integer that random generators take."""
    value = whole(word)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"expected 0 or more, below 2^63, got {word}")
    return value


def yes_or_no(word: str) -> bool:
    """A truth value."""
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if word.lower() not in known:
        raise argparse.ArgumentTypeError(f"expected yes or no, got {word!r}")
    return known[word.lower()]


def one_of(values: Sequence[Any]) -> Convert:
    """One of some words."""
    by_word = {str(value): value for value in values}

    def convert(word: str) -> Any:
        if word not in by_word:
            raise argparse.ArgumentTypeError(
                f"expected one of {', '.join(by_word)}, got {word!r}"
                + (f"; {near}" if "known" not in (near := did_you_mean(word, [*by_word])) else "")
            )
        return by_word[word]

    return convert


def several(item: Convert) -> Convert:
    """Values with commas between them."""

    def convert(word: str) -> tuple[Any, ...]:
        return tuple(item(part.strip()) for part in word.split(","))

    return convert


def _first_that_fits(converters: list[Convert]) -> Convert | None:
    if len(converters) <= 1:
        return converters[0] if converters else None

    def convert(word: str) -> Any:
        for attempt in converters[:-1]:
            try:
                return attempt(word)
            except argparse.ArgumentTypeError:
                continue
        return converters[-1](word)

    return convert


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function.__init__ if inspect.isclass(function) else function)


def _metavar(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "|".join(map(str, get_args(kind)))
    if get_origin(kind) in (Union, UnionType):
        return _metavar(next(item for item in get_args(kind) if item is not NoneType))
    if get_origin(kind) is not None:
        return "A,B,..."
    return {int: "N", float: "X", bool: "yes|no"}.get(kind, "NAME")


def _shown(default: Any) -> str:
    if isinstance(default, float):
        return f"{default:g}"
    if isinstance(default, tuple | list):
        return ",".join(map(str, default))
    if isinstance(default, bool) or default is None:
        return {True: "yes", False: "no", None: "chosen"}[default]
    return str(default)
