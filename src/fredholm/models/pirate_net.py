"""A residual network that is linear in its features when training starts."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.layers import Activation, FactorisedLinear, RandomFourier, facts, nonlinearity
from fredholm.operators import at_least_one


class PirateNet(nn.Module, Recorded):
    """Physics-informed residual adaptive network: x <- α block(x) + (1 - α) x with α = 0 at first.

    x starts as random Fourier features. A block has three layers, of which the first two are gates
    between two encodings U, V of the features (as in `ModifiedMLP`). With all α = 0 the network is
    a linear map of the features, which derivatives pass through unharmed; depth grows as the α do.

    Args:
        inputs: Numbers per point, of order one.
        outputs: Components of the function.
        width: Width of the layers and number of features; even.
        blocks: Residual blocks, of three layers each.
        scale: Standard deviation of the angular frequencies of the features.
        activation: By name or as a function with `facts`.
        factorised: Rows of the weights have scales of their own (`FactorisedLinear`).
        seed: Of the random frequencies.

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Wang, Li, Chen & Perdikaris, 2024, arXiv:2402.00326, with random weight factorisation.
        Departs from it: the last map has a bias.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 256,
        blocks: int = 3,
        scale: float = 2.0,
        activation: Activation | Callable[[Tensor], Tensor] = "tanh",
        factorised: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        at_least_one(inputs=inputs, outputs=outputs, width=width, blocks=blocks)
        self.activation = nonlinearity(activation)
        self.smoothness = facts(activation).smoothness
        self.embedding = RandomFourier(inputs, width, scale=scale, seed=seed)

        self.encoders = nn.ModuleList(_dense(width, factorised) for _ in range(2))
        self.blocks = nn.ModuleList(
            _Block(width, factorised, self.activation) for _ in range(blocks)
        )
        self.gates = nn.Parameter(torch.zeros(blocks))
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        return self.last(self.features(x))

    def features(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... width"]:
        """What the last map sees."""
        x = self.embedding(x)
        one, other = (self.activation(encoder(x)) for encoder in self.encoders)
        for alpha, block in zip(self.gates, self.blocks):
            x = alpha * block(x, one, other) + (1 - alpha) * x
        return x

    @torch.no_grad()
    def match(self, x: Float[Tensor, "n inputs"], values: Float[Tensor, "n outputs"]) -> None:
        """Starts the last map as the least-squares fit of known values, such as an initial state.

        Args:
            x: Where they are known, as the network sees points.
            values: What it should give there.

        Reference:
            arXiv:2402.00326 (physics-informed initialisation).
        """
        features = self.features(x).double().cpu()
        columns = torch.cat([features, torch.ones_like(features[:, :1])], dim=1)
        # The columns may be dependent: gelsd takes the smallest of the solutions.
        found = torch.linalg.lstsq(columns, values.double().cpu(), driver="gelsd").solution
        self.last.weight.copy_(found[:-1].T)
        self.last.bias.copy_(found[-1])


class _Block(nn.Module):
    """Two gated layers and a plain one: (..., width) -> (..., width)."""

    def __init__(
        self, width: int, factorised: bool, activation: Callable[[Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.activation = activation
        self.maps = nn.ModuleList(_dense(width, factorised) for _ in range(3))

    def forward(self, x: Tensor, one: Tensor, other: Tensor) -> Tensor:
        *gated, last = self.maps
        for linear in gated:
            gate = self.activation(linear(x))
            x = gate * one + (1 - gate) * other
        return self.activation(last(x))


def _dense(width: int, factorised: bool) -> nn.Module:
    linear = nn.Linear(width, width)
    nn.init.xavier_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return FactorisedLinear(linear) if factorised else linear
