"""Causal training: early times first.

The authors' own code is under a licence for non-commercial use and announces a patent on causal
training. These lines are written from the equations; see whether the patent concerns you.
"""

from dataclasses import replace
from typing import Any, Literal

from fredholm import problems
from fredholm.collocation import Causal, Collocation, Constant, Sampling, Setup, solve_by_network
from fredholm.collocation.causal import CausalWeighing
from fredholm.collocation.solution import NetworkSolution
from fredholm.collocation.verdict import comparison_grid
from fredholm.metrics import relative_l2
from fredholm.problems import Problem
from fredholm.systems.card import Card, Outcome
from fredholm.systems.experiments import Tell
from fredholm.training import Adam, Budget

_TERMS = Constant({"start": 100.0})
_TOLERANCES = (1e-2, 1e-1, 1.0, 10.0, 100.0)
_BAR, _CONVERGED, _ASKED = 0.3, 0.99, 1.0
"""Ratio of errors that passes; smallest weight of a run that has converged, and the tolerance at
which it is asked for."""
_SLICES = 16
"""Slices of time of the small run, and of the test of convergence of any."""
_SMALL: dict[str, Any] = {
    "width": 32,
    "harmonics": 5,
    "points": 512,
    "slices": _SLICES,
    "tolerance": 10.0,
    "rate": 5e-3,
}
_PAPER: dict[str, Any] = {
    "width": 128,
    "layers": 4,
    "points": 25_600,
    "slices": 100,
    "tolerance": 100.0,
}
_STEPS, _PAPER_STEPS = 8000, 300_000
_POINTS, _TOL = 128, 1e-3
"""Points on which the small run is compared with the solver, and the error that this aims at."""


def setup(
    problem: Problem,
    *,
    network: Literal["mlp", "modified_mlp"] = "mlp",
    width: int = 64,
    layers: int = 3,
    harmonics: int = 10,
    points: int = 4096,
    slices: int = 32,
    tolerance: float = 1e-2,
    rate: float = 1e-3,
) -> Setup:
    """Adam, evenly spread points, and the residuals of a time weighed by those of all before it.

    Initial conditions are left to the loss, with a hundred times the weight of the equations, as
    was published; `replace(setup, hard=True)` builds them in.

    Args:
        problem: The statement; it has to have time.
        network: Kind of the network.
        width: Units per hidden layer.
        layers: Hidden layers.
        harmonics: Waves by which a periodic coordinate enters.
        points: Points of the interior.
        slices: Slices of time.
        tolerance: The first one; the larger ones, up to 100, follow by factors of ten.
        rate: Learning rate of Adam.
    """
    tolerances = (tolerance, *(larger for larger in _TOLERANCES if larger > tolerance))
    return Setup(
        network=network,
        hyper={"width": width, "layers": layers},
        harmonics=harmonics,
        optimiser=Adam(lr=rate),
        sampling=Sampling(interior=points, adaptive=False),
        hard=False,
        weighting=Causal(slices, tolerances, terms=_TERMS),
    )


def experiment(seed: int, tell: Tell) -> Outcome:
    """Allen-Cahn with fronts to T = 1: the same network with causal weights and without.

    Both are trained with Adam for the same number of steps, on the same points. The smallest
    causal weight that each solution would have at fresh points tells which of them has converged.
    With a first tolerance of 1 late times count too early: after 1700 steps the error is 0.58, as
    without weights.
    """
    problem = problems.build("allen_cahn_fronts", frames=33)
    problem = replace(problem, domain=problem.grid(_POINTS))
    return _contest(problem, setup(problem, **_SMALL), _STEPS, seed, tell)


def published_size(seed: int, tell: Tell) -> Outcome:
    """The same with the network, the points and the steps of the paper."""
    problem = problems.build("allen_cahn_fronts")
    return _contest(problem, setup(problem, **_PAPER), _PAPER_STEPS, seed, tell)


def _contest(problem: Problem, causal: Setup, steps: int, seed: int, tell: Tell) -> Outcome:
    grid = comparison_grid(problem)
    truth = problem.solve(at=grid, tol=_TOL)
    setups = {"causal": causal, "plain": replace(causal, weighting=_TERMS)}
    errors, smallest, costs = {}, {}, {}
    for name, chosen in setups.items():
        tell(f"training {name} for {steps} steps on {chosen.sampling.interior} points")
        budget = Budget(steps=steps)
        found = solve_by_network(problem, chosen, budget=budget, seed=seed, against=False)
        errors[name] = float(relative_l2(found.trial.at(grid), truth.field).max())
        smallest[name] = _smallest(found, chosen.sampling)
        record = found.record
        costs[name] = {"parameters": record.parameters, "seconds": record.seconds}
        tell(f"  relative L2 error {errors[name]:.3g}, smallest weights {smallest[name]}")
    ratio, asked = errors["causal"] / errors["plain"], f"{_ASKED:g}"
    converged = {name: weights[asked] > _CONVERGED for name, weights in smallest.items()}
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline="the same network without causal weights after as many steps",
        figures={
            "relative_l2": errors,
            "reference_error": float(truth.error.max()),
            "smallest_weight_by_tolerance": smallest,
            "converged": converged,
            "steps": steps,
            "cost": costs,
        },
        passed=ratio <= _BAR and converged["causal"] and not converged["plain"],
    )


def _smallest(found: NetworkSolution, sampling: Sampling) -> dict[str, float]:
    """By tolerance, the smallest causal weight of a solution at fresh points."""
    weights = {}
    for tolerance in _TOLERANCES:
        asked = Causal(_SLICES, (tolerance,), terms=_TERMS)
        weighing = Collocation(found.trial, sampling, weighting=asked).weighing
        assert isinstance(weighing, CausalWeighing)
        weights[f"{tolerance:g}"] = weighing.smallest
    return weights


CARD = Card(
    key="causal",
    title="Causal training: residuals count once all earlier times are solved",
    reference="Wang, Sankaran & Perdikaris, CMAME 2024, arXiv:2203.07404",
    setup=setup,
    published=(
        "Allen-Cahn with fronts: relative L2 error 1.4e-3 with causal weights, 5e-1 without; "
        "chaotic Kuramoto-Sivashinsky and decaying turbulence are solved at all. The authors' code "
        "is for non-commercial use, and they announce a patent"
    ),
    experiment=experiment,
    sizes={"paper": published_size},
    for_use=(
        "when gradient steps on all times at once end in a wrong solution; second-order steps "
        "with adaptive points (pinn) often need no such weights"
    ),
)
