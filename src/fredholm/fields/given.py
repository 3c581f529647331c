"""What an operator is told besides its main function."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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

    Shapes:
        params (batch, p), time (batch,).
    """

    params: Float[Tensor, "batch p"] | None = None
    time: Float[Tensor, "batch"] | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)

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
