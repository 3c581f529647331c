"""Mesh morphing Gaussian process: shapes and functions as a few numbers, with their uncertainty."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, Self

import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor, nn

from fredholm.domains import Domain, Mesh, Stack, on_disk, stacked
from fredholm.domains.meshes.mesh_transfer import scattered_stencil
from fredholm.domains.meshes.morphing import boundary_loops
from fredholm.domains.meshes.p1 import mass, meshes_of
from fredholm.domains.points.stencil import Stencil
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import GaussianProcesses, SizedByData
from fredholm.operators import Claim, ClosedForm, at_least_one

_MOST = 2000
"""Samples that are learned from, at most; of more, some are taken at equal distances. The cost
grows with the cube of their number, and the memory with its square."""
_RANK = 1e-10
"""Least deviation of a component, relative to that of the first, that is more than rounding."""


class MMGP(ClosedForm):
    """Every mesh is mapped to the unit disk, or a ring, where shapes and functions are compared.

    The middle one of the training meshes, mapped, is the common mesh: coordinates and functions of
    all others are interpolated onto it. There principal components with the inner product of L²
    leave a few numbers; those of the coordinates are the shape. Gaussian processes lead from the
    numbers of shape and inputs, and the parameters, to those of the targets, each with a mean and a
    variance; the answer is interpolated back.

    Args:
        in_channels: Channels of the inputs; may be zero where only the shapes vary.
        out_channels: Channels of the targets.
        params: Number of parameters of the equation, taken from `given.params`.
        shape_modes: Components of the coordinates.
        input_modes: Components of each channel of the inputs.
        modes: Components of each channel of the targets.
        restarts: Searches for the hyper-parameters of each Gaussian process.

    Shapes:
        Field (batch, nodes, in_channels) on triangles -> Field (batch, nodes, out_channels).

    Raises:
        ValueError: A size below one; meshes with several holes, in several pieces, or not in the
            plane, or with a hole where the common mesh has none, or the other way round.

    Reference:
        Casenave, Staber & Roynard, NeurIPS 2023, arXiv:2305.12871. Departs from it: components are
        orthogonal on the common mesh as it was before it was mapped; each target component has
        hyper-parameters of its own; the covariance has a linear part; variances are added up, with
        that of what the components leave out, instead of drawn.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        params: int = 0,
        shape_modes: int = 8,
        input_modes: int = 16,
        modes: int = 16,
        restarts: int = 1,
    ) -> None:
        super().__init__()
        at_least_one(
            shape_modes=shape_modes, input_modes=input_modes, modes=modes, restarts=restarts
        )
        self.params = params
        self.common = _Common()
        self.shape_basis = _Components(shape_modes)
        self.input_bases = nn.ModuleList(_Components(input_modes) for _ in range(in_channels))
        self.bases = nn.ModuleList(_Components(modes) for _ in range(out_channels))
        self.regression = GaussianProcesses(restarts)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return ()

    def fit(self, inputs: Field, targets: Field) -> Self:
        return self.fit_given(inputs, targets, NOTHING)

    def fit_given(self, inputs: Field, targets: Field, given: Given) -> Self:
        if len(inputs) > _MOST:
            chosen = torch.linspace(0, len(inputs) - 1, _MOST).round().long()
            params = None if given.params is None else given.params[chosen]
            inputs, targets, given = inputs[chosen], targets[chosen], replace(given, params=params)
        meshes = stacked(inputs.domain, len(inputs))
        middle = meshes_of(meshes)[len(meshes) // 2]
        self.common.take(middle)
        weights = mass(middle)
        shapes, functions = self._on_common(meshes, inputs.values)
        _, answers = self._on_common(meshes, targets.values)
        self.shape_basis.fit(shapes, weights)
        bases = [*_each(self.input_bases), *_each(self.bases)]
        for basis, values in zip(bases, torch.cat([functions, answers], dim=-1).unbind(-1)):
            basis.fit(values[..., None], weights)
        self.regression.fit(
            self._numbers(shapes, functions, given), self._encoded(answers, self.bases)
        )
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self._answer(u, given, at)[0]

    def spread(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self._answer(u, given, at)[1]

    def _answer(self, u: Field, given: Given, at: Domain | None) -> tuple[Field, Field]:
        """Means and standard deviations of the answers."""
        given.only(*["params"] * (self.params > 0))
        meshes = stacked(u.domain, len(u))
        mean, variance = self.regression(self._numbers(*self._on_common(meshes, u.values), given))
        sizes = [basis.count for basis in _each(self.bases)]
        columns = list(zip(_each(self.bases), mean.split(sizes, 1), variance.split(sizes, 1)))
        means = torch.cat([basis.decode(m) for basis, m, _ in columns], dim=-1)
        squares = torch.cat([basis.variance(v) for basis, _, v in columns], dim=-1)
        results = []
        for values in (means, squares.sqrt()):
            there = [stencils.back(v) for stencils, v in zip(self._stencils(meshes), values)]
            result = Field(meshes.padded(torch.cat(there)).to(u.values.dtype), u.domain)
            results.append(result if at is None else result.at(at))
        return results[0], results[1]

    def _numbers(self, shapes: Tensor, functions: Tensor, given: Given) -> Float[Tensor, "b d"]:
        """What the answer is regressed on."""
        numbers = [self.shape_basis.encode(shapes), self._encoded(functions, self.input_bases)]
        if self.params:
            if given.params is None or given.params.shape[-1] != self.params:
                raise ValueError(
                    f"this MMGP takes {self.params} parameters per function, got "
                    f"{None if given.params is None else tuple(given.params.shape)}"
                )
            numbers.append(given.params.to(shapes))
        return torch.cat(numbers, dim=1)

    @staticmethod
    def _encoded(values: Tensor, bases: nn.ModuleList) -> Float[Tensor, "b k"]:
        """The components of each channel, one channel after the other."""
        parts = [basis.encode(v[..., None]) for basis, v in zip(_each(bases), values.unbind(-1))]
        return torch.cat([values.new_zeros(len(values), 0), *parts], dim=1)

    def _stencils(self, meshes: Stack) -> "list[_Stencils]":
        common = self.common.mesh
        return [mesh.remembered(_to_and_from, common) for mesh in meshes_of(meshes)]

    def _on_common(self, meshes: Stack, values: Tensor) -> tuple[Tensor, Tensor]:
        """Coordinates and values at the nodes of the common mesh, in float64."""
        every = list(zip(meshes_of(meshes), self._stencils(meshes), values.double()))
        shapes = torch.stack([to.there(mesh.coords.to(values.device)) for mesh, to, _ in every])
        return shapes, torch.stack([to.there(v[: len(mesh)]) for mesh, to, v in every])


class _Stencils(NamedTuple):
    """Interpolation from a mesh to the common one, and back."""

    there: Stencil
    back: Stencil


def _to_and_from(mesh: Mesh, common: Mesh) -> _Stencils:
    disk = on_disk(mesh)
    holes = [len(part.remembered(boundary_loops)) - 1 for part in (disk, common)]
    if holes[0] != holes[1]:
        raise ValueError(
            f"the meshes of the training have {holes[1]} holes, {mesh} has {holes[0]}: shapes are "
            "compared where one can be bent into the other"
        )
    return _Stencils(
        scattered_stencil(disk, common.coords, "linear"),
        scattered_stencil(common, disk.coords, "linear"),
    )


class _Common(SizedByData):
    """The common mesh, in the disk."""

    nodes: Tensor
    cells: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("nodes", torch.zeros(0, 2, dtype=torch.float64))
        self.register_buffer("cells", torch.zeros(0, 3, dtype=torch.long))
        self._mesh: Mesh | None = None

    def take(self, mesh: Mesh) -> None:
        self._mesh = on_disk(mesh)
        self.nodes, self.cells = self._mesh.coords, self._mesh.cells

    @property
    def mesh(self) -> Mesh:
        """The same object as long as the numbers are the same: other meshes remember it.

        Raises:
            ValueError: There is none yet.
        """
        if not len(self.cells):
            raise ValueError("this MMGP has not been fitted: call fit(inputs, targets) first")
        if self._mesh is None:
            self._mesh = Mesh(self.nodes, self.cells.cpu())
        return self._mesh

    def _load_from_state_dict(self, *arguments) -> None:
        super()._load_from_state_dict(*arguments)
        self._mesh = None


def _each(bases: nn.ModuleList) -> "Iterator[_Components]":
    yield from bases  # type: ignore[misc]


class _Components(SizedByData):
    """Principal components of functions on the common mesh: u = mean + Σₖ cₖ φₖ.

    Args:
        most: Components that are kept, at most.

    Shapes:
        mean, rest (nodes, channels), basis and analysis (components, nodes, channels).
    """

    mean: Tensor
    basis: Tensor
    analysis: Tensor
    rest: Tensor

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        for name, dim in (("mean", 2), ("basis", 3), ("analysis", 3), ("rest", 2)):
            self.register_buffer(name, torch.zeros([0] * dim, dtype=torch.float64))

    @property
    def count(self) -> int:
        """Components that are kept."""
        return len(self.basis)

    def fit(self, values: Float[Tensor, "n nodes c"], weights: sparse.csr_array) -> None:
        """Takes the components of samples, by the inner product of a mass matrix."""
        self.mean = values.mean(0)
        centred = values - self.mean
        weighted = torch.stack(
            [torch.from_numpy(weights @ part.cpu().numpy()) for part in centred]
        ).to(values)
        gram = torch.einsum("inc,jnc->ij", centred, weighted) / len(values)
        powers, vectors = torch.linalg.eigh(gram)
        powers, vectors = powers.flip(0), vectors.flip(1)
        kept = int((powers[: self.most] > (_RANK**2) * powers[0].clamp(min=1e-300)).sum())
        mix = vectors[:, :kept] / (len(values) * powers[:kept]).sqrt()
        self.basis = torch.einsum("ik,inc->knc", mix, centred)
        self.analysis = torch.einsum("ik,inc->knc", mix, weighted)
        self.rest = (values - self.decode(self.encode(values))).square().mean(0)

    def encode(self, values: Float[Tensor, "n nodes c"]) -> Float[Tensor, "n k"]:
        """The coefficients of functions."""
        centred = values - self.mean.to(values)
        return torch.einsum("inc,knc->ik", centred, self.analysis.to(values))

    def decode(self, coefficients: Float[Tensor, "n k"]) -> Float[Tensor, "n nodes c"]:
        """The functions with these coefficients."""
        basis = self.basis.to(coefficients)
        return self.mean.to(coefficients) + torch.einsum("ik,knc->inc", coefficients, basis)

    def variance(self, variances: Float[Tensor, "n k"]) -> Float[Tensor, "n nodes c"]:
        """The variance at each node of independent coefficients, and of what they leave out."""
        squares = self.basis.to(variances).square()
        return self.rest.to(variances) + torch.einsum("ik,knc->inc", variances, squares)
