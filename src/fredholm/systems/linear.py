"""Ridge regression on principal components."""

from fredholm.models import LinearRegression
from fredholm.operators import Operator
from fredholm.systems.card import Card, Task


def build(task: Task, *, components: int = 256) -> Operator:
    """The baseline on the grids of the samples.

    Args:
        task: What it is built for.
        components: Principal components of the inputs that are kept, at most.
    """
    return LinearRegression(task.input_grid, task.target_grid, *task.channels, components)


CARD = Card(
    key="linear",
    title="Ridge regression on principal components",
    reference="Bhattacharya et al., SMAI J. Comp. Math. 2021, arXiv:2005.03180 (linear variant)",
    build=build,
    closed_form=True,
    for_use="when the map is nearly linear, or the samples are very few",
)
