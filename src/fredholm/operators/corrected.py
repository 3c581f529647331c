"""A coarse solver with a learned correction."""

from typing import Literal, get_args

import torch

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators.operator import Operator
from fredholm.operators.rollout import Function, Step, advance

Arrangement = Literal["after", "beside", "both"]


class Corrected(Operator):
    """A cheap step and a learned one that makes up for what it lacks.

    With the coarse step S, the correction C and a state u:

    - `"after"`: S(u) + C(S(u)), which repairs what the coarse step made;
    - `"beside"`: S(u) + C(u), which adds what it left out;
    - `"both"`: S(u) + C([u, S(u)]), which sees both as channels.

    A correction of zero leaves the coarse step. Gradients go through the coarse step where it has
    them, so that chains of corrected steps can be trained.

    Args:
        coarse: A numerical stepper or any other step.
        correction: Maps states, or pairs of them, to corrections.
        arrangement: What the correction sees.

    Raises:
        ValueError: An unknown arrangement.

    Reference:
        Um et al., NeurIPS 2020, arXiv:2007.00016 (solver in the loop); the arrangements are those
        of APEBench (Koehler et al., NeurIPS 2024, arXiv:2411.00180, section 3).
    """

    def __init__(
        self, coarse: Step, correction: Operator, arrangement: Arrangement = "after"
    ) -> None:
        super().__init__()
        if arrangement not in get_args(Arrangement):
            raise ValueError(f"arrangement is one of {get_args(Arrangement)}, got {arrangement!r}")
        self.coarse = coarse if isinstance(coarse, Operator) else Function(coarse)
        self.correction = correction
        self.arrangement = arrangement

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        made = advance(self.coarse, u, given)
        seen = {"after": [made], "beside": [u], "both": [u, made]}[self.arrangement]
        values = torch.cat([part.values for part in seen], dim=-1)
        change = self.correction(u.with_values(values))
        result = made.with_values(made.values + change.values)
        return result if at is None else result.at(at)
