"""Statements against tables that COMSOL made of them: sides, and residuals of local polynomials."""

import pytest
import torch
from torch import Tensor

from fredholm.calculus.pointwise import Component, Pointwise
from fredholm.data import Table, read_table
from fredholm.equations import Equation
from fredholm.problems import Problem, build

COORDS = ("x", "y")


@pytest.fixture
def table(shared_data):
    """Reads a published table by its name."""
    return lambda name: read_table(shared_data / "pinnacle" / f"{name}.dat")


class LocalPolynomial:
    """The polynomial of degree 4 that fits a table best among the neighbours of a point."""

    def __init__(self, table: Table, centre: Tensor, neighbours: int = 60) -> None:
        distance = (table.points - centre).norm(dim=1)
        near = distance.argsort()[:neighbours]
        self.centre, self.scale = centre, distance[near[-1]]
        rows = self._monomials(table.points[near])
        self.weights = torch.linalg.lstsq(rows, table.values[near]).solution

    def __call__(self, points: Tensor) -> Tensor:
        return self._monomials(points) @ self.weights

    def _monomials(self, points: Tensor) -> Tensor:
        x, y = ((points - self.centre) / self.scale).unbind(-1)
        return torch.stack([x**i * y**j for i in range(5) for j in range(5 - i)], dim=-1)


def residuals(problem: Problem, table: Table, place: tuple[float, float], **options) -> Tensor:
    """The size of each equation's residual at a place."""
    centre = torch.tensor(place, dtype=torch.float64)
    local = LocalPolynomial(table, centre, **options)
    values = {name: Component(local, i) for i, name in enumerate(table.names[2:])}
    evaluated = Pointwise([equation.residual for equation in problem.equations.values()], COORDS)
    found = evaluated({**problem.parameters, **values}, centre[None])
    return torch.cat(found).detach().abs()


def misfit(problem: Problem, table: Table, condition: Equation, rows: Tensor) -> float:
    """How far the samples in these rows are from a condition without derivatives."""
    assert int(rows.sum()) > 10
    values = dict(zip(table.names[2:], table.values[rows].unbind(-1)))
    (found,) = Pointwise([condition.residual], COORDS)(
        {**problem.parameters, **values}, table.points[rows]
    )
    return float(found.abs().max())


def near(values: Tensor, number: float) -> Tensor:
    return (values - number).abs() < 1e-9


PLACES = [(0.3, 0.3), (0.5, 0.5), (0.7, 0.6), (0.5, 0.9), (0.2, 0.8)]


@pytest.mark.parametrize(("lid", "reached", "on_lid"), [(4, 2.1e-3, 3e-4), (16, 1.4e-2, 1.1e-3)])
def test_cavity(table, lid, reached, on_lid):
    """Measured: residuals of 0.2 % of the terms of the equations, and ten times that for ν = 0.011.

    The lid is the parabola between COMSOL's nodes.
    """
    flow, problem = table(f"lid_driven_a{lid}"), build("cavity", lid=lid)
    x, y = flow.points.unbind(-1)
    sides = {"left": near(x, 0), "right": near(x, 1), "bottom": near(y, 0), "top": near(y, 1)}
    for side, conditions in problem.conditions.items():
        for condition in conditions:
            allowed = on_lid if side == "top" else 1e-12
            assert misfit(problem, flow, condition, sides[side]) < allowed
    corner = near(x, 0) & near(y, 0)
    assert problem.gauge == {"p": (0.0, 0.0)} and float(flow.values[corner, 2]) == 0
    wrong = problem.with_parameters(nu=0.011)
    found, other = (
        torch.stack([residuals(p, flow, place) for place in PLACES]).max() for p in (problem, wrong)
    )
    assert float(found) < reached and float(other) > 10 * float(found)
