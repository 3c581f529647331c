"""Named problems, each a function with keyword parameters that returns a `Problem`."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from fredholm.errors import EquationError, did_you_mean
from fredholm.problems.lagrangian import lagrangian
from fredholm.problems.prior import Prior
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import ShapePrior
from fredholm.problems.symmetries import broken_by, symmetries_of

PROBLEMS = {
    "advection": "fredholm.problems.named.advection:advection",
    "advection_diffusion": "fredholm.problems.named.advection_diffusion:advection_diffusion",
    "allen_cahn": "fredholm.problems.named.allen_cahn:allen_cahn",
    "allen_cahn_fronts": "fredholm.problems.named.allen_cahn_fronts:allen_cahn_fronts",
    "backward_step": "fredholm.problems.named.backward_step:backward_step",
    "burgers": "fredholm.problems.named.burgers:burgers",
    "burgers2d": "fredholm.problems.named.burgers2d:burgers2d",
    "burgers_shock": "fredholm.problems.named.burgers_shock:burgers_shock",
    "cahn_hilliard": "fredholm.problems.named.cahn_hilliard:cahn_hilliard",
    "cavity": "fredholm.problems.named.cavity:cavity",
    "convection": "fredholm.problems.named.convection:convection",
    "darcy": "fredholm.problems.named.darcy:darcy",
    "darcy_shapes": "fredholm.problems.named.darcy_shapes:darcy_shapes",
    "diffusion": "fredholm.problems.named.diffusion:diffusion",
    "diffusion_reaction": "fredholm.problems.named.diffusion_reaction:diffusion_reaction",
    "elastic_cell": "fredholm.problems.named.elastic_cell:elastic_cell",
    "fisher_kpp": "fredholm.problems.named.fisher_kpp:fisher_kpp",
    "flow_past_shapes": "fredholm.problems.named.flow_past_shapes:flow_past_shapes",
    "gray_scott": "fredholm.problems.named.gray_scott:gray_scott",
    "heat": "fredholm.problems.named.heat:heat",
    "heat_l_shape": "fredholm.problems.named.heat_l_shape:heat_l_shape",
    "helmholtz": "fredholm.problems.named.helmholtz:helmholtz",
    "kdv": "fredholm.problems.named.kdv:kdv",
    "kdv_waves": "fredholm.problems.named.kdv_waves:kdv_waves",
    "kuramoto_sivashinsky": "fredholm.problems.named.kuramoto_sivashinsky:kuramoto_sivashinsky",
    "kuramoto_sivashinsky2d": "fredholm.problems.named.kuramoto_sivashinsky:kuramoto_sivashinsky2d",
    "lorenz96": "fredholm.problems.named.lorenz96:lorenz96",
    "lotka_volterra": "fredholm.problems.named.lotka_volterra:lotka_volterra",
    "navier_stokes": "fredholm.problems.named.navier_stokes:navier_stokes",
    "poisson": "fredholm.problems.named.poisson:poisson",
    "poisson_boltzmann": "fredholm.problems.named.poisson_holes:poisson_boltzmann",
    "poisson_holes": "fredholm.problems.named.poisson_holes:poisson_holes",
    "poisson_shapes": "fredholm.problems.named.poisson_shapes:poisson_shapes",
    "schroedinger": "fredholm.problems.named.schroedinger:schroedinger",
    "sine_gordon": "fredholm.problems.named.sine_gordon:sine_gordon",
    "swift_hohenberg": "fredholm.problems.named.swift_hohenberg:swift_hohenberg",
    "wave": "fredholm.problems.named.wave:wave",
}
"""Where each named problem is built: key -> "module:function"."""


def builder(key: str) -> Callable[..., Problem]:
    """The function that builds the named problem; its keyword parameters are the problem's.

    Raises:
        EquationError: No problem has this name.
    """
    if key not in PROBLEMS:
        near = did_you_mean(key, [*PROBLEMS], listed_by="fredholm problems")
        raise EquationError(f"unknown problem {key!r}: {near}")
    module, _, name = PROBLEMS[key].partition(":")
    return getattr(importlib.import_module(module), name)


def build(key: str, **parameters: Any) -> Problem:
    """The named problem with these parameters.

    Raises:
        EquationError: No problem has this name, or it has no such parameter.
    """
    make = builder(key)
    known = [*inspect.signature(make).parameters]
    for name in parameters:
        if name not in known:
            raise EquationError(
                f"problem {key!r} has no parameter {name!r}: {did_you_mean(name, known)}"
            )
    return make(**parameters)


__all__ = [
    "PROBLEMS",
    "Prior",
    "Problem",
    "ShapePrior",
    "broken_by",
    "build",
    "builder",
    "lagrangian",
    "symmetries_of",
]
