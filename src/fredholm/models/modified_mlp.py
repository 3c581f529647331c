"""A perceptron whose layers choose between two encodings of the input."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.layers import Activation, FactorisedLinear, facts, nonlinearity
from fredholm.operators import at_least_one


class ModifiedMLP(nn.Module, Recorded):
    """h <- g U + (1 - g) V with g = f(Wh + b): the input is present in every layer.

    U = f(W₁x + b₁) and V = f(W₂x + b₂) are computed once; products of activations let the network
    express interactions of coordinates that a plain one learns slowly.

    Args:
        inputs: Numbers per point, of order one.
        outputs: Components of the function.
        width: Width of the hidden layers.
        layers: Hidden layers.
        activation: f, by name or as a function with `facts`.
        factorised: Rows of the weights have scales of their own (`FactorisedLinear`).

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 2021, arXiv:2001.04536.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 128,
        layers: int = 4,
        activation: Activation | Callable[[Tensor], Tensor] = "tanh",
        factorised: bool = False,
    ) -> None:
        super().__init__()
        at_least_one(inputs=inputs, outputs=outputs, width=width, layers=layers)
        self.activation = nonlinearity(activation)
        self.smoothness = facts(activation).smoothness
        widths = (inputs, *(width,) * layers, outputs)
        encoders = [nn.Linear(inputs, width) for _ in range(2)]
        maps = [nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])]
        for chain in ([encoders[0]], [encoders[1]], maps):
            facts(activation).init(chain, self.activation)
        self.encoders, self.maps = (
            nn.ModuleList(map(FactorisedLinear, chain) if factorised else chain)
            for chain in (encoders, maps)
        )

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        one, other = (self.activation(encoder(x)) for encoder in self.encoders)
        *hidden, last = self.maps
        for linear in hidden:
            gate = self.activation(linear(x))
            x = gate * one + (1 - gate) * other
        return last(x)
