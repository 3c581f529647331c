"""Standard errors of parameters that were trained together with a network."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.collocation import Collocation, Observations, Setup, Trial
from fredholm.collocation.trial import Number
from fredholm.training.jacobian import Linearisation

_FLOOR = 1e-12
"""What is added to the curvature, relative to its largest entry, so that rounding cannot make it
indefinite: a network has directions that change nothing."""


def errors_of_trained(
    trial: Trial, observations: Mapping[str, Observations], setup: Setup, seed: int
) -> tuple[Float[Tensor, "n"], dict[str, float]]:
    """Misfits of the data in units of their scales, and the standard errors of the parameters.

    The curvature of the loss is that of all weights and parameters together, each term in units of
    its own noise: the standard error of the data where it is given, and otherwise the root mean
    square of what remains. The equations count as data that are met as well as the network does.

    Args:
        trial: What was trained.
        observations: The data.
        setup: How it was trained.
        seed: Of the points, which should not be those of the training.
    """
    generator = torch.Generator().manual_seed(seed)
    system = Collocation(
        trial,
        setup.sampling,
        observations=observations,
        derivatives=setup.derivatives,
        generator=generator,
    )
    counts = [len(values) for values in system.residuals().values()]
    values, jacobian = Linearisation(system)()
    slopes = jacobian.matrix()
    data = _terms_of(observations)
    misfits, curvature = [], slopes.new_zeros(slopes.shape[1], slopes.shape[1])
    for name, misfit, rows in zip(
        system.names, values.split(counts), slopes.split(counts), strict=True
    ):
        # A residual carries the factor 1/√count of the mean that the loss takes.
        misfit, rows = misfit * len(misfit) ** 0.5, rows * len(misfit) ** 0.5
        known = name in data and observations[data[name]].scale is not None
        noise = 1.0 if known else float(misfit.square().mean().sqrt())
        curvature += rows.mT @ rows / max(noise, 1e-12) ** 2
        misfits += [misfit] if name in data else []
    return torch.cat(misfits), _errors(curvature, trial, system)


def _terms_of(observations: Mapping[str, Observations]) -> dict[str, str]:
    """By name of a term of the loss, the set of observations that it is about."""
    return {
        name if i == 0 else f"{name} {i}": name
        for name, seen in observations.items()
        for i in range(len(seen.data))
    }


def _errors(curvature: Float[Tensor, "p p"], trial: Trial, system: Collocation) -> dict[str, float]:
    """Standard errors of the trained numbers, whatever the weights of the network are."""
    diagonal = curvature.diagonal()
    diagonal += _FLOOR * diagonal.max()
    factor = torch.linalg.cholesky(curvature)
    ends = torch.tensor([parameter.numel() for parameter in system.parameters]).cumsum(0)
    places = {id(p): int(end) - 1 for p, end in zip(system.parameters, ends, strict=True)}
    errors = {}
    for name, number in trial.numbers.items():
        assert isinstance(number, Number)
        unit = torch.zeros_like(diagonal)
        unit[places[id(number.raw)]] = 1.0
        variance = torch.cholesky_solve(unit[:, None], factor)[:, 0] @ unit
        slope = number.slope()
        errors[name] = float(variance.sqrt() * slope.abs())
    return errors
