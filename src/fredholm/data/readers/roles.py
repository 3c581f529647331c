"""What the axes of two unlabelled arrays mean, concluded from their shapes."""

from collections.abc import Callable
from dataclasses import dataclass

from fredholm.data.readers.found import CHANNEL, SAMPLE, TIME

_FEW = 4
"""An axis of at most so many entries is taken for channels."""


@dataclass(frozen=True)
class Roles:
    """Dimensions of an input and a target array, and what had to be assumed.

    Args:
        after: The target's frames come after the input, which is not among them.
    """

    input: tuple[str, ...]
    target: tuple[str, ...]
    said: tuple[str, ...] = ()
    after: bool = False


def pair_roles(
    input_shape: tuple[int, ...],
    target_shape: tuple[int, ...],
    times: int | None,
    starts_at_input: Callable[[int], bool],
) -> Roles | None:
    """Roles in a pair of arrays with the samples on their first axes, or None if they do not fit.

    Args:
        times: Number of stored times, if the file has them.
        starts_at_input: Whether the first frame along that axis of the target is the input.

    Shapes:
        No axis but the first has length one.
    """
    a, u = input_shape[1:], target_shape[1:]
    extra = [k for k in _ends(u) if u[:k] + u[k + 1 :] == a]
    if extra:
        return _with_extra(a, u, extra, times, starts_at_input)
    extra = [k for k in _ends(a) if a[:k] + a[k + 1 :] == u]
    if extra:
        k = next((k for k in extra if a[k] <= _FEW), extra[-1])
        said = f"axis {k + 1} of the input ({a[k]} entries) taken as channels"
        return Roles(_dims(a, {k: CHANNEL}), _dims(u, {}), (said,))
    if len(a) != len(u):
        return None
    for k in _ends(a):
        if a[k] <= _FEW and u[k] <= _FEW and len(a) > 1:
            said = f"axis {k + 1} ({a[k]} and {u[k]} entries) taken as channels"
            return Roles(_dims(a, {k: CHANNEL}), _dims(u, {k: CHANNEL}), (said,))
    return Roles(_dims(a, {}), _dims(u, {}))


def _with_extra(
    a: tuple[int, ...],
    u: tuple[int, ...],
    extra: list[int],
    times: int | None,
    starts_at_input: Callable[[int], bool],
) -> Roles:
    """The target has one axis more: time or channels."""
    started = [k for k in extra if starts_at_input(k + 1)]
    k = started[0] if started else next((k for k in extra if u[k] == times), extra[0])
    if not started and u[k] != times and u[k] <= _FEW:
        said = f"axis {k + 1} of the target ({u[k]} entries) taken as channels"
        return Roles(_dims(a, {}), _dims(u, {k: CHANNEL}), (said,))
    why = "its first frame is the input" if started else "its frames come after the input"
    said = f"axis {k + 1} of the target is time, {why}"
    return Roles(_dims(a, {}), _dims(u, {k: TIME}), (said,), after=not started)


def _ends(shape: tuple[int, ...]) -> list[int]:
    """The axes at which time or channels are kept: the first after the samples and the last."""
    return sorted({0, len(shape) - 1}) if shape else []


def _dims(shape: tuple[int, ...], known: dict[int, str]) -> tuple[str, ...]:
    names = iter(space_names(len(shape) - len(known)))
    return (SAMPLE, *(known[k] if k in known else next(names) for k in range(len(shape))))


def space_names(dim: int) -> tuple[str, ...]:
    """x, y, z, or numbered names beyond three dimensions."""
    return tuple("xyz"[:dim]) if dim <= 3 else tuple(f"x{i}" for i in range(dim))
