"""Equations of which terms are missing: a network stands for each, and becomes a formula.

The experiment hides what happens when prey and predators meet, and shows twelve noisy points. The
baseline is sparse regression on finite differences of these points (SINDy) with the same library
and the same threshold. The first network learns values of the terms; sparse regression turns them
into formulae; with these in the statement, the points determine the coefficients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm import problems
from fredholm.collocation import Observations, Sampling, Setup, build_term, solve_by_network
from fredholm.domains import Grid
from fredholm.equations import Unknown, dt, eq, field, learned, param
from fredholm.inverse import identify, monomials, restated
from fredholm.inverse.sparse import Rows, above_threshold, least_squares
from fredholm.problems import Problem
from fredholm.systems.card import Card, Outcome
from fredholm.systems.experiments import Tell
from fredholm.training import Budget

_POINTS, _NOISE, _THRESHOLD = 12, 0.02, 0.3
_STEPS, _REFIT = 60, 40
_BETWEEN = 30
"""Exact states per point, on which errors are taken."""
_BAR, _CLOSE = 0.3, 0.15
_U, _V = field("u"), field("v")
_STATES = {"u": _U, "v": _V}
_ALPHA, _BETA, _GAMMA, _DELTA = 1.3, 0.9, 0.8, 1.8
_TRUE = {"eaten": -_BETA, "eating": _GAMMA}
"""The factor of u v in each hidden term."""


@dataclass(frozen=True)
class Measured:
    """Noisy states at times, and the exact ones in between.

    Shapes:
        times (n,), states (n, 2), visited (m, 2).
    """

    times: Float[Tensor, "n"]
    states: Float[Tensor, "n 2"]
    visited: Float[Tensor, "m 2"]


def experiment(seed: int, tell: Tell) -> Outcome:
    """Lotka-Volterra with both products hidden, from twelve points with noise of 2 %.

    Formulae are compared with formulae. The networks themselves are hardly nearer to the hidden
    terms than finite differences are (`errors` has both): they miss what happens between the
    points. It is the choice of the terms that they make possible, and the statement with these
    terms then leaves few per cent.
    """
    seen = measured(seed)
    problem = hidden(seen)
    observed = {"points": _observations(seen)}
    setup = Setup(hyper={"width": 24, "layers": 2}, sampling=Sampling(interior=150, adaptive=False))
    ranges = {n: (float(x.min()), float(x.max())) for n, x in zip(_STATES, seen.states.mT)}
    solution = solve_by_network(
        problem,
        setup,
        budget=Budget(steps=_STEPS),
        learn=["u_start", "v_start"],
        terms={f: build_term(ranges, seed=seed, width=8, layers=1) for f in _TRUE},
        observations=observed,
        seed=seed,
    )
    networks = {f: solution.trial.terms[f](seen.visited)[:, 0].detach() for f in _TRUE}
    found = identify(solution, threshold=_THRESHOLD)
    for formula in found.values():
        tell(str(formula))
    law = restated(problem, found).with_parameters(**solution.learned)
    numbers = [name for name in law.parameters if name not in problem.parameters]
    # From the network that knows the points already, a few steps suffice.
    again = replace(setup, network=solution.trial.network)
    fitted = solve_by_network(
        law,
        again,
        budget=Budget(steps=_REFIT),
        learn=["u_start", "v_start", *numbers],
        observations=observed,
        seed=seed,
    ).learned
    terms = {f: {k: fitted[f"{f}_{i}"] for i, k in enumerate(found[f].terms, 1)} for f in found}
    baseline = sindy(seen)
    tell(f"with the statement: {terms}; finite differences: {baseline}")
    errors = {
        "networks": _error(networks, seen.visited),
        "formulae of the networks": _error(
            _values({f: found[f].coefficients for f in found}, seen.visited), seen.visited
        ),
        "formulae in the statement": _error(_values(terms, seen.visited), seen.visited),
        "finite differences": _error(_values(baseline, seen.visited), seen.visited),
    }
    exact = all({*terms[f]} == {"u*v"} for f in _TRUE)
    off = {f: abs(terms[f].get("u*v", 0.0) / factor - 1) for f, factor in _TRUE.items()}
    ratio = errors["formulae in the statement"] / errors["finite differences"]
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline="sparse regression on finite differences of the points",
        figures={
            "errors": errors,
            "terms": terms,
            "terms_of_networks": {f: dict(each.coefficients) for f, each in found.items()},
            "terms_of_finite_differences": baseline,
            "only_the_product": exact,
            "coefficients_off": off,
            "coefficients_off_bar": _CLOSE,
            "start": {name: fitted[name] for name in ("u_start", "v_start")},
        },
        passed=ratio <= _BAR and exact and max(off.values()) <= _CLOSE,
    )


def measured(seed: int) -> Measured:
    """Twelve points over two cycles, with noise of 2 % of the size of each number."""
    truth = problems.build("lotka_volterra")
    assert truth.time is not None
    times = truth.time.resized(_BETWEEN * (_POINTS - 1) + 1)
    solved = truth.solve(at=Grid.of(times, *truth.domain.axes)).field.values[0, :, 0]
    exact = solved[::_BETWEEN]
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(exact.shape, generator=generator, dtype=torch.float64)
    noisy = exact + _NOISE * exact.square().mean(0).sqrt() * noise
    return Measured(times.points()[::_BETWEEN], noisy, solved)


def hidden(seen: Measured) -> Problem:
    """The statement with both products unknown, and the start as it was measured."""
    start = dict(zip(_STATES, seen.states[0].tolist()))
    return replace(
        problems.build("lotka_volterra"),
        equations={
            "u": eq(dt(_U), param("alpha", _ALPHA) * _U + learned("eaten", _U, _V)),
            "v": eq(dt(_V), learned("eating", _U, _V) - param("delta", _DELTA) * _V),
        },
        initial={name: param(f"{name}_start", x, positive=True) for name, x in start.items()},
        parameters={},
    )


def sindy(seen: Measured) -> dict[str, dict[str, float]]:
    """By hidden term, the factors that finite differences of the points give."""
    rates = torch.gradient(seen.states, spacing=(seen.times,), dim=0)[0]
    u, v = seen.states.unbind(1)
    left = {"eaten": rates[:, 0] - _ALPHA * u, "eating": rates[:, 1] + _DELTA * v}
    columns = _library(seen.states)
    found = {}
    for name, values in left.items():
        rows = Rows(torch.stack([*columns.values()], 1), values, torch.arange(len(values)))
        factors = least_squares(rows, above_threshold(rows, _THRESHOLD)).tolist()
        found[name] = {term: c for term, c in zip(columns, factors) if c}
    return found


def _observations(seen: Measured) -> Observations:
    points = torch.stack([torch.zeros_like(seen.times), seen.times], dim=1)
    data = dict(zip(_STATES, seen.states.unbind(1)))
    # A misfit of the noise weighs about as much as a residual of the same size.
    return Observations(points, dict(_STATES), data, scale=0.05)


def _library(states: Float[Tensor, "n 2"]) -> dict[str, Float[Tensor, "n"]]:
    """The candidates of `monomials` at states, by name."""
    u, v = states.unbind(1)
    columns = (torch.ones_like(u), u, v, u * u, u * v, v * v)
    return dict(zip(monomials((Unknown("u"), Unknown("v"))), columns))


def _values(
    terms: Mapping[str, Mapping[str, float]], states: Float[Tensor, "n 2"]
) -> dict[str, Float[Tensor, "n"]]:
    columns = _library(states)
    nothing = torch.zeros(len(states), dtype=states.dtype)
    return {f: sum((c * columns[k] for k, c in each.items()), nothing) for f, each in terms.items()}


def _error(found: Mapping[str, Tensor], states: Float[Tensor, "n 2"]) -> float:
    """Relative L2 error of both hidden terms together, on the exact states."""
    product = states.prod(1)
    off = sum(float((found[f] - c * product).square().sum()) for f, c in _TRUE.items())
    return (off / sum(float((c * product).square().sum()) for c in _TRUE.values())) ** 0.5


CARD = Card(
    key="upinn",
    title="Networks for the unknown terms of an equation",
    reference="Podina, Eastman & Kohandel, ICML 2023, arXiv:2212.04630",
    published=(
        "hidden terms of Lotka-Volterra, of Burgers' equation and of a model of apoptosis are "
        "recovered as formulae from few noisy points, where regression on differences fails"
    ),
    experiment=experiment,
    for_use=(
        "for a statement of which a term is unknown: write it as learned(name, ...), solve with "
        "terms={name: build_term(...)}, and read it off by inverse.identify and restated"
    ),
)
