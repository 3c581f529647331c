"""SPON keeps what its space promises; MMGP knows what it does not know."""

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Mesh, PointCloud, Stack
from fredholm.errors import FredholmError
from fredholm.fields import Field, Given, Variable, integral
from fredholm.layers import GaussianProcesses, SparseMap, sparse_pair
from fredholm.metrics import relative_l2
from fredholm.models import MMGP, SPON
from fredholm.objectives import RelativeL2, RelativeP1
from fredholm.operators import MeanZero, Operator, Prescribed, Solenoidal
from fredholm.surrogates import Surrogate
from fredholm.systems import card
from fredholm.systems.learn import Choices, learn
from fredholm.testing import examine_scattered
from fredholm.testing.scattered import smooth, star_meshes
from fredholm.training import Budget

BOX = ((-1.5, 1.5), (-1.5, 1.5))


def spon(channels: int = 2, answers: int = 1, **options) -> SPON:
    torch.manual_seed(0)
    options = {"hidden_channels": 6, "levels": 3, "cycles": 1, **options}
    return SPON(channels, answers, BOX, **options).double().eval()


def split(mesh: Mesh) -> Mesh:
    """The mesh with its boundary in two parts, left and right."""
    facets = torch.cat([*mesh.facets.values()])
    left = mesh.coords[facets][..., 0].mean(1) < 0
    return Mesh(mesh.nodes, mesh.cells, parts={"left": facets[left], "right": facets[~left]})


MESHES = Stack(tuple(split(mesh) for mesh in star_meshes((5, 7, 6))))
U = smooth(MESHES, channels=2)


@pytest.mark.parametrize("options", [{}, {"levels": 1}], ids=["multigrid", "one level"])
def test_spon_keeps_the_contract(options):
    examine_scattered(lambda: spon(1, **options), clouds=False)


def test_spon_answers_where_only_the_shape_varies():
    empty = Field(U.values[..., :0], MESHES)
    answers = spon(0)(empty).values[..., 0]
    assert answers[0, : MESHES.sizes[0]].std() > 0


def test_spon_needs_cells():
    cloud = PointCloud(MESHES.members[0].coords)
    with pytest.raises(ValueError, match="cells"):
        spon()(Field(U.values[:1, : len(cloud)], cloud))
    with pytest.raises(ValueError, match="above 1"):
        spon(ratio=1.0)


def test_coarse_levels_carry_information_across_the_mesh():
    mesh = star_meshes((12,)).members[0]
    u = smooth(Stack((mesh,)), channels=1)
    far = int(mesh.coords[:, 0].argmax()), int(mesh.coords[:, 0].argmin())

    def effect(**options) -> float:
        operator, values = spon(1, **options), u.values.clone()
        values[0, far[0]] += 1.0
        moved, still = (operator(u.with_values(v)).values[0, far[1]] for v in (values, u.values))
        return float((moved - still).detach().abs().max())

    assert effect(levels=4) > 1e-9
    assert effect(levels=1, cycles=7) == 0.0  # seven cells far at most, of 24


