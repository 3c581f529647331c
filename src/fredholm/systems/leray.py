"""Flows and their parts without divergence, which experiments ask for."""

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse.linalg import splu
from torch import Tensor

from fredholm.data import Samples
from fredholm.domains import Mesh, Stack, stacked
from fredholm.domains.meshes.p1 import basis_gradients, meshes_of, slope, stiffness
from fredholm.fields import Field, Variable
from fredholm.operators import Operator, Solenoidal

_WAVES = 4
"""Waves that each component of a flow is the sum of."""


def leray_samples(like: Samples, *, seed: int) -> Samples:
    """Random smooth flows on the meshes of samples, and their parts without divergence.

    The part of w is curl ψ with ψ linear in each cell and zero on the boundary, nearest to w in L²:
    ∫ curl ψ · curl φ dx = ∫ w · curl φ dx for all such φ. At the nodes it is the mean over the
    cells around them. Nothing flows through the boundary.

    Args:
        like: Samples on triangles in the plane.
        seed: Seed of the flows.
    """
    meshes = stacked(like.inputs.domain, len(like))
    flows, parts = [], []
    for number, mesh in enumerate(meshes_of(meshes)):
        generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
        flows.append(_waves(mesh, generator))
        parts.append(divergence_free_part(mesh, flows[-1]))
    inputs, targets = (Field(meshes.padded(torch.cat(each)), meshes) for each in (flows, parts))
    given, asked = (tuple(Variable(f"{name}{axis}") for axis in "xy") for name in "wv")
    return Samples(inputs, targets, given, asked)


def divergence(operator: Operator, flows: Samples) -> float:
    """Largest net flux out of a cell of an operator's answers, relative to the largest flux.

    Of an operator in the space without divergence it is that of the fluxes which it states; of
    another that of its nodal values, linear in each cell.
    """
    meshes = stacked(flows.inputs.domain, len(flows))
    with torch.no_grad():
        if isinstance(operator, Solenoidal):
            fluxes = operator.fluxes(flows.inputs)
        else:
            fluxes = _fluxes(meshes, operator(flows.inputs).values)
    net = max(float(each.sum(1).abs().max()) for each in fluxes)
    return net / max(float(each.abs().max()) for each in fluxes)


def _fluxes(meshes: Stack, values: Tensor) -> list[Tensor]:
    """∫ v·n over the edges of each cell, edge i opposite to corner i."""
    found = []
    for mesh, v in zip(meshes_of(meshes), values):
        ahead, behind = (mesh.cells.roll(-step, 1) for step in (1, 2))
        along = (mesh.coords[behind] - mesh.coords[ahead]).to(v)
        mean = 0.5 * (v[ahead] + v[behind])
        found.append(along[..., 1] * mean[..., 0] - along[..., 0] * mean[..., 1])
    return found


def _waves(mesh: Mesh, generator: torch.Generator) -> Tensor:
    """Two sums of plane waves, at most two periods across the unit square."""

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    phase = mesh.coords @ (2 * math.pi * draw(2, 2 * _WAVES)) + math.tau * draw(2 * _WAVES)
    return (torch.cos(phase) * draw(2 * _WAVES)).unflatten(1, (2, _WAVES)).sum(2)


def divergence_free_part(mesh: Mesh, w: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2"]:
    """The part of one flow without divergence, at the nodes (see `leray_samples`)."""
    inside = (~mesh.on_boundary).numpy().nonzero()[0]
    matrix = stiffness(mesh)[inside][:, inside].tocsc()
    pull = slope(mesh, 1).T @ w[:, 0].numpy() - slope(mesh, 0).T @ w[:, 1].numpy()
    psi = np.zeros(len(mesh))
    psi[inside] = splu(matrix).solve(pull[inside])
    gradient = (torch.from_numpy(psi)[mesh.cells][..., None] * basis_gradients(mesh)).sum(1)
    pushed = torch.stack([gradient[:, 1], -gradient[:, 0]], 1) * mesh.volumes[:, None]
    total = torch.zeros(len(mesh), 2, dtype=torch.float64)
    total.index_add_(0, mesh.cells.flatten(), pushed.repeat_interleave(3, 0))
    return total / (3 * mesh.weights()[:, None])
