"""Multilayer perceptrons on the channels of each point."""

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class MLP(nn.Module):
    """Linear maps with an activation between them, none after the last.

    Args:
        widths: Channels from input to output; two widths make a linear map.
        activation: Applied between the maps.

    Shapes:
        (..., widths[0]) -> (..., widths[-1]).
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        activation: Callable[[Tensor], Tensor] = functional.gelu,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.maps = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:]))

    def forward(self, x: Float[Tensor, "... c"]) -> Float[Tensor, "... d"]:
        for number, linear in enumerate(self.maps):
            x = linear(x if number == 0 else self.activation(x))
        return x
