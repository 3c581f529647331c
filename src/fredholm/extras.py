"""Optional libraries, imported where they are used."""

import importlib
from typing import Any

from fredholm.errors import FredholmError, MissingExtra


def require(module: str, purpose: str, extra: str) -> Any:
    """The module of an optional library.

    Args:
        module: Name of the module.
        purpose: What needs it, as the beginning of a sentence: "reading VTU files".
        extra: The extra of fredholm that installs it.

    Raises:
        MissingExtra: It is not installed.
        FredholmError: A library of the system that it needs is not.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtra(purpose, extra) from error
    except OSError as error:
        raise FredholmError(
            f"{purpose} needs {module}, which misses a library of the system: {error}"
        ) from error
