"""Multilayer perceptron of coordinates."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.layers import Activation, FactorisedLinear, Init, facts, nonlinearity
from fredholm.operators import at_least_one


class CoordinateMLP(nn.Module, Recorded):
    """h <- f(Wh + b), and a linear map at the end: the plain network of a physics-informed method.

    Args:
        inputs: Numbers per point, of order one.
        outputs: Components of the function.
        width: Width of the hidden layers.
        layers: Hidden layers.
        activation: f, by name or as a function with `facts`.
        init: How the weights start; by default what the activation recommends.
        factorised: Rows of the weights have scales of their own (`FactorisedLinear`).

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Raissi, Perdikaris & Karniadakis, J. Comput. Phys. 2019 (with tanh).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 64,
        layers: int = 4,
        activation: Activation | Callable[[Tensor], Tensor] = "tanh",
        init: Init | None = None,
        factorised: bool = False,
    ) -> None:
        super().__init__()
        at_least_one(inputs=inputs, outputs=outputs, width=width, layers=layers)
        self.activation = nonlinearity(activation)
        self.smoothness = facts(activation).smoothness
        widths = (inputs, *(width,) * layers, outputs)
        maps = [nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:])]
        (init or facts(activation).init)(maps, self.activation)
        self.maps = nn.ModuleList(map(FactorisedLinear, maps) if factorised else maps)

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        *hidden, last = self.maps
        for linear in hidden:
            x = self.activation(linear(x))
        return last(x)
