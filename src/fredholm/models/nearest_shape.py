"""The target of the training sample with the most similar shape and input."""

from typing import Self

import torch
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains import Axis, Domain, Grid, over_time, space_of, stacked
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators import ClosedForm
from fredholm.operators.rasterised import with_shape

_NEIGHBOURS = 3
"""Remembered points that an answer is the mean of, weighted by their inverse distance."""


class NearestShape(ClosedForm):
    """Nearest neighbour among samples whose domains differ: what any learner must beat.

    Shapes and inputs are compared on a background grid: the distance from the boundary and the
    input functions, every channel in units of its variation. The answer is the target of the
    nearest sample at the points of the new domain, without any deformation.

    Args:
        grid: Background grid.
        in_channels, out_channels: Channels of the functions; of trajectories, for each time.
        points: Points of the largest domain.
        size: Most training samples that are remembered, the first ones.
        time: Times of the target, where it is a trajectory.
    """

    inputs: Tensor
    scale: Tensor
    places: Tensor
    targets: Tensor
    sizes: Tensor

    def __init__(
        self,
        grid: Grid,
        in_channels: int,
        out_channels: int,
        points: int,
        size: int,
        time: Axis | None = None,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.time = time
        times = 1 if time is None else time.size
        self.register_buffer("inputs", torch.zeros(size, *grid.shape, in_channels + 1))
        self.register_buffer("scale", torch.ones(in_channels + 1))
        self.register_buffer("places", torch.zeros(size, points, grid.dim))
        self.register_buffer("targets", torch.zeros(size, points, times * out_channels))
        self.register_buffer("sizes", torch.zeros(size, dtype=torch.long))

    def fit(self, inputs: Field, targets: Field) -> Self:
        count = min(len(inputs), len(self.inputs))
        inputs, targets = inputs[:count], targets[:count]
        raster = with_shape(inputs, self.grid).values
        self.inputs[:count] = raster.to(self.inputs)
        spread = raster.flatten(0, -2).double().std(0, correction=0)
        self.scale.copy_(torch.where(spread > 0, spread, torch.ones_like(spread)))
        domains = stacked(space_of(targets.domain), count)
        points = domains.points().shape[1]
        values = targets.values
        if self.time is not None:
            values = values.movedim(1, -2).flatten(-2)
        self.places[:count, :points] = domains.points().to(self.places)
        self.targets[:count, :points] = values.to(self.targets)
        self.sizes[:count] = torch.tensor(domains.sizes)
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        known = int((self.sizes > 0).sum())
        mine = (with_shape(u, self.grid).values.to(self.inputs) / self.scale).flatten(1)
        theirs = (self.inputs[:known] / self.scale).flatten(1)
        nearest = torch.cdist(mine, theirs).argmin(1).tolist()
        home = u.domain if self.time is None else over_time(self.time, u.domain)
        asked = at or home
        domains = stacked(space_of(asked), len(u))
        answers = [
            self._at(number, member.coords) for number, member in zip(nearest, domains.members)
        ]
        values = torch.nn.utils.rnn.pad_sequence(answers, batch_first=True).to(self.targets)
        if self.time is not None:
            values = values.unflatten(-1, (self.time.size, -1)).movedim(-2, 1)
        return Field(values, asked)

    def _at(self, number: int, points: Tensor) -> Tensor:
        """The remembered target at other points."""
        size = int(self.sizes[number])
        count = min(_NEIGHBOURS, size)
        tree = KDTree(self.places[number, :size].double().cpu().numpy())
        distance, chosen = (
            torch.from_numpy(found.reshape(-1, count))
            for found in tree.query(points.numpy(), k=count)
        )
        weights = 1 / distance.clamp(min=1e-12)
        weights = (weights / weights.sum(1, keepdim=True)).to(self.targets)
        values = self.targets[number][chosen.to(self.targets.device)]
        return (weights[..., None] * values).sum(1)
