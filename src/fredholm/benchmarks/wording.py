"""Numbers and settings as a person reads them."""

import math
from collections.abc import Mapping
from typing import Any

from fredholm.calls import describe

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float) -> str:
    """Three significant digits; powers of ten where plain digits would be hard to read."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "−∞" if value < 0 else "∞"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(float(f"{value:.2e}"))))
    if -4 <= exponent < 5:
        return f"{value:.{max(2 - exponent, 0)}f}".replace("-", "−")
    mantissa = f"{value / 10**exponent:.2f}".replace("-", "−")
    return f"{mantissa} × 10{superscript(exponent)}"


def superscript(exponent: int) -> str:
    """An exponent as raised digits."""
    return str(exponent).translate(_SUPERSCRIPTS)


def percent(error: float) -> str:
    """A relative error in percent; below 0.0001 as it is, with a power of ten."""
    if not math.isfinite(error) or error == 0 or abs(error) < 1e-4:
        return number(error)
    return f"{number(100 * error)}%"


def place(value: float, units: str) -> str:
    """A coordinate or a time with its units, without zeros at its end."""
    return f"{value:.4g}{f' {units}' if units not in ('', '1') else ''}".replace("-", "−")


def whole(value: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def counted(count: int, thing: str) -> str:
    """So many things."""
    return f"{whole(count)} {thing}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Wall-clock time in the unit that suits it."""
    if seconds < 0.1:
        return f"{number(1e3 * seconds)} ms"
    if seconds < 600:
        return f"{number(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def call(thing: Any) -> str:
    """A recorded object as the Python call that makes it: a system with all its settings."""
    try:
        return compact(describe(thing))
    except TypeError:  # a part of the user's own that does not record its call
        return type(thing).__name__


def compact(value: Any) -> str:
    """Plain data as one line; what `describe` made of a call reads as the call."""
    if isinstance(value, Mapping):
        if set(value) == {"name"}:
            return str(value["name"]).rpartition(":")[2]
        inside = pairs({key: item for key, item in value.items() if key != "call"})
        if "call" not in value:
            return f"{{{inside}}}"
        return f"{str(value['call']).rpartition(':')[2]}({inside})"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(compact, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def pairs(values: Mapping[str, Any]) -> str:
    """Names and values, one after the other."""
    return ", ".join(f"{name}={compact(value)}" for name, value in values.items())
