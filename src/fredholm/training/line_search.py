"""A line search for the strong Wolfe conditions."""

import math
from collections.abc import Callable

Along = Callable[[float], tuple[float, float]]
"""Value and slope of a function at a distance along a line."""

_DECREASE, _CURVATURE = 1e-4, 0.9
"""The usual constants for quasi-Newton directions (Nocedal & Wright, section 3.1)."""


def strong_wolfe(
    along: Along, value: float, slope: float, first: float, *, evaluations: int = 25
) -> float | None:
    """A distance at which the function is lower and flatter than at the start.

    Args:
        along: The function on the line; values that are not finite are steps too far.
        value, slope: At the start; the slope is negative.
        first: Distance to try first.
        evaluations: Most calls of `along`.

    Returns:
        The distance of the last call of `along`, or None if no decrease was found.

    Reference:
        Nocedal & Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
    """
    low, high = (0.0, value, slope), None
    at = first
    for _ in range(evaluations):
        f, g = along(at)
        if not f <= value + _DECREASE * at * slope or f >= low[1]:
            high = (at, f, g)
        elif abs(g) <= -_CURVATURE * slope:
            return at
        else:
            end = math.inf if high is None else high[0]
            # The minimum lies downhill of the new low point.
            high = low if g * (end - low[0]) >= 0 else high
            low = (at, f, g)
        at = 2.5 * at if high is None else _between(low, high)
    if low[0] == 0.0:
        return None
    along(low[0])
    return low[0]


def _between(low: tuple[float, float, float], high: tuple[float, float, float]) -> float:
    """The minimum of the cubic through two points and slopes, kept off the ends."""
    (a, fa, ga), (b, fb, gb) = low, high
    at = 0.5 * (a + b)
    d1 = ga + gb - 3 * (fa - fb) / (a - b)
    square = d1 * d1 - ga * gb
    if square >= 0:  # false where a value is not finite
        d2 = square**0.5 * (1 if b > a else -1)
        bottom = gb - ga + 2 * d2
        if bottom != 0:
            at = b - (b - a) * (gb + d2 - d1) / bottom
    near, far = sorted((a + 0.1 * (b - a), b - 0.1 * (b - a)))
    return at if near <= at <= far else 0.5 * (a + b)
