"""Named problems, each a function with keyword parameters that returns a `Problem`."""

import importlib
from collections.abc import Callable
from typing import Any

from fredholm.errors import EquationError, did_you_mean
from fredholm.problems.lagrangian import lagrangian
from fredholm.problems.prior import Prior
from fredholm.problems.problem import Problem
from fredholm.problems.shapes import ShapePrior

PROBLEMS = {
    "advection": "fredholm.problems.advection:advection",
    "advection_diffusion": "fredholm.problems.advection_diffusion:advection_diffusion",
    "allen_cahn": "fredholm.problems.allen_cahn:allen_cahn",
    "allen_cahn_fronts": "fredholm.problems.allen_cahn_fronts:allen_cahn_fronts",
    "backward_step": "fredholm.problems.backward_step:backward_step",
    "burgers": "fredholm.problems.burgers:burgers",
    "burgers2d": "fredholm.problems.burgers2d:burgers2d",
    "burgers_shock": "fredholm.problems.burgers_shock:burgers_shock",
    "cahn_hilliard": "fredholm.problems.cahn_hilliard:cahn_hilliard",
    "cavity": "fredholm.problems.cavity:cavity",
    "convection": "fredholm.problems.convection:convection",
    "darcy": "fredholm.problems.darcy:darcy",
    "darcy_shapes": "fredholm.problems.darcy_shapes:darcy_shapes",
    "diffusion": "fredholm.problems.diffusion:diffusion",
    "diffusion_reaction": "fredholm.problems.diffusion_reaction:diffusion_reaction",
    "elastic_cell": "fredholm.problems.elastic_cell:elastic_cell",
    "fisher_kpp": "fredholm.problems.fisher_kpp:fisher_kpp",
    "flow_past_shapes": "fredholm.problems.flow_past_shapes:flow_past_shapes",
    "gray_scott": "fredholm.problems.gray_scott:gray_scott",
    "heat": "fredholm.problems.heat:heat",
    "heat_l_shape": "fredholm.problems.heat_l_shape:heat_l_shape",
    "helmholtz": "fredholm.problems.helmholtz:helmholtz",
    "kdv": "fredholm.problems.kdv:kdv",
    "kdv_waves": "fredholm.problems.kdv_waves:kdv_waves",
    "kuramoto_sivashinsky": "fredholm.problems.kuramoto_sivashinsky:kuramoto_sivashinsky",
    "kuramoto_sivashinsky2d": "fredholm.problems.kuramoto_sivashinsky:kuramoto_sivashinsky2d",
    "lorenz96": "fredholm.problems.lorenz96:lorenz96",
    "lotka_volterra": "fredholm.problems.lotka_volterra:lotka_volterra",
    "navier_stokes": "fredholm.problems.navier_stokes:navier_stokes",
    "poisson": "fredholm.problems.poisson:poisson",
    "poisson_boltzmann": "fredholm.problems.poisson_holes:poisson_boltzmann",
    "poisson_holes": "fredholm.problems.poisson_holes:poisson_holes",
    "poisson_shapes": "fredholm.problems.poisson_shapes:poisson_shapes",
    "schroedinger": "fredholm.problems.schroedinger:schroedinger",
    "sine_gordon": "fredholm.problems.sine_gordon:sine_gordon",
    "swift_hohenberg": "fredholm.problems.swift_hohenberg:swift_hohenberg",
    "wave": "fredholm.problems.wave:wave",
}
"""Where each named problem is built: key -> "module:function"."""


def builder(key: str) -> Callable[..., Problem]:
    """The function that builds the named problem; its keyword parameters are the problem's.

    Raises:
        EquationError: No problem has this name.
    """
    if key not in PROBLEMS:
        raise EquationError(f"unknown problem {key!r}: {did_you_mean(key, [*PROBLEMS])}")
    module, _, name = PROBLEMS[key].partition(":")
    return getattr(importlib.import_module(module), name)


def build(key: str, **parameters: Any) -> Problem:
    """The named problem with these parameters.

    Raises:
        EquationError: No problem has this name.
        TypeError: It has no such parameter.
    """
    return builder(key)(**parameters)


__all__ = ["PROBLEMS", "Prior", "Problem", "ShapePrior", "build", "builder", "lagrangian"]
