"""Derivatives of networks by the method that a plan chooses."""

import warnings
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from fredholm.calculus.jets import jets
from fredholm.calculus.nested import Derivatives, Function, Wanted, nested
from fredholm.calculus.plan import METHODS, Choice, Method, Plan, choose
from fredholm.calculus.stochastic import stochastic


@dataclass(eq=False)
class Planned:
    """Derivatives of functions of coordinates, each by the cheapest method that it allows.

    Args:
        coords: Names of the coordinates.
        method: `auto`, or a method for all functions.
        samples: Directions of an estimate of a Laplacian.
        generator: Of these directions; without it nothing is estimated.

    Raises:
        ValueError: There is no such method, or it needs a generator.
    """

    coords: tuple[str, ...]
    method: Method = "auto"
    samples: int = 16
    generator: torch.Generator | None = None
    _choices: dict[Hashable, Choice] = field(default_factory=dict, repr=False)
    _without_jets: WeakIdKeyDictionary = field(default_factory=WeakIdKeyDictionary, repr=False)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"derivatives are {', '.join(METHODS)}, got {self.method!r}")
        if self.method == "stochastic" and self.generator is None:
            raise ValueError("stochastic derivatives are random: give a generator")

    @property
    def plan(self) -> Plan:
        """The choices for the functions that were differentiated so far."""
        return Plan(tuple(self._choices.values()))

    def __call__(
        self, function: Function, points: Tensor, wanted: Wanted, names: Mapping[int, str]
    ) -> Derivatives:
        """The derivatives at points.

        Args:
            function: What to differentiate.
            points: Where, (n, d).
            wanted: Which derivatives of which outputs.
            names: What the outputs are called.
        """
        carries = function not in self._without_jets
        key = carries, *((i, names[i], frozenset(group)) for i, group in wanted.items())
        if key not in self._choices:
            self._choices[key] = self._choose(wanted, names, carries)
        method = self._choices[key].method
        if method == "nested":
            return nested(function, points, self.coords, wanted)
        try:
            return self._carried(method)(function, points, self.coords, wanted)
        except Exception as error:  # a mistake in the function shows again below
            self._refuse_jets(function, error)
            del self._choices[key]
        return self(function, points, wanted, names)

    def _choose(self, wanted: Wanted, names: Mapping[int, str], carries: bool) -> Choice:
        samples = None if self.generator is None else self.samples
        return choose(wanted, self.coords, names, method=self.method, samples=samples, jets=carries)

    def _carried(self, method: Method) -> Callable[..., Derivatives]:
        if method != "stochastic":
            return lambda *args: jets(*args, collapse=method == "laplacian")
        assert self.generator is not None
        generator = self.generator
        return lambda *args: stochastic(*args, samples=self.samples, generator=generator)

    def _refuse_jets(self, function: Function, error: Exception) -> None:
        warnings.warn(
            f"{type(function).__name__} is differentiated by nested reverse mode, which can be "
            f"several times slower: jets do not pass through it ({type(error).__name__}: {error})",
            stacklevel=3,
        )
        self._without_jets[function] = True
