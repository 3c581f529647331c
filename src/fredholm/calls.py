"""A constructor call as data: what a surrogate stores instead of a pickle.

`Recorded` classes remember the arguments of the call that made them. `describe` turns such an
object into JSON, `rebuild` makes the call again. Only classes and functions of fredholm, of a
package that announced itself by an entry point, and the activations of `torch.nn.functional` are
ever called, so a file from a stranger cannot run code of its own.
"""

import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable, Collection
from typing import Any

from fredholm.errors import FormatError

_TRUSTED = {"fredholm", "torch.nn.functional"}


class Recorded:
    """Base of classes whose constructor call can be stored and repeated.

    The recording is done here, once, so that no class has to keep its own arguments in step with
    its signature: a subclass writes a plain `__init__`.
    """

    arguments: dict[str, Any]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__init__" in cls.__dict__:
            cls.__init__ = _recording(cls.__init__)  # type: ignore[method-assign]


def _recording(init: Callable[..., None]) -> Callable[..., None]:
    signature = inspect.signature(init)

    @functools.wraps(init)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        # Written to __dict__: nn.Module refuses attributes before its own __init__ has run.
        if "arguments" not in self.__dict__:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            arguments = dict(bound.arguments)
            arguments.pop(next(iter(signature.parameters)))
            self.__dict__["arguments"] = arguments
        init(self, *args, **kwargs)

    return wrapper


def describe(value: Any) -> Any:
    """JSON for a recorded object, a frozen dataclass, a known function, or a plain value.

    An object counts as recorded where its `arguments` are the arguments of its constructor.

    Raises:
        TypeError: The value holds something that cannot be stored as a call.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(getattr(value, "arguments", None), dict):
        return {"call": _path(type(value)), **describe(value.arguments)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        return {"call": _path(type(value)), **describe(fields)}
    if inspect.isfunction(value) or inspect.isbuiltin(value) or inspect.isclass(value):
        return {"name": _path(value)}
    raise TypeError(f"cannot store a {type(value).__name__} as part of a constructor call")


def rebuild(description: Any, own: Collection[type] = ()) -> Any:
    """The object that `describe` described.

    Args:
        description: What `describe` gave.
        own: Further classes that may be called, known by their names, wherever they are defined:
            the caller vouches for them.

    Raises:
        FormatError: It names a class that is not trusted, not installed, or has other arguments.
    """
    if isinstance(description, list):
        return tuple(rebuild(item, own) for item in description)
    if not isinstance(description, dict):
        return description
    if "name" in description and len(description) == 1:
        return _resolve(description["name"], own)
    arguments = {key: rebuild(item, own) for key, item in description.items() if key != "call"}
    if "call" not in description:
        return arguments
    make = _resolve(description["call"], own)
    try:
        return make(**arguments)
    except TypeError as error:
        raise FormatError(
            f"{description['call']} cannot be called as stored ({error}); "
            "it was saved by another version of fredholm or of the package that defines it"
        ) from error


def _path(thing: Any) -> str:
    module = "torch.nn.functional" if _is_activation(thing) else thing.__module__
    return f"{module}:{thing.__qualname__}"


def _is_activation(thing: Any) -> bool:
    import torch.nn.functional as functional

    name = getattr(thing, "__name__", "")
    return getattr(functional, name, None) is thing


def _resolve(path: str, own: Collection[type]) -> Any:
    module, _, name = str(path).partition(":")
    for kind in own:
        if kind.__qualname__ == name and module.partition(".")[0] != "fredholm":
            return kind
    trusted = module in _TRUSTED or module.partition(".")[0] in _TRUSTED | _plugins()
    if not trusted or not name or "." in name or name.startswith("_"):
        raise FormatError(
            f"{path!r} is not a part of fredholm; if it is a class of your own, say so: "
            "Surrogate.load(folder, own=[TheClass])"
        )
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise FormatError(
            f"{path!r} is unknown to this version of fredholm; install the version that saved it"
        ) from error


def _plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {point.module.partition(".")[0] for point in entry_points(group="fredholm.systems")}
