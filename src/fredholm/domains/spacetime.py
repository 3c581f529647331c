"""Space with and without its time, whether on a grid or scattered."""

from fredholm.domains.axis import Axis
from fredholm.domains.cylinder import Cylinder
from fredholm.domains.domain import Domain
from fredholm.domains.grid import Grid
from fredholm.domains.points.stack import Stack
from fredholm.domains.points.unstructured import Unstructured
from fredholm.domains.scattered import Scattered


def over_time(time: Axis, space: Domain) -> Grid | Cylinder:
    """Space-time with this axis of time, on a grid or on scattered points.

    Raises:
        ValueError: The space is neither.
    """
    if isinstance(space, Grid):
        return Grid.of(time, *space.axes)
    if isinstance(space, Unstructured | Stack):
        return Cylinder(time, space)
    raise ValueError(f"no space-time is made of a {type(space).__name__}")


def time_of(domain: Domain | Scattered) -> Axis | None:
    """The axis of time, where there is one."""
    if "t" not in domain.names or not isinstance(domain, Grid | Cylinder | Scattered):
        return None
    return domain.axis("t")


def space_of(domain: Domain) -> Domain:
    """The same domain without its time, where it has one."""
    if isinstance(domain, Grid | Cylinder) and "t" in domain.names:
        return domain.without("t")
    return domain


def behind_time_of(space: Domain, template: Domain | Scattered) -> Domain:
    """Points of space put behind the time of another domain; unchanged where that has none."""
    time = time_of(template)
    return space if time is None or "t" in space.names else over_time(time, space)


def described(domain: Domain) -> Grid | Scattered:
    """What a signature says of a domain: a grid itself, of scattered points their coordinates.

    Raises:
        ValueError: The domain is of a kind that is not known.
    """
    if isinstance(domain, Grid):
        return domain
    if isinstance(domain, Stack):
        return Scattered.of(domain.members)
    if isinstance(domain, Unstructured):
        return Scattered.of([domain])
    if isinstance(domain, Cylinder):
        return Scattered.of(
            domain.space.members if isinstance(domain.space, Stack) else [domain.space],
            domain.time,
        )
    raise ValueError(f"functions on a {type(domain).__name__} are not understood")
