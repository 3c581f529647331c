"""What a surrogate answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fredholm.data import to_xarray
from fredholm.fields import Field, Variable

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True, eq=False)
class Prediction:
    """Functions with what is known of their error.

    Args:
        mean: The predicted functions.
        variables: Names and units of their channels.
        spread: Standard deviation of the prediction, where the surrogate estimates one.
        expected_error: Median relative L2 error on held-out samples: what to expect of an input
            like those of the training data.
        warnings: Sentences about inputs that the surrogate should not be trusted with.
    """

    mean: Field
    variables: tuple[Variable, ...]
    spread: Field | None = None
    expected_error: float | None = None
    warnings: tuple[str, ...] = ()

    def to_xarray(self) -> "xarray.Dataset":
        """Labelled arrays with coordinates and units; the warnings are attributes."""
        dataset = to_xarray(self.mean, self.variables)
        if self.spread is not None:
            labels = tuple(Variable(f"{v.name}_spread", v.units) for v in self.variables)
            dataset = dataset.merge(to_xarray(self.spread, labels))
        if self.expected_error is not None:
            dataset.attrs["expected_relative_l2"] = self.expected_error
        if self.warnings:
            dataset.attrs["warnings"] = "\n".join(self.warnings)
        return dataset
