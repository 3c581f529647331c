"""What an operator is told besides its main function."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from jaxtyping import Float
from torch import Tensor

from fredholm.fields.field import Field


@dataclass(frozen=True, eq=False)
class Given:
    """Conditions: numbers, a time, and named functions, possibly on domains of their own.

    Args:
        params: Parameters of the equation, one row per function of the batch.
        time: Time or lead time, one per function of the batch.
        fields: Further functions by name: boundary data, forcing, a coefficient.
        member: Which member of an ensemble answers, where an operator draws its answer at random.
            It is no condition: other operators ignore it, and none refuses it.

    Shapes:
        params (batch, p), time (batch,).
    """

    params: Float[Tensor, "batch p"] | None = None
    time: Float[Tensor, "batch"] | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    member: int = 0

    def __getitem__(self, rows: slice) -> Self:
        """The conditions of some functions of the batch."""
        params, time = (None if part is None else part[rows] for part in (self.params, self.time))
        fields = {name: field[rows] for name, field in self.fields.items()}
        return type(self)(params, time, fields, self.member)

    def to(self, *target: Any) -> Self:
        """The same conditions on another device or in another dtype."""
        params, time = (
            None if part is None else part.to(*target) for part in (self.params, self.time)
        )
        fields = {name: field.to(*target) for name, field in self.fields.items()}
        return type(self)(params, time, fields, self.member)

    def only(self, *understood: str) -> None:
        """Refuses every condition that the caller does not understand.

        Args:
            understood: `"params"`, `"time"`, or the names of fields.

        Raises:
            ValueError: Another condition is set; ignoring it would give a wrong answer in silence.
        """
        present = [name for name in ("params", "time") if getattr(self, name) is not None]
        unknown = [name for name in (*present, *self.fields) if name not in understood]
        if unknown:
            raise ValueError(
                f"this operator does not use the condition {', '.join(map(repr, unknown))}; "
                f"it understands {', '.join(map(repr, understood)) or 'none'}"
            )


NOTHING = Given()
"""No conditions."""
