from dataclasses import replace

import pytest
import torch

from fredholm.data import Samples, by_boundary_data, by_mesh_density, by_shape
from fredholm.data.splits import mean_spacing, shape_moments
from fredholm.domains import Grid, Mesh, PointCloud, Stack, mesh_of_grid
from fredholm.fields import Field, Variable


def rectangle(width: float, height: float, cells: int = 4) -> Mesh:
    return mesh_of_grid(Grid((cells + 1, cells + 1), ((0.0, width), (0.0, height))))


def samples_on(members: list[Mesh]) -> Samples:
    """g on the boundary, whose size grows with the number of the sample."""
    stack = Stack(tuple(members))
    number = 1.0 + torch.arange(len(members), dtype=torch.float64)
    on = torch.stack([torch.nn.functional.pad(m.on_boundary, (0, stack.shape[0] - len(m)))
                      for m in members])  # fmt: skip
    g = Field((number[:, None] * on)[..., None], stack)
    u = g.with_values(g.values + stack.mask[..., None])
    return Samples(g, u, (Variable("g", support="boundary"),), (Variable("u"),))


def numbers(samples: Samples) -> list[int]:
    return [round(float(v.max())) - 1 for v in samples.inputs.values]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_no_shape_is_in_both_parts():
    shapes = [rectangle(1.0, 1.0 + i / 10) for i in range(6)]
    samples = samples_on(shapes + shapes)
    train, test = by_shape(samples, 2, generator=seeded())
    assert len(train) == 8 and len(test) == 4
    assert not {*train.inputs.domain} & {*test.inputs.domain}
    assert numbers(test)[0] + 6 in numbers(test)
    # The split of samples at random that this is not puts one shape on both sides.
    anywhere = samples.split(4, generator=seeded())
    assert {*anywhere[0].inputs.domain} & {*anywhere[1].inputs.domain}


def test_other_generators_choose_other_shapes():
    samples = samples_on([rectangle(1.0, 1.0 + i / 10) for i in range(8)])
    chosen = {tuple(numbers(by_shape(samples, 0.25, generator=seeded(s))[1])) for s in range(6)}
    assert len(chosen) > 2
    assert numbers(by_shape(samples, 0.25, generator=seeded())[1]) in map(list, chosen)


def test_extrapolation_holds_the_odd_shape_out_whatever_its_mesh():
    usual = [rectangle(1.0, 1.0 + i / 50, cells=2 + i) for i in range(6)]
    samples = samples_on([*usual[:3], rectangle(1.0, 3.0), *usual[3:]])
    train, test = by_shape(samples, 1, beyond="extrapolation")
    assert numbers(test) == [3] and numbers(train) == [0, 1, 2, 4, 5, 6]


def test_moments_are_integrals_that_do_not_depend_on_the_mesh():
    shapes = [rectangle(2.0, 1.0, cells=64), rectangle(2.0, 1.0, cells=32)]
    coarse, fine = shape_moments(shapes).flip(0)
    assert len(fine) == 15
    # Scaled by one, about the middle: ∫ 1 = 2, ∫ y² = 2/12, ∫ x = 0.
    assert float(fine[0]) == pytest.approx(2.0)
    assert float(fine[2]) == pytest.approx(2 / 12, rel=1e-3)
    assert float(fine[5]) == pytest.approx(0.0, abs=1e-12)
    assert float((coarse - fine).abs().max()) < 2e-3
    assert float((shape_moments([shapes[0], rectangle(2.0, 0.5)]).diff(dim=0)).abs().max()) > 0.1


def test_boundary_data_is_split_by_its_size_and_not_by_that_of_the_shape():
    samples = samples_on([rectangle(3.0 - i / 2, 1.0, cells=2 + i) for i in range(5)])
    train, test = by_boundary_data(samples, 0.4)
    assert numbers(test) == [3, 4] and numbers(train) == [0, 1, 2]
    inside = replace(samples, input_variables=(Variable("f"),))
    with pytest.raises(ValueError, match="none of the inputs lives on the boundary alone, got f"):
        by_boundary_data(inside, 0.4)


def test_the_finest_meshes_are_held_out_whatever_the_size_of_the_shape():
    meshes = [rectangle(1.0, 1.0, 4), rectangle(4.0, 4.0, 9), rectangle(1.0, 1.0, 8)]
    train, test = by_mesh_density(samples_on(meshes), 1)
    assert numbers(test) == [2] and numbers(train) == [0, 1]
    assert train.inputs.domain.shape == (100,)
    assert mean_spacing(meshes[2]) == pytest.approx(1 / 9)
    on_curve = Mesh(torch.rand(3, 2, generator=seeded()), torch.tensor([[0, 1], [1, 2]]))
    assert mean_spacing(on_curve) == pytest.approx(on_curve.measure / 3)


def test_clouds_are_split_too():
    cloud = PointCloud(torch.rand(9, 2, generator=seeded()), torch.full((9,), 1 / 9))
    samples = samples_on([cloud, rectangle(1.0, 2.0)])  # type: ignore[list-item]
    assert len(by_mesh_density(samples, 1)[1]) == 1


def test_what_cannot_be_split_is_refused():
    samples = samples_on([rectangle(1.0, 1.0), rectangle(1.0, 2.0)])
    with pytest.raises(ValueError, match="give a generator"):
        by_shape(samples, 1)
    with pytest.raises(ValueError, match="beyond is one of"):
        by_shape(samples, 1, beyond="far", generator=seeded())  # type: ignore[arg-type]
    for held_out in (0, 2, 0.01):
        with pytest.raises(ValueError, match="cannot hold out"):
            by_mesh_density(samples, held_out)
    shared = Samples(*(Field(torch.ones(3, 25, 1), rectangle(1.0, 1.0)) for _ in "iu"),
                     (Variable("f"),), (Variable("u"),))  # fmt: skip
    with pytest.raises(ValueError, match="share one"):
        by_shape(shared, 1, generator=seeded())
