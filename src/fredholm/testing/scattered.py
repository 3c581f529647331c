"""What every operator on clouds and meshes must do, whoever wrote it.

Such an operator is examined by one call, `examine_scattered(build)`, on meshes of different shapes
and sizes; a single clause can be tried by itself.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fredholm.domains import Mesh, PointCloud, Stack, Unstructured
from fredholm.fields import Field
from fredholm.operators import Operator
from fredholm.testing.contracts import (
    batch_is_a_loop,
    gradients_reach_all,
    keeps_dtype,
    refuses_unknown_conditions,
    survives_storage,
)

Clause = Callable[[Operator, Field], None]


def examine_scattered(
    build: Callable[[], Operator], *, channels: int = 1, clouds: bool = True
) -> None:
    """All of the contract at once.

    Args:
        build: Makes the operator; called several times.
        channels: Channels of its input.
        clouds: Whether it takes points without cells too.

    Raises:
        AssertionError: The first clause that does not hold, in words.
    """
    u = smooth(star_meshes((5, 7, 6)), channels=channels)
    for clause in SCATTERED_CLAUSES:
        torch.manual_seed(0)
        clause(build().double().eval(), u)
    if clouds:
        torch.manual_seed(0)
        takes_clouds(build().double().eval(), u)


def star_meshes(rings: tuple[int, ...], *, seed: int = 0) -> Stack:
    """Star shapes r(θ) = 1 + a cos 2θ + b sin 3θ with random a, b, in rings of triangles.

    Args:
        rings: Rings of each mesh: it has 1 + 3 k (k + 1) nodes for k rings.
        seed: Seed of the shapes.
    """
    generator = torch.Generator().manual_seed(seed)
    return Stack(tuple(_star(k, torch.rand(2, generator=generator) - 0.5) for k in rings))


def _star(rings: int, bumps: Tensor) -> Mesh:
    a, b = (0.5 * bumps).tolist()
    nodes, cells, first = [(0.0, 0.0)], [], [0]
    for k in range(1, rings + 1):
        first.append(len(nodes))
        for j in range(6 * k):
            angle = math.tau * j / (6 * k)
            radius = k / rings * (1 + a * math.cos(2 * angle) + b * math.sin(3 * angle))
            nodes.append((radius * math.cos(angle), radius * math.sin(angle)))
    for k in range(1, rings + 1):
        outer, inner = 6 * k, max(6 * (k - 1), 1)
        for side in range(6):
            for j in range(k):
                start = side * k + j
                below = side * (k - 1) + j
                here, ahead = first[k] + start % outer, first[k] + (start + 1) % outer
                cells.append((here, ahead, first[k - 1] + below % inner))
                if j < k - 1:
                    inside = first[k - 1] + below % inner, first[k - 1] + (below + 1) % inner
                    cells.append((ahead, inside[1], inside[0]))
    return Mesh(torch.tensor(nodes, dtype=torch.float64), torch.tensor(cells))


def smooth(domains: Stack, *, channels: int = 1, seed: int = 0) -> Field:
    """Random low-frequency waves at the points: the same functions on any points.

    Shapes:
        Field (len(domains), largest, channels), float64.
    """
    generator = torch.Generator().manual_seed(seed)
    shape = (len(domains), domains.dim, channels)
    waves = torch.randn(shape, generator=generator, dtype=torch.float64)
    phase = math.tau * torch.rand(shape[0], 1, channels, generator=generator, dtype=torch.float64)
    values = torch.cos(domains.points() @ waves + phase)
    return Field(values * domains.mask[..., None], domains)


def ignores_node_order(operator: Operator, u: Field) -> None:
    """Renumbering the nodes renumbers the answer, and does nothing else."""
    generator = torch.Generator().manual_seed(1)
    image = operator(u)
    for number in range(len(u)):
        assert isinstance(u.domain, Stack)
        mesh = u.domain.members[number]
        order = torch.randperm(len(mesh), generator=generator)
        values = u.values[number : number + 1, : len(mesh)][:, order]
        found = operator(Field(values, Stack((renumbered(mesh, order),)))).values[0]
        gap = (found - image.values[number, : len(mesh)][order]).abs().max()
        assert gap <= 1e-9 * _size(image.values), f"the order of the nodes matters by {gap:.1e}"


def renumbered(mesh: Unstructured, order: Tensor) -> Unstructured:
    """The same mesh with its nodes in another order; its cells are shuffled too."""
    assert isinstance(mesh, Mesh)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    parts = {name: place[facets] for name, facets in mesh.facets.items()}
    return Mesh(mesh.nodes[order], place[mesh.cells].flip(0), parts=parts, names=mesh.names)


def ignores_padding(operator: Operator, u: Field) -> None:
    """What stands in the padding does not matter, and the answer has zeros there."""
    assert isinstance(u.domain, Stack)
    image, inside = operator(u), u.domain.mask[..., None]
    junk = u.with_values(torch.where(inside, u.values, torch.full_like(u.values, 7.0)))
    gap = ((operator(junk).values - image.values) * inside).abs().max()
    assert gap <= 1e-10 * _size(image.values), f"the padding matters by {gap:.1e}"
    assert not image.values[~u.domain.mask].any(), "the answer is not zero in the padding"


def takes_one_shared_domain(operator: Operator, u: Field) -> None:
    """Functions that share a mesh get the answers that they get on copies of it."""
    assert isinstance(u.domain, Stack)
    mesh = u.domain.members[0]
    values = u.values[:1, : len(mesh)].repeat(2, 1, 1)
    values[1] = values[1].flip(-1) * 0.5
    shared = operator(Field(values, mesh)).values
    copies = operator(Field(values, Stack((mesh, mesh)))).values
    assert torch.allclose(shared, copies, rtol=0, atol=1e-10 * _size(copies)), (
        "functions on one shared mesh are answered otherwise than on copies of it"
    )


def takes_clouds(operator: Operator, u: Field) -> None:
    """Points without cells are answered too."""
    assert isinstance(u.domain, Stack)
    clouds = Stack(tuple(PointCloud(member.coords) for member in u.domain.members))
    image = operator(Field(u.values, clouds))
    assert torch.isfinite(image.values).all(), "the answer on clouds is not finite"


SCATTERED_CLAUSES: tuple[Clause, ...] = (
    batch_is_a_loop,
    ignores_node_order,
    ignores_padding,
    takes_one_shared_domain,
    refuses_unknown_conditions,
    keeps_dtype,
    gradients_reach_all,
    survives_storage,
)
"""The clauses of the contract, each a function of an operator in float64 and some functions."""


def _size(values: Tensor) -> float:
    return float(values.detach().abs().max()) + 1e-300
