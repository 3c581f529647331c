"""How clouds and meshes lie in labelled arrays: points, cells, parts of the boundary.

One mesh that all samples share is stored once, as UGRID has it: coordinates over `node`, corners
over `cell`, functions over (`sample`, `node`). Where each sample has its own, the samples stand
behind each other along `node`, `cell` and `facet`, and `node_count`, `cell_count` and
`facet_count` say how many belong to each: CF's contiguous ragged arrays. Numbers of nodes count
from zero within a sample.
"""

import hashlib
import json
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from fredholm.domains import Domain, Mesh, PointCloud, Stack, Unstructured
from fredholm.errors import FormatError

if TYPE_CHECKING:
    import xarray

SPACE = "mesh"
"""Name of the variable whose attributes say what the others mean."""
RESERVED = frozenset(
    ["mesh", "node", "cell", "corner", "facet", "facet_corner", "cells", "facets", "facet_part"]
    + ["weight", "node_parts", "node_count", "cell_count", "facet_count"]
)
"""Names that functions cannot have in labelled arrays."""
GEOMETRY = "geometry"
"""Role of the variables that say where functions live."""
Space = Unstructured | Stack

_ELEMENTS = {1: "edge", 2: "face", 3: "volume"}
"""What UGRID calls cells of each dimension."""


class Array(NamedTuple):
    """A variable: its dimensions, values and attributes."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, Any]


def arrays_of(space: Space) -> dict[str, Array]:
    """The variables that hold a cloud or a mesh, or one for each sample.

    Raises:
        ValueError: Clouds and meshes are mixed, or meshes of different cells.
    """
    members = _members(space)
    kinds = {m.kind if isinstance(m, Mesh) else "cloud" for m in members}
    if len(kinds) > 1:
        raise ValueError(f"one file holds domains of one kind, got {' and '.join(sorted(kinds))}")
    coords = np.concatenate([member.coords.numpy() for member in members])
    first = members[0]
    result = {
        name: Array(("node",), coords[:, k], {"units": unit} if unit else {})
        for k, (name, unit) in enumerate(zip(first.names, first.units))
    }
    meshes = [member for member in members if isinstance(member, Mesh)]
    found = _of_meshes(meshes) if meshes else _of_clouds(members)
    if isinstance(space, Stack):
        result |= _counts("node", [len(member) for member in members])
        if meshes:
            result |= _counts("cell", [len(mesh.cells) for mesh in meshes])
            result |= _counts("facet", [_facets(mesh)[0].shape[0] for mesh in meshes])
    found = {SPACE: _topology(first, shared=space is first), **result, **found}
    for array in found.values():
        array.attributes["role"] = GEOMETRY
    return found


def space_from(
    dataset: "xarray.Dataset", known: MutableMapping[str, Unstructured] | None = None
) -> Space:
    """The cloud or mesh, or one for each sample; equal ones are the same object.

    Args:
        dataset: Labelled arrays as `arrays_of` describes them.
        known: Domains that have been met, by a hash of their arrays; new ones are added.

    Raises:
        FormatError: An array is missing, or they do not fit together.
    """
    known = {} if known is None else known
    try:
        stored = {str(name): item for name, item in dataset.variables.items() if _is_geometry(item)}
        counts = {dim: stored.pop(f"{dim}_count", None) for dim in ("node", "cell", "facet")}
        names = tuple(str(stored.pop(SPACE).attrs["node_coordinates"]).split())
        units = tuple(str(stored[name].attrs.get("units", "")) for name in names)
        parts = next(
            (item.attrs["parts"] for item in stored.values() if "parts" in item.attrs), "[]"
        )
        pieces = {name: _split(item, counts[str(item.dims[0])]) for name, item in stored.items()}
        words = (*names, *units, *json.loads(parts))
        members = []
        for number in range(len(pieces[names[0]])):
            one = {name: piece[number] for name, piece in pieces.items()}
            key = _hash(one, words)
            if key not in known:
                known[key] = _member(one, names, units, json.loads(parts))
            members.append(known[key])
    except (KeyError, ValueError, IndexError) as error:
        raise FormatError(
            f"the arrays do not make a mesh ({error}); write them again with fredholm"
        ) from error
    return members[0] if counts["node"] is None else Stack(tuple(members))


def flat(values: Shaped[Tensor, "b *t n"], space: Space) -> Shaped[np.ndarray, "*"]:
    """Values of one channel as they are stored: (sample, *t, node), or (*t, node) if ragged."""
    values = values.detach().cpu()
    if not isinstance(space, Stack):
        return values.numpy()
    return space.flat(values.movedim(-1, 1)).movedim(0, -1).contiguous().numpy()


def padded(values: Shaped[np.ndarray, "*"], space: Space) -> Shaped[Tensor, "b *t n"]:
    """The inverse of `flat`."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    if not isinstance(space, Stack):
        return tensor
    return space.padded(tensor.movedim(-1, 0)).movedim(1, -1)


def dims_of(space: Domain, times: Sequence[str] = ()) -> tuple[str, ...]:
    """Dimensions of a stored function, with those of time if it has them."""
    return (*times, "node") if isinstance(space, Stack) else ("sample", *times, "node")


def _members(space: Space) -> tuple[Unstructured, ...]:
    return space.members if isinstance(space, Stack) else (space,)


