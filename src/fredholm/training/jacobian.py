"""Jacobians of least-squares systems."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

_CHUNK = 32
"""Rows that are differentiated together; more need more memory and gain nothing on a CPU."""


def rowwise(
    residuals: Float[Tensor, "n"], parameters: Sequence[nn.Parameter]
) -> Float[Tensor, "n p"]:
    """The Jacobian by one backward pass for each residual: always right, and slow.

    Args:
        residuals: What is differentiated, with its graph.
        parameters: With respect to what.
    """
    rows = []
    for chosen in torch.eye(len(residuals)).to(residuals).split(_CHUNK):
        parts = torch.autograd.grad(
            residuals,
            parameters,
            chosen,
            is_grads_batched=True,
            retain_graph=True,
            allow_unused=True,
        )
        rows.append(
            torch.cat(
                [
                    residuals.new_zeros(len(chosen), p.numel()) if part is None else part.flatten(1)
                    for part, p in zip(parts, parameters, strict=True)
                ],
                dim=1,
            )
        )
    return torch.cat(rows).detach()
