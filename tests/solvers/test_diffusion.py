import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.errors import EquationError
from fredholm.fields import Field, difference, norm
from fredholm.problems.priors import GaussianField, LogNormal, TwoPhase
from fredholm.solvers.diffusion import solve_diffusion
from fredholm.solvers.obstacles import Obstacle

WAVES = (2.0, 3.0, 1.5)
SIZES = {1: (16, 32, 64, 128), 2: (12, 24, 48, 96), 3: (8, 12, 16, 24)}


def on(grid, function):
    return Field(function(grid.points())[None, ..., None], grid)


def phase(x):
    return sum(WAVES[i] * x[..., i] for i in range(x.shape[-1])) + 0.3


def solution(x):
    return torch.sin(phase(x)) + x[..., 0] ** 2


def coefficient(x):
    return torch.exp(0.5 * torch.sin(phase(x)))


def source(c=0.0):
    """-div(a grad u) + c u for the two functions above, by automatic differentiation."""

    def f(x):
        x = x.clone().requires_grad_()
        u, a = solution(x), coefficient(x)
        (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        flux = a[..., None] * slope
        divergence = torch.zeros_like(u)
        for i in range(x.shape[-1]):
            (row,) = torch.autograd.grad(flux[..., i].sum(), x, retain_graph=True)
            divergence = divergence + row[..., i]
        return (c * u - divergence).detach()

    return f


def error(found, exact):
    return float(norm(difference(found.field, exact)) / norm(exact))


def observed_order(sizes, errors):
    x = torch.log(torch.tensor(sizes, dtype=torch.float64))
    y = torch.log(torch.tensor(errors, dtype=torch.float64))
    return -float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())


def box(size, dim, location):
    return Grid((size,) * dim, 1.3, location=location)


def manufactured(size, dim, location, c=1.5):
    grid = box(size, dim, location)
    wall = on(box(41, dim, "node"), solution)
    return solve_diffusion(on(grid, coefficient), on(grid, source(c)), boundary=wall, c=c)


@pytest.mark.parametrize("location", ["node", "cell", "left"])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_second_order_for_smooth_coefficients(dim, location):
    found = [manufactured(n, dim, location) for n in SIZES[dim]]
    errors = [error(u, on(u.field.grid, solution)) for u in found]
    # Node grids of n points have n - 1 intervals.
    intervals = [n - (location == "node") for n in SIZES[dim]]
    assert abs(observed_order(intervals, errors) - 2.0) < 0.2
    for u, true in zip(found[2:], errors[2:]):
        assert 0.8 < float(u.error) / true < 1.35


def test_coefficient_shifted_by_a_cell_loses_an_order():
    errors = []
    for n in SIZES[2]:
        grid = box(n, 2, "cell")
        a = on(grid, coefficient)
        shifted = a.with_values(torch.cat([a.values[:, :1], a.values[:, :-1]], dim=1))
        wall = on(box(41, 2, "node"), solution)
        errors.append(
            error(solve_diffusion(shifted, on(grid, source()), boundary=wall), on(grid, solution))
        )
    assert observed_order(SIZES[2], errors) < 1.4


@pytest.mark.parametrize("location", ["node", "cell", "left"])
@pytest.mark.parametrize("method", ["direct", "multigrid", "cg"])
def test_linear_functions_are_exact(location, method):
    def plane(x):
        return 1.0 + 2.0 * x[..., 0] - 0.7 * x[..., 1]

    grid = Grid((17, 12), ((-1.0, 1.0), (0.0, 3.0)), location=location)
    wall = on(Grid((5, 6), ((-1.0, 1.0), (0.0, 3.0))), plane)
    one = on(grid, lambda x: torch.ones_like(x[..., 0]))
    zero = one.with_values(torch.zeros_like(one.values))
    found = solve_diffusion(one, zero, boundary=wall, method=method, tol=1e-13)
    assert error(found, on(grid, plane)) < 1e-12


