"""Finite elements on meshes, from the statement of a problem."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from fredholm.domains import Axis, Cylinder, Mesh, Region, Stack, Unstructured, refined, stacked
from fredholm.equations import Equation, Expression
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.finite_elements.given import Function
from fredholm.solvers.finite_elements.ladder import Ladder, Rung
from fredholm.solvers.finite_elements.statement import compiled
from fredholm.solvers.finite_elements.steady import settle
from fredholm.solvers.finite_elements.system import System
from fredholm.solvers.finite_elements.task import Task
from fredholm.solvers.finite_elements.transient import evolve
from fredholm.solvers.solution import Solution

_NEWTON = 1e-10
"""Relative change at which Newton's method ends."""
_ROUNDING = 1e-10
"""What linear algebra leaves of double precision; no error is stated below it."""


@dataclass(frozen=True)
class FiniteElements:
    """Lagrange elements on intervals, triangles or tetrahedra, with Radau IIA in time.

    For equations of first and second order in space, steady or of any order in time, linear or not,
    and for systems of such; with values, fluxes and their combinations prescribed on named parts of
    the boundary. Unknowns that their own equations do not contain, such as a pressure, have
    elements of one order less (Taylor and Hood). A mean that nothing determines is zero.

    A sample is solved with elements of first, then of second order, then on meshes with halved
    edges, until two solutions differ by less than the tolerance at the nodes of its own mesh. The
    difference is stated as the error of the last one: more than it has. Given samples are linear in
    each cell of their mesh, and the domain is what the mesh fills: what a coarse mesh misses of a
    function or of a curved boundary is not part of the error.

    Args:
        tol: Relative L2 error, over all unknowns and frames.
        order: Highest order of the elements, 1 or 2.
        size: Most numbers of one sample that are unknown at a time.
        steps: Most steps in time.

    Raises:
        ValueError: An argument out of range.

    Reference:
        Ern and Guermond, Finite Elements I-III, 2021; Gustafsson and McBain, J. Open Source Softw.
        5(52), 2020 (scikit-fem); Hairer and Wanner, Solving Ordinary Differential Equations II,
        1996 (Radau IIA).

    Fails when: there is hardly any diffusion across a cell, where solutions oscillate: nothing is
        stabilised.
    """

    tol: float = 1e-3
    order: int = 2
    size: int = 40_000
    steps: int = 10_000

    def __post_init__(self) -> None:
        if not self.tol > 0 or self.size < 1 or self.steps < 1 or self.order not in (1, 2):
            raise ValueError(
                f"tol, size and steps are positive and the order is 1 or 2, got {self.tol}, "
                f"{self.size}, {self.steps} and {self.order}"
            )

    def solve(
        self,
        equations: Mapping[str, Equation],
        domain: Mesh | Stack,
        conditions: Mapping[str, Sequence[Equation]],
        *,
        time: Axis | None = None,
        initial: Mapping[str, Field | Expression] | None = None,
        values: Mapping[str, float] | None = None,
        coefficients: Mapping[str, Field | Function] | None = None,
        gauge: Mapping[str, Sequence[float]] | None = None,
        final: bool = False,
        region: Region | None = None,
        finest: bool = False,
    ) -> Solution:
        """The unknowns at the nodes, one channel each, for every sample.

        Args:
            equations: Equations keyed by the unknown that each determines.
            domain: One mesh, or one for each sample. Every part of its boundary has conditions.
            conditions: The equations that hold on each part; more parts than a mesh has may be
                named.
            time: Times of the frames; None for a steady state.
            initial: Initial values of the states `u` (and `dt(u)`, ...): samples at the nodes, or
                expressions of the coordinates.
            values: Values of parameters.
            coefficients: Given functions by name: samples at the nodes, or functions of the
                coordinates (n, d), the time last where there is one.
            gauge: Points where unknowns are zero that are otherwise determined up to a constant.
            final: Only the last frame.
            region: Its curved boundary is what cells are bent to and finer meshes follow.
            finest: Give the solution on the mesh, one for each sample, that has a node wherever the
                last solution has a number, and not on its own mesh.

        Raises:
            EquationError: The statement has a form that is not solved here, or a mesh has parts
                without conditions.
            DivergedError: Newton's method does not end, or the solution left the finite numbers.
            MissingExtra: scikit-fem is not installed.
        """
        statement = compiled(equations, conditions, domain.names)
        named = {**(initial or {}), **(coefficients or {})}
        fields = {name: f for name, f in named.items() if isinstance(f, Field)}
        samples = {n: f.values.detach().to("cpu", torch.float64) for n, f in fields.items()}
        total = max([domain.count or 1, *map(len, fields.values())])
        task = Task(statement, time, initial or {}, values or {}, coefficients or {}, gauge or {})
        found: list[_Found] = []
        ladder = None
        for i, mesh in enumerate(stacked(domain, total)):
            if ladder is None or ladder.mesh is not mesh:
                ladder = Ladder(_mesh(mesh), region)
            nodal = {n: f[i % len(f), : len(mesh), 0] for n, f in samples.items()}
            found.append(self._sample(task, nodal, ladder))
        error = torch.tensor([each.error for each in found], dtype=torch.float64)
        method = "finite elements" + ("" if time is None else ", Radau IIA of order 5 in time")
        details = [each.details for each in found]
        if finest:
            domain = Stack(tuple(each.mesh for each in found))
        shown = [each.values[:, : len(m)] for each, m in zip(found, stacked(domain, total))]
        return Solution(
            _joined(shown, domain, time, final),
            error,
            method,
            details[0] if total == 1 else {"samples": details},
        )

    def _sample(
        self, task: Task, nodal: Mapping[str, Float[Tensor, "nodes"]], ladder: Ladder
    ) -> "_Found":
        """One sample: finer and finer elements until two solutions agree, or there are too many."""
        pressed = bool(task.statement.multipliers)
        values, weights = None, ladder.mesh.weights()[:, None]
        solved, error, details = None, math.inf, {}
        rungs = ladder.rungs(2 if pressed else 1, 2 if pressed else self.order)
        for number, rung in enumerate(rungs):
            system = task.system(rung, nodal)
            if number > 1 and system.count > self.size:
                break
            before, solved = values, rung
            values, steps = self._run(task, system, rung, nodal, before)
            error = math.inf if before is None else _distance(values, before, weights)
            details = {
                "cells": len(rung.level.mesh.cells),
                "order": rung.order,
                "unknowns": system.count,
                "steps": steps,
            }
            if error <= self.tol:
                break
        assert solved is not None and values is not None, "a ladder has a first rung"
        return _Found(solved, ladder.region, values, error + _ROUNDING, details)

    def _run(
        self,
        task: Task,
        system: System,
        rung: Rung,
        nodal: Mapping[str, Tensor],
        coarser: Float[Tensor, "frames coarse c"] | None,
    ) -> tuple[Float[Tensor, "frames nodes c"], int]:
        """The unknowns at all nodes of a mesh, at all times, and the number of steps."""
        system.determined()
        if task.time is None:
            guess = None if coarser is None else task.guess(system, rung.raised(coarser[0]))
            y, steps = settle(system, _NEWTON, rung.factors, guess)
            system.require_balance(y)
            frames = [y]
        else:
            start = task.start(system, rung, nodal)
            times = task.time.points().tolist()
            before = [] if times[0] == task.time.start else [task.time.start]
            frames, steps = evolve(
                system, start, task.evolving, [*before, *times], 0.1 * self.tol, self.steps
            )
            frames = frames[len(before) :]
        return task.shown(system, np.stack(frames)), steps


