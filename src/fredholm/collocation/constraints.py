"""Conditions that a trial function satisfies for any weights, derived from the statement.

u = G + φ N, where G meets the conditions, φ vanishes where they hold, and N is the network.
Everything is built as an expression of the tree, so that the residual of the trial function follows
by the ordinary rules of differentiation, and the ansatz can be read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import Component, Pointwise
from fredholm.collocation.points import Places, coordinates, region_of
from fredholm.collocation.terms import INITIAL, Term, terms_of
from fredholm.domains.geometry import Region
from fredholm.equations import Coefficient, Coord, Expression, Unknown
from fredholm.equations.elliptic import dirichlet
from fredholm.equations.expand import rename
from fredholm.equations.spread import spread
from fredholm.equations.tree import Const, add, mul
from fredholm.equations.validate import PARTS
from fredholm.equations.verbs import dt
from fredholm.errors import EquationError
from fredholm.problems import Problem

_MEETS = 1e-8
"""Largest difference, relative to the size of the data, at which conditions count as compatible."""
_PROBES = 64

Function = Callable[[Float[Tensor, "n d"]], Float[Tensor, "n 1"]]


def output(unknown: str) -> Unknown:
    """The component of the network that belongs to an unknown."""
    return Unknown(f"{unknown}_net")


@dataclass(frozen=True)
class Ansatz:
    """Trial functions in terms of the outputs of a network.

    Args:
        functions: By unknown, an expression of the outputs and the coordinates.
        given: Functions of the coordinates that they contain, by name.
        exact: Names of the terms that hold for any weights.
        notes: Sentences about conditions that could not be built in, and why.
    """

    functions: Mapping[str, Expression]
    given: Mapping[str, Function] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(f"{name} = {function}" for name, function in self.functions.items())


def free(problem: Problem) -> Ansatz:
    """The network as it is: all conditions are left to the loss."""
    return Ansatz({name: output(name) for name in problem.equations})


def derive(problem: Problem) -> Ansatz:
    """As many of the stated conditions as can be built in.

    Initial values, and values on parts of the boundary, become exact where they agree where they
    meet; periodicity is built into the encoding of the network. Sides of the box are interpolated
    across it (Gordon & Hall 1973), other parts by inverse distances (Sukumar & Srivastava, CMAME
    2022, arXiv:2104.08426, equation 33).
    """
    terms = terms_of(problem)
    parts = [_of_unknown(problem, name, terms) for name in problem.equations]
    return Ansatz(
        functions={name: part.functions[name] for name, part in zip(problem.equations, parts)},
        given=reduce(lambda known, part: {**known, **part.given}, parts, {}),
        exact=frozenset().union(*(part.exact for part in parts)),
        notes=tuple(note for part in parts for note in part.notes),
    )


def _of_unknown(problem: Problem, unknown: str, terms: tuple[Term, ...]) -> Ansatz:
    """The ansatz of one unknown: with all conditions, or without those that contradict others."""
    values = _prescribed(problem, unknown, terms)
    starts = [t for t in terms if t.place == INITIAL and t.unknowns == {unknown}]
    notes = []
    for wall in (values, {}):
        candidate = _Builder(problem, unknown, wall, starts).ansatz()
        worst = _largest_misfit(problem, candidate, terms)
        if worst is None:
            return Ansatz(candidate.functions, candidate.given, candidate.exact, tuple(notes))
        term, misfit = worst
        notes.append(
            f"the conditions of {unknown!r} do not agree where they meet (those of {term!r} are "
            f"missed by {misfit:.2g}): its values on the boundary are left to the loss"
        )
    return Ansatz({unknown: output(unknown)}, notes=tuple(notes))


def _prescribed(
    problem: Problem, unknown: str, terms: tuple[Term, ...]
) -> dict[str, tuple[str, Expression]]:
    """By part of the boundary, the name of the term that prescribes a value, and the value."""
    found = {}
    for term in terms:
        if term.place not in problem.conditions or term.unknowns != {unknown}:
            continue
        try:
            value = dirichlet(term.equation, unknown)
        except EquationError:
            continue
        if value is not None:
            found[term.place] = (term.name, value)
    return found


class _Builder:
    """u = G + φ N for one unknown."""

    def __init__(
        self,
        problem: Problem,
        unknown: str,
        values: Mapping[str, tuple[str, Expression]],
        starts: list[Term],
    ) -> None:
        self.problem, self.unknown, self.values, self.starts = problem, unknown, values, starts
        self.sides = {
            side: (axis, end)
            for axis, pair in zip(problem.domain.axes, PARTS)
            for side, end in zip(pair, (axis.start, axis.stop))
        }
        self.given: dict[str, Function] = {}

    def ansatz(self) -> Ansatz:
        lift, factor = self._walls()
        lift, factor = self._start(lift, factor)
        exact = [name for name, _ in self.values.values()] + [term.name for term in self.starts]
        u = add(lift, mul(factor, output(self.unknown)))
        return Ansatz({self.unknown: u}, self.given, frozenset(exact))

    def _walls(self) -> tuple[Expression, Expression]:
        """G and φ for the values on the boundary."""
        box = {side: value for side, (_, value) in self.values.items() if side in self.sides}
        others = {part: value for part, (_, value) in self.values.items() if part not in box}
        lift, factor = self._box(box)
        if not others:
            return lift, factor
        values = [lift, *others.values()] if box else [*others.values()]
        region = region_of(self.problem)
        walls = _Walls(region, tuple(others), factor if box else None)
        if not box and len(others) == 1:
            [part] = others
            self.given[f"{self.unknown}_distance"] = _Wall(region, part)
            return values[0], Coefficient(f"{self.unknown}_distance")
        names = [f"{self.unknown}_{place}" for place in (*["box"] * bool(box), *others)]
        for number, name in enumerate(names):
            self.given[f"{name}_weight"] = lambda points, i=number: walls.weights(points)[
                :, i, None
            ]
        self.given[f"{self.unknown}_distance"] = walls.distance
        if len(set(values)) == 1:
            return values[0], Coefficient(f"{self.unknown}_distance")
        blended = [mul(Coefficient(f"{n}_weight"), value) for n, value in zip(names, values)]
        return add(*blended), Coefficient(f"{self.unknown}_distance")

    def _box(self, values: Mapping[str, Expression]) -> tuple[Expression, Expression]:
        """Transfinite interpolation across the box, one axis after another."""
        lift: Expression = Const(0.0)
        factor: Expression = Const(1.0)
        for axis, (first, last) in zip(self.problem.domain.axes, PARTS):
            x = Coord(axis.name)
            place = (x - axis.start) / axis.length
            if first in values and last in values:
                low = values[first] - _restricted(lift, x, axis.start)
                high = values[last] - _restricted(lift, x, axis.stop)
                change = low if low == high else low * (1 - place) + high * place
                factor = mul(factor, 4 * place * (1 - place))
            elif first in values:
                change = values[first] - _restricted(lift, x, axis.start)
                factor = mul(factor, place)
            elif last in values:
                change = values[last] - _restricted(lift, x, axis.stop)
                factor = mul(factor, 1 - place)
            else:
                continue
            lift = add(lift, change)
        return lift, factor

    def _start(self, lift: Expression, factor: Expression) -> tuple[Expression, Expression]:
        """G and φ that also meet the initial values."""
        time = self.problem.time
        if time is None:
            return lift, factor
        t, since = Coord("t"), Coord("t") - time.start
        known = lift
        for order, term in enumerate(self.starts):
            state = spread(dt(known, order), self.problem.domain.names) if order else known
            change = term.equation.right - _restricted(state, t, time.start)
            lift = add(lift, change if not order else mul(change, since))
            factor = mul(factor, since / time.length)
        return lift, factor


def _restricted(e: Expression, coord: Coord, value: float) -> Expression:
    """The expression where a coordinate has a value."""
    return rename(e, {coord: Const(value)})


@dataclass(frozen=True)
class _Wall:
    """One part of a boundary that is no side of the box: the distance to it, which vanishes there.

    Args:
        region: Whose part it is.
        part: Its name.
    """

    region: Region
    part: str

    def __call__(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n 1"]:
        return self.region.distance(points[:, : self.region.dim], self.part)[:, None]

    def laplacian(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n 1"] | None:
        """Its Laplacian, if there is a formula: `Pointwise` asks for it."""
        found = self.region.distance_laplacian(points[:, : self.region.dim], self.part)
        return None if found is None else found[:, None]


class _Walls:
    """Several parts of a boundary, the sides of the box counting as one.

    With the distance φᵢ to each, wᵢ = φᵢ⁻¹ / Σₖ φₖ⁻¹ is one on it and zero on the others, and
    φ = 1 / Σₖ φₖ⁻¹ is zero on all; as the parts do not touch, both are smooth.

    Args:
        region: Whose parts they are.
        parts: Names of the parts that are no sides of the box.
        box: An expression of the coordinates that vanishes on those sides that count.
    """

    def __init__(self, region: Region, parts: tuple[str, ...], box: Expression | None):
        self.region, self.parts = region, parts
        self.size = min(stop - start for start, stop in region.bounds)
        names = "xyz"[: region.dim] if region.dim <= 3 else [f"x{i}" for i in range(region.dim)]
        self.box = None if box is None else Pointwise([box], names)

    def weights(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n parts"]:
        """wᵢ at points."""
        others = self._products(points)
        return others / others.sum(-1, keepdim=True)

    def distance(self, points: Float[Tensor, "n d"]) -> Float[Tensor, "n 1"]:
        """φ at points."""
        others, distances = self._products(points), self._distances(points)
        return distances.prod(-1, keepdim=True) / others.sum(-1, keepdim=True)

    def _products(self, points: Tensor) -> Tensor:
        """The product of all distances but one, for each: nothing is divided by zero."""
        distances = self._distances(points).unbind(-1)
        return (
            torch.stack(
                [
                    reduce(torch.mul, [d for j, d in enumerate(distances) if j != i])
                    for i in range(len(distances))
                ],
                dim=-1,
            )
            if len(distances) > 1
            else torch.ones_like(points[:, :1])
        )

    def _distances(self, points: Tensor) -> Tensor:
        space = points[:, : self.region.dim]
        found = [self.region.distance(space, part) for part in self.parts]
        if self.box is not None:
            found.insert(0, self.box({}, space)[0] * (self.size / 4))
        return torch.stack(found, dim=-1)


@torch.no_grad()
def _largest_misfit(
    problem: Problem, ansatz: Ansatz, terms: tuple[Term, ...]
) -> tuple[str, float] | None:
    """The exact term that a trial function misses most, by how much, or None where all hold."""
    coords = coordinates(problem)
    places = Places(problem)
    generator = torch.Generator().manual_seed(0)
    values = {name: Component(function) for name, function in ansatz.given.items()}
    values |= {output(name).name: Component(_probe) for name in ansatz.functions}
    values |= dict(problem.parameters)
    values |= {name: Component(function) for name, function in problem.given.items()}
    functions = ansatz.functions.items()
    names: dict[Expression, Expression] = {Unknown(name): f for name, f in functions}
    worst = ("", 0.0)
    for term in terms:
        if term.name not in ansatz.exact:
            continue
        at = places.draw(term.place, _PROBES, generator=generator)
        sides = [rename(side, names) for side in (term.equation.left, term.equation.right)]
        left, right = Pointwise(sides, coords)(values, at.points, normals=at.normals)
        misfit = float((left - right).abs().max()) / max(1.0, float(right.abs().max()))
        if not misfit <= max(worst[1], _MEETS):
            worst = (term.name, misfit)
    return worst if worst[0] else None


def _probe(points: Float[Tensor, "n d"]) -> Float[Tensor, "n 1"]:
    """Some smooth function in place of the network."""
    return 2 + torch.sin(points.sum(-1, keepdim=True))
