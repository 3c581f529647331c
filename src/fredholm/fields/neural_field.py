"""A function given by a network of its coordinates."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.domains import Grid
from fredholm.fields.field import Field

_CHUNK = 65536
"""Points per evaluation on a grid, so that memory does not follow the size of the grid."""


class NeuralField(nn.Module, Recorded):
    """x -> trunk(encoding(x)) on physical coordinates.

    Args:
        encoding: Points to numbers of order one.
        trunk: Those to the components of the function.

    Shapes:
        (..., d), in the units of the coordinates -> (..., components).
    """

    def __init__(self, encoding: nn.Module, trunk: nn.Module) -> None:
        super().__init__()
        self.encoding = encoding
        self.trunk = trunk

    def forward(self, points: Float[Tensor, "... d"]) -> Float[Tensor, "... m"]:
        return self.trunk(self.encoding(points))

    @torch.no_grad()
    def at(self, domain: Grid, names: Sequence[str]) -> Field:
        """The samples on a grid, as a batch of one function.

        Args:
            domain: Where; its axes may stand in any order.
            names: Coordinates in the order of the columns that the network takes.

        Raises:
            ValueError: The axes of the grid have other names.
        """
        axes = [axis.name for axis in domain.axes]
        if sorted(axes) != sorted(names):
            raise ValueError(
                f"the function depends on {', '.join(names)}, the grid has the axes "
                f"{', '.join(axes)}"
            )
        points = domain.points()[..., [axes.index(name) for name in names]]
        like = next(self.parameters())
        parts = points.flatten(0, -2).to(like).split(_CHUNK)
        values = torch.cat([self(part) for part in parts])
        return Field(values.unflatten(0, domain.shape)[None], domain)
