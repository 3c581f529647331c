import pytest
import torch

from fredholm.domains import Grid
from fredholm.errors import DivergedError
from fredholm.fields import Field
from fredholm.problems.priors import GaussianField, TwoPhase
from fredholm.solvers import multigrid
from fredholm.solvers.finite_volume import balance
from fredholm.solvers.krylov import conjugate_gradients
from fredholm.solvers.linear import solve_linear
from fredholm.solvers.multigrid import Multigrid, coarsen
from fredholm.solvers.stencil import Stencil


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random_stencil(shape, periodic, *, batch=3, sealed=False, mass=0.0):
    """Conductances of 1 or 100 by chance: no geometry that could be exploited."""
    generator, faces = seeded(1), []
    for axis in range(len(shape)):
        size = [n + (k == axis) for k, n in enumerate(shape)]
        chance = torch.rand(*size, batch, generator=generator, dtype=torch.float64)
        face = torch.where(chance > 0.5, 100.0, 1.0).to(torch.float64)
        if periodic[axis]:
            face.select(axis, -1).copy_(face.select(axis, 0))
        elif sealed:
            face.select(axis, 0).zero_()
            face.select(axis, -1).zero_()
        faces.append(face)
    full = torch.full((*shape, batch), mass, dtype=torch.float64)
    return Stencil(tuple(faces), full, tuple(periodic))


def random_sides(stencil, seed=2):
    shape = (*stencil.shape, stencil.mass.shape[-1])
    b = torch.randn(shape, generator=seeded(seed), dtype=torch.float64)
    return b - b.flatten(0, -2).mean(0) if stencil.singular else b


def darcy_stencil(size, dim, contrast, *, batch=2, location="cell"):
    prior = TwoPhase(GaussianField(2.0, 3.0, boundary="neumann"), 1.0, contrast)
    a = prior.sample(batch, Grid((size,) * dim, location=location), generator=seeded(3))
    system = balance(a, a.with_values(torch.ones_like(a.values)), 0.0, 0.0, ())
    return system.stencil, system.sides


CASES = [
    ((40,), (False,), {}),
    ((40,), (True,), {}),
    ((33, 20), (False, False), {}),
    ((32, 24), (True, True), {}),
    ((17, 32), (False, True), {"sealed": True}),
    ((15, 16), (True, True), {"mass": 0.1}),
    ((9, 10, 12), (False, False, False), {}),
    ((8, 10, 7), (True, True, False), {"sealed": True}),
]


@pytest.mark.parametrize("shape, periodic, options", CASES)
def test_methods_agree(shape, periodic, options):
    stencil = random_stencil(shape, periodic, **options)
    b = random_sides(stencil)
    direct = solve_linear(stencil, b, method="direct")
    for method in ("multigrid", "cg"):
        found = solve_linear(stencil, b, method=method, tol=1e-11)
        gap = (found.values - direct.values).norm() / direct.values.norm()
        assert gap < 1e-8 and found.residual.max() < 1e-10
        assert found.iterations.min() > 0


@pytest.mark.parametrize("shape, periodic, options", CASES)
def test_dense_matrix_is_what_apply_does(shape, periodic, options):
    stencil = random_stencil(shape, periodic, **options)
    u, matrix = random_sides(stencil), stencil.dense()
    columns = u.reshape(stencil.size, -1).T[..., None]
    product = (matrix @ columns)[..., 0].T.reshape(u.shape)
    assert torch.allclose(product, stencil.apply(u), rtol=1e-12, atol=1e-10)
    assert torch.equal(matrix, matrix.mT)


def test_one_matrix_serves_many_sides():
    stencil = random_stencil((12, 13), (False, False), batch=1)
    b = torch.randn(12, 13, 5, generator=seeded(), dtype=torch.float64)
    repeated = Stencil(
        tuple(f.expand(*f.shape[:-1], 5) for f in stencil.faces),
        stencil.mass.expand(12, 13, 5),
        stencil.periodic,
    )
    expected = solve_linear(repeated, b, method="direct").values
    for method in ("direct", "multigrid", "cg", "auto"):
        found = solve_linear(stencil, b, method=method, tol=1e-12).values
        assert torch.allclose(found, expected, rtol=1e-9, atol=1e-10)


