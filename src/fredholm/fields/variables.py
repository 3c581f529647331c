"""Names and units of channels: the labels of a function's values."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Variable:
    """One channel of a function.

    Args:
        name: Name, used as variable name in files.
        units: Units as UDUNITS would read them; `"1"` is dimensionless, `""` is not known.
        long_name: A few words for plots.
        support: `"boundary"` where the values mean something on the boundary alone and are zero
            elsewhere, such as what a solution is there; by default everywhere.
    """

    name: str
    units: str = ""
    long_name: str = ""
    support: Literal["", "boundary"] = ""

    def __str__(self) -> str:
        return f"{self.name} [{self.units}]" if self.units not in ("", "1") else self.name
