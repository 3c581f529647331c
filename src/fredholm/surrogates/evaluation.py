"""How good a surrogate is on samples that it has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.fields import Field, batched
from fredholm.metrics import Spectrum, distribution, error_by_band, relative_l2, spectrum
from fredholm.operators import Operator


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Errors of a surrogate and of the trivial baselines on the same samples.

    Args:
        errors: Relative L2 error of each sample.
        baselines: The same for each baseline that applies.
        bands: Relative error within each band of wavenumbers; empty for scattered points.
        spectra: Shell energies of the truth and of the error, likewise.
        reference_error: Estimated relative error of each target itself, where its solver gave one.
        seconds: Wall-clock seconds that the surrogate took for all samples.
        warnings: Sentences about the inputs.
    """

    errors: Float[Tensor, "n"]
    baselines: Mapping[str, Float[Tensor, "n"]]
    bands: Mapping[str, float]
    spectra: Mapping[str, Spectrum]
    reference_error: Float[Tensor, "n"] | None = None
    seconds: float = 0.0
    warnings: tuple[str, ...] = field(default=())

    @property
    def relative_l2(self) -> float:
        """Mean relative L2 error."""
        return float(self.errors.mean())

    @property
    def worst(self) -> int:
        """Number of the sample with the largest error."""
        return int(self.errors.argmax())

    @property
    def typical(self) -> int:
        """Number of the sample with the median error."""
        return int(self.errors.argsort()[len(self.errors) // 2])

    def beats(self) -> dict[str, float]:
        """Error relative to each baseline: below one is better than it."""
        return {
            name: float(self.errors.mean() / errors.mean())
            for name, errors in self.baselines.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data: distributions, not every sample."""
        result: dict[str, Any] = {
            "samples": len(self.errors),
            "relative_l2": distribution(self.errors),
            "baselines": {name: distribution(e) for name, e in self.baselines.items()},
            "bands": dict(self.bands),
            "seconds": self.seconds,
            "warnings": list(self.warnings),
        }
        if self.reference_error is not None:
            result["reference_error"] = distribution(self.reference_error)
        return result


def apply(operator: Operator, samples: Samples, *, batch: int = 64) -> Field:
    """The operator's answers on the domain of the targets, in batches, without gradients."""
    operator.eval()
    with torch.no_grad():
        parts = [
            operator(part.inputs, part.given, at=part.targets.domain)
            for part in samples.batches(batch)
        ]
    return batched(parts)


def place_of(operator: Operator) -> Tensor:
    """A tensor on the device and in the precision of an operator."""
    return next(iter(operator.state_dict().values()), torch.empty(0))


def _errors(operator: Operator, samples: Samples) -> Float[Tensor, "batch"]:
    """Relative errors of a baseline in its own precision."""
    samples = samples.to(place_of(operator).dtype)
    return relative_l2(apply(operator, samples), samples.targets).cpu()


def evaluate(
    operator: Operator, samples: Samples, *, baselines: Mapping[str, Operator] | None = None
) -> Evaluation:
    """Errors of an operator, and of baselines fitted to its training samples, on some samples."""
    import time

    place = place_of(operator)
    samples = samples.to(place.device, place.dtype)
    began = time.monotonic()
    predicted = apply(operator, samples)
    seconds = time.monotonic() - began
    gap = predicted.with_values(predicted.values - samples.targets.values)
    on_grid = isinstance(predicted.domain, Grid)
    others = {
        name: _errors(other.to(place.device), samples) for name, other in (baselines or {}).items()
    }
    return Evaluation(
        errors=relative_l2(predicted, samples.targets).cpu(),
        baselines=others,
        bands=error_by_band(predicted, samples.targets) if on_grid else {},
        spectra=({"truth": spectrum(samples.targets), "error": spectrum(gap)} if on_grid else {}),
        reference_error=None if samples.error is None else samples.error.cpu(),
        seconds=seconds,
    )
