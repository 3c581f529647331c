"""Conditions that are built in hold for any weights; those that contradict others do not."""

import math

import pytest
import torch

from fredholm.collocation import Collocation, Sampling, Trial, build_network, derive, terms_of
from fredholm.domains import Axis, Grid
from fredholm.domains.geometry import Box, Disk
from fredholm.equations import coords, dot, dt, eq, field, grad, lap, normal, param, pi, sin
from fredholm.problems import Problem, build

x, y, t = coords("x y t")
u, v = field("u"), field("v")
ONE_SECOND = Axis(11, 0.0, 1.0, name="t")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trial(problem: Problem, **options) -> Trial:
    return Trial(problem, build_network(problem, "mlp", width=8, layers=2), **options)


def line(**changes) -> Problem:
    statement = {
        "equations": {"u": eq(dt(u), lap(u))},
        "domain": Grid((17,), (-1.0, 3.0)),
        "time": ONE_SECOND,
        "initial": {"u": 1 + sin(pi * (x + 1) / 4)},
        "boundary": {"left|right": eq(u, 1)},
    }
    return Problem("line", "a line", **{**statement, **changes})


def wave() -> Problem:
    return line(
        equations={"u": eq(dt(u, 2), lap(u))},
        initial={"u": sin(pi * (x + 1) / 4), "dt(u)": (x + 1) * (3 - x)},
        boundary={"all": u},
    )


def square(**changes) -> Problem:
    sides = {"left": eq(u, y), "right": eq(u, y + 1), "bottom": eq(u, x), "top": eq(u, 1 + x)}
    statement = {"equations": {"u": eq(-lap(u), 1)}, "domain": Grid((9, 9)), "boundary": sides}
    return Problem("square", "a square", **{**statement, **changes})


def holes() -> Problem:
    box = Box(((0.0, 1.0), (0.0, 1.0)))
    return square(
        region=box - Disk((0.3, 0.3), 0.1, name="low") - Disk((0.7, 0.6), 0.2, name="high"),
        boundary={
            "left|right|bottom|top": eq(u, 1),
            "low": eq(u, 0),
            "high": eq(u, 2 + x),
        },
    )


@pytest.mark.parametrize(
    "problem", [line(), wave(), square(), holes(), build("burgers_shock")], ids=lambda p: p.key
)
def test_all_that_is_called_exact_is(problem):
    """The misfit of every derived condition vanishes at random points, for random weights."""
    free = trial(problem, hard=False)
    built = trial(problem)
    assert built.ansatz.exact == {term.name for term in terms_of(problem)} - {*problem.equations}
    free_names = Collocation(free, Sampling(interior=50)).names
    assert {*free_names} == {term.name for term in terms_of(problem)}
    misfits = Collocation(free, Sampling(interior=50)).misfits
    points = Collocation(free, Sampling(interior=200)).points
    found = misfits(points)
    # The same demands, put to the trial function with the conditions built in.
    free.ansatz = built.ansatz
    exact = Collocation(_with_all_terms(built), Sampling(interior=50)).misfits(points)
    for name in built.ansatz.exact:
        assert float(exact[name].abs().max()) < 1e-10, name
        assert float(found[name].abs().max()) > 1e-3, f"{name}: the free network meets it too"


def _with_all_terms(built: Trial) -> Trial:
    """The trial function whose exact terms are asked for nevertheless."""
    from dataclasses import replace

    built.ansatz = replace(built.ansatz, exact=frozenset())
    return built


def test_a_periodic_axis_needs_no_condition():
    ring = line(
        domain=Grid((16,), (-1.0, 1.0), periodic=True), boundary={}, initial={"u": sin(pi * x)}
    )
    solution = trial(ring)
    ends = torch.tensor([[-1.0, 0.4], [1.0, 0.4]], dtype=torch.float64)
    values = solution(ends)
    assert torch.allclose(values[0], values[1], atol=1e-14)
    assert not torch.allclose(values[0], solution(ends + torch.tensor([0.3, 0.0]))[0], atol=1e-4)


def test_conditions_that_do_not_agree_are_left_to_the_loss():
    """At t = 0 the walls say 1 and the initial value says 0: only one of them can be exact."""
    ansatz = derive(line(initial={"u": sin(pi * x)}))
    assert ansatz.exact == {"u at start"}
    assert "do not agree where they meet" in ansatz.notes[0]
    lid = square(boundary={"top": eq(u, 1), "left|right|bottom": eq(u, 0)})
    assert derive(lid).exact == frozenset()


def test_fluxes_are_left_to_the_loss_and_their_side_stays_free():
    h = param("h", 2.0)
    mixed = square(
        boundary={
            "left": eq(u, 1),
            "right": eq(dot(grad(u), normal()), -1),
            "bottom|top": eq(dot(grad(u), normal()) + h * u, 0),
        }
    )
    built = trial(mixed)
    assert built.ansatz.exact == {"u on left"}
    at_right = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    before = built(at_right)
    with torch.no_grad():
        next(p for p in reversed(list(built.parameters()))).add_(1.0)
    assert not torch.allclose(before, built(at_right))


def test_each_unknown_has_its_own_conditions():
    pair = Problem(
        "pair", "two unknowns", {"u": eq(-lap(u), v), "v": eq(-lap(v), 1)},
        Grid((9, 9)), boundary={"left|right": (u, v), "bottom|top": (eq(u, 0), v)},
    )  # fmt: skip
    built = trial(pair)
    assert len(built.ansatz.exact) == 8
    edge = torch.tensor([[0.0, 0.3], [0.6, 1.0]], dtype=torch.float64)
    assert built(edge).abs().max().item() < 1e-14


def test_the_ansatz_can_be_read():
    text = str(derive(build("burgers_shock")))
    assert text.startswith("u = -sin(pi*x)") and "u_net" in text


def test_the_residual_of_an_exact_solution_vanishes():
    """A network that is replaced by the right function has no residual; another one has."""
    problem = line(boundary={"left|right": eq(u, 1)})

    class Right(torch.nn.Module):
        """What makes u = 1 + exp(-π²t/16) sin(π(x+1)/4)."""

        def __init__(self, rate):
            super().__init__()
            self.rate = torch.nn.Parameter(torch.tensor(rate, dtype=torch.float64))

        def forward(self, points):
            place, time = points[:, 0], points[:, 1]
            wave = torch.sin(math.pi * (place + 1) / 4)
            gap = (place + 1) * (3 - place) / 4 * time
            return ((torch.exp(-self.rate * time) - 1) * wave / gap)[:, None]

    rate = (math.pi / 4) ** 2
    system = Collocation(Trial(problem, Right(rate)), Sampling(interior=200))
    assert float(system.residuals()["u"].detach().norm()) < 1e-9
    wrong = Collocation(Trial(problem, Right(1.1 * rate)), Sampling(interior=200))
    assert float(wrong.residuals()["u"].detach().norm()) > 1e-3
