"""Networks of sines, and what else learns a function with fine features.

The experiment asks for the values of one rough function on a grid. All networks see the same points
in the same order; each is tried with the same rates, and its best one counts. The errors between
the points of the grid, where nothing was shown, stand beside those on it: they rank the networks
differently, and those with the finest features fail there.
"""

from collections.abc import Callable

import torch
from torch import nn

from fredholm.benchmarks.field_fit import Waves, field_fit
from fredholm.collocation import Sampling, Setup
from fredholm.layers import Activation, Gaussian, Init, RandomFourier, VarianceInformed
from fredholm.models import SL2A, CoordinateMLP, FourierKAN, Siren
from fredholm.problems import Problem
from fredholm.systems.card import Card, Outcome
from fredholm.systems.experiments import Tell

_WIDTH, _LAYERS, _STEPS, _RATES = 128, 4, 300, (5e-4, 1e-3, 3e-3)
_BAR, _SL2A_BAR, _INIT_BAR = 0.1, 0.5, 0.2


def setup(
    problem: Problem,
    *,
    width: int = 30,
    layers: int = 3,
    frequency: float = 5.0,
    points: int = 2000,
) -> Setup:
    """A network of sines, a second-order optimiser, and points that follow the residual.

    Args:
        problem: The statement.
        width: Units per hidden layer.
        layers: Hidden layers.
        frequency: Angular frequency of the first layer on a domain scaled to [-1, 1]. The 30 of
            the paper suits pictures; its second derivatives are larger than most solutions have.
        points: Points of the interior.
    """
    # Frequencies of inner layers only scale their gradients; steps of second order want them alike.
    hyper = {"width": width, "layers": layers, "first_frequency": frequency, "frequency": 1.0}
    return Setup(network="siren", hyper=hyper, sampling=Sampling(interior=points))


def experiment(seed: int, tell: Tell) -> Outcome:
    """Sixty waves on 64² points, 300 steps: sines against relu and tanh of the same size.

    Also shown: that the Gaussian activation needs the weights that its variance asks for, and what
    learned first layers (SL2A, Fourier KAN) reach.
    """
    target = Waves(torch.Generator().manual_seed(seed))
    best: dict[str, dict[str, float]] = {}
    for name, make in _contestants().items():
        runs = []
        for rate in _RATES:
            torch.manual_seed(seed)
            generator = torch.Generator().manual_seed(seed)
            network = make()
            found = field_fit(network, target, rate=rate, steps=_STEPS, generator=generator)
            runs.append({"rate": rate, **found})
        best[name] = min(runs, key=lambda run: run["relative_l2"])
        tell(f"{name:24}{best[name]['relative_l2']:.4f}, between {best[name]['between']:.4f}")
    error = {name: run["relative_l2"] for name, run in best.items()}
    ratio = error["siren"] / min(error["relu"], error["tanh"])
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline="the better of relu and tanh in a network of the same size",
        figures={
            "networks": best,
            "sl2a_to_siren": error["sl2a"] / error["siren"],
            "sl2a_to_siren_bar": _SL2A_BAR,
            "sl2a_to_siren_between": best["sl2a"]["between"] / best["siren"]["between"],
            "informed_to_customary": error["gaussian, informed"] / error["gaussian"],
            "informed_to_customary_bar": _INIT_BAR,
            "steps": _STEPS,
        },
        passed=ratio <= _BAR,
    )


def _contestants() -> dict[str, Callable[[], nn.Module]]:
    """All networks by name; the perceptrons have as many parameters as the network of sines."""
    bell = Gaussian(0.2)
    return {
        "relu": lambda: _perceptron("relu"),
        "tanh": lambda: _perceptron("tanh"),
        "gaussian": lambda: _perceptron(bell, _customary),
        "gaussian, informed": lambda: _perceptron(bell, VarianceInformed(std=1.0)),
        "fourier features + relu": lambda: nn.Sequential(
            # Of the size of the function's wavenumbers, which reach 16π.
            RandomFourier(2, _WIDTH, scale=30.0),
            CoordinateMLP(_WIDTH, 1, width=_WIDTH, layers=_LAYERS - 1, activation="relu"),
        ),
        "siren": lambda: Siren(2, 1, width=_WIDTH, layers=_LAYERS),
        "fourier kan": lambda: FourierKAN(2, 1, width=_WIDTH, layers=_LAYERS - 1),
        "sl2a": lambda: SL2A(2, 1, width=_WIDTH, layers=_LAYERS - 1),
    }


def _perceptron(activation: Activation | Gaussian, init: Init | None = None) -> nn.Module:
    return CoordinateMLP(2, 1, width=_WIDTH, layers=_LAYERS, activation=activation, init=init)


def _customary(
    maps: object, activation: object, *, generator: torch.Generator | None = None
) -> None:
    """Leaves the weights as torch draws them."""


CARD = Card(
    key="siren",
    title="Network of sines on coordinates",
    reference="Sitzmann et al., NeurIPS 2020, arXiv:2006.09661",
    setup=setup,
    published=(
        "networks of sines represent pictures, sounds and their derivatives where networks of relu "
        "and tanh stay blurred; Helmholtz and wave equations are solved where those fail"
    ),
    experiment=experiment,
    for_use="for one stated problem whose solution has many waves across the domain",
)
