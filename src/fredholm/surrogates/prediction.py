"""What a surrogate answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from fredholm.data import to_xarray, write_vtu
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
        dataset = to_xarray(self._together, self._labels)
        if self.expected_error is not None:
            dataset.attrs["expected_relative_l2"] = self.expected_error
        if self.warnings:
            dataset.attrs["warnings"] = "\n".join(self.warnings)
        return dataset

    def write_vtu(
        self, folder: str | Path, *, names: Sequence[str] | None = None, overwrite: bool = False
    ) -> list[Path]:
        """One VTU file for each function on a mesh or a cloud, with its spread beside it.

        Args:
            folder: Where the files go.
            names: Their names without `.vtu`, by default `sample_0000` and so on.
            overwrite: Replace files of these names.

        Raises:
            DataError: A file exists, or cannot be written.
            ValueError: The functions live on a grid.
        """
        return write_vtu(self._together, self._labels, folder, names=names, overwrite=overwrite)

    @property
    def _together(self) -> Field:
        """The functions and their spread as channels of one function."""
        if self.spread is None:
            return self.mean
        return self.mean.with_values(torch.cat([self.mean.values, self.spread.values], dim=-1))

    @property
    def _labels(self) -> tuple[Variable, ...]:
        if self.spread is None:
            return self.variables
        spreads = tuple(Variable(f"{v.name}_spread", v.units) for v in self.variables)
        return (*self.variables, *spreads)
