"""Operators whose parameters follow from data without iteration."""

from abc import abstractmethod
from typing import Self

from fredholm.fields import Field
from fredholm.operators.operator import Operator


class ClosedForm(Operator):
    """An operator that is fitted by one call and not by gradient descent."""

    @abstractmethod
    def fit(self, inputs: Field, targets: Field) -> Self:
        """Takes its parameters from pairs of functions; returns itself."""
