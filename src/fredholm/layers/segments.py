"""Sums and means over the edges that arrive at each node of a graph."""

from jaxtyping import Float, Int
from torch import Tensor


def segment_sum(
    values: Float[Tensor, "edges *c"], receivers: Int[Tensor, "edges"], nodes: int
) -> Float[Tensor, "nodes *c"]:
    """Σ of the values of the edges that arrive at each node; zero where none does.

    Args:
        values: One row per edge.
        receivers: The node at which each edge arrives.
        nodes: Number of nodes.
    """
    result = values.new_zeros(nodes, *values.shape[1:])
    return result.index_add(0, receivers, values)


def segment_mean(
    values: Float[Tensor, "edges *c"], receivers: Int[Tensor, "edges"], nodes: int
) -> Float[Tensor, "nodes *c"]:
    """The mean of the values of the edges that arrive at each node; zero where none does."""
    ones = values.new_ones(len(values))
    count = segment_sum(ones, receivers, nodes).clamp(min=1)
    return segment_sum(values, receivers, nodes) / count.reshape(-1, *[1] * (values.ndim - 1))
