"""A batch of functions evaluated on another domain, of whatever kind the two are."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from fredholm.domains.cylinder import Cylinder
from fredholm.domains.domain import Domain
from fredholm.domains.grid import Grid
from fredholm.domains.meshes.mesh_transfer import Outside, grid_values, transfer
from fredholm.domains.points.grid_points import scattered_of
from fredholm.domains.points.stack import Stack
from fredholm.domains.points.unstructured import Unstructured
from fredholm.domains.spacetime import space_of, time_of
from fredholm.domains.transfer import Method, interpolation_matrix, resample


def evaluated(
    values: Float[Tensor, "batch *points c"],
    source: Domain,
    target: Domain,
    method: Method | None = None,
    outside: Outside = "nearest",
) -> Float[Tensor, "batch *others c"]:
    """Values on `target` of functions that are known on `source`.

    Either may be a grid, a cloud, a mesh or a stack of them, one for each function, and either may
    have a time, if both have. Where functions get domains of their own, values are padded with
    zeros.

    Args:
        values: Samples on the source, channels last.
        source: Where they are known.
        target: Where they are wanted.
        method: `"smooth"`, `"linear"` or `"nearest"`, see `resample` and `transfer`; by default
            smooth from grids and linear from clouds and meshes.
        outside: What becomes of points outside of a cloud or a mesh, see `transfer`. Points outside
            of a grid are refused.

    Raises:
        ValueError: The coordinates or their units differ, only one of the domains has a time, or
            there is another number of domains than of functions.
    """
    if isinstance(source, Grid) and isinstance(target, Grid):
        return resample(values, source, target, method=method or "smooth")
    _check_coordinates(source, target)
    old, new = time_of(source), time_of(target)
    if old is None or new is None:
        return _in_space(values, source, target, method, outside)
    if old != new:
        matrix = interpolation_matrix(old, new, method or "smooth").to(values)
        values = (matrix @ values.movedim(1, -2)).movedim(-2, 1)
    # Times are so many channels of one function of space.
    channels = values.shape[-1]
    frames = values.movedim(1, -2).flatten(-2)
    moved = _in_space(frames, space_of(source), space_of(target), method, outside)
    return moved.unflatten(-1, (new.size, channels)).movedim(-2, 1)


def _in_space(
    values: Tensor, source: Domain, target: Domain, method: Method | None, outside: Outside
) -> Tensor:
    """The same without time."""
    if not isinstance(source, Stack) and not isinstance(target, Stack):
        return _shared(values, source, target, method, outside)
    sources, targets = _of_each(source, len(values)), _of_each(target, len(values))
    moved = []
    for row, old, new in zip(values, sources, targets):
        known = row[: len(old)] if isinstance(old, Unstructured) else row
        moved.append(_shared(known[None], old, new, method, outside)[0])
    return pad_sequence(moved, batch_first=True)  # pads nothing where targets have one size


def _shared(
    values: Tensor, source: Domain, target: Domain, method: Method | None, outside: Outside
) -> Tensor:
    """Values on a domain that all functions share, of functions on one that they share."""
    if source == target:
        return values
    if isinstance(source, Grid) and isinstance(target, Grid):
        return resample(values, source, target, method=method or "smooth")
    if isinstance(source, Grid):
        assert isinstance(target, Unstructured)
        return grid_values(values, source, target, method or "smooth")
    assert isinstance(source, Unstructured)
    points = scattered_of(target) if isinstance(target, Grid) else target
    assert isinstance(points, Unstructured)
    moved = transfer(values, source, points, method or "linear", outside=outside)
    return moved.unflatten(1, target.shape)


def _of_each(domain: Domain, count: int) -> tuple[Domain, ...]:
    """The domain of each function."""
    if not isinstance(domain, Stack):
        return (domain,) * count
    if len(domain) != count:
        raise ValueError(f"{count} functions need as many domains, got {len(domain)}")
    return domain.members


def _check_coordinates(source: Domain, target: Domain) -> None:
    old, new = (list(zip(domain.names, _units(domain))) for domain in (source, target))
    if old != new:
        shown = [" ".join(f"{n} [{u}]" if u else n for n, u in each) for each in (old, new)]
        raise ValueError(
            f"functions of ({shown[0]}) cannot be evaluated at points ({shown[1]}): coordinates "
            "and units have to agree"
        )


def _units(domain: Domain) -> tuple[str, ...]:
    if isinstance(domain, Grid):
        return tuple(axis.units for axis in domain.axes)
    if isinstance(domain, Cylinder):
        return (domain.time.units, *domain.space.units)
    assert isinstance(domain, Unstructured | Stack)
    return domain.units