def test_quadratics_are_exact_on_nodes():
    def bowl(x):
        return x[..., 0] ** 2 - 2.0 * x[..., 1] ** 2 + x[..., 0] * 0.5

    grid = Grid((9, 14), location="node")
    three = on(grid, lambda x: 3.0 + 0 * x[..., 0])
    f = three.with_values(torch.full_like(three.values, 6.0))
    assert error(solve_diffusion(three, f, boundary=on(grid, bowl)), on(grid, bowl)) < 1e-12


def test_laminate_has_the_exact_profile():
    # Two layers that meet at x = 1/2, between cells: the flux is the harmonic mean's, and a
    # piecewise linear profile solves the scheme.
    grid = Grid((16, 16), location="cell")
    a = on(grid, lambda x: torch.where(x[..., 0] < 0.5, 1.0, 100.0).to(torch.float64))
    wall = on(Grid((9, 9)), lambda x: x[..., 0])
    found = solve_diffusion(
        a, a.with_values(0 * a.values), boundary=wall, insulated=("y-", "y+"), tol=1e-13
    )
    q = 1 / (0.5 / 1.0 + 0.5 / 100.0)

    def profile(x):
        return torch.where(x[..., 0] < 0.5, q * x[..., 0], 1.0 - q * (1.0 - x[..., 0]) / 100.0)

    assert error(found, on(grid, profile)) < 1e-11
    # Arithmetic means, the obvious alternative, carry another flux.
    assert abs(q - 1 / (7.5 / 16 + 1 / 16 / 50.5 + 8 / 16 / 100)) > 0.05


def test_layers_in_parallel():
    grid = Grid((8, 16), location="cell")
    a = on(grid, lambda x: torch.where(x[..., 1] < 0.5, 1.0, 100.0).to(torch.float64))
    wall = on(Grid((9, 9)), lambda x: x[..., 0])
    found = solve_diffusion(
        a, a.with_values(0 * a.values), boundary=wall, insulated=("y-", "y+"), tol=1e-13
    )
    assert error(found, on(grid, lambda x: x[..., 0])) < 1e-11


@pytest.mark.parametrize("location", ["node", "cell"])
def test_insulated_sides_are_second_order(location):
    # u = cos(πx) sin(πy/2): no flux through x = 0, x = 1 and y = 1.
    def exact(x):
        return torch.cos(math.pi * x[..., 0]) * torch.sin(math.pi * x[..., 1] / 2)

    errors = []
    for n in (9, 17, 33, 65):
        grid = Grid((n, n + 3), location=location)
        one = on(grid, lambda x: torch.ones_like(x[..., 0]))
        f = on(grid, lambda x: 1.25 * math.pi**2 * exact(x))
        found = solve_diffusion(one, f, insulated=("x-", "x+", "y+"))
        errors.append(error(found, on(grid, exact)))
    intervals = [n - (location == "node") for n in (9, 17, 33, 65)]
    assert abs(observed_order(intervals, errors) - 2.0) < 0.2


def test_periodic_axes_and_the_mean_zero_gauge():
    def exact(x):
        return torch.sin(2 * math.pi * x[..., 0]) * torch.cos(2 * math.pi * x[..., 1])

    errors = []
    for n in (8, 16, 32):
        grid = Grid((n, n + 2), periodic=True)
        one = on(grid, lambda x: torch.ones_like(x[..., 0]))
        f = on(grid, lambda x: 8 * math.pi**2 * exact(x))
        found = solve_diffusion(one, f)
        assert abs(float(found.field.values.mean())) < 1e-12
        errors.append(error(found, on(grid, exact)))
    assert abs(observed_order((8, 16, 32), errors) - 2.0) < 0.2
    with pytest.raises(EquationError, match="must integrate to zero"):
        solve_diffusion(one, one)
    assert error(solve_diffusion(one, one, c=2.0), one.with_values(one.values / 2)) < 1e-8


