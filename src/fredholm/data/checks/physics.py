"""Checks against an equation: that of the file's provenance, or one that the user names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import derivative, evaluate
from fredholm.calls import rebuild
from fredholm.data.checks.report import Finding
from fredholm.data.samples import Samples
from fredholm.domains import Grid, time_of
from fredholm.errors import FredholmError
from fredholm.fields import Field, difference, norm
from fredholm.problems import PROBLEMS, Problem, build

_SOLVED = 4
"""Samples that are solved again."""
_FRAMES = 9
"""Fewest frames of which every second one has a time derivative of fourth order."""
_EXPLAINED = 0.8
"""Part of the change in time that the regression must explain before its result is told."""
_OFF = 0.25
_SPEEDS = ("beta", "speed", "c")
_VISCOSITIES = ("nu", "visc", "viscosity", "mu")


def solved_again(samples: Samples, problem: Problem | None) -> Iterator[Finding]:
    """The solver of the stated problem gives the stored targets."""
    stated = _stated(samples, problem)
    if stated is None:
        return
    some = samples[:_SOLVED].to(torch.float64)
    tol = float(samples.origin.get("tolerance") or 1e-5)
    try:
        solution = stated.solve(some.inputs, at=some.targets.domain, tol=tol)
    except (FredholmError, ValueError) as error:
        yield Finding("info", "equation", f"the samples could not be solved again: {error}")
        return
    gap = norm(difference(solution.field, some.targets)) / norm(some.targets).clamp(min=1e-300)
    worst = float(gap.max())
    text = (
        f"solving {stated.key!r} again gives the stored targets to {worst:.1e} "
        f"({len(some)} samples)"
    )
    # The stored inputs are samples: solving from them has an error of its own, which is known.
    allowed = max(10 * tol, 3 * float(solution.error.max()))
    if worst > max(0.1, allowed):
        yield Finding("error", "equation", f"{text}: they do not solve this problem")
    elif worst > allowed:
        yield Finding("warning", "equation", f"{text}, with an error of {allowed / 3:.1e} expected")
    else:
        yield Finding("info", "equation", text)


def _stated(samples: Samples, problem: Problem | None) -> Problem | None:
    """The problem on the grid or shapes of the samples; None where the file states none we know."""
    origin = samples.origin
    if problem is None:
        if origin.get("problem") not in PROBLEMS:
            return None
        problem = build(origin["problem"])
        if not _same_statement(problem, origin):
            return None
        known = {k: v for k, v in origin.get("parameters", {}).items() if k in problem.parameters}
        problem = problem.with_parameters(**known)
        if "shapes" in origin:
            problem = replace(problem, shapes=rebuild(origin["shapes"]))
    frames = time_of(samples.targets.domain)
    time = problem.time if frames is None else frames
    if time is not None and origin.get("horizon") is not None and frames is None:
        time = replace(time, stop=float(origin["horizon"]))
    space = samples.inputs.domain if isinstance(samples.inputs.domain, Grid) else problem.domain
    return replace(problem, domain=space, time=time, final=time is not None and frames is None)


def _same_statement(problem: Problem, origin: Mapping[str, Any]) -> bool:
    """Whether the named problem is still, or was ever, the one that the file speaks of."""
    equations = {name: e.get("text") for name, e in origin.get("equations", {}).items()}
    same = equations == {name: str(e) for name, e in problem.equations.items()}
    return same and origin.get("boundary", {}) == problem.boundary_text


def residual(samples: Samples, problem: Problem | None) -> Iterator[Finding]:
    """Trajectories satisfy the stated equation up to the coarseness of their frames.

    Every second frame is left out for comparison: what the spacing of the frames causes grows by
    that, a wrong equation or coefficient does not.
    """
    from fredholm.equations import from_json

    if "t" not in samples.targets.grid.names:
        return
    trees = {name: e["tree"] for name, e in samples.origin.get("equations", {}).items()}
    equations = dict(problem.equations) if problem else {k: from_json(t) for k, t in trees.items()}
    if not equations:
        return
    if len(equations) != samples.targets.channels:
        yield Finding(
            "info", "residual", "no residual: the file does not hold all unknowns of its equations"
        )
        return
    if samples.targets.grid.shape[0] < _FRAMES:
        yield Finding(
            "info", "residual", f"no residual: it takes {_FRAMES} frames or more to compute"
        )
        return
    some = samples[:16].to(torch.float64)
    values = _known(some, problem)
    sizes = [_relative(equations, some, values, every) for every in (1, 2)]
    fine, coarse = (float(size.median()) for size in sizes)
    text = f"the frames miss the equation by {fine:.1e} of ∂u/∂t (median), {coarse:.1e} with every "
    text += "second frame: "
    if fine > 0.1 and fine > 0.7 * coarse:
        yield Finding("error", "residual", text + "it is not their spacing, the equation is wrong")
    else:
        yield Finding("info", "residual", text + "no more than their spacing explains")


def _known(samples: Samples, problem: Problem | None) -> dict[str, Any]:
    """Parameters and coefficients by name."""
    stated = problem.parameters if problem else samples.origin.get("parameters", {})
    values: dict[str, Any] = dict(stated)
    for number, variable in enumerate(samples.input_variables):
        values[variable.name] = samples.inputs.with_values(
            samples.inputs.values[..., number : number + 1]
        )
    for number, variable in enumerate(samples.param_variables):
        assert samples.params is not None
        values[variable.name] = samples.params[:, number]
    return values


def _relative(
    equations: Mapping[str, Any], samples: Samples, values: dict[str, Any], every: int
) -> Float[Tensor, "n"]:
    """Size of the residual over that of the time derivative, on every so many frames."""
    u = samples.targets
    time = u.grid.axes[0]
    frames = (time.size - 1) // every + 1
    stop = time.start + (frames - 1) * every * time.spacing
    grid = Grid.of(replace(time, size=frames, stop=stop), *u.grid.axes[1:])
    u = Field(u.values[:, ::every][:, :frames], grid)
    parts = {
        name: u.with_values(u.values[..., number : number + 1])
        for number, name in enumerate(equations)
    }
    found = [evaluate(e.residual, {**values, **parts}, grid) for e in equations.values()]
    size = sum(norm(r).square() for r in found).sqrt()  # type: ignore[union-attr]
    return size / norm(derivative(u, "t")).clamp(min=1e-300)


def coefficients(samples: Samples) -> Iterator[Finding]:
    """Speed and viscosity that a file states are those that its trajectories have.

    Regression of ∂u/∂t on ∂u/∂x, u ∂u/∂x and ∂²u/∂x², integrated in time by Simpson's rule.
    """
    u = samples.targets
    names = u.grid.names
    if u.channels != 1 or names != ("t", "x") or not u.grid.axis("x").periodic:
        return
    if "problem" in samples.origin or u.grid.shape[0] < 5:
        return
    speed, viscosity, explained = _regression(u[:64].to(torch.float64))
    if explained < _EXPLAINED:
        return
    stated = {str(k).lower(): v for k, v in samples.origin.get("parameters", {}).items()}
    for keys, value, what in (
        (_SPEEDS, -speed, "speed"),
        (_VISCOSITIES, viscosity, "viscosity"),
    ):
        for key in keys:
            declared = stated.get(key)
            if not isinstance(declared, int | float) or not declared:
                continue
            text = f"the trajectories have {what} {value:.4g}, the file states {key} = {declared:g}"
            off = abs(value / declared - 1) > _OFF
            yield Finding("warning" if off else "info", "coefficients", text)


def _regression(u: Field) -> tuple[float, float, float]:
    """Coefficients of u_x and u_xx in u_t, and the part of the variance they explain."""
    slope, bend = derivative(u, "x"), derivative(u, "x", 2)
    terms = [slope.values, u.values * slope.values, bend.values]
    step = u.grid.axis("t").spacing / 3
    sums = [step * (f[:, :-2] + 4 * f[:, 1:-1] + f[:, 2:]) for f in terms]
    change = (u.values[:, 2:] - u.values[:, :-2]).flatten()
    matrix = torch.stack([total.flatten() for total in sums], dim=1)
    solution = torch.linalg.lstsq(matrix, change[:, None]).solution[:, 0]
    left = (change - matrix @ solution).square().sum() / change.square().sum().clamp(min=1e-300)
    return float(solution[0]), float(solution[2]), float(1 - left)
