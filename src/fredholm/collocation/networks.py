"""Networks of coordinates by name, built for a problem."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from fredholm import models
from fredholm.domains import Axis
from fredholm.errors import FredholmError, did_you_mean
from fredholm.fields import NeuralField
from fredholm.layers import Coordinates
from fredholm.problems import Problem

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "mlp": models.CoordinateMLP,
    "modified_mlp": models.ModifiedMLP,
    "pirate_net": models.PirateNet,
    "siren": models.Siren,
    "sl2a": models.SL2A,
    "fourier_kan": models.FourierKAN,
    "kan": models.KAN,
    "gaussians": models.Gaussians,
}
"""Each takes (inputs, outputs) and keyword-only hyper-parameters."""


def build_network(
    problem: Problem,
    kind: str | Callable[..., nn.Module] = "mlp",
    *,
    outputs: int | None = None,
    harmonics: int = 1,
    seed: int = 0,
    **hyper: Any,
) -> NeuralField:
    """A network over the coordinates of a problem, in float64.

    Args:
        problem: It gives the coordinates: scaled, and periodic where the domain is.
        kind: A name in `NETWORKS`, or a function of (inputs, outputs, **hyper).
        outputs: Components, by default one for each unknown.
        harmonics: Waves by which a periodic coordinate enters.
        seed: Of the initial weights.
        hyper: Hyper-parameters of that kind.

    Raises:
        FredholmError: An unknown kind or hyper-parameter, or an impossible value.
    """
    make = _maker(kind)
    _check(make, hyper)
    axes = problem.domain.axes + (() if problem.time is None else (problem.time,))
    encoding = Coordinates([_described(axis) for axis in axes], harmonics=harmonics)
    count = len(problem.equations) if outputs is None else outputs
    trunk = _made(make, encoding.features, count, seed, hyper)
    return NeuralField(encoding, trunk).double()


def build_term(
    arguments: Mapping[str, tuple[float, float]],
    kind: str | Callable[..., nn.Module] = "mlp",
    *,
    seed: int = 0,
    **hyper: Any,
) -> NeuralField:
    """A network for an unknown term of a statement, in float64.

    It sees nothing but the arguments of its `learned` call, scaled: a function of the state and not
    of the place, or it could explain anything.

    Args:
        arguments: By a name for each argument, in their order, the range in which it is expected.
        kind: A name in `NETWORKS`, or a function of (inputs, outputs, **hyper).
        seed: Of the initial weights.
        hyper: Hyper-parameters of that kind.

    Raises:
        FredholmError: An unknown kind or hyper-parameter, or an impossible value.
        ValueError: An empty range.
    """
    make = _maker(kind)
    _check(make, hyper)
    encoding = Coordinates([(name, low, high, False) for name, (low, high) in arguments.items()])
    return NeuralField(encoding, _made(make, encoding.features, 1, seed, hyper)).double()


def _maker(kind: str | Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    make = NETWORKS.get(kind) if isinstance(kind, str) else kind
    if make is None:
        raise FredholmError(f"unknown network {kind!r}: {did_you_mean(str(kind), [*NETWORKS])}")
    return make


def _made(
    make: Callable[..., nn.Module], inputs: int, outputs: int, seed: int, hyper: Mapping[str, Any]
) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return make(inputs, outputs, **hyper)
        except (ValueError, RuntimeError) as error:
            raise FredholmError(f"the network cannot be built so: {error}") from error


def _described(axis: Axis) -> tuple[str, float, float, bool]:
    return axis.name, axis.start, axis.stop, axis.periodic


def _check(make: Callable[..., nn.Module], hyper: Mapping[str, Any]) -> None:
    known = [
        name
        for name, parameter in inspect.signature(make).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for name in hyper:
        if name not in known:
            raise FredholmError(
                f"this network has no hyper-parameter {name!r}: {did_you_mean(name, known)}"
            )
