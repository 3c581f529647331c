"""Nothing changes."""

from fredholm.models import Persistence
from fredholm.operators import Operator
from fredholm.systems.card import Card, Task


def build(task: Task) -> Operator:
    """The baseline on the grids of the samples."""
    return Persistence(task.signature.target_domain)


CARD = Card(
    key="persistence",
    title="Nothing changes",
    reference="folklore",
    build=build,
    closed_form=True,
    for_use="as the least that a forecast must beat",
)
