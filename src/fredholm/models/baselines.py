"""The trivial baselines that every surrogate has to beat.

They are operators like any other, fitted in closed form on the grid of their training samples; on
another grid the input is evaluated on that one and the output interpolated back. Parameters of the
equation are accepted and not looked at.
"""

from typing import Self

import torch
from torch import Tensor

from fredholm.domains import Domain, Grid, Scattered, behind_time_of, space_of, time_of
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators import ClosedForm


class TrainMean(ClosedForm):
    """The mean of the training targets, whatever the input.

    Args:
        grid: Grid of the targets.
        channels: Channels of the targets.
    """

    mean: Tensor

    def __init__(self, grid: Grid, channels: int) -> None:
        super().__init__()
        self.grid = grid
        self.register_buffer("mean", torch.zeros(*grid.shape, channels))

    def fit(self, inputs: Field, targets: Field) -> Self:
        self.mean.copy_(targets.values.mean(0))
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        result = Field(self.mean.expand(len(u), *self.mean.shape), self.grid)
        return result.at(at or u.grid.behind_time_of(self.grid))


class NearestNeighbour(ClosedForm):
    """The target of the training sample whose input is nearest in L2.

    Args:
        input_grid, target_grid: Grids of the functions.
        in_channels, out_channels: Their channels.
        size: Most training samples that are remembered, the first ones.
    """

    inputs: Tensor
    targets: Tensor
    count: Tensor

    def __init__(
        self, input_grid: Grid, target_grid: Grid, in_channels: int, out_channels: int, size: int
    ) -> None:
        super().__init__()
        self.input_grid = input_grid
        self.target_grid = target_grid
        self.register_buffer("inputs", torch.zeros(size, *input_grid.shape, in_channels))
        self.register_buffer("targets", torch.zeros(size, *target_grid.shape, out_channels))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def fit(self, inputs: Field, targets: Field) -> Self:
        count = min(len(inputs), len(self.inputs))
        self.inputs[:count] = inputs.values[:count].to(self.inputs)
        self.targets[:count] = targets.values[:count].to(self.targets)
        self.count.fill_(count)
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        # All axes are equidistant: the weights of the norm do not change which one is nearest.
        values = u.at(self.input_grid).values
        remembered = self.inputs[: int(self.count)]
        nearest = torch.cdist(values.flatten(1), remembered.flatten(1)).argmin(1)
        result = Field(self.targets[nearest], self.target_grid)
        return result.at(at or u.grid.behind_time_of(self.target_grid))


class LinearRegression(ClosedForm):
    """The best affine map from the leading principal components of the inputs to the targets.

    Ridge regression on the principal components of the inputs; the penalty is chosen by
    leave-one-out error, which is exact and free for ridge regression.

    Args:
        input_grid, target_grid: Grids of the functions.
        in_channels, out_channels: Their channels.
        components: Principal components kept; at most the number of training samples.

    Reference:
        Bhattacharya et al., SMAI J. Comp. Math. 2021, arXiv:2005.03180 (PCA of inputs and outputs);
        linear here, and the outputs are not reduced.
    """

    input_mean: Tensor
    target_mean: Tensor
    analysis: Tensor
    synthesis: Tensor

    def __init__(
        self,
        input_grid: Grid,
        target_grid: Grid,
        in_channels: int,
        out_channels: int,
        components: int,
    ) -> None:
        super().__init__()
        self.input_grid = input_grid
        self.target_grid = target_grid
        self.out_channels = out_channels
        inputs = input_grid.weights().numel() * in_channels
        targets = target_grid.weights().numel() * out_channels
        self.register_buffer("input_mean", torch.zeros(inputs))
        self.register_buffer("target_mean", torch.zeros(targets))
        self.register_buffer("analysis", torch.zeros(components, inputs))
        self.register_buffer("synthesis", torch.zeros(components, targets))

    def fit(self, inputs: Field, targets: Field) -> Self:
        x, y = inputs.values.flatten(1).double(), targets.values.flatten(1).double()
        x_mean, y_mean = x.mean(0), y.mean(0)
        left, singular, right = torch.linalg.svd(x - x_mean, full_matrices=False)
        kept = min(len(self.analysis), len(singular))
        left, singular, right = left[:, :kept], singular[:kept], right[:kept]
        projected = left.T @ (y - y_mean)
        penalties = singular[0] ** 2 * torch.logspace(-12, 0, 25, dtype=torch.float64)
        errors = [_left_out_error(left, singular, projected, y - y_mean, p) for p in penalties]
        best = penalties[int(torch.stack(errors).argmin())]
        gain = singular / (singular**2 + best).clamp(min=1e-300)
        self.input_mean.copy_(x_mean)
        self.target_mean.copy_(y_mean)
        self.analysis[:kept] = right.to(self.analysis)
        self.synthesis[:kept] = (gain[:, None] * projected).to(self.synthesis)
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        values = u.at(self.input_grid).values.flatten(1) - self.input_mean
        flat = values @ self.analysis.T @ self.synthesis + self.target_mean
        values = flat.reshape(len(u), *self.target_grid.shape, self.out_channels)
        home = u.grid.behind_time_of(self.target_grid)
        return Field(values, self.target_grid).at(at or home)


def _left_out_error(
    left: Tensor, singular: Tensor, projected: Tensor, y: Tensor, penalty: Tensor
) -> Tensor:
    """Mean squared error on each sample of the ridge fit to all others (Allen's formula)."""
    shrink = singular**2 / (singular**2 + penalty)
    residual = y - left @ (shrink[:, None] * projected)
    leverage = (left**2 * shrink).sum(1) + 1 / len(y)
    return (residual / (1 - leverage).clamp(min=1e-6)[:, None]).square().mean()


class Persistence(ClosedForm):
    """The input itself: nothing changes. For a trajectory, the last known state at every time.

    Args:
        target_grid: Grid of the targets, or what is known of their points.
    """

    def __init__(self, target_grid: Grid | Scattered) -> None:
        super().__init__()
        self.target_grid = target_grid

    def fit(self, inputs: Field, targets: Field) -> Self:
        if inputs.channels != targets.channels:
            raise ValueError(
                f"persistence needs targets of the same kind as the inputs, got "
                f"{inputs.channels} and {targets.channels} channels"
            )
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        history = time_of(u.domain)
        if history is not None and history != time_of(self.target_grid):
            last = u.values.select(1 + u.domain.names.index("t"), -1)
            u = Field(last, space_of(u.domain))
        home = behind_time_of(u.domain, self.target_grid)
        values = u.values
        if home.dim > u.domain.dim:
            values = values[:, None].expand(len(u), home.shape[0], *values.shape[1:])
        return Field(values, home).at(at or home)
