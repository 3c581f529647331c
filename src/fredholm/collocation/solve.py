"""A stated problem solved by a network of its coordinates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from fredholm.calculus.plan import Method as Derivatives
from fredholm.collocation.networks import build_network
from fredholm.collocation.observations import Observations
from fredholm.collocation.solution import NetworkSolution
from fredholm.collocation.system import Collocation, Sampling
from fredholm.collocation.trial import Trial
from fredholm.collocation.verdict import judge
from fredholm.collocation.weighting import Constant, Weighting
from fredholm.errors import EquationError
from fredholm.problems import Problem
from fredholm.training import Budget, Checkpoints, LevenbergMarquardt, Moment, minimise
from fredholm.training.least_squares import Optimiser
from fredholm.training.threads import threads

_FRESH_SEED = 987_654_321
"""Added to the seed for the points of the verdict, which must not be those of the training."""


@dataclass(frozen=True)
class Setup:
    """How a statement is solved by a network; every part can be exchanged for another.

    Args:
        network: The name of a kind (see `NETWORKS`), a function of (inputs, outputs, **hyper), or a
            ready network from points to unknowns.
        hyper: Hyper-parameters of that kind.
        harmonics: Waves by which a periodic coordinate enters the network.
        optimiser: Levenberg-Marquardt wants networks of up to some thousand parameters.
        sampling: How many points, and how they are chosen.
        every: Steps between two choices of points and weights.
        hard: Build in the conditions that can be.
        weighting: How terms are weighed; by default all alike.
        derivatives: How networks are differentiated; by default as is cheapest. `stochastic` wants
            first-order optimisers, which bear the noise.
        directions: Of an estimate of a Laplacian.
    """

    network: str | nn.Module | Callable[..., nn.Module] = "mlp"
    hyper: Mapping[str, Any] = field(default_factory=lambda: {"width": 30, "layers": 3})
    harmonics: int = 1
    optimiser: Optimiser = field(default_factory=LevenbergMarquardt)
    sampling: Sampling = field(default_factory=Sampling)
    every: int = 10
    hard: bool = True
    weighting: Weighting = field(default_factory=Constant)
    derivatives: Derivatives = "auto"
    directions: int = 16

    def network_for(self, problem: Problem, seed: int) -> nn.Module:
        """The network with its first weights."""
        if isinstance(self.network, nn.Module):
            return self.network
        return build_network(
            problem, self.network, harmonics=self.harmonics, seed=seed, **self.hyper
        )


def solve_by_network(
    problem: Problem,
    setup: Setup | None = None,
    *,
    budget: Budget | None = None,
    learn: Sequence[str] = (),
    coefficients: Mapping[str, nn.Module] | None = None,
    terms: Mapping[str, nn.Module] | None = None,
    observations: Mapping[str, Observations] | None = None,
    seed: int = 0,
    against: bool = True,
    checkpoints: Checkpoints | None = None,
    watch: Callable[[Moment, float], None] | None = None,
) -> NetworkSolution:
    """Trains a network so that it satisfies a statement, and judges the result.

    What the statement says is all that is needed: conditions are built in where they can be, the
    derivatives are planned, the points follow the residual. Parameters that `learn` names, and
    networks for coefficients or unknown terms, make it an inverse problem of the same form.

    Args:
        problem: The statement; nothing in it may vary.
        setup: Network, optimiser, points and weights.
        budget: When to stop, by default after 60 seconds.
        learn: Parameters of the statement that are to be found.
        coefficients: Networks for coefficients that are to be found.
        terms: Networks for the `learned` calls of the statement.
        observations: Measured values, by a name for their term of the loss.
        seed: Seed of all random choices.
        against: Compare the result with a reference solution, where there is one.
        checkpoints: Where snapshots go.
        watch: Called at each look with the moment, whose `validation` is the loss at fresh points,
            and the spent fraction of the budget.

    Raises:
        EquationError: The problem varies, or something that it needs is not given.
        DivergedError: The loss is not finite.
        Interrupted: Ctrl-C or a termination signal.
    """
    setup = setup or Setup()
    _require_single(problem, coefficients or {})
    trial = Trial(
        problem,
        setup.network_for(problem, seed),
        hard=setup.hard,
        learn=learn,
        coefficients=coefficients,
        terms=terms,
    )
    generator = torch.Generator().manual_seed(seed)
    system = Collocation(
        trial,
        setup.sampling,
        weighting=setup.weighting,
        observations=observations,
        derivatives=setup.derivatives,
        directions=setup.directions,
        generator=generator,
    )
    fresh = torch.Generator().manual_seed(seed + _FRESH_SEED)
    unseen = system.draw(fresh)
    with threads(1):
        record = minimise(
            system,
            setup.optimiser,
            budget or Budget(seconds=60),
            refresh=system.refresh,
            every=setup.every,
            measure=lambda: system.loss_at(unseen),
            # A small residual is no reason to keep weights: wrong solutions have small ones too.
            choose=False,
            watch=watch,
            generator=generator,
            checkpoints=checkpoints,
        )
    verdict = judge(system, generator=fresh, against=against)
    return NetworkSolution(trial, record, verdict)


def _require_single(problem: Problem, coefficients: Mapping[str, nn.Module]) -> None:
    varies = [name for name in problem.varies if name not in coefficients]
    if varies:
        raise EquationError(
            f"{problem.key!r} is a family in which {', '.join(varies)} vary: a network of "
            "coordinates solves one member; state its initial values and coefficients, or train "
            "an operator"
        )
