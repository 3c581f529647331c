"""Formulae of learned terms: found where they are there, refused where nothing was learned."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from fredholm import problems
from fredholm.collocation import Trial, build_network, build_term
from fredholm.collocation.points import Places
from fredholm.equations import d, dt, eq, field, lap, learned, param
from fredholm.equations.tree import Coord
from fredholm.errors import EquationError, FredholmError
from fredholm.inverse import identify, monomials, restated

u, v, x = field("u"), field("v"), Coord("x")


class Law(nn.Module):
    """0.3 + p q - 2 q², perhaps with an error of some size that is no polynomial."""

    def __init__(self, wrong: float = 0.0) -> None:
        super().__init__()
        self.wrong = wrong

    def forward(self, places):
        p, q = places.unbind(-1)
        return 0.3 + p * q - 2 * q**2 + self.wrong * torch.sin(40 * p)


def advected(law: nn.Module) -> Trial:
    """Any smooth u with the unknown term law(u, u_x)."""
    base = problems.build("convection")
    statement = eq(dt(u) + learned("law", u, d(u, x)), param("nu", 0.1) * lap(u))
    problem = replace(base, equations={"u": statement}, exact=None, parameters={})
    network = build_network(problem, "mlp", width=6, layers=2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.0)
    return Trial(problem, network, terms={"law": law})


def test_the_terms_of_a_law_are_found_and_no_others():
    found = identify(advected(Law()), threshold=1e-3)["law"]
    assert found.coefficients == pytest.approx({"1": 0.3, "u*d(u, x)": 1, "d(u, x)*d(u, x)": -2})
    assert found.residual < 1e-10
    noisy = identify(advected(Law(wrong=0.02)), threshold=1e-2)["law"]
    assert {*noisy.terms} == {*found.terms}
    assert all(error > 0 for error in noisy.errors.values())


def test_a_law_outside_the_library_leaves_a_residual():
    found = identify(advected(Law()), {"law": {"u": u, "u_x": d(u, x)}}, threshold=1e-3)["law"]
    assert found.residual > 0.1
    assert {*found.terms, *found.dropped} == {"u", "u_x"}


def test_the_formula_takes_the_place_of_the_term():
    trial = advected(Law())
    law = restated(trial.problem, identify(trial, threshold=1e-3))
    assert {"law_1", "law_2", "law_3"} == {*law.parameters} - {*trial.problem.parameters}
    assert "learned" not in str(law.equations["u"]) and "law(" not in str(law.equations["u"])
    other = Trial(law, trial.network)
    points = torch.rand(20, 2, dtype=torch.float64)
    assert torch.allclose(trial(points), other(points))
    assert law.parameters["law_3"] == pytest.approx(-2.0)


def test_a_statement_without_unknown_terms_is_refused():
    problem = problems.build("convection")
    trial = Trial(problem, build_network(problem, "mlp", width=4, layers=1))
    with pytest.raises(EquationError, match="no learned"):
        identify(trial)


def test_the_library_has_every_product_once():
    assert [*monomials((u, v))] == ["1", "u", "v", "u*u", "u*v", "v*v"]
    assert len(monomials((u, v), degree=3)) == 10


def test_networks_of_terms_see_scaled_arguments():
    term = build_term({"u": (10.0, 30.0), "v": (-1.0, 0.0)}, width=5, layers=1, seed=1)
    ends = torch.tensor([[10.0, -1.0], [30.0, 0.0]], dtype=torch.float64)
    assert torch.equal(term.encoding(ends), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]).double())
    assert term(ends).shape == (2, 1)
    with pytest.raises(FredholmError, match="wdth"):
        build_term({"u": (0.0, 1.0)}, wdth=5)
    with pytest.raises(ValueError, match="start < stop"):
        build_term({"u": (1.0, 1.0)})


def test_points_of_a_lattice_are_its_own():
    problem = problems.build("lorenz96")
    places = Places(problem)
    sites = {*problem.domain.points().flatten().tolist()}
    generator = torch.Generator().manual_seed(0)
    for place in ("interior", "initial"):
        drawn = places.draw(place, 50, generator=generator).points
        assert drawn.shape == (50, 2) and {*drawn[:, 0].tolist()} <= sites
