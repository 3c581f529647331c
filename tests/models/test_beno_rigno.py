"""BENO splits what it is shown; RIGNO answers by functions, whatever the points."""

import math

import pytest
import torch

from fredholm.domains import Grid, PointCloud, Stack
from fredholm.fields import Field, Given, difference, mean_square
from fredholm.layers import box_axes
from fredholm.models import BENO, RIGNO
from fredholm.models.beno import near
from fredholm.testing import band_limited, examine, examine_scattered

AXES = (("x", -1.0, 1.0, False), ("y", -1.0, 1.0, False))


def star(n: int, seed: int, *, rim: int = 24, hole: int = 0) -> PointCloud:
    """Random points in a random star, its outline, and that of a hole in it."""
    generator = torch.Generator().manual_seed(seed)
    waves = 0.1 * torch.randn(2, 3, generator=generator, dtype=torch.float64)

    def outline(angle: torch.Tensor) -> torch.Tensor:
        phase = angle[:, None] * torch.arange(1, 4)
        return 0.7 * (1 + (waves[0] * phase.cos() + waves[1] * phase.sin()).sum(-1))

    turns = torch.cat([torch.arange(k, dtype=torch.float64) / max(k, 1) for k in (rim, hole)])
    inside = torch.rand(2, n - rim - hole, generator=generator, dtype=torch.float64)
    angle = 2 * math.pi * torch.cat([turns, inside[0]])
    scale = torch.cat([torch.ones(rim), torch.full((hole,), 0.3), 0.35 + 0.6 * inside[1]])
    place = torch.stack([angle.cos(), angle.sin()], dim=1)
    parts = {"wall": torch.arange(rim), "hole": torch.arange(rim, rim + hole)}
    return PointCloud((scale * outline(angle))[:, None] * place, parts=parts)


def functions(domain: Stack, channels: int = 2, seed: int = 0) -> Field:
    """Waves through the shapes, another one for each function and channel."""
    generator = torch.Generator().manual_seed(seed)
    rows = len(domain), channels
    wave = 3 * torch.randn(*rows, domain.dim, generator=generator, dtype=torch.float64)
    phase = torch.einsum("bnd,bcd->bnc", domain.points(), wave)
    return Field(torch.cos(phase) * domain.mask[..., None], domain)


SHAPES = Stack((star(70, 0), star(90, 1, hole=12), star(80, 2)))
U = functions(SHAPES)


def beno(**options) -> BENO:
    torch.manual_seed(0)
    options = {"sources": (0,), "boundary": (1,), "hidden_channels": 8, "layers": 2, **options}
    return BENO(2, 1, AXES, **options).double().eval()


def rigno(inputs: int = 2, **options) -> RIGNO:
    torch.manual_seed(0)
    options = {"regions": 20, "hidden_channels": 8, "layers": 2, **options}
    return RIGNO(inputs, 1, AXES, **options).double().eval()


def gap(found: Field, expected: Field) -> float:
    """Relative distance of functions whose points correspond."""
    found = expected.with_values(found.values)
    square = mean_square(difference(found, expected)).mean() / mean_square(expected).mean()
    return float(square.detach().sqrt())


def shuffled(u: Field, seed: int = 0) -> tuple[Field, list[torch.Tensor]]:
    """The same functions with the points of each shape in another order."""
    generator = torch.Generator().manual_seed(seed)
    members, rows, orders = [], [], []
    for member, values in zip(u.domain, u.values):
        order = torch.randperm(len(member), generator=generator)
        place = order.argsort()
        parts = {part: place[member.on(part)] for part in member.parts}
        members.append(PointCloud(member.coords[order], member.weights()[order], parts=parts))
        rows.append(values[: len(member)][order])
        orders.append(order)
    domain = Stack(tuple(members))
    return Field(domain.padded(torch.cat(rows)), domain), orders


@pytest.mark.parametrize("build", [beno, rigno])
def test_order_of_points_and_company_do_not_matter(build):
    operator = build()
    image = operator(U)
    other, orders = shuffled(U)
    moved = operator(other)
    for number, order in enumerate(orders):
        found = moved.values[number, : len(order)]
        assert torch.allclose(found, image.values[number][order], atol=1e-10)
    alone = torch.cat([SHAPES[[i]].flat(operator(U[i]).values) for i in range(3)])
    assert torch.allclose(alone, SHAPES.flat(image.values), atol=1e-10)
    assert not image.values[~SHAPES.mask].any()