def _topology(first: Unstructured, *, shared: bool) -> Array:
    dim = first.cells.shape[1] - 1 if isinstance(first, Mesh) else 0
    attributes: dict[str, Any] = {
        "topology_dimension": dim,
        "node_coordinates": " ".join(first.names),
    }
    if shared:
        attributes["cf_role"] = "mesh_topology"
    if dim:
        attributes[f"{_ELEMENTS[dim]}_node_connectivity"] = "cells"
        attributes["boundary_node_connectivity"] = "facets"
    return Array((), np.array(0, dtype=np.int32), attributes)


def _counts(dim: str, counts: Sequence[int]) -> dict[str, Array]:
    attributes = {"sample_dimension": dim, "long_name": f"number of {dim}s of the sample"}
    return {f"{dim}_count": Array(("sample",), np.array(counts, dtype=np.int64), attributes)}


def _facets(mesh: Mesh) -> tuple[Tensor, list[str]]:
    """All facets of the boundary, and the name of the part of each."""
    size = mesh.cells.shape[1] - 1
    facets = torch.cat([*mesh.facets.values(), torch.zeros(0, size, dtype=torch.long)])
    return facets, [name for name, part in mesh.facets.items() for _ in range(len(part))]


def _of_meshes(meshes: Sequence[Mesh]) -> dict[str, Array]:
    cells = torch.cat([mesh.cells for mesh in meshes]).numpy()
    facets, names = zip(*(_facets(mesh) for mesh in meshes))
    parts = list(dict.fromkeys(part for mesh in meshes for part in mesh.parts))
    tags = np.array([parts.index(name) for each in names for name in each], dtype=np.int32)
    element = _ELEMENTS[cells.shape[1] - 1]
    return {
        "cells": Array(
            ("cell", "corner"),
            cells,
            {"start_index": 0, "cf_role": f"{element}_node_connectivity"},
        ),
        "facets": Array(
            ("facet", "facet_corner"),
            torch.cat(facets).numpy(),
            {"start_index": 0, "cf_role": "boundary_node_connectivity"},
        ),
        "facet_part": Array(
            ("facet",),
            tags,
            _flags(parts, "flag_values", np.arange(len(parts), dtype=np.int32)),
        ),
    }


def _of_clouds(clouds: Sequence[Unstructured]) -> dict[str, Array]:
    weights = np.concatenate([cloud.weights().numpy() for cloud in clouds])
    result = {"weight": Array(("node",), weights, {"long_name": "quadrature weight"})}
    parts = list(dict.fromkeys(part for cloud in clouds for part in cloud.parts))
    if parts:
        masks = 2 ** np.arange(len(parts), dtype=np.int64)
        every = [np.zeros(len(cloud), dtype=np.int64) for cloud in clouds]
        for tags, cloud in zip(every, clouds):
            for part in cloud.parts:
                tags[cloud.on(part).numpy()] |= masks[parts.index(part)]
        attributes = _flags(parts, "flag_masks", masks)
        result["node_parts"] = Array(("node",), np.concatenate(every), attributes)
    normals = np.concatenate([cloud.normals.numpy() for cloud in clouds])
    if normals.any():
        for name, column in zip(clouds[0].names, normals.T):
            result[f"normal_{name}"] = Array(("node",), column, {})
    return result


def _flags(parts: Sequence[str], key: str, values: np.ndarray) -> dict[str, Any]:
    if not parts:
        return {}
    words = " ".join("_".join(part.split()) for part in parts)
    return {key: values, "flag_meanings": words, "parts": json.dumps(list(parts))}


def _is_geometry(item: Any) -> bool:
    return item.attrs.get("role") == GEOMETRY


def _split(item: Any, counts: Any) -> list[np.ndarray]:
    """The rows of each sample."""
    values = np.asarray(item.values)
    if counts is None:
        return [values]
    stops = np.cumsum(np.asarray(counts.values))
    if stops[-1] != len(values):
        raise ValueError(f"{len(values)} rows of {item.dims[0]}, but counts for {stops[-1]}")
    return np.split(values, stops[:-1])


def _hash(arrays: Mapping[str, np.ndarray], words: Sequence[str]) -> str:
    content = hashlib.sha256(json.dumps(list(words)).encode())
    for name in sorted(arrays):
        content.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return content.hexdigest()


def _member(
    one: Mapping[str, np.ndarray], names: Sequence[str], units: tuple[str, ...], parts: list[str]
) -> Unstructured:
    coords = torch.from_numpy(np.stack([one[name] for name in names], axis=1))
    if "cells" in one:
        facets, tags = (
            torch.from_numpy(one[name].astype(np.int64)) for name in ("facets", "facet_part")
        )
        chosen = {part: facets[tags == k] for k, part in enumerate(parts)}
        kept = {part: found for part, found in chosen.items() if len(found)}
        cells = torch.from_numpy(one["cells"].astype(np.int64))
        return Mesh(coords, cells, parts=kept, names=names, units=units)
    masks = (
        torch.from_numpy(one["node_parts"])
        if "node_parts" in one
        else torch.zeros(len(coords), dtype=torch.long)
    )
    numbers = {part: ((masks >> k) & 1).nonzero()[:, 0] for k, part in enumerate(parts)}
    normals = [one[f"normal_{name}"] for name in names if f"normal_{name}" in one]
    return PointCloud(
        coords,
        torch.from_numpy(one["weight"]),
        parts={part: found for part, found in numbers.items() if len(found)},
        normals=torch.from_numpy(np.stack(normals, axis=1)) if normals else None,
        names=names,
        units=units,
    )
