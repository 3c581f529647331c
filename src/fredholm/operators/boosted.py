"""Two operators in a row: the second answers what the first leaves."""

import torch
from torch import Tensor

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given, norm
from fredholm.operators.operator import Operator


class Boosted(Operator):
    """first(u) + scale · second([u, first(u)]): the second operator corrects the first.

    A network that is trained on the whole answer hardly feels its errors where there is little
    energy, at high wavenumbers above all. The second one is trained on the error alone, divided by
    its own size, which puts the same features in the foreground. `fredholm.training.fit_boosted`
    trains both, one after the other.

    Args:
        first: Maps functions of c channels to functions of d channels on the same grid.
        second: Maps c + d channels to d.
        scale: Typical size of the errors of the first. As long as it is zero, the first answers
            alone.

    Raises:
        ValueError: The scale is negative, or the first answers on another grid than it is asked on.

    Reference:
        Qin et al., 2024, arXiv:2404.07200 (SpecBoost), with two Fourier neural operators.
    """

    scale: Tensor

    def __init__(self, first: Operator, second: Operator, scale: float = 0.0) -> None:
        super().__init__()
        if not scale >= 0:
            raise ValueError(f"the scale of the corrections is not negative, got {scale}")
        self.first = first
        self.second = second
        self.register_buffer("scale", torch.tensor(float(scale)))

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        image = self.first(u, given)
        if bool(self.scale > 0):
            correction = self._correction(u, image, given)
            image = image.with_values(image.values + self.scale * correction.values)
        return image if at is None else image.at(at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The loss of the second operator: its relative L2 distance to the scaled error.

        As long as the scale is zero it is the mean square of that error, which the scale is
        measured by. No gradient reaches the first operator.
        """
        with torch.no_grad():
            image = self.first(u, given)
            error = image.with_values(target.values - image.values)
        if not bool(self.scale > 0):
            return {"error": error.values.square().mean()}
        wanted = error.with_values(error.values / self.scale)
        found = self._correction(u, image, given)
        gap = norm(found.with_values(found.values - wanted.values))
        tiny = torch.finfo(gap.dtype).tiny
        return {"correction": (gap / norm(wanted).clamp(min=tiny)).mean()}

    def _correction(self, u: Field, image: Field, given: Given) -> Field:
        """What the second operator answers, in units of the scale."""
        if image.domain != u.domain:
            raise ValueError(
                f"boosting needs answers on the grid of the question, {u.domain}; the first "
                f"operator answered on {image.domain}"
            )
        shown = u.with_values(torch.cat([u.values, image.values], dim=-1))
        return self.second(shown, given)
