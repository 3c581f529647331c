"""Operators whose parameters follow from data without iteration."""

from abc import abstractmethod
from typing import Self

from fredholm.fields import Field, Given
from fredholm.operators.operator import Operator


class ClosedForm(Operator):
    """An operator that is fitted by one call and not by gradient descent."""

    @abstractmethod
    def fit(self, inputs: Field, targets: Field) -> Self:
        """Takes its parameters from pairs of functions; returns itself."""

    def fit_given(self, inputs: Field, targets: Field, given: Given) -> Self:
        """The same, told the conditions of the samples; most operators do not look at them."""
        return self.fit(inputs, targets)