def test_node_gauge_uses_the_weights_of_the_grid():
    grid = Grid((17, 17))
    f = on(grid, lambda x: torch.cos(math.pi * x[..., 0]) + 0 * x[..., 1])
    one = f.with_values(torch.ones_like(f.values))
    found = solve_diffusion(one, f, insulated=("x-", "x+", "y-", "y+"))
    assert abs(float((found.field.values[0, ..., 0] * grid.weights()).sum())) < 1e-12
    assert error(found, f.with_values(f.values / math.pi**2)) < 0.01


def darcy(size, *, contrast=100.0, location="cell", batch=4):
    prior = TwoPhase(GaussianField(2.0, 3.0, boundary="neumann"), 1.0, contrast)
    grid = Grid((size, size), location=location)
    a = prior.sample(batch, grid, generator=torch.Generator().manual_seed(0))
    return a, a.with_values(torch.ones_like(a.values))


@pytest.mark.parametrize("location", ["node", "cell", "left"])
def test_maximum_principle(location):
    a, f = darcy(33, location=location)
    assert solve_diffusion(a, f).field.values.min() >= 0.0
    wall = on(Grid((33, 33)), lambda x: x[..., 0] - 0.3 * x[..., 1])
    bounds = wall.values.min(), wall.values.max()
    u = solve_diffusion(a, f.with_values(0 * f.values), boundary=wall, tol=1e-12).field.values
    assert bounds[0] - 1e-10 <= u.min() and u.max() <= bounds[1] + 1e-10


@pytest.mark.parametrize("location", ["node", "cell", "left"])
def test_methods_agree_on_two_phases(location):
    a, f = darcy(32, location=location, batch=2)
    direct, *others = [
        solve_diffusion(a, f, tol=1e-11, method=m).field for m in ("direct", "multigrid", "cg")
    ]
    for u in others:
        assert (norm(difference(u, direct)) / norm(direct)).max() < 1e-8


def test_batch_is_a_loop_over_samples():
    a, f = darcy(24, batch=3)
    together = solve_diffusion(a, f, tol=1e-12)
    alone = solve_diffusion(a[1], f[1], tol=1e-12)
    assert torch.allclose(together.field.values[1:2], alone.field.values, atol=1e-11)
    assert torch.allclose(together.error[1:2], alone.error, rtol=1e-6)
    shared = solve_diffusion(a[1], f, tol=1e-12)
    assert torch.allclose(shared.field.values, alone.field.values.expand(3, -1, -1, -1), atol=1e-11)


@pytest.mark.parametrize("kind, low, high", [("two", 0.3, 5.0), ("log", 0.75, 1.35)])
def test_error_estimate_tracks_the_error_of_rough_samples(kind, low, high):
    generator = torch.Generator().manual_seed(1)
    two = TwoPhase(GaussianField(2.0, 3.0, boundary="neumann", constant=False))
    log = LogNormal(GaussianField(3.0, 3.0, 20.0, boundary="neumann"))
    fine = {"two": two, "log": log}[kind].sample(8, Grid((257, 257)), generator=generator)

    def solve(a):
        return solve_diffusion(a, a.with_values(torch.ones_like(a.values)))

    reference = solve(fine).field
    found = solve(fine.at(Grid((33, 33)), method="nearest"))
    true = norm(difference(found.field, reference.at(Grid((33, 33))))) / norm(found.field)
    ratio = found.error / true
    assert low < ratio.min() and ratio.max() < high


def disc(grid, radius=0.3):
    return on(grid, lambda x: x.norm(dim=-1) - radius)


def ring(size, location="node", value=2.0):
    """Between a disc and a square on whose sides the exact solution of the ring is prescribed."""

    def exact(x):
        r = x.norm(dim=-1).clamp(min=0.3)
        return value + torch.log(r / 0.3)

    grid = Grid((size, size), (-1.0, 1.0), location=location)
    one = on(grid, lambda x: torch.ones_like(x[..., 0]))
    wall = on(Grid((161, 161), (-1.0, 1.0)), exact)
    found = solve_diffusion(
        one, one.with_values(0 * one.values), boundary=wall, obstacle=Obstacle(disc(grid), value)
    )
    return found, on(grid, exact)