def test_each_system_stops_on_its_own():
    stencil = random_stencil((24, 24), (False, False), batch=3)
    b = random_sides(stencil)
    b[..., 1] = 0.0
    together = solve_linear(stencil, b, method="multigrid")
    alone = solve_linear(stencil.chosen(slice(2, 3)), b[..., 2:], method="multigrid")
    assert together.iterations[1] == 0 and together.values[..., 1].abs().max() == 0
    assert torch.equal(together.iterations[2:], alone.iterations)
    # Rounding differs with the length of the sums, and 47 iterations amplify it.
    assert torch.allclose(together.values[..., 2:], alone.values, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dim, sizes", [(1, (64, 256, 1024)), (2, (16, 32, 64, 128)), (3, (8, 16))])
@pytest.mark.parametrize("contrast, bound", [(1.0, 0.09), (4.0, 0.13)])
def test_convergence_factor_does_not_depend_on_the_spacing(dim, sizes, contrast, bound):
    for size in sizes:
        stencil, b = darcy_stencil(size, dim, contrast)
        found = solve_linear(stencil, b, method="multigrid", tol=1e-10)
        assert float((found.residual ** (1 / found.iterations)).max()) < bound


@pytest.mark.parametrize("location", ["cell", "node", "left"])
def test_contrast_of_a_hundred_takes_few_iterations(location):
    counts = []
    for size in (33, 64, 129):
        stencil, b = darcy_stencil(size, 2, 100.0, location=location)
        counts.append(int(solve_linear(stencil, b, method="multigrid").iterations.max()))
    assert max(counts) <= 24


def test_weights_without_the_coefficient_converge_slower(monkeypatch):
    stencil, b = darcy_stencil(64, 2, 1000.0)
    good = solve_linear(stencil, b, method="multigrid").iterations.max()

    def blind(stencil, axis):
        coarse, transfer = coarsen(stencil, axis)
        half = torch.full_like(transfer.left, 0.5)
        return coarse, transfer._replace(left=half, right=half)

    monkeypatch.setattr(multigrid, "coarsen", blind)
    try:
        poor = int(solve_linear(stencil, b, method="multigrid").iterations.max())
    except DivergedError:
        poor = 200
    assert poor > 1.5 * good


def test_narrow_cells_do_not_slow_multigrid_down():
    a = Field(torch.ones(1, 64, 64, 1, dtype=torch.float64), Grid((64, 64), ((0, 1), (0, 16))))
    system = balance(a, a, 0.0, 0.0, ())
    assert int(solve_linear(system.stencil, system.sides, method="multigrid").iterations) <= 12


def test_cycle_is_symmetric_and_positive():
    stencil = random_stencil((13, 16), (False, True), batch=2)
    cycle = Multigrid(stencil)
    x, y = random_sides(stencil, 4), random_sides(stencil, 5)
    forth, back = (x * cycle(y)).sum((0, 1)), (y * cycle(x)).sum((0, 1))
    assert torch.allclose(forth, back, rtol=1e-12)
    assert ((x * cycle(x)).sum((0, 1)) > 0).all()


def test_transfers_are_adjoint():
    stencil = random_stencil((10, 9), (True, False), batch=2)
    for axis in (0, 1):
        coarse, transfer = coarsen(stencil, axis)
        fine, small = random_sides(stencil, 4), random_sides(coarse, 5)
        assert torch.allclose(
            (fine * transfer.prolong(small)).sum((0, 1)),
            (transfer.restrict(fine) * small).sum((0, 1)),
        )


def test_one_dimensional_coarsening_is_exact_elimination():
    stencil = random_stencil((9,), (False,), batch=2)
    coarse, transfer = coarsen(stencil, 0)
    b = torch.zeros(9, 2, dtype=torch.float64)
    b[1::2] = torch.randn(4, 2, generator=seeded(), dtype=torch.float64)
    fine = solve_linear(stencil, b, method="direct").values
    small = solve_linear(coarse, transfer.restrict(b), method="direct").values
    assert torch.allclose(fine, transfer.prolong(small), atol=1e-13)


@pytest.mark.parametrize("method", ["direct", "multigrid"])
@pytest.mark.parametrize("batch", [1, 2])
def test_gradients_by_the_adjoint(method, batch):
    stencil = random_stencil((4, 3), (True, False), batch=batch, mass=0.5)
    b = torch.randn(4, 3, 2, generator=seeded(), dtype=torch.float64, requires_grad=True)
    entries = [e.clone().requires_grad_() for e in (stencil.mass, *stencil.faces)]

    def solve(b, mass, *faces):
        # One wrapped face is stored twice; here both stay the same number.
        wrapped = torch.cat([faces[0][:-1], faces[0][:1]])
        system = Stencil((wrapped, *faces[1:]), mass, stencil.periodic)
        return solve_linear(system, b, method=method, tol=1e-13).values

    assert torch.autograd.gradcheck(solve, (b, *entries), atol=1e-7)


def test_no_convergence_tells_the_residual():
    stencil, b = darcy_stencil(32, 2, 4.0)
    with pytest.raises(DivergedError, match=r"relative residual of \d.*in 3 iterations"):
        conjugate_gradients(stencil, b, lambda r: r, 1e-10, 3)


def test_infinite_coefficient_is_reported():
    stencil, b = darcy_stencil(16, 2, 4.0)
    broken = Stencil(stencil.faces, stencil.mass + torch.inf, stencil.periodic)
    for method in ("cg", "multigrid"):
        with pytest.raises(DivergedError, match="positive and finite"):
            solve_linear(broken, b, method=method)
    with pytest.raises(DivergedError, match="left the finite numbers"):
        solve_linear(stencil, b * torch.nan, method="direct")


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda s, b: solve_linear(s, b, method="lu"), "method is one of"),  # type: ignore[arg-type]
        (lambda s, b: solve_linear(s, b[1:]), "do not fit"),
        (lambda s, b: solve_linear(s, b[..., :1].expand(-1, -1, 7)), "do not fit 2 matrices"),
    ],
)
def test_wrong_arguments_are_refused(call, sentence):
    stencil, b = darcy_stencil(8, 2, 4.0)
    with pytest.raises(ValueError, match=sentence):
        call(stencil, b)


def test_odd_periodic_axes_are_left_to_the_direct_method():
    stencil = random_stencil((33, 35), (True, True), batch=1)
    b = random_sides(stencil)
    assert solve_linear(stencil, b).method == "direct"
    with pytest.raises(ValueError, match="take an even size"):
        solve_linear(stencil, b, method="multigrid")
