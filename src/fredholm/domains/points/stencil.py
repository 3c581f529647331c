"""Values at points as weighted sums of values elsewhere."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Stencil:
    """A linear map to points, each of which takes a weighted sum of a few values.

    Args:
        numbers: Which values.
        weights: Their weights.
        outside: Which points lie outside of where the function is known.

    Shapes:
        numbers (m, k), weights (m, k), outside (m,).
    """

    numbers: Int[Tensor, "m k"]
    weights: Float[Tensor, "m k"]
    outside: Bool[Tensor, "m"]

    def __call__(self, values: Float[Tensor, "*batch n c"]) -> Float[Tensor, "*batch m c"]:
        weights = self.weights.to(values)[..., None]
        numbers = self.numbers.to(values.device)
        result = weights[:, 0] * values.index_select(-2, numbers[:, 0])
        for k in range(1, numbers.shape[1]):  # a loop keeps the memory at m c
            result = result + weights[:, k] * values.index_select(-2, numbers[:, k])
        return result
