import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fredholm.data import Samples, check, generate, read, solved
from fredholm.domains import Stack
from fredholm.errors import DataError, Interrupted
from fredholm.fields import Field, difference, norm
from fredholm.problems import Problem, build
from fredholm.problems.shapes import LShapes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def poisson(**changes) -> Problem:
    """L-shapes: few nodes and exact boundaries."""
    return replace(build("poisson_shapes", mesh_size=0.15, **changes), shapes=LShapes())


def drawn(problem: Problem, count: int = 1) -> tuple[Field, Stack]:
    inputs = problem.sample(count, generator=seeded())
    assert isinstance(inputs.domain, Stack)
    return inputs, inputs.domain


def test_poisson_answers_a_quadratic_exactly_up_to_its_interpolation():
    problem = poisson()
    inputs, domain = drawn(problem, 2)
    square = (domain.points() ** 2).sum(-1) * domain.mask
    boundary = square * torch.stack(
        [torch.nn.functional.pad(m.on_boundary, (0, domain.shape[0] - len(m))) for m in domain]
    )
    source = torch.full_like(square, -4.0) * domain.mask
    exact = inputs.with_values(square[..., None])

    def answer(f, g):
        return problem.solve(inputs.with_values(torch.stack([f, g], dim=-1))).field

    gap = norm(difference(answer(source, boundary), exact)) / norm(exact)
    # g is linear on edges of 0.15, which is wrong by up to 0.15²/4.
    assert float(gap.max()) < 0.01
    wrong = norm(difference(answer(-source, boundary), exact)) / norm(exact)
    assert float(wrong.min()) > 0.1


def test_the_contrast_of_conductivities_changes_the_answer():
    inputs, _ = drawn(poisson())
    even, uneven = (poisson(contrast=c).solve(inputs).field for c in (1.0, 20.0))
    assert float((norm(difference(even, uneven)) / norm(even)).min()) > 0.1


def test_poisson_is_linear_in_source_and_boundary_data():
    problem = poisson()
    inputs, _ = drawn(problem)

    def of(f: float, g: float) -> torch.Tensor:
        scaled = inputs.values * torch.tensor([f, g])
        return problem.solve(inputs.with_values(scaled), tol=1e-2).field.values

    both = of(1.0, 1.0)
    assert float((of(1.0, 0.0) + of(0.0, 1.0) - both).abs().max() / both.abs().max()) < 0.02
    shares = [float(of(*pair).square().mean() / both.square().mean()) for pair in ((1, 0), (0, 1))]
    assert min(shares) > 0.05  # neither can be left out


def test_samples_carry_labels_errors_and_where_they_come_from():
    samples = poisson().samples(2, seed=1)
    assert isinstance(samples, Samples) and isinstance(samples.inputs.domain, Stack)
    assert samples.inputs.domain == samples.targets.domain
    assert [v.support for v in samples.input_variables] == ["", "boundary"]
    assert samples.error is not None and float(samples.error.max()) <= 5e-3
    assert samples.origin["shapes"]["call"].endswith("LShapes")
    assert samples.origin["size"] == 0.15 and samples.origin["seed"] == 1
    scattered = samples.signature.input_domain
    assert scattered.parts == ("boundary",) and scattered.kind == "triangle"  # type: ignore[union-attr]


def test_a_sample_depends_on_seed_and_number_alone():
    few, many, other = (poisson().samples(n, seed=s) for n, s in ((1, 0), (3, 0), (1, 1)))
    assert torch.equal(few.targets.values[0], many[:1].targets.values[0])
    assert few.targets.values.shape != other.targets.values.shape or not torch.equal(
        few.targets.values, other.targets.values
    )


def test_the_same_seed_on_finer_meshes_gives_the_same_functions():
    coarse, fine = (poisson().samples(2, size=h) for h in (0.1, 0.05))
    moved = fine.targets.at(coarse.targets.domain)
    gap = norm(difference(moved, coarse.targets)) / norm(coarse.targets)
    assert float(gap.max()) < 0.1
    others = poisson().samples(2, size=0.1, seed=1)
    swapped = others.targets.at(coarse.targets.domain)
    assert float((norm(difference(swapped, coarse.targets)) / norm(coarse.targets)).min()) > 0.3


def test_heat_keeps_its_integral_and_starts_from_its_input():
    problem = build("heat_l_shape", mesh_size=0.12, frames=3)
    inputs, domain = drawn(problem)
    u = problem.solve(inputs, tol=0.05).field.values[..., 0]
    assert u.shape == (1, 3, domain.shape[0])
    assert torch.equal(u[:, 0], inputs.values[..., 0])
    integral = (u * domain.weights()[:, None]).sum(-1)[0]
    size = ((u**2 * domain.weights()[:, None]).sum(-1)[0]).sqrt()
    # Nodes sum what is of second order exactly up to the square of the edges.
    assert float((integral - integral[0]).abs().max()) < 0.01 * float(size[0])
    assert bool((size.diff() < 0).all()) and float(abs(integral[0])) > 0.1 * float(size[0])
    final = build("heat_l_shape", mesh_size=0.12, frames=0)
    assert final.solve(inputs, tol=0.05).field.values.shape == (1, domain.shape[0], 1)


