"""A network of sines."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.layers import SirenInit
from fredholm.operators import at_least_one


class Siren(nn.Module, Recorded):
    """h <- sin(ω(Wh + b)), and a linear map at the end; its derivatives are networks of sines too.

    Args:
        inputs: Numbers per point, in [-1, 1].
        outputs: Components of the function.
        width: Width of the hidden layers.
        layers: Hidden layers, the first included.
        first_frequency: ω of the first layer: of the order of the highest angular frequency that
            the function has on [-1, 1].
        frequency: ω of the others, which only scales their gradients.

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Sitzmann et al., NeurIPS 2020, arXiv:2006.09661, section 3.2.
    """

    smoothness = math.inf

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 256,
        layers: int = 4,
        first_frequency: float = 30.0,
        frequency: float = 30.0,
    ) -> None:
        super().__init__()
        at_least_one(inputs=inputs, outputs=outputs, width=width, layers=layers)
        self.frequencies = (first_frequency, *(frequency,) * (layers - 1))
        widths = (inputs, *(width,) * layers, outputs)
        self.maps = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:]))
        SirenInit(frequency)(list(self.maps), torch.sin)  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        *hidden, last = self.maps
        for omega, linear in zip(self.frequencies, hidden):
            x = torch.sin(omega * linear(x))
        return last(x)