def test_sparse_products_have_derivatives_in_both_modes():
    matrix = torch.rand(4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    from scipy.sparse import csr_array

    x = torch.rand(6, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    product = SparseMap.blocks([sparse_pair(csr_array(matrix.numpy()))] * 2, x)
    expected = torch.block_diag(matrix, matrix)
    assert torch.allclose(product(x), expected @ x)
    assert torch.autograd.gradcheck(product, x.requires_grad_())
    tangent = torch.func.jvp(product, (x.detach(),), (x.detach(),))[1]
    assert torch.allclose(tangent, expected @ x.detach())


def test_prescribed_values_hold_exactly_and_others_are_free():
    bare = spon(2, 2)
    answer = Prescribed(bare, [["left"], ["left", "right", "hole"]], [1, None])(U)
    for row, mesh in enumerate(MESHES):
        left, right = (torch.as_tensor(mesh.on(name)) for name in ("left", "right"))
        assert torch.equal(answer.values[row, left, 0], U.values[row, left, 1])
        assert not answer.values[row, mesh.boundary, 1].any()
        inner = (~mesh.on_boundary).nonzero()[:, 0]
        assert torch.equal(answer.values[row, inner], bare(U).values[row, inner])
        assert not torch.equal(bare(U).values[row, left, 0], U.values[row, left, 1])
        assert answer.values[row, right, 0].any()


def test_mean_zero_is_the_integral_of_the_linear_functions():
    answer = MeanZero(spon(2, 2), [1])(U)
    means = integral(answer)
    assert means[:, 1].abs().max() < 1e-14
    assert means[:, 0].abs().min() > 1e-6
    for row, mesh in enumerate(MESHES):
        exact = (mesh.volumes[:, None] * answer.values[row, mesh.cells].mean(1)).sum(0)
        assert torch.allclose(exact, means[row], atol=1e-12)


def test_solenoidal_velocities_have_no_divergence():
    operator = Solenoidal(spon(2, 2), (0.0, 0.0), walls=["left", "right"])
    for row, (mesh, fluxes, cellwise) in enumerate(
        zip(MESHES, operator.fluxes(U), operator.cellwise(U))
    ):
        size = fluxes.abs().max()
        assert size > 1e-4
        assert fluxes.sum(1).abs().max() <= 1e-13 * size
        # Each flux is v·n of the cell over that edge, and minus that of the cell behind it.
        ends = mesh.coords[mesh.cells.roll(-2, 1)] - mesh.coords[mesh.cells.roll(-1, 1)]
        normals = torch.stack([ends[..., 1], -ends[..., 0]], dim=-1)
        assert torch.allclose(fluxes, (normals * cellwise[:, None]).sum(-1), atol=1e-12)
        edges = torch.stack([mesh.cells.roll(-1, 1), mesh.cells.roll(-2, 1)], -1).flatten(0, 1)
        unique, which = edges.sort(1).values.unique(dim=0, return_inverse=True)
        sums = torch.zeros(len(unique), dtype=torch.float64).index_add_(0, which, fluxes.flatten())
        assert sums.abs().max() <= 1e-13 * size, "inside they cancel, through walls nothing flows"
        # The nodal means of the network without the stream function have a divergence.
        raw = spon(2, 2)(U).values[row, mesh.cells].mean(1)
        assert (normals * raw[:, None]).sum((1, 2)).abs().max() < 1e-12  # constant in a cell: none
        broken = torch.zeros(len(unique), dtype=torch.float64)
        broken.index_add_(0, which, (normals * raw[:, None]).sum(-1).flatten())
        assert broken.abs().max() > 1e-4 * raw.abs().max(), "but they jump from cell to cell"


class _Constant(Operator):
    """Two numbers everywhere."""

    def forward(self, u, given=None, *, at=None):
        values = torch.tensor([2.0, -3.0]).to(u.values).expand(*u.values.shape[:-1], 2)
        return u.with_values(values)


def test_solenoidal_reproduces_a_uniform_flow():
    answer = Solenoidal(_Constant(), (0.3, 0.1))(U)
    for row, size in enumerate(MESHES.sizes):
        expected = torch.tensor([2.0, -3.0], dtype=torch.float64)
        assert torch.allclose(answer.values[row, :size], expected, atol=1e-10)


def test_p1_norms_are_exact_and_see_what_lumping_hides():
    x = MESHES.points()
    linear = Field((2 * x[..., :1] - x[..., 1:]) * MESHES.mask[..., None], MESHES)
    areas = MESHES.weights().sum(1)
    slope = RelativeP1(length=3.0).norm(linear).square() - RelativeP1().norm(linear).square()
    assert torch.allclose(slope, 9 * 5 * areas, rtol=1e-10)
    corners = [linear.values[row, mesh.cells, 0] for row, mesh in enumerate(MESHES)]
    # The edge midpoint rule integrates squares of linear functions.
    exact = torch.stack(
        [
            (mesh.volumes * ((c + c.roll(1, 1)) / 2).square().mean(1)).sum()
            for mesh, c in zip(MESHES, corners)
        ]
    )
    assert torch.allclose(RelativeP1().norm(linear).square(), exact, rtol=1e-12)
    zero, one = (linear.with_values(linear.values * k) for k in (0.0, 1.0))
    assert torch.allclose(RelativeP1().distance(zero, one), torch.ones(3, dtype=torch.float64))
    rough = linear.with_values(torch.sign(torch.sin(40 * x[..., :1])) * MESHES.mask[..., None])
    assert (RelativeP1().norm(rough).square() < 0.95 * areas).all()
    lumped = RelativeL2().distance(rough.with_values(0 * rough.values), rough)
    assert torch.allclose(lumped, torch.ones(3, dtype=torch.float64))


def problem(count: int, *, seed: int = 0, scale: float = 1.0) -> Samples:
    """Harmonic functions a Re z + b Re z² + c on star shapes; g holds their boundary values."""
    domains = star_meshes((4,) * count, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    a, b, c = torch.randn(3, count, 1, 1, generator=generator, dtype=torch.float64)
    if scale != 1.0:
        domains = Stack(
            tuple(split(Mesh(m.nodes * torch.tensor([scale, 1.0]), m.cells)) for m in domains)
        )
    else:
        domains = Stack(tuple(split(mesh) for mesh in domains))
    x, y = domains.points().split(1, dim=-1)
    u = (a * x + b * (x * x - y * y) + c) * domains.mask[..., None]
    g = u * domains.gathered(lambda mesh: mesh.on_boundary)[..., None]
    constant = torch.cat([part.expand_as(u) for part in (a, b)], dim=-1) * domains.mask[..., None]
    return Samples(
        Field(torch.cat([constant, g], dim=-1), domains),
        Field(u, domains),
        (Variable("a"), Variable("b"), Variable("g", support="boundary")),
        (Variable("u"),),
    )


def test_learned_spon_finds_where_values_are_given(tmp_path):
    samples = problem(12).to(torch.float32)
    hyper = {"hidden_channels": 8, "levels": 2, "cycles": 1}
    surrogate = learn(
        samples, "spon", budget=Budget(epochs=1), choices=Choices(hyper=hyper, validation=3)
    )
    assert isinstance(surrogate.operator, Prescribed)
    assert surrogate.operator.parts == (("left", "right"),)
    fresh = problem(3, seed=5).to(torch.float32)
    found = surrogate.predict(fresh.inputs).mean
    gap = (found.values - fresh.targets.values)[..., 0]
    boundary = fresh.inputs.domain.gathered(lambda mesh: mesh.on_boundary)
    assert gap[boundary].abs().max() <= 1e-7 < gap.abs().max()
    surrogate.save(tmp_path)
    again = Surrogate.load(tmp_path).predict(fresh.inputs).mean
    assert torch.equal(again.values, found.values)


def test_spon_refuses_what_the_samples_contradict():
    samples = problem(12)
    one_off = samples.targets.values.clone()
    mesh = samples.targets.domain.members[3]
    one_off[3, mesh.on("left")[mesh.coords[mesh.on("left"), 0].argmin()]] += 0.1
    broken = Samples(
        samples.inputs,
        samples.targets.with_values(one_off),
        samples.input_variables,
        samples.target_variables,
    )

    def finished(samples, prescribed="left,right", **hyper):
        return card("spon").finished(spon(3), samples, {"prescribed": prescribed, **hyper})

    assert finished(samples).parts == (("left", "right"),)
    assert finished(broken, "auto").parts == (("right",),)
    assert isinstance(finished(broken, "none"), SPON)
    assert isinstance(finished(samples, mean_zero="u"), MeanZero)
    with pytest.raises(FredholmError, match="'left'.*not the given boundary values"):
        finished(broken)
    with pytest.raises(FredholmError, match="the parts are left, right"):
        finished(samples, "top")
    with pytest.raises(FredholmError, match="two components"):
        finished(samples, space="solenoidal")
    with pytest.raises(FredholmError, match="mean_zero names 'p'"):
        finished(samples, mean_zero="p")


def draws(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(count, 2, generator=generator, dtype=torch.float64) - 1
    y = torch.stack([torch.sin(3 * x[:, 0]) + 5, 1e-3 * (x[:, 1] + 0.05 * x[:, 0] ** 2)], dim=1)
    noise = torch.randn(y.shape, generator=generator, dtype=torch.float64)
    return x, y + noise * torch.tensor([0.1, 0.0], dtype=torch.float64)


def test_gaussian_processes_know_their_noise_and_where_data_end():
    model = GaussianProcesses()
    model.fit(*draws(80, 0))
    x, y = draws(400, 1)
    mean, variance = model(x)
    error = (mean - y).abs()
    assert error[:, 0].square().mean().sqrt() < 0.13
    assert error[:, 1].max() < 2e-5
    assert 0.9 < float((error[:, 0] < 1.96 * variance[:, 0].sqrt()).double().mean()) < 0.99
    assert variance[:, 0].median().sqrt() == pytest.approx(0.1, rel=0.3)
    _, far = model(x + 5)
    assert far[:, 0].min() > 5 * variance[:, 0].max()


def test_gaussian_processes_agree_with_the_formula():
    model = GaussianProcesses()
    x, y = draws(20, 0)
    model.fit(x, y)
    z, t = ((part - part.mean(0)) / part.std(0, correction=0) for part in (x, y))
    query = torch.tensor([[0.2, -0.4]], dtype=torch.float64)
    w = (query - x.mean(0)) / x.std(0, correction=0)
    *log_length, size, trend, noise = model.hyper[0]

    def k(a, b):
        r = 5**0.5 * ((a[:, None] - b) / torch.stack(log_length).exp()).norm(dim=-1)
        matern = (1 + r + r**2 / 3) * torch.exp(-r)
        return size.exp() ** 2 * matern + trend.exp() ** 2 * a @ b.T

    inverse = torch.linalg.inv(k(z, z) + noise.exp() ** 2 * torch.eye(20))
    mean = (k(w, z) @ inverse @ t[:, 0]) * y[:, 0].std(correction=0) + y[:, 0].mean()
    variance = k(w, w) - k(w, z) @ inverse @ k(z, w) + noise.exp() ** 2
    found = model(query)
    assert float(found[0][0, 0]) == pytest.approx(float(mean), rel=1e-6)
    scale = float(y[:, 0].var(correction=0))
    assert float(found[1][0, 0]) == pytest.approx(float(variance) * scale, rel=1e-4)


@pytest.fixture(scope="module")
def fitted() -> MMGP:
    samples = problem(40)
    return MMGP(3, 1, input_modes=4, modes=6).fit(samples.inputs, samples.targets)


def test_mmgp_answers_for_shapes_never_seen_with_honest_error_bars(fitted):
    fresh = problem(20, seed=1)
    answer, spread = fitted(fresh.inputs), fitted.spread(fresh.inputs)
    assert relative_l2(answer, fresh.targets).mean() < 0.1
    mean = fresh.targets.values.mean(0, keepdim=True).expand_as(fresh.targets.values)
    assert relative_l2(fresh.targets.with_values(mean), fresh.targets).mean() > 0.5
    mask = fresh.inputs.domain.mask
    held = (answer.values - fresh.targets.values).abs() <= 1.96 * spread.values
    assert held[mask].double().mean() > 0.85
    assert not spread.values[~mask].any()


def test_mmgp_is_less_sure_of_other_shapes(fitted):
    near, far = (problem(10, seed=2, scale=scale) for scale in (1.0, 2.5))
    variances = [fitted.spread(s.inputs).values.square().mean() for s in (near, far)]
    assert variances[1] > 3 * variances[0]


def test_mmgp_does_not_depend_on_batch_order_of_nodes_or_padding(fitted):
    from fredholm.testing.contracts import batch_is_a_loop, keeps_dtype, refuses_unknown_conditions
    from fredholm.testing.scattered import ignores_node_order, ignores_padding

    u = problem(3, seed=3).inputs
    for clause in (batch_is_a_loop, ignores_node_order, ignores_padding):
        clause(fitted, u)
    refuses_unknown_conditions(fitted, u)
    again = MMGP(3, 1, input_modes=4, modes=6)
    again.load_state_dict(fitted.state_dict())
    assert torch.equal(again(u).values, fitted(u).values)
    keeps_dtype(again, u)


def test_mmgp_sees_the_parameters_of_the_equation():
    samples = problem(45)
    a, b = samples.inputs.values[:, 0, :2].unbind(-1)
    c = samples.targets.values[:, 0, 0]  # the middle node lies at the origin
    params = torch.stack([a, b, c], dim=1)
    none = Field(samples.inputs.values[..., :0], samples.inputs.domain)
    model = MMGP(0, 1, params=3, modes=4).fit_given(
        none[:40], samples.targets[:40], Given(params=params[:40])
    )
    answer = model(none[40:], Given(params=params[40:]))
    assert relative_l2(answer, samples.targets[40:]).mean() < 0.2
    with pytest.raises(ValueError, match="3 parameters"):
        model(none[40:])


def test_mmgp_learns_in_one_call_and_answers_with_spread(tmp_path):
    samples = problem(25).to(torch.float32)
    hyper = {"shape_modes": 3, "input_modes": 2, "modes": 3}
    surrogate = learn(samples, "mmgp", choices=Choices(hyper=hyper))
    fresh = problem(4, seed=4).to(torch.float32)
    found = surrogate.predict(fresh.inputs)
    assert found.spread is not None and (found.spread.values >= 0).all()
    assert surrogate.expected_error < 0.5
    surrogate.save(tmp_path)
    again = Surrogate.load(tmp_path).predict(fresh.inputs)
    assert torch.equal(again.mean.values, found.mean.values)
    assert torch.equal(again.spread.values, found.spread.values)


def test_mmgp_refuses_before_it_is_fitted_and_holes_where_there_were_none(fitted):
    with pytest.raises(ValueError, match="not been fitted"):
        MMGP(3, 1)(problem(1).inputs)
    whole = star_meshes((6,)).members[0]
    kept = whole.cells[whole.cells.amax(1) >= 19]  # without its two inner rings
    used, cells = kept.unique(return_inverse=True)
    holed = Mesh(whole.nodes[used], cells)
    with pytest.raises(ValueError, match="have 0 holes.*has 1"):
        fitted(Field(torch.zeros(1, len(holed), 3, dtype=torch.float64), holed))


def test_cards_say_what_they_need():
    for key in ("spon", "mmgp"):
        assert card(key).scattered and card(key).for_use
