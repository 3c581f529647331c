"""Pairs of functions with their provenance."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Domain, Grid, described
from fredholm.fields import NOTHING, Field, Given, Signature, Variable


@dataclass(frozen=True, eq=False, repr=False)
class Samples:
    """Input functions, target functions, and what is known about them.

    A time-dependent problem has targets on a domain whose first axis is `t` and inputs on its
    space; a steady one has both on the same domain. Where shapes vary, every sample has a domain of
    its own (`fredholm.domains.Stack`); inputs without channels then are the shape alone.

    Args:
        inputs: What the operator is shown.
        targets: What it must answer, function for function.
        input_variables, target_variables: Names and units of the channels.
        params: Parameters of the equation that vary between the samples, one row each.
        param_variables: Names and units of the columns of `params`.
        origin: Where the samples come from, as plain JSON: problem, equation, parameters, solver,
            tolerance, seed and version; or file, format and what its reader assumed.
        error: Estimated relative error of each target, where a solver gave one.
        step: Where the targets are the states that follow the inputs: the time axis from one state
            to the next.

    Shapes:
        inputs.values (n, *points, c_in), targets.values (n, *points', c_out), params (n, p),
        error (n,).

    Raises:
        ValueError: Numbers of functions, or of labels and channels, that do not match.
    """

    inputs: Field
    targets: Field
    input_variables: tuple[Variable, ...]
    target_variables: tuple[Variable, ...]
    params: Float[Tensor, "n p"] | None = None
    param_variables: tuple[Variable, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)
    error: Float[Tensor, "n"] | None = None
    step: Axis | None = None

    def __post_init__(self) -> None:
        counts = [len(part) for part in self._parts() if part is not None]
        if len(set(counts)) != 1:
            raise ValueError(f"inputs, targets and params differ in number: {counts}")
        for side, function, labels in (
            ("inputs", self.inputs, self.input_variables),
            ("targets", self.targets, self.target_variables),
        ):
            if function.channels != len(labels):
                raise ValueError(
                    f"{side} have {function.channels} channels and {len(labels)} labels"
                )

    def _parts(self) -> tuple[Any, ...]:
        return self.inputs, self.targets, self.params, self.error

    def __repr__(self) -> str:
        return describe(self)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Self:
        """The samples chosen by a slice or by indices."""
        inputs, targets, params, error = (
            None if part is None else part[index] for part in self._parts()
        )
        return replace(self, inputs=inputs, targets=targets, params=params, error=error)

    @property
    def signature(self) -> Signature:
        """Grids and labels of both sides: what an operator for these samples has to fit."""
        return Signature(
            described(self.inputs.domain),
            described(self.targets.domain),
            self.input_variables,
            self.target_variables,
            self.param_variables,
            self.step,
        )

    @property
    def input_domain(self) -> Domain:
        """Where the inputs are sampled."""
        return self.inputs.domain

    @property
    def target_domain(self) -> Domain:
        """Where the targets are sampled."""
        return self.targets.domain

    def head(self, count: int) -> Self:
        """The first samples: enough to fit a normaliser."""
        return self[:count]

    @property
    def given(self) -> Given:
        """The conditions under which an operator sees these samples."""
        return NOTHING if self.params is None else Given(params=self.params)

    def to(self, *target: Any) -> Self:
        """The same samples on another device or in another floating-point dtype."""
        inputs, targets, params, error = (
            None if part is None else part.to(*target) for part in self._parts()
        )
        return replace(self, inputs=inputs, targets=targets, params=params, error=error)

    def split(self, held_out: float | int, *, generator: torch.Generator) -> tuple[Self, Self]:
        """Training and held-out samples, drawn at random without overlap.

        Args:
            held_out: Number of samples, or a fraction of them, in the second part.
            generator: Source of randomness; the same seed gives the same split.

        Raises:
            ValueError: One of the parts would be empty.
        """
        kept, held = split_order(len(self), held_out, generator)
        return self[kept], self[held]

    def batches(self, size: int, *, generator: torch.Generator | None = None) -> Iterator[Self]:
        """All samples once, in batches; shuffled where a generator is given."""
        order = torch.arange(len(self))
        if generator is not None:
            order = torch.randperm(len(self), generator=generator)
        for chosen in order.split(size):
            yield self[chosen]


def split_order(
    total: int, held_out: float | int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Sorted numbers of the samples to keep and to hold out.

    Raises:
        ValueError: One of the parts would be empty.
    """
    count = round(held_out * total) if held_out < 1 else int(held_out)
    if not 0 < count < total:
        raise ValueError(f"cannot hold out {count} of {total} samples")
    order = torch.randperm(total, generator=generator)
    return order[count:].sort().values, order[:count].sort().values


def describe(samples: Any) -> str:
    """One paragraph on what a file turned out to hold, for a person."""
    origin = samples.origin
    sides = (
        (samples.input_variables, samples.input_domain),
        (samples.target_variables, samples.target_domain),
    )
    (a, on_a), (u, on_u) = ((", ".join(map(str, names)), grid) for names, grid in sides)
    where = f"{origin.get('file', 'in memory')} ({origin.get('format', 'generated')})"
    once = on_a == on_u and not isinstance(on_u, Grid)
    places = f"Both on {on_u}" if once else f"Input on {on_a}; target on {on_u}"
    text = f"{where}: {len(samples)} samples of {a or 'a shape'} -> {u}. {places}."
    if samples.param_variables:
        text += f" Parameters: {', '.join(map(str, samples.param_variables))}."
    assumed = origin.get("assumed") or ()
    return text + (f" Found or assumed: {'; '.join(assumed)}." if assumed else "")
