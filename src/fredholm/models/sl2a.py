"""One layer of learned activations that gates all others."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.layers import Activation, ChannelNorm, facts, nonlinearity
from fredholm.operators import at_least_one


class SL2A(nn.Module, Recorded):
    """z = norm(Σ C T(tanh x)) with Chebyshev polynomials T, then h <- f(A B (z h) + b) from h = z.

    The first layer learns a function of each coordinate for each channel and multiplies every
    layer, so that fine features are there from the start; the matrices A B have low rank.

    Args:
        inputs: Numbers per point, of order one.
        outputs: Components of the function.
        width: Channels.
        layers: Layers after the first.
        degree: Of the polynomials; high ones can swing between the points that are given.
        rank: Of the matrices A B.
        activation: f, by name or as a function with `facts`. With relu the function has kinks and
            no second derivatives: choose a smooth one for differential equations.

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Heidari et al., ICCV 2025, arXiv:2409.10836. Departs from it: degree and
        rank are smaller by default; polynomials by their recurrence, which is smooth everywhere.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 128,
        layers: int = 3,
        degree: int = 64,
        rank: int = 32,
        activation: Activation | Callable[[Tensor], Tensor] = "relu",
    ) -> None:
        super().__init__()
        at_least_one(
            inputs=inputs, outputs=outputs, width=width, layers=layers, degree=degree, rank=rank
        )
        self.degree = degree
        self.activation = nonlinearity(activation)
        self.smoothness = facts(activation).smoothness
        self.first = nn.Linear(inputs * degree, width)  # The bias stands for degree zero.
        nn.init.xavier_normal_(self.first.weight)
        self.norm = ChannelNorm(width)
        self.narrow = nn.ModuleList(nn.Linear(width, rank, bias=False) for _ in range(layers))
        self.widen = nn.ModuleList(nn.Linear(rank, width) for _ in range(layers))
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        z = h = self.norm(self.first(chebyshev(torch.tanh(x), self.degree)))
        for narrow, widen in zip(self.narrow, self.widen):
            h = self.activation(widen(narrow(z * h)))
        return self.last(z * h)


def chebyshev(x: Float[Tensor, "... n"], degree: int) -> Float[Tensor, "... n*degree"]:
    """T₁(x), ..., T_degree(x), by T₊ = 2x T - T₋."""
    before, now = 1.0, x
    values = [now]
    for _ in range(degree - 1):
        before, now = now, 2 * x * now - before
        values.append(now)
    return torch.cat(values, dim=-1)