def test_edges_are_linear_in_the_points():
    few, many = (len(near(star(n, 0), 6).T) / n for n in (300, 2400))
    assert many <= 1.2 * few


def test_sources_and_boundary_data_superpose_exactly():
    operator = beno()
    (claim,) = operator.claims
    assert claim.defect(operator, U) < claim.bound
    assert beno(split=False).claims == ()
    assert claim.defect(beno(split=False), U) > 0.05


def test_no_source_reaches_the_network_of_the_boundary():
    operator = beno()
    values = U.values.clone().requires_grad_()
    inner, outer = operator.branches
    for parameter in inner.parameters():
        parameter.detach_().zero_()
    operator(U.with_values(values)).values.sum().backward()
    assert not values.grad[..., 0].any()
    known = torch.stack([member.on_boundary[: len(member)].any() for member in SHAPES])
    assert known.all() and values.grad[..., 1].any()
    for number, member in enumerate(SHAPES):
        inside = ~member.on_boundary
        assert not values.grad[number, : len(member), 1][inside].any()


def test_answers_scale_with_the_data_and_vanish_without():
    operator = beno()
    tripled = operator(U.with_values(3 * U.values)).values
    assert torch.allclose(tripled, 3 * operator(U).values, rtol=0, atol=1e-12)
    assert operator(U.with_values(0 * U.values)).values.abs().max() < 1e-12


def test_the_whole_boundary_is_told_everywhere():
    """One round of messages does not cross the shape; what is told of the boundary does."""
    moved = U.values.clone()
    moved[1, 24:36, 1] *= -1  # on the hole
    far = int(SHAPES.members[1].coords.norm(dim=1).argmax())
    changes = []
    for split in (True, False):
        operator = beno(split=split, layers=1, neighbours=2)
        images = [operator(U.with_values(values)).values for values in (U.values, moved)]
        changes.append((images[1] - images[0])[1, far].abs().item())
    assert changes[0] > 1e-4 and changes[1] < 1e-12


def test_coefficients_and_parameters_are_shown_to_both_networks():
    torch.manual_seed(0)
    options = {"sources": (0,), "boundary": (1,), "hidden_channels": 8, "layers": 1}
    operator = BENO(4, 1, AXES, **options).double()
    u, params = functions(SHAPES, 3), torch.rand(3, 1, dtype=torch.float64)
    image = operator(u, Given(params=params)).values
    for part in range(2):
        values = u.values.clone()
        values[..., part] = 0
        zero = operator(u.with_values(values), Given(params=params)).values
        other = operator(u.with_values(values), Given(params=1 + params)).values
        assert (zero - other).abs().max() > 1e-6
        values[..., 2] *= 2
        assert (zero - operator(u.with_values(values), Given(params=params)).values).any()
    assert image.shape == (3, 90, 1)
    with pytest.raises(ValueError, match="built for 4 channels"):
        operator(u)


def test_beno_says_what_it_needs():
    bare = Stack((PointCloud(SHAPES.members[0].coords),))
    with pytest.raises(ValueError, match="needs to know the boundary"):
        beno()(functions(bare))
    with pytest.raises(ValueError, match="sources or boundary data"):
        beno(sources=(), boundary=())
    with pytest.raises(ValueError, match="each once"):
        beno(sources=(0,), boundary=(0,))


def test_regions_answer_by_a_function():
    """What is asked together with a point does not change the answer at the point."""
    operator = rigno()
    few, many = star(40, 5), star(160, 5)
    both = PointCloud(torch.cat([few.coords, many.coords]))
    alone = operator(U, at=Stack((few,) * 3)).values
    assert torch.allclose(operator(U, at=Stack((both,) * 3)).values[:, :40], alone, atol=1e-10)
    home = operator(U, at=Stack(tuple(PointCloud(m.coords, m.weights()) for m in SHAPES)))
    assert torch.allclose(home.values, operator(U).values, atol=1e-10)


def test_points_that_are_asked_do_not_keep_the_shapes():
    shape, asked = star(60, 7), star(40, 8)
    u = functions(Stack((shape,)))
    rigno()(u, at=Stack((asked,)))
    kept = asked._made
    assert not any(shape is part for key in kept for part in key)


