"""What a reference solver gives back."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field


@dataclass(frozen=True, eq=False)
class Solution:
    """Solutions of a batch of problems with an error estimate for each.

    Args:
        field: The solutions; for evolution problems on a grid whose first axis is `t`.
        error: Estimated relative L2 error of each solution.
        method: The method in a few words, for provenance.
        details: Numbers that tell how it was solved: steps, resolution, iterations, ...

    Shapes:
        field.values (batch, *points, c), error (batch,).
    """

    field: Field
    error: Float[Tensor, "batch"]
    method: str
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)
