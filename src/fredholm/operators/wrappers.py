"""Operators made of operators: each adds one behaviour and returns the same kind of thing."""

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given, Standardise
from fredholm.operators.operator import Operator


class Normalised(Operator):
    """Decode ∘ operator ∘ encode: normalised units inside, physical units outside.

    Args:
        operator: Maps normalised inputs to normalised outputs.
        encode: Scale of the inputs.
        decode: Scale of the outputs.
    """

    def __init__(self, operator: Operator, encode: Standardise, decode: Standardise) -> None:
        super().__init__()
        self.operator = operator
        self.encode = encode
        self.decode = decode

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self.decode.decode(self.operator(self.encode.encode(u), given, at=at))
