"""The residual on a grid is that of the function, and knows a solution from what is none."""

import math

import pytest
import torch

from fredholm import problems
from fredholm.data import DrawnSamples, Samples
from fredholm.domains import Axis, Grid
from fredholm.equations import coefficient, coords, dot, dt, eq, field, grad, lap, normal, param
from fredholm.fields import NOTHING, Field, Variable
from fredholm.layers import Transform, natural, to_coefficients
from fredholm.models import NeuralSpectral
from fredholm.objectives import GridResidual, RelativeL2
from fredholm.operators import Constrained, Operator, OverTime
from fredholm.problems import Problem
from fredholm.problems.imposing import impose
from fredholm.problems.priors import FourierSeries, GaussianField

TIME = Axis(9, 0.0, 0.5, name="t")
RING = Grid((15,), periodic=True)
SPACETIME = Grid.of(Axis(16, 0.0, 0.5, location="chebyshev", name="t"), *RING.axes)


class Says(Operator):
    """Answers with a given function of the points."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, u, given=NOTHING, *, at=None):
        grid = u.grid if at is None else at
        assert isinstance(grid, Grid)
        parts = dict(zip(grid.names, grid.points().unbind(-1)))
        values = self.function(**parts)[None, ..., None]
        return Field(values.expand(len(u), *values.shape[1:]).to(u.values), grid)


def wave() -> Problem:
    u = field("u")
    return Problem(
        key="wave",
        title="Waves on a ring",
        equations={"u": eq(dt(u, 2), param("c", 1.0) ** 2 * lap(u))},
        domain=RING,
        time=TIME,
        varies={"u": FourierSeries(2)},
        initial={"dt(u)": 0.0},
    )


def terms(operator, problem, grid, inputs=None, **options):
    at = grid.without("t") if "t" in grid.names else grid
    if inputs is None:
        inputs = Field(torch.cos(2 * math.pi * at.points())[None], at)
    labels = problem.input_variables
    nothing = Field(inputs.values.new_zeros(len(inputs), *grid.shape, 0), grid)
    batch = Samples(inputs, nothing, labels, ())
    found = GridResidual(problem, **options)(operator, batch, generator=torch.Generator())
    return {name: float(term.detach()) for name, term in found.items()}


def standing(frequency):
    return Says(lambda t, x: torch.cos(frequency * t) * torch.cos(2 * math.pi * x))


def test_a_standing_wave_fulfils_everything_and_another_frequency_does_not():
    found = terms(standing(2 * math.pi), wave(), SPACETIME)
    assert set(found) == {"residual u", "initial u", "initial dt(u)"}
    assert max(float(term) for term in found.values()) < 1e-14
    wrong = terms(standing(math.pi), wave(), SPACETIME)
    # (ω² - k²)² times the mean squares of the two cosines, the one in time over half a period.
    expected = (math.pi**2 - (2 * math.pi) ** 2) ** 2 / 2 / 2
    assert wrong["residual u"] == pytest.approx(expected, rel=1e-6)
    assert wrong["initial dt(u)"] < 1e-14


def test_initial_values_count_as_stated():
    moving = Says(lambda t, x: torch.cos(2 * math.pi * (x - t)))  # solves the equation, not at rest
    found = terms(moving, wave(), SPACETIME)
    assert found["residual u"] < 1e-14 and found["initial u"] < 1e-20
    assert found["initial dt(u)"] == pytest.approx((2 * math.pi) ** 2 / 2, rel=1e-9)
    assert "initial u" not in terms(moving, wave(), SPACETIME, initial=0.0)


@pytest.mark.parametrize("method, order", [("fd2", 2), ("fd4", 4)])
def test_finite_differences_leave_a_residual_of_their_order(method, order):
    found = []
    for size in (17, 33):
        grid = Grid.of(Axis(size, 0.0, 0.5, name="t"), *Grid((size - 1,), periodic=True).axes)
        found.append(terms(standing(2 * math.pi), wave(), grid, method=method)["residual u"])
    assert (found[0] / found[1]) ** 0.5 == pytest.approx(2**order, rel=0.25)


def test_residual_is_the_sum_of_squared_coefficients():
    torch.manual_seed(0)
    inner = OverTime(
        NeuralSpectral(1, 1, SPACETIME, hidden_channels=4, layers=1), SPACETIME.axes[0]
    )
    operator = inner.double()
    found = terms(operator, wave(), SPACETIME, density="arcs")["residual u"]
    u = torch.cos(2 * math.pi * RING.points())[None]
    inputs = Field(u, RING)
    residual = wave().residual(operator(inputs, at=SPACETIME), inputs)["u"]
    each: list[Transform] = [natural(axis) for axis in SPACETIME.axes]
    coefficients = to_coefficients(residual.values.movedim(0, -2), SPACETIME.axes, (16, 8), each)
    # The last coefficient of a residual of degree n - 3 in time is zero: nothing is folded.
    assert found == pytest.approx(float(coefficients.detach().square().sum()), rel=1e-9)
    assert terms(operator, wave(), SPACETIME)["residual u"] != pytest.approx(found, rel=1e-3)


def box(**conditions) -> Problem:
    u, f = field("u"), coefficient("f")
    prior = GaussianField(3.0, 3.0, boundary="dirichlet")
    return Problem("box", "", {"u": eq(-lap(u), f)}, Grid((9, 9)), varies={"f": prior},
                   boundary=conditions)  # fmt: skip


def test_each_wall_has_its_condition_and_its_outward_normal():
    u, (x, _) = field("u"), coords("x y")
    problem = box(
        left=eq(dot(grad(u), normal()), -1),
        right=eq(u, 1 + x * 2),
        bottom=eq(dot(grad(u), normal()), 0),
        top=dot(grad(u), normal()) + u,
    )
    grid = Grid((8, 7), location="chebyshev")
    zero = Field(torch.zeros(1, 8, 7, 1, dtype=torch.float64), grid)
    found = terms(Says(lambda x, y: x + 0 * y), problem, grid, zero, boundary=2.0)
    assert found["residual u"] < 1e-18
    assert found["boundary left"] < 1e-18  # the outward derivative of x there is -1
    assert found["boundary right"] == pytest.approx(2 * 4.0)  # 1 where 3 is stated
    assert found["boundary bottom"] < 1e-18
    assert found["boundary top"] == pytest.approx(2 / 3)  # the mean of x², twice


def test_a_grid_without_points_on_the_walls_is_refused():
    with pytest.raises(ValueError, match="no points"):
        zero = Field(torch.zeros(1, 8, 8, 1), Grid((8, 8), location="cell"))
        terms(Says(lambda x, y: x + y), box(all=field("u")), zero.grid, zero)


def test_imposed_conditions_hold_for_any_weights():
    torch.manual_seed(0)
    inner = OverTime(
        NeuralSpectral(1, 1, SPACETIME, hidden_channels=4, layers=1), SPACETIME.axes[0]
    )
    free, imposed = inner.double(), impose(wave(), inner.double())
    assert isinstance(imposed, Constrained) and imposed.initial == ((0,), (None,))
    for operator, low, high in ((free, 1e-6, 1e6), (imposed, 0, 1e-16)):
        found = terms(operator, wave(), SPACETIME)
        assert low <= found["initial u"] <= high
        assert low <= found["initial dt(u)"] <= high
    walls = Grid((9, 9), location="chebyshev")
    net = NeuralSpectral(1, 1, walls, hidden_channels=4, layers=1).double()
    zero = Field(torch.zeros(1, 9, 9, 1, dtype=torch.float64), walls)
    for profile in ("sine", "parabola"):
        held = impose(box(all=field("u")), net, profile=profile)
        found = terms(held, box(all=field("u")), walls, zero)
        assert sum(v for k, v in found.items() if "boundary" in k) < 1e-25
        assert float(held(zero).values.detach().abs().max()) > 1e-6
    found = terms(net, box(all=field("u")), walls, zero)
    assert sum(v for k, v in found.items() if "boundary" in k) > 1e-6


def test_what_cannot_be_imposed_is_left_to_the_objective():
    u = field("u")
    net = Says(lambda x, y: x + y)
    assert impose(box(all=eq(u, 1.0)), net) is net
    half = box(**{"left|right": u, "bottom|top": dot(grad(u), normal())})
    assert impose(half, net).walls == ("x",)


def test_parameters_of_the_samples_replace_those_of_the_statement():
    problem = wave()
    inputs = Field(torch.cos(2 * math.pi * RING.points()).expand(2, -1, -1), RING)
    nothing = Field(torch.zeros(2, *SPACETIME.shape, 0).double(), SPACETIME)
    labels = problem.input_variables

    def residual(*speeds):
        speeds = torch.tensor(speeds).double()[:, None]
        batch = Samples(inputs, nothing, labels, (), speeds, (Variable("c"),))
        return GridResidual(problem)(standing(4 * math.pi), batch, generator=torch.Generator())

    assert float(residual(2.0, 2.0)["residual u"]) < 1e-10
    assert float(residual(2.0, 1.0)["residual u"]) > 1


def test_drawn_samples_have_no_answers_and_never_the_same_inputs():
    problem = problems.build("burgers")
    drawn = DrawnSamples(problem, problem.grid(32), SPACETIME, count=5)
    first, second = drawn.batches(3, generator=torch.Generator().manual_seed(1))
    assert (len(first), len(second), first.targets.channels) == (3, 2, 0)
    again = next(drawn.to(torch.float32).batches(3, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(again.inputs.values, first.inputs.values.float())
    other = next(drawn.batches(3, generator=torch.Generator().manual_seed(2)))
    assert (other.inputs.values - first.inputs.values).abs().min() > 0
    assert drawn.signature.targets == problem.target_variables
    with pytest.raises(ValueError, match="channels"):
        answer = Says(lambda t, x: t + x)
        RelativeL2()(answer, first, generator=torch.Generator())