def test_stress_beside_a_small_round_hole_is_three_times_the_load():
    problem = build("elastic_cell", least=0.05, most=0.051, mesh_size=0.15)
    assert problem.input_variables == ()
    inputs, domain = drawn(problem)
    (mesh,) = domain
    u, v, stress = problem.solve(inputs, tol=1.0).field.values[0].unbind(-1)
    hole = mesh.on("hole")  # type: ignore[union-attr]
    # Kirsch: 3 in a plate without end, 3.03 in one ten times as wide as the hole.
    assert float(stress[hole].max()) == pytest.approx(3.03, rel=0.05)
    x, y = mesh.coords[hole[stress[hole].argmax()]].tolist()
    assert abs(x - 0.5) == pytest.approx(0.05, rel=0.05) and y == pytest.approx(0.5, abs=0.01)
    assert float(stress[hole].min()) < 1.2
    top, bottom = mesh.on("top"), mesh.on("bottom")
    assert float(v[top].mean()) == pytest.approx(1.0, rel=0.05)
    assert float(torch.stack([u[bottom], v[bottom]]).abs().max()) == 0.0


def test_flow_leaves_as_it_came_and_rests_on_walls():
    problem = build("flow_past_shapes", mesh_size=0.25, reynolds=20.0)
    inputs, domain = drawn(problem)
    (mesh,) = domain
    u, v, p = problem.solve(inputs, tol=1.0).field.values[0].unbind(-1)
    for part in ("body", "bottom", "top"):
        assert float(torch.stack([u, v])[:, mesh.on(part)].abs().max()) == 0.0

    def flux(part: str) -> float:
        numbers = mesh.on(part)
        order = mesh.coords[numbers, 1].argsort()
        return float(torch.trapezoid(u[numbers][order], mesh.coords[numbers, 1][order]))

    assert flux("left") == pytest.approx(1.0, abs=0.1)
    assert flux("right") == pytest.approx(flux("left"), rel=0.05)
    assert float(p[mesh.on("left")].mean()) > 0.3 and float(p[mesh.on("right")].abs().max()) < 0.1


def test_files_hold_the_samples_that_are_made_in_memory(tmp_path: Path):
    problem = replace(poisson(), tolerance=1.0)
    samples = solved(problem, 2, seed=2)
    found = read(generate(problem, 2, path=tmp_path / "a.nc", seed=2))
    assert torch.equal(found.targets.values, samples.targets.values)
    assert torch.equal(found.inputs.values, samples.inputs.values)
    for a, b in zip(found.inputs.domain, samples.inputs.domain, strict=True):  # type: ignore[arg-type]
        assert torch.equal(a.coords, b.coords) and torch.equal(a.cells, b.cells)
        assert a.parts == b.parts


def test_a_check_solves_samples_on_shapes_again_and_finds_wrong_targets():
    samples = poisson().samples(2)
    (said,) = (f for f in check(samples).findings if f.kind == "equation")
    assert said.severity == "info" and "again gives the stored targets to" in said.message
    wrong = replace(samples, targets=samples.targets.with_values(1.3 * samples.targets.values))
    (said,) = (f for f in check(wrong).findings if f.kind == "equation")
    assert said.severity == "error" and "do not solve this problem" in said.message


def test_an_interrupted_call_ends_with_the_same_samples(tmp_path: Path):
    problem = replace(poisson(), tolerance=1.0)

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    path, told = tmp_path / "a.nc", []
    with pytest.raises(Interrupted, match="1 of 3 samples"):
        generate(problem, 3, path=path, chunk=1, progress=stop)
    assert not path.exists()
    with pytest.raises(DataError, match="other settings"):
        generate(problem, 3, path=path, chunk=1, size=0.2)
    generate(problem, 3, path=path, chunk=1, progress=lambda done, total: told.append(done))
    assert told == [1, 2, 3]
    whole = generate(problem, 3, path=tmp_path / "whole.nc", chunk=1)
    first, second = (hashlib.sha256(p.read_bytes()).hexdigest() for p in (path, whole))
    assert first == second


def test_sizes_and_resolutions_are_not_mistaken_for_each_other(tmp_path: Path):
    with pytest.raises(ValueError, match="no resolution"):
        poisson().samples(1, resolution=9)
    with pytest.raises(ValueError, match="give a resolution, not a size"):
        build("poisson").samples(1, size=0.1)
    with pytest.raises(ValueError, match="at least one"):
        poisson().samples(0)
    assert build("poisson").samples(2, resolution=9, tol=1e-3).inputs.grid.shape == (9, 9)
