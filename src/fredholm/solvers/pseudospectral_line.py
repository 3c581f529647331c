"""One axis of a collocation method: Chebyshev elements, or Fourier modes where it is periodic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Self

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float
from numpy import ndarray

from fredholm.domains import Axis

Place = int | Literal["start", "stop"]
"""Points of a line: the nodes of functions with so many conditions, or one of its ends."""

MATCHED = 2
"""Conditions of the functions on whose nodes products are formed before they are differentiated."""


@dataclass(frozen=True)
class Line:
    """Nodes of an axis, and the matrices that differentiate and interpolate between them.

    The equations hold at `count` points in each element, whatever the functions are: the interior
    Gauss-Lobatto points. A function with q conditions along the axis has q nodes more in each
    element, so that equations, conditions, and the q continuities where elements meet are as many
    as its values. On a periodic axis there is one element with Fourier nodes and no condition.

    Args:
        axis: The interval.
        count: Points of the equations in each element; odd on a periodic axis.
        breaks: Where elements meet, ascending.

    Reference:
        Driscoll and Hale, IMA J. Numer. Anal. 36, 2016 (as many more nodes as conditions);
        Berrut and Trefethen, SIAM Review 46, 2004 (barycentric interpolation).
    """

    axis: Axis
    count: int
    breaks: tuple[float, ...] = ()

    @property
    def ends(self) -> Float[ndarray, "elements+1"]:
        """Where elements begin and end."""
        return np.array([self.axis.start, *self.breaks, self.axis.stop])

    @property
    def elements(self) -> int:
        return len(self.breaks) + 1

    def size(self, q: int) -> int:
        """Number of nodes of a function with q conditions."""
        return self.count if self.axis.periodic else self.elements * (self.count + q)

    def nodes(self, q: int) -> Float[ndarray, "n"]:
        """Their coordinates; where elements meet there is one in each."""
        if self.axis.periodic:
            return self.axis.start + self.axis.length * np.arange(self.count) / self.count
        ends, (x, _) = self.ends, _reference(self.count, q)
        return (ends[:-1, None] + np.diff(ends)[:, None] * (1 + x) / 2).ravel()

    def points(self, place: Place) -> Float[ndarray, "n"]:
        """Coordinates of a place."""
        if isinstance(place, int):
            return self.nodes(place)
        return np.array([self.axis.start if place == "start" else self.axis.stop])

    def matrix(self, q: int, order: int, place: Place) -> sp.csr_array:
        """From the values of a function to those of a derivative at a place.

        Args:
            q: Conditions of the function.
            order: Order of the derivative.
            place: Where it is wanted.
        """
        if self.axis.periodic:
            return self.at(q, self.points(place), order)
        scales = (2 / np.diff(self.ends)) ** order
        if isinstance(place, int):
            block = _derivative(self.count, q, order, place)
            return sp.csr_array(sp.block_diag([scale * block for scale in scales]))
        row = np.zeros((1, self.size(q)))
        first = place == "start"
        own = slice(None, self.count + q) if first else slice(-self.count - q, None)
        row[:, own] = scales[0 if first else -1] * _derivative(self.count, q, order, place)
        return sp.csr_array(row)

    def at(self, q: int, points: Float[ndarray, "m"], order: int = 0) -> sp.csr_array:
        """From the values of a function to those of a derivative anywhere on the axis."""
        if self.axis.periodic:
            return sp.csr_array(_fourier(self, points, order))
        ends, (x, weights) = self.ends, _reference(self.count, q)
        element = np.clip(np.searchsorted(ends, points, "right") - 1, 0, self.elements - 1)
        widths = np.diff(ends)[element]
        local = 2 * (points - ends[element]) / widths - 1
        blocks = barycentric(x, weights, local) @ _power(self.count, q, order)
        blocks *= (2 / widths[:, None]) ** order
        columns = element[:, None] * len(x) + np.arange(len(x))
        starts = np.arange(len(points) + 1) * len(x)
        shape = (len(points), self.size(q))
        return sp.csr_array((blocks.ravel(), columns.ravel(), starts), shape=shape)

    def joints(self, q: int) -> sp.csr_array:
        """Rows that are zero where the value and q - 1 derivatives continue between elements."""
        size = self.count + q
        matrix = sp.lil_array((q * len(self.breaks), self.size(q)))
        widths = np.diff(self.ends)
        for joint in range(len(self.breaks)):
            for k in range(q):
                # In units of the left element, so that rows of different orders are alike.
                ratio = (widths[joint] / widths[joint + 1]) ** k
                left, right = (_derivative(self.count, q, k, end) for end in ("stop", "start"))
                matrix[q * joint + k, joint * size : (joint + 1) * size] = left[0]
                matrix[q * joint + k, (joint + 1) * size : (joint + 2) * size] = -ratio * right[0]
        return sp.csr_array(matrix)

    def weights(self, q: int) -> Float[ndarray, "n"]:
        """Quadrature weights on the nodes, with sum one."""
        if self.axis.periodic:
            return np.full(self.count, 1 / self.count)
        weights = _quadrature(self.count, q) / 2
        return np.outer(np.diff(self.ends) / self.axis.length, weights).ravel()

    def tails(self, q: int, values: Float[ndarray, "n m"]) -> Float[ndarray, "elements"]:
        """What the last coefficients contribute to the root mean square, element by element.

        The last two Chebyshev coefficients stand for those that are missing.
        """
        if self.axis.periodic:
            modes = np.fft.rfft(values, axis=0, norm="forward")[-2:]
            return np.sqrt(2 * np.square(np.abs(modes)).sum(0).mean(keepdims=True))
        blocks = values.reshape(self.elements, self.count + q, -1)
        last = np.einsum("kn,enm->ekm", _coefficients(self.count, q)[-2:], blocks)
        share = np.diff(self.ends) / self.axis.length
        return np.sqrt(np.square(last).sum(1).mean(1) / 2 * share)

    def split(self, chosen: Sequence[int]) -> Self:
        """The line with these elements halved."""
        ends = self.ends
        new = [float(ends[i] + ends[i + 1]) / 2 for i in chosen]
        return replace(self, breaks=tuple(sorted((*self.breaks, *new))))

    def raised(self) -> Self:
        """The line with about 1.4 times as many points in each element."""
        count = math.ceil(1.4 * self.count)
        return replace(self, count=count + (self.axis.periodic and count % 2 == 0))


@lru_cache(maxsize=64)
def _reference(count: int, q: int) -> tuple[ndarray, ndarray]:
    """Nodes on [-1, 1] and their barycentric weights; without the ends where q is 0."""
    n = count + (q or 2)
    x = np.sin(np.pi * (2 * np.arange(n) - (n - 1)) / (2 * (n - 1)))
    weights = (-1.0) ** np.arange(n)
    weights[[0, -1]] /= 2
    return (x, weights) if q else (x[1:-1], (weights * (1 - x**2))[1:-1])


def barycentric(x: ndarray, weights: ndarray, points: ndarray) -> ndarray:
    """The matrix that interpolates from nodes to points; rows of nodes are exact."""
    gaps = points[:, None] - x
    same = np.abs(gaps) < 1e-14
    shares = weights / np.where(same, 1.0, gaps)
    matrix = shares / shares.sum(1, keepdims=True)
    hit = same.any(1)
    matrix[hit] = same[hit]
    return matrix


@lru_cache(maxsize=256)
def _power(count: int, q: int, order: int) -> ndarray:
    """The derivative of that order on the nodes of [-1, 1], again on the nodes."""
    x, weights = _reference(count, q)
    if order == 0:
        return np.eye(len(x))
    gaps = x[:, None] - x + np.eye(len(x))
    first = weights / weights[:, None] / gaps
    np.fill_diagonal(first, 0)
    np.fill_diagonal(first, -first.sum(1))
    return np.linalg.matrix_power(first, order)


@lru_cache(maxsize=256)
def _derivative(count: int, q: int, order: int, place: Place) -> ndarray:
    """The derivative of that order on [-1, 1] at a place."""
    x, weights = _reference(count, q)
    if isinstance(place, int):
        points = _reference(count, place)[0]
    else:
        points = np.array([-1.0 if place == "start" else 1.0])
    return barycentric(x, weights, points) @ _power(count, q, order)


@lru_cache(maxsize=64)
def _coefficients(count: int, q: int) -> ndarray:
    """From values on the nodes to Chebyshev coefficients."""
    x = _reference(count, q)[0]
    return np.linalg.inv(np.polynomial.chebyshev.chebvander(x, len(x) - 1))


@lru_cache(maxsize=64)
def _quadrature(count: int, q: int) -> ndarray:
    """Weights on the nodes of [-1, 1]: the integrals of the interpolating polynomial."""
    order = np.arange(count + q)
    integrals = np.where(order % 2, 0.0, 2 / (1.0 - np.where(order % 2, 0, order) ** 2))
    return integrals @ _coefficients(count, q)


def _fourier(line: Line, points: ndarray, order: int) -> ndarray:
    """Derivatives of the trigonometric interpolant on an odd number of points."""
    phase = 2 * np.pi * (points[:, None] - line.nodes(0)) / line.axis.length
    waves = np.arange(1, (line.count + 1) // 2)
    rates = (2 * np.pi * waves / line.axis.length) ** order
    kernel = np.zeros_like(phase)
    for k, rate in zip(waves, rates):
        kernel += rate * np.cos(k * phase + order * np.pi / 2)
    matrix = (2 * kernel + (order == 0)) / line.count
    return np.where(np.abs(matrix) < 1e-15, 0, matrix) if order == 0 else matrix