@dataclass(frozen=True, eq=False)
class _Found:
    """One solution at the nodes, and at the middles of edges."""

    rung: Rung
    region: Region | None
    values: Float[Tensor, "frames nodes c"]
    error: float
    details: Mapping[str, Any]

    @property
    def mesh(self) -> Mesh:
        """The mesh that has all those points as nodes."""
        mesh = self.rung.level.mesh
        return mesh if self.rung.order == 1 else refined(mesh, onto=self.region)


def _mesh(domain: Unstructured) -> Mesh:
    if not isinstance(domain, Mesh):
        raise EquationError(
            f"finite elements need a Mesh, got a {type(domain).__name__}: points without cells are "
            "joined by fredholm.domains.delaunay_cells"
        )
    return domain


def _distance(a: Tensor, b: Tensor, weights: Tensor) -> float:
    """The L2 distance of two functions relative to the first, at the nodes that have weights."""
    a, b = a[:, : len(weights)], b[:, : len(weights)]
    gap, size = ((weights * v**2).sum().sqrt() for v in (a - b, a))
    return float(gap / size.clamp(min=1e-300))


def _joined(
    found: Sequence[Float[Tensor, "frames nodes c"]],
    domain: Mesh | Stack,
    time: Axis | None,
    final: bool,
) -> Field:
    """The samples as one batch."""
    if isinstance(domain, Stack):
        largest = domain.shape[0]
        found = [pad(values, (0, 0, 0, largest - values.shape[1])) for values in found]
    values = torch.stack(list(found))
    if time is None or final:
        return Field(values[:, -1], domain)
    return Field(values, Cylinder(time, domain))
