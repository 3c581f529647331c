"""Symmetries of maps between functions: what moves the inputs moves the targets.

Inputs and targets need not change alike: where a vorticity is mapped to a velocity, a reflection
turns the sign of the one and of one component of the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from fredholm.errors import did_you_mean
from fredholm.fields.symmetries import Symmetry, group

KINDS = ("scalar", "pseudoscalar", "vector")
"""Under a reflection scalars stay, pseudo-scalars (a vorticity in the plane) turn their sign, and
vectors (a velocity: one channel for each axis, in their order) turn as points do."""


@dataclass(frozen=True)
class MapSymmetry:
    """G(a u) = b G(u): the map G gives moved answers to moved questions.

    Args:
        inputs: a, the change of the inputs.
        targets: b, the change of the targets, with the same change of points.

    Raises:
        ValueError: The two move points in different ways.
    """

    inputs: Symmetry
    targets: Symmetry

    def __post_init__(self) -> None:
        a, b = self.inputs, self.targets
        if (a.order, a.flips) != (b.order, b.flips):
            raise ValueError(f"inputs and targets move in different ways: {a} and {b}")


Group = str | tuple[MapSymmetry, ...]
"""A group by its name (see `members`), or its members, the identity first."""


def acting_on(symmetry: Symmetry, kinds: Sequence[str]) -> Symmetry:
    """The same change of points, with the change of channels that belongs to their kinds.

    Args:
        symmetry: Moves points; a sign of its own multiplies all channels.
        kinds: Of the functions, some of `KINDS`; a vector takes one channel for each axis.

    Raises:
        ValueError: A kind is not known, or the symmetry changes single channels already.
    """
    if len(symmetry.signs) != 1:
        raise ValueError(f"{symmetry} says already what becomes of the channels")
    signs, sources = [], []
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}: {did_you_mean(kind, list(KINDS))}")
        first = len(signs)
        if kind == "vector":
            sources += [first + axis for axis in symmetry.order]
            signs += [-1 if flip else 1 for flip in symmetry.flips]
        else:
            sources.append(first)
            signs.append(symmetry.determinant if kind == "pseudoscalar" else 1)
    [sign] = symmetry.signs
    return replace(symmetry, signs=tuple(sign * s for s in signs), sources=tuple(sources))


def members(symmetry: Group, dim: int) -> tuple[MapSymmetry, ...]:
    """The members of a group in `dim` spatial dimensions, the identity first.

    Args:
        symmetry: The members themselves, or a name: that of a group of changes of points
            (`fredholm.fields.symmetries.GROUPS`) for maps between scalars, otherwise with the kinds
            of the functions after a colon: `"square:pseudoscalar"`, `"square:vector,scalar"`; those
            of targets of other kinds after a slash, `"square:pseudoscalar/vector"`.
        dim: Number of spatial axes.

    Raises:
        ValueError: The name, or a kind, is not known.
    """
    if not isinstance(symmetry, str):
        return tuple(symmetry)
    name, colon, kinds = symmetry.partition(":")
    found = group(name, dim)
    if not colon:
        return tuple(MapSymmetry(g, g) for g in found)
    inputs, slash, targets = kinds.partition("/")
    sides = [part.split(",") for part in (inputs, targets if slash else inputs)]
    return tuple(MapSymmetry(*(acting_on(g, side) for side in sides)) for g in found)


def is_trivial(symmetry: Group) -> bool:
    """Whether the group has no member but the identity."""
    return symmetry == "none" if isinstance(symmetry, str) else len(symmetry) == 1


@dataclass(frozen=True)
class NamedSymmetry:
    """A symmetry that says by name what becomes of functions: u becomes `sign` · `source`.

    Args:
        axes: Names of the coordinates of space.
        order, flips: How points move, see `Symmetry`.
        images: By function, its source and sign.
    """

    axes: tuple[str, ...]
    order: tuple[int, ...]
    flips: tuple[bool, ...]
    images: Mapping[str, tuple[str, int]]

    @classmethod
    def identity(cls, axes: tuple[str, ...]) -> Self:
        """What moves nothing."""
        return cls(axes, tuple(range(len(axes))), (False,) * len(axes), {})

    def on(self, names: Sequence[str]) -> Symmetry:
        """The change of functions whose channels have these names.

        Args:
            names: One for each channel; a history has each function several times.

        Raises:
            KeyError: It does not say what becomes of one of them, or others take their places.
        """
        counts = [names[:i].count(name) for i, name in enumerate(names)]
        places = {each: i for i, each in enumerate(zip(names, counts))}
        wanted = [(self.images[name][0], count) for name, count in zip(names, counts)]
        if set(wanted) != set(places):
            raise KeyError(f"{self} mixes {', '.join(names)} with other functions")
        signs = tuple(self.images[name][1] for name in names)
        return Symmetry(self.order, self.flips, signs, tuple(places[each] for each in wanted))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, see `from_json`."""
        return {
            "axes": list(self.axes),
            "order": list(self.order),
            "flips": list(self.flips),
            "images": {name: [source, sign] for name, (source, sign) in self.images.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The symmetry that `to_json` described."""
        images = {name: (source, int(sign)) for name, (source, sign) in stored["images"].items()}
        places = tuple(map(int, stored["order"])), tuple(map(bool, stored["flips"]))
        return cls(tuple(stored["axes"]), *places, images)

    def __str__(self) -> str:
        """Such as (x, y) -> (y, -x), w -> -w: what changes, about the centre of the box."""
        points = [
            (axis, self.axes[source], -1 if flip else 1)
            for axis, source, flip in zip(self.axes, self.order, self.flips)
        ]
        functions = [(name, source, sign) for name, (source, sign) in self.images.items()]
        changes = [_change(moved) for moved in (points, functions) if _moves(moved)]
        return ", ".join(changes) or "identity"


_Moves = list[tuple[str, str, int]]


def _moves(changes: _Moves) -> _Moves:
    """Those that change anything."""
    return [change for change in changes if change != (change[0], change[0], 1)]


def _change(changes: _Moves) -> str:
    moved = _moves(changes)
    before = [name for name, _, _ in moved]
    after = [f"{'-' if sign < 0 else ''}{source}" for _, source, sign in moved]
    sides = (", ".join(side) for side in (before, after))
    return " -> ".join(f"({side})" if len(moved) > 1 else side for side in sides)
