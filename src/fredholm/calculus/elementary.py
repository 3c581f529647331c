"""The first derivatives of functions of one variable, for chains of any order."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Elementary:
    """A function of one variable and its derivatives.

    Args:
        value: u to y = f(u).
        slopes: (u, y, count) to f′(u), ..., f⁽ᶜᵒᵘⁿᵗ⁾(u), by operations that autograd knows.
    """

    value: Callable[[Tensor], Tensor]
    slopes: Callable[[Tensor, Tensor, int], list[Tensor]]


def elementary(name: str, *arguments: Any, **keywords: Any) -> Elementary | None:
    """The function that torch calls by this name, with the arguments after the first one.

    Returns:
        None where its derivatives are not known here.
    """
    make = _MAKERS.get(name)
    return make(*arguments, **keywords) if make else None


def power(exponent: float) -> Elementary:
    """u to a fixed power."""

    def slopes(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
        found, factor = [], 1.0
        for k in range(count):
            factor *= exponent - k
            rest = exponent - k - 1
            # A polynomial ends: u**-1 at u = 0 must not enter.
            found.append(factor * u**rest if factor else torch.zeros_like(u))
        return found

    return Elementary(lambda u: u**exponent, slopes)


def _tanh(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    known = [y, 1 - y * y]
    for k in range(1, count):
        known.append(_minus_square(known, k))
    return known[1 : count + 1]


def _sigmoid(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    known = [y, y - y * y]
    for k in range(1, count):
        known.append(known[k] + _minus_square(known, k))
    return known[1 : count + 1]


def _minus_square(known: list[Tensor], k: int) -> Tensor:
    """-(y²)⁽ᵏ⁾ by Leibniz' rule, from the derivatives of y up to the k-th."""
    total = -2 * known[0] * known[k]
    for j in range(1, k // 2 + 1):
        twice = 1 if 2 * j == k else 2
        total = torch.addcmul(total, known[j], known[k - j], value=-twice * math.comb(k, j))
    return total


def _sin(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    cosine = torch.cos(u)
    return [(cosine, -y, -cosine, y)[k % 4] for k in range(count)]


def _cos(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    sine = torch.sin(u)
    return [(-sine, -y, sine, y)[k % 4] for k in range(count)]


def _sinh(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    other = torch.cosh(u)
    return [(other, y)[k % 2] for k in range(count)]


def _cosh(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    other = torch.sinh(u)
    return [(other, y)[k % 2] for k in range(count)]


def _log(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    inverse = u.reciprocal()
    return [inverse, *power(-1.0).slopes(u, inverse, count - 1)]


def _times_argument(
    value: Callable[[Tensor], Tensor], slopes: Callable[[Tensor, Tensor, int], list[Tensor]]
) -> Callable:
    """Derivatives of u g(u), which are u g⁽ᵏ⁾ + k g⁽ᵏ⁻¹⁾."""

    def of_product(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
        g = value(u)
        known = [g, *slopes(u, g, count)]
        return [u * known[k] + k * known[k - 1] for k in range(1, count + 1)]

    return of_product


def _normal(u: Tensor) -> Tensor:
    """The distribution function of the standard normal distribution."""
    return 0.5 * (1 + torch.erf(u * math.sqrt(0.5)))


def _normal_slopes(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
    density = torch.exp(-0.5 * u * u) * (1 / math.sqrt(2 * math.pi))
    known = [density]  # φ⁽ᵏ⁺¹⁾ = -u φ⁽ᵏ⁾ - k φ⁽ᵏ⁻¹⁾
    for k in range(count - 1):
        known.append(-u * known[k] - (k * known[k - 1] if k else 0.0))
    return known[:count]


def _softplus(beta: float = 1.0, threshold: float = 20.0) -> Elementary:
    def slopes(u: Tensor, y: Tensor, count: int) -> list[Tensor]:
        first = torch.sigmoid(beta * u)
        more = _sigmoid(u, first, count - 1) if count > 1 else []
        return [beta**k * each for k, each in enumerate([first, *more])]

    return Elementary(lambda u: functional.softplus(u, beta, threshold), slopes)


def _flat(first: Callable[[Tensor], Tensor]) -> Callable:
    """Derivatives of a function of straight pieces."""
    return lambda u, y, count: [first(u)] + [torch.zeros_like(u)] * (count - 1)


def _plain(value: Callable[[Tensor], Tensor], slopes: Callable) -> Callable[..., Elementary]:
    known = Elementary(value, slopes)
    return lambda inplace=False: known


_MAKERS: dict[str, Callable[..., Elementary]] = {
    "tanh": _plain(torch.tanh, _tanh),
    "sigmoid": _plain(torch.sigmoid, _sigmoid),
    "sin": _plain(torch.sin, _sin),
    "cos": _plain(torch.cos, _cos),
    "sinh": _plain(torch.sinh, _sinh),
    "cosh": _plain(torch.cosh, _cosh),
    "exp": _plain(torch.exp, lambda u, y, count: [y] * count),
    "log": _plain(torch.log, _log),
    "silu": _plain(functional.silu, _times_argument(torch.sigmoid, _sigmoid)),
    "gelu": _plain(functional.gelu, _times_argument(_normal, _normal_slopes)),
    "softplus": _softplus,
    "relu": _plain(torch.relu, _flat(lambda u: (u > 0).to(u))),
    "abs": _plain(torch.abs, _flat(torch.sign)),
    "square": _plain(torch.square, power(2.0).slopes),
    "sqrt": _plain(torch.sqrt, power(0.5).slopes),
    "rsqrt": _plain(torch.rsqrt, power(-0.5).slopes),
    "reciprocal": _plain(torch.reciprocal, power(-1.0).slopes),
}