def test_where_points_are_dense_does_not_matter():
    """Points that share their volume with a twin count as one; equal weights count them twice."""
    operator = rigno(inputs=1, regions=30)
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(400, 2, generator=generator, dtype=torch.float64) * 2 - 1
    x = torch.cat([torch.zeros(1, 2), x[x.norm(dim=1) > 0.3]])  # the first centre is the origin
    outside = (x[:, 0].abs() > 0.6) & (x[:, 1] * x[:, 0] > 0)
    twins = torch.cat([x, x[outside] + 1e-12])

    def answer(points: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        values = torch.cos(points @ torch.tensor([2.0, 1.0], dtype=torch.float64))
        return operator(Field(values[None, :, None], PointCloud(points, weights))).values[
            :, : len(x)
        ]

    known = answer(x, torch.full((len(x),), 0.01))
    shares = torch.where(torch.cat([outside, outside[outside]]), 0.005, 0.01)
    assert (answer(twins, shares) - known).abs().max() < 1e-6
    assert (answer(twins, torch.full(shares.shape, 0.01)) - known).abs().max() > 1e-4


def test_members_are_repeatable_and_differ():
    operator = rigno()
    first, again, second = (operator(U, Given(member=k)) for k in (1, 1, 2))
    assert torch.equal(first.values, again.values)
    assert gap(first, second) > 1e-3 and gap(first, operator(U)) > 1e-3
    alone = operator(U[1], Given(member=1)).values
    assert torch.allclose(alone, first[1].values, atol=1e-10)
    assert gap(rigno(masked=0.0)(U, Given(member=1)), rigno(masked=0.0)(U)) < 1e-12


def test_training_leaves_out_edges_that_the_generator_chooses():
    operator, target = rigno(), functions(SHAPES, 1, seed=1)

    def loss(seed: int, masked: RIGNO = operator) -> float:
        source = torch.Generator().manual_seed(seed)
        (term,) = masked.terms(U, target, generator=source).values()
        return term.item()

    assert loss(0) == loss(0) != loss(1)
    exact = mean_square(difference(operator(U), target)).sqrt().mean()
    assert loss(0, rigno(masked=0.0)) == pytest.approx(exact.item(), rel=1e-12)


def test_lead_times_steer_and_are_needed():
    operator = rigno(conditions=1)
    times = torch.tensor([[0.1], [0.5], [1.0]], dtype=torch.float64)
    first, second = (operator(U, Given(params=t)) for t in (times, times + 1))
    assert gap(first, second) > 1e-3
    with pytest.raises(ValueError, match="told 1 numbers, got 0"):
        operator(U)
    with pytest.raises(ValueError, match="takes 2 channels, got 1"):
        operator(functions(SHAPES, 1), Given(params=times))


def test_a_shift_by_the_period_changes_nothing():
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(200, 2, generator=generator, dtype=torch.float64)
    values = torch.cos(2 * math.pi * x.sum(1))[None, :, None]
    shifts = torch.tensor([[0.0, 0.0], [1.0, -2.0]])
    clouds = [PointCloud(x + shift, torch.full((200,), 0.005)) for shift in shifts]
    changes = []
    for wraps in (True, False):
        torch.manual_seed(0)
        axes = (("x", 0.0, 1.0, wraps), ("y", 0.0, 1.0, wraps))
        operator = RIGNO(1, 1, axes, regions=30, hidden_channels=8, layers=2).double()
        changes.append(gap(*(operator(Field(values, cloud)) for cloud in clouds)))
    assert changes[0] < 1e-10 and changes[1] > 1e-3


def test_both_fulfil_the_contracts():
    axes = (("x", -1.6, 1.6, False), ("y", -1.6, 1.6, False))
    sizes = {"hidden_channels": 8, "layers": 2}
    roles = {"sources": (0,), "boundary": (1,)}
    examine_scattered(lambda: BENO(2, 1, axes, **roles, **sizes), channels=2, clouds=False)
    examine_scattered(lambda: RIGNO(1, 1, axes, regions=16, **sizes))


def test_grids_are_served_as_clouds():
    grid = Grid((9, 9))
    axes = box_axes(grid)
    examine(lambda: RIGNO(1, 1, axes, regions=20, hidden_channels=8, layers=1), grid)
    torch.manual_seed(0)
    operator = RIGNO(1, 1, axes, regions=20, hidden_channels=8, layers=1).double()
    (claim,) = operator.claims
    assert claim.defect(operator, band_limited(grid)) < claim.bound
    u = band_limited(grid, channels=2)
    split = BENO(2, 1, axes, sources=(0,), boundary=(1,), hidden_channels=8, layers=1).double()
    assert split(u).values.shape == (3, 9, 9, 1)
