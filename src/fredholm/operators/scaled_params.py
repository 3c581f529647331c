"""Parameters in numbers of order one."""

from dataclasses import replace

import torch
from torch import Tensor

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given, Standardise
from fredholm.operators.operator import Operator


class ScaledParams(Operator):
    """Hands the parameters of the equation, standardised, to an operator that takes them itself.

    For one that takes none, `ParamsAsChannels` shows them as channels of the input.

    Args:
        operator: Understands `given.params`.
        scale: Mean and deviation of the p parameters.
    """

    def __init__(self, operator: Operator, scale: Standardise) -> None:
        super().__init__()
        self.operator = operator
        self.scale = scale

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self.operator(u, self._scaled(u, given), at=at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        return self.operator.terms(u, target, self._scaled(u, given), generator=generator)

    def _scaled(self, u: Field, given: Given) -> Given:
        if given.params is None or given.params.shape[-1] != len(self.scale.mean):
            raise ValueError(
                f"this operator needs {len(self.scale.mean)} parameters per function, got "
                f"{None if given.params is None else tuple(given.params.shape)}"
            )
        params = (given.params.to(u.values) - self.scale.mean) / self.scale.scale
        return replace(given, params=params)
