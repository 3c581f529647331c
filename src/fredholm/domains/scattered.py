"""What a signature says of functions on clouds and meshes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from fredholm.domains.axis import Axis
from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.points.unstructured import Unstructured


@dataclass(frozen=True)
class Scattered:
    """Points of any number, in coordinates that are known: not the points themselves.

    Args:
        axis_names, units: Names and units of the coordinates of space.
        bounds: Box that holds all domains of the training samples.
        parts: Names of the parts of their boundaries.
        kind: What their cells are; empty for clouds.
        size: Largest number of points of one of them.
        time: Where the functions are trajectories, their times.
    """

    axis_names: tuple[str, ...]
    units: tuple[str, ...]
    bounds: tuple[tuple[float, float], ...]
    parts: tuple[str, ...] = ()
    kind: str = ""
    size: int = 0
    time: Axis | None = None

    @classmethod
    def of(cls, members: Iterable[Unstructured], time: Axis | None = None) -> Self:
        """What these domains have in common."""
        members = list(members)
        boxes = [member.bounds for member in members]
        bounds = tuple(
            (min(low for low, _ in sides), max(high for _, high in sides)) for sides in zip(*boxes)
        )
        parts = dict.fromkeys(part for member in members for part in member.parts)
        kinds = {member.kind if isinstance(member, Mesh) else "" for member in members}
        return cls(
            members[0].names,
            members[0].units,
            bounds,
            tuple(parts),
            kinds.pop() if len(kinds) == 1 else "",
            max(len(member) for member in members),
            time,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, the time first where there is one."""
        return self.axis_names if self.time is None else ("t", *self.axis_names)

    @property
    def dim(self) -> int:
        """Number of coordinates, time included."""
        return len(self.names)

    def axis(self, name: str) -> Axis:
        """The axis of time.

        Raises:
            ValueError: Another one is asked for, or there is no time: points have no other axes.
        """
        if name != "t" or self.time is None:
            raise ValueError(f"functions on scattered points have no axis {name!r}")
        return self.time

    def without(self, name: str) -> Self:
        """The same points without their times."""
        self.axis(name)
        return replace(self, time=None)

    def __str__(self) -> str:
        cells = f"{self.kind} meshes" if self.kind else "clouds"
        times = f" at {self.time.size} times" if self.time else ""
        box = " x ".join(f"[{low:g}, {high:g}]" for low, high in self.bounds)
        return f"Scattered({cells} of up to {self.size} points in {box}{times})"
