"""Unknown parameters and coefficients of a statement, from measured values of its solution."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.collocation import NetworkSolution, Observations, Setup, solve_by_network
from fredholm.domains import Grid
from fredholm.errors import DataError, EquationError, did_you_mean
from fredholm.inverse.damped_least_squares import search, standard_errors
from fredholm.inverse.inversion import Inversion
from fredholm.inverse.measured import Measured
from fredholm.inverse.parameters import Parameters, grid_for
from fredholm.inverse.random_function import RandomFunction
from fredholm.inverse.trained import errors_of_trained
from fredholm.problems import Problem
from fredholm.training import Budget

Through = Literal["solver", "network"]


def invert(
    problem: Problem,
    observations: Observations | Mapping[str, Observations],
    learn: Sequence[str],
    *,
    through: Through = "solver",
    at: Grid | None = None,
    iterations: int = 20,
    tol: float = 1e-4,
    setup: Setup | None = None,
    budget: Budget | None = None,
    seed: int = 0,
) -> Inversion:
    """Finds parameters, or a coefficient function, from observations of the solution.

    Through the solver: damped Gauss-Newton on data minus numerical solution. Parameters start at
    their values in the statement; the search is local, and a start that is wrong by a factor of a
    few is served. A function is found as its most probable value under the prior by which the
    problem varies it. Through a network: parameters are trained together with the solution.

    Args:
        problem: The statement.
        observations: The data, or several sets of them by name. Their `scale` is the standard
            error; without it the noise is estimated from what remains unexplained.
        learn: Names of parameters, or of the one coefficient that varies.
        through: What solves the statement.
        at: Grid on which the solver's answer is compared with the data, with `t` for an evolution.
        iterations: Most steps of the search, for a function with each smoothing.
        tol: Relative error that the solver aims at.
        setup, budget, seed: How a network is trained (see `solve_by_network`).

    Raises:
        EquationError: An unknown name, or a statement that is not served in this way.
        DataError: Observations outside the domain, fewer than parameters, or without a standard
            error where a prior needs one.
        DivergedError: The statement cannot be solved with the first values.
    """
    if isinstance(observations, Observations):
        observations = {"data": observations}
    _check(problem, observations, learn, through)
    for seen in observations.values():
        seen.check(problem)
    if through == "network":
        solution = solve_by_network(
            problem, setup, learn=learn, observations=observations, budget=budget, seed=seed
        )
        return _from_network(solution, observations, setup or Setup(), seed)
    if learn[0] in problem.varies:
        return _function(problem, learn[0], observations, at or problem.domain, iterations)
    measured = Measured(problem, observations, at or grid_for(problem))
    return _parameters(Parameters(problem, learn, measured, tol), observations, iterations)


def _check(
    problem: Problem,
    observations: Mapping[str, Observations],
    learn: Sequence[str],
    through: str,
) -> None:
    if through not in get_args(Through):
        raise ValueError(f"through is one of {', '.join(get_args(Through))}, got {through!r}")
    known = [*problem.parameters, *problem.varies]
    for name in learn:
        if name not in known:
            raise EquationError(
                f"{problem.key!r} has no parameter or coefficient {name!r} to learn: "
                f"{did_you_mean(name, known)}"
            )
    functions = [name for name in learn if name in problem.varies]
    if not learn or functions and (len(learn) > 1 or through == "network"):
        raise EquationError(
            "what is learned is one or more parameters, or one coefficient through the solver, got "
            f"{', '.join(learn) or 'nothing'}; give a network the coefficient as a NeuralField, by "
            "solve_by_network(coefficients=...)"
        )
    count = sum(len(seen.points) * len(seen.data) for seen in observations.values())
    if not functions and count < len(learn):
        raise DataError(f"{count} observations do not determine {len(learn)} parameters")
    if functions and any(seen.scale is None for seen in observations.values()):
        raise DataError(
            "a function is weighed against its prior by the standard error of the data: "
            "Observations(..., scale=...)"
        )


def _parameters(
    model: Parameters, observations: Mapping[str, Observations], iterations: int
) -> Inversion:
    optimum = search(model, model.start, iterations=iterations)
    noise = _noise(optimum.residual, observations, len(optimum.x))
    errors = noise * standard_errors(optimum.jacobian) * model.slopes(optimum.x).abs()
    return Inversion(
        values=model.values(optimum.x),
        errors=dict(zip(model.numbers, errors.tolist(), strict=True)),
        misfit=_rms(optimum.residual) / noise,
        noise=noise,
        method="the numerical solver",
        settled=optimum.settled,
    )


def _function(
    problem: Problem,
    name: str,
    observations: Mapping[str, Observations],
    grid: Grid,
    iterations: int,
) -> Inversion:
    model = RandomFunction(problem, name, Measured(problem, observations, grid))
    optimum = model.search(iterations)
    return Inversion(
        values={},
        errors={},
        functions={name: model.function(optimum.x, problem.domain)},
        spreads={name: model.spread(optimum, problem.domain)},
        prior_spreads={name: model.prior_spread(problem.domain)},
        misfit=_rms(optimum.residual),
        noise=1.0,
        method="the numerical solver",
        settled=optimum.settled,
    )


def _from_network(
    solution: NetworkSolution, observations: Mapping[str, Observations], setup: Setup, seed: int
) -> Inversion:
    residual, errors = errors_of_trained(solution.trial, observations, setup, seed + 1)
    noise = _noise(residual, observations, len(errors))
    return Inversion(
        values=solution.learned,
        errors=errors,
        misfit=_rms(residual) / noise,
        noise=noise,
        method="a network",
        solution=solution,
    )


def _noise(
    residual: Float[Tensor, "n"], observations: Mapping[str, Observations], unknowns: int
) -> float:
    """The standard error of the data in units of the residuals: one where it was given."""
    if all(seen.scale is not None for seen in observations.values()):
        return 1.0
    freedom = max(1, len(residual) - unknowns)
    return max(float(residual.square().sum() / freedom) ** 0.5, 1e-300)


def _rms(residual: Float[Tensor, "n"]) -> float:
    return float(torch.sqrt(residual.square().mean()))