@pytest.mark.parametrize("location", ["node", "cell"])
def test_obstacle_is_second_order(location):
    sizes = (18, 29, 44, 66, 97)
    errors = [error(*ring(n, location)) for n in sizes]
    assert abs(observed_order(sizes, errors) - 2.0) < 0.3
    found, exact = ring(97, location)
    assert 0.2 < float(found.error) / error(found, exact) < 8.0


def test_staircase_obstacle_is_only_first_order(monkeypatch):
    import fredholm.solvers.obstacles as obstacles

    def staircase(faces, level, axis, periodic, cut=obstacles._cut):
        return cut(faces, torch.sign(level) * 1e9, axis, periodic)

    # The level ±1e9 puts each surface in the middle between two points, wherever it is.
    monkeypatch.setattr(obstacles, "_cut", staircase)
    sizes = (18, 29, 44, 66, 97)
    assert observed_order(sizes, [error(*ring(n)) for n in sizes]) < 1.6


def test_gradients_with_respect_to_everything():
    generator = torch.Generator().manual_seed(0)
    grid = Grid.of(Axis(5), Axis(4, location="cell", name="y"))
    wall_grid = Grid((4, 4))
    a, f = (
        torch.rand(1, *grid.shape, 1, generator=generator, dtype=torch.float64) + 0.5
        for _ in range(2)
    )
    g = torch.rand(1, 4, 4, 1, generator=generator, dtype=torch.float64)

    def solve(a, f, g):
        found = solve_diffusion(
            Field(a, grid),
            Field(f, grid),
            boundary=Field(g, wall_grid),
            c=0.7,
            insulated=("x+",),
            tol=1e-13,
        )
        return found.field.values

    assert torch.autograd.gradcheck(solve, tuple(t.requires_grad_() for t in (a, f, g)))


def test_details_tell_how_it_was_solved():
    a, f = darcy(64, batch=2)
    found = solve_diffusion(a, f, method="multigrid")
    assert found.method == "finite volumes, multigrid"
    assert found.details["unknowns"] == 64**2 and 5 < found.details["iterations"] < 30
    assert found.details["residual"] < 2e-8


def call(**changes):
    grid = Grid((8, 8))
    one = on(grid, lambda x: torch.ones_like(x[..., 0]))
    arguments = {"a": one, "f": one, **changes}
    return lambda: solve_diffusion(arguments.pop("a"), arguments.pop("f"), **arguments)


def constant(grid, value=1.0, batch=1, channels=1):
    return Field(torch.full((batch, *grid.shape, channels), value, dtype=torch.float64), grid)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (call(a=constant(Grid((8, 8)), -1.0)), "positive and finite"),
        (call(a=constant(Grid((8, 8)), torch.inf)), "positive and finite"),
        (call(a=constant(Grid((8, 9)))), "live on one grid"),
        (call(a=constant(Grid((8, 8)), batch=2), f=constant(Grid((8, 8)), batch=3)), "batches"),
        (call(f=constant(Grid((8, 8)), channels=2)), "one channel"),
        (call(c=-1.0), "must not be negative"),
        (call(insulated=("z-",)), "no side 'z-'"),
        (call(insulated=("y",)), "did you mean 'y"),
        (call(boundary=constant(Grid((8, 8), 0.5))), "extrapolation is not offered"),
        (
            call(
                a=constant(Grid((8, 8), location="left")),
                f=constant(Grid((8, 8), location="left")),
                insulated=("x+",),
            ),
            "no sample at its insulated end",
        ),
        (call(a=constant(Grid((4, 4))), f=constant(Grid((4, 4)))), "use at least 6 points"),
    ],
)
def test_wrong_arguments_are_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        wrong()
