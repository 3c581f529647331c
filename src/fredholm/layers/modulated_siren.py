"""Networks of sines whose layers are shifted by a code."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.layers.inits import SirenInit


class ModulatedSiren(nn.Module):
    """One network for many functions: h <- sin(ω(Wh + b + Vz)), where the code z says which.

    Args:
        inputs: Numbers per point, in [-1, 1].
        outputs: Components of the function.
        code: Length of the code.
        width: Width of the hidden layers.
        layers: Hidden layers, all of them shifted.
        frequency: ω: of the order of the highest angular frequency of the functions on [-1, 1].

    Shapes:
        points (batch, n, inputs), codes (batch, code) -> (batch, n, outputs).

    Reference:
        Dupont et al., ICML 2022, arXiv:2201.12204, section 3.1 (shifts by a linear map of the
        code); Sitzmann et al., NeurIPS 2020, arXiv:2006.09661 (the network).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        code: int,
        *,
        width: int = 64,
        layers: int = 3,
        frequency: float = 10.0,
    ) -> None:
        super().__init__()
        self.frequency = frequency
        widths = (inputs, *(width,) * layers, outputs)
        self.maps = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:]))
        SirenInit(frequency)(list(self.maps), torch.sin)  # type: ignore[arg-type]
        self.shifts = nn.ModuleList(nn.Linear(code, width, bias=False) for _ in range(layers))
        for shift in self.shifts:
            nn.init.uniform_(shift.weight, -(code**-0.5), code**-0.5)  # type: ignore[arg-type]

    def forward(
        self, points: Float[Tensor, "batch n inputs"], codes: Float[Tensor, "batch code"]
    ) -> Float[Tensor, "batch n outputs"]:
        *hidden, last = self.maps
        h = points
        for linear, shift in zip(hidden, self.shifts):
            h = torch.sin(self.frequency * (linear(h) + shift(codes)[:, None] / self.frequency))
        return last(h)
